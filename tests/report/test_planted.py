import json
from pathlib import Path

import numpy as np
import pytest

from dnabert.report.page import Page, Section, render_page
from dnabert.report.planted import planted_section
from dnabert.report.run_files import PredictionTable
from dnabert.report.simulation import Truth


def _site(name: str, kind: str, anchor: str, elements: list[dict[str, object]]) -> dict[str, object]:
    return {"id": name, "contig": "c1", "start": 0, "end": 10, "strand": "+", anchor: 5, "class": kind, "elements": elements}


TATA = {"name": "TATA-box", "start": 1, "end": 4, "strand": "+"}
INR = {"name": "Inr", "start": 3, "end": 7, "strand": "+"}
TRUTH = Truth.model_validate_json(
    json.dumps(
        {
            "seed": 1,
            "contigs": [{"name": "c1", "length_bp": 10, "split": "test"}],
            "promoters": [_site("p1", "TATA", "tss", [INR, TATA]), _site("p2", "TATA", "tss", [])],
            "negatives": [_site("n1", "random", "anchor", []), _site("n2", "new kind", "anchor", [])],
        }
    )
)


def _table(ids: list[str], probs: list[float]) -> PredictionTable:
    values = np.array([[1 - prob, prob] for prob in probs])
    return PredictionTable(Path("predictions.tsv"), {}, tuple(ids), None, ("0", "1"), values, True)


def _html(section: Section) -> str:
    return render_page(Page("t", "l", (section,)))


def test_each_kind_is_counted_with_its_interval_unknown_ones_too() -> None:
    html = _html(planted_section(TRUTH, _table(["p1", "p2", "n1", "n2"], [0.9, 0.2, 0.7, 0.1]), {}, "Right and wrong"))
    # Wilson, 1 of 2 and 1 of 1.
    assert "50.0%<small>9.5% to 90.5%</small>" in html.replace("\n", "")
    assert "100.0%<small>20.7% to 100.0%</small>" in html.replace("\n", "")
    assert "new kind (n = 1)" in html


@pytest.mark.usefixtures("no_drawing")
def test_examples_are_the_typical_case_and_the_worst_errors() -> None:
    html = _html(planted_section(TRUTH, _table(["p1", "p2", "n1", "n2"], [0.9, 0.2, 0.7, 0.1]), {}, "Right and wrong"))
    assert "p1; typical" in html
    assert "p2; worst miss" in html
    assert "n1; worst false alarm" in html
    assert html.count("✗ wrong") == 3
    assert "not in test.csv" in html


@pytest.mark.usefixtures("no_drawing")
def test_elements_are_coloured_in_the_sequence_the_earlier_one_whole() -> None:
    html = _html(planted_section(TRUTH, _table(["p1"], [0.9]), {"p1": "ACGTACGTAC"}, "Right and wrong"))
    assert (
        'A<span class="m1" title="TATA-box, strand +">CGT</span><span class="m0" title="Inr, strand +">A</span>'
        '<span class="m0 anchor" title="Inr, strand +">C</span><span class="m0" title="Inr, strand +">G</span>TAC' in html
    )


@pytest.mark.usefixtures("no_drawing")
def test_predictions_that_are_missing_or_of_other_sequences_are_said() -> None:
    for table in (None, _table(["row1"], [0.5])):
        assert "its ids are not those of the simulation" in _html(planted_section(TRUTH, table, {}, "Right and wrong"))
