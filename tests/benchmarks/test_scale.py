"""The arithmetic of whole genomes: linear in windows, in operations and in price."""

import re
from pathlib import Path

import pytest

from benchmarks.scale import GENOME_BP, Rates, cohort_rows, cost_of, duration, genome_rows, rates_of
from benchmarks.speed.results import Results
from dnabert.model.config import base, mini

RATES = Rates(windows=1000.0, variants=500.0, cores=2, machine="a machine")


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_a_scan_costs_its_windows_over_the_rate() -> None:
    first, second = (_cells(row) for row in genome_rows(RATES, 0.5)[:2])
    hours = 2 * GENOME_BP / 50 / 1000 * 2 / 3600
    assert first[:3] == ["mini", "50", "2"]
    assert first[5:] == [f"{hours:,.0f}", f"{hours / 2:,.0f}"]
    assert float(second[3].replace(",", "")) == pytest.approx(float(first[3].replace(",", "")) / 2, rel=0.01)


def test_a_larger_model_costs_in_proportion_to_its_operations() -> None:
    assert cost_of(mini(6)) == 1
    assert 25 < cost_of(base(6)) < 35  # 12 x 768 beside 4 x 256
    rows = [_cells(row) for row in genome_rows(RATES, 1)]
    assert [row[0] for row in rows[::4]] == ["mini", "small*", "base*"]


def test_a_cohort_costs_its_different_variants() -> None:
    one, apart, once = (_cells(row) for row in cohort_rows(RATES, 1))
    assert float(one[1]) == 4.5
    assert float(apart[1].replace(",", "")) == 450_000
    assert once[1] == "900.0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5.0 seconds"), (130, "2.2 minutes"), (86400, "24.0 hours"), (86400 * 900, "2.5 years"), (3600 * 47, "47.0 hours")],
)
def test_durations_are_in_the_unit_that_is_easiest_to_read(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_rates_that_were_not_measured_are_asked_for() -> None:
    with pytest.raises(SystemExit, match="holds no scan and variants; run python -m"):
        rates_of(Results(reports=()))


def test_the_guide_quotes_the_page_of_results() -> None:
    docs = Path(__file__).parents[2] / "docs"
    page = (docs / "results" / "scale.md").read_text(encoding="utf-8")
    quoted = re.findall(r"([\d,]+) core hours", (docs / "scale.md").read_text(encoding="utf-8"))
    assert len(quoted) == 2
    for figure in quoted:
        assert f"| {figure} |" in page, f"docs/scale.md quotes {figure} core hours, docs/results/scale.md has others: write them anew"
