import pytest

from dnabert.report.page import Page, Section, render_page
from dnabert.report.wording import MEANINGS, METRIC_NAMES, glossary, interval_text, metric_text, ordered_metrics, plural


@pytest.mark.parametrize(
    ("value", "text"), [(0.12345, "0.123"), (-0.5, "−0.500"), (1, "1"), (3487, "3,487"), (3406.86, "3,407"), (None, "–"), (0.0, "0.000")]
)
def test_figures_as_text(value: float | None, text: str) -> None:
    assert metric_text(value) == text


def test_intervals_stay_on_one_line() -> None:
    assert interval_text((-0.1, 0.5)) == "−0.100\u00a0to\u00a00.500"
    assert interval_text(None) == ""


def test_figures_come_in_the_order_of_tables_unknown_ones_last() -> None:
    assert ordered_metrics({"n": 5, "zeta": 1, "accuracy": 1}, None, {"mcc": 1}) == ["mcc", "accuracy", "zeta"]


def test_plurals() -> None:
    assert (plural(1, "step"), plural(2000, "step")) == ("1 step", "2,000 steps")


def test_every_known_figure_is_explained() -> None:
    assert set(METRIC_NAMES) == set(MEANINGS)
    html = render_page(Page("t", "l", (Section("s", (glossary(["mcc", "unknown"]),)),)))
    assert "Matthews correlation" in html
    assert "<details>" in html
