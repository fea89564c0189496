import numpy as np
import pytest

from dnabert.infer.attention.sets import Landscape
from dnabert.report.model.attention import AttentionFound, Example, attention_section
from dnabert.report.page import Page, Section, render_page

MEAN = np.array([0.1, 0.2, 0.9, 0.2, 0.1, 0.0])
SCORES = MEAN.astype(np.float32)
WHOLE = Example("s1", "typical of yes", "Labelled yes", "ACGTAC", SCORES, 0, 6)
STRETCH = Example("s2", "worst miss of no", "Labelled no", "ACGTAC", SCORES, 100, 600)


def _html(section: Section) -> str:
    return render_page(Page("t", "l", (section,)))


def _found(*examples: Example, notes: tuple[str, ...] = ()) -> AttentionFound:
    return AttentionFound((("yes", Landscape(MEAN, None, None, 1)),), examples, "How.", notes, 3, 7)


@pytest.mark.usefixtures("no_drawing")
def test_peaks_count_from_the_anchor_and_the_sample_is_stated() -> None:
    html = _html(attention_section(_found(WHOLE, notes=("Mind this.",)), 4, "TSS"))
    assert "How. 3 of 7 sequences were read, drawn at random." in html
    assert "Mind this." in html
    assert "positions count from the TSS" in html
    assert "Highest at: yes: −2." in html
    assert "Labelled yes. The dashed line is the TSS." in html
    assert "Highest at: yes: 2." in _html(attention_section(_found(WHOLE), None, "TSS"))
    assert "Highest at: yes: 0." in _html(attention_section(_found(WHOLE), 2, "TSS"))


@pytest.mark.usefixtures("no_drawing")
def test_a_stretch_says_where_it_lies_and_takes_its_anchor_along() -> None:
    html = _html(attention_section(_found(STRETCH), None, "TSS"))
    assert "Bases 100 to 105 of 600 are shown, where the scores are highest in sum. Position 0 is base 100." in html
    html = _html(attention_section(_found(STRETCH), 102, "TSS"))
    assert "Position 0 is base" not in html
    assert "The dashed line is the TSS." in html


def test_letters_of_an_example_are_drawn() -> None:
    html = _html(attention_section(_found(WHOLE), None, "TSS"))
    assert "Figure 2. s1, typical of yes." in html
    assert html.count("DejaVu Sans Mono") >= 6


def test_an_example_counts_from_what_the_anchor_is_called() -> None:
    html = _html(attention_section(_found(WHOLE), 4, "TSS"))
    assert html.count("Position relative to the TSS (bp)") == 2  # the mean landscape, and the example
    assert "relative to the anchor" not in html


def test_nothing_to_show_is_only_what_is_said() -> None:
    html = _html(attention_section(AttentionFound((), (), "How.", ("All equal.",), 7, 7), None, "TSS"))
    assert "All equal." in html
    assert "<figure" not in html
    assert "where a model looks" not in html
