"""docs/benchmarks.md says what was measured, and what was not."""

from pathlib import Path

import pytest

from benchmarks.speed.__main__ import APPENDED, DOCUMENT, RESULTS, ROOT
from benchmarks.speed.document import FIGURES, missed, render, short, write_figures
from benchmarks.speed.results import Figure, Findings, Results, read_results
from tests.benchmarks.made import make_ratio, make_report, make_whole_report


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.012345, "0.0123"),
        (7.0, "7.00"),
        (43.21, "43.2"),
        (250.0, "250"),
        (12345.6, "12,346"),
        (0.0, "0"),
        (4.2e-7, "4.2e-07"),
        (-3.14159, "-3.14"),
    ],
)
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert short(value) == text


def test_a_goal_is_met_or_missed_by_a_share_of_it() -> None:
    assert missed(6.0, 6.0) == "met"
    assert missed(4.5, 6.0) == "**missed by 25 %**"
    assert missed(0.4, 0.5, higher_is_better=False) == "met"
    assert missed(0.6, 0.5, higher_is_better=False) == "**missed by 20 %**"


def test_every_part_of_a_report_is_told() -> None:
    text = render(Results(reports=(make_whole_report(),)))
    assert "| a step | the other | >= 2 | **3.00** (3.00-3.00; 2.90-3.10) | met |" in text
    assert "| a step | the other | a step | 1.00 (1.00-1.00) | 3.00 (2.90-3.10) | 5 |" in text
    assert "| rate | >= 200 Mb/s | **215** (214-216; 210-220) Mb/s | met |" in text
    assert "| `--help` | <= 0.5 s | **0.600** (0.600-0.600; 0.600-0.600) s | **missed by 20 %** |" in text
    assert "| no goal | **9.20** (9.10-9.30; 9.00-9.50) GB/s |" in text
    assert "| ids | slices | equal | 0 |" in text
    assert "| logits | float32 | 4.2e-03 | 0.01 |" in text
    assert "- A note.\n" in text
    assert "![Length](images/growth-length.svg)" in text
    assert "| 32 | 1.05 (1.00-1.10); floor 0.500 | 8.00 (8.00-8.00) |" in text
    assert "Test CPU, 4 cores (avx512_bf16), 8 GB; Linux 6; python 3.11.7, torch 2.13.0; commit abc1234. Load before the run: 0.1." in text
    assert "All of it ran there from 2026-01-02T03:04 UTC to 2026-01-02T03:04 UTC." in text
    assert (
        "`python -m benchmarks.speed --only growth`, 12.3 s on 2 cores. Other work took 1.0 % of the machine's processor time meanwhile.\n"
        in text
    )


def test_a_refused_ratio_is_not_printed() -> None:
    text = render(Results(reports=(make_report("tokenizer", make_ratio("wide", (1.0, 2.0, 3.0, 4.0, 5.0))),)))
    reason = "spread too wide: the middle half of 5 rounds is 67 % of the median (limit 30 %)"
    assert f"| a wide | the other | >= 2 | {reason} | not decided |" in text
    assert "**3.00**" not in text


def test_a_missed_goal_is_shown_as_missed() -> None:
    text = render(Results(reports=(make_report("tokenizer", make_ratio(goal=6.0)),)))
    assert "| >= 6 | **3.00** (3.00-3.00; 2.90-3.10) | **missed by 50 %** |" in text


def test_a_benchmark_that_was_aborted_says_why() -> None:
    text = render(Results(reports=(make_report("tokenizer", aborted="ids: 1 of 3 differ"),)))
    assert "## FASTA to token ids" in text
    assert "**Not measured:** ids: 1 of 3 differ" in text


def test_a_busy_machine_is_told() -> None:
    text = render(Results(reports=(make_report("tokenizer", foreign=0.31),)))
    assert "Other work took 31.0 % of the machine's processor time meanwhile: **not a quiet machine, times are upper bounds.**" in text


def test_a_rehearsal_says_that_it_means_nothing() -> None:
    report = make_report("tokenizer").model_copy(update={"rehearsal": True})
    assert "None of these numbers means anything." in render(Results(reports=(report,)))
    assert "None of these numbers" not in render(Results(reports=(make_report("tokenizer"),)))


def test_two_machines_are_told_apart() -> None:
    text = render(Results(reports=(make_report("tokenizer"), make_report("startup", cpu="Other CPU"))))
    assert "tokenizer ran there" in text
    assert "startup ran there" in text


def test_sections_of_others_stand_at_the_end() -> None:
    assert render(Results(reports=(make_report("tokenizer"),)), ["## Steps\n\nKept.\n\n"]).endswith("## Steps\n\nKept.\n")


def test_a_figure_is_written_for_each_growth(tmp_path: Path) -> None:
    write_figures(Results(reports=(make_whole_report(),)), tmp_path / FIGURES)
    (path,) = (tmp_path / FIGURES).iterdir()
    text = path.read_text()
    assert path.name == "growth-length.svg"
    for word in ("Tokens", "µs for a token", "forward: floor", "Peak memory (MB)"):
        assert word in text


def test_the_document_in_the_repository_is_what_was_measured() -> None:
    if not (ROOT / RESULTS).exists():
        assert not (ROOT / DOCUMENT).exists(), f"{DOCUMENT} is there without {RESULTS}: it was written by hand"
        pytest.skip(f"{RESULTS} is not there yet: `make bench` writes it")
    results = read_results(ROOT / RESULTS)
    appended = [(ROOT / path).read_text() for path in APPENDED if (ROOT / path).exists()]
    hint = "write it anew:  python -m benchmarks.speed --document"
    assert (ROOT / DOCUMENT).read_text() == render(results, appended), hint
    assert not any(report.rehearsal for report in results.reports)
    for report in results.reports:
        assert all((ROOT / DOCUMENT.parent / FIGURES / f"growth-{growth.key}.svg").exists() for growth in report.findings.growths), hint


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((0.1, 0.5, 0.9, 1.3, 1.9), "met in every round"),
        ((2.1, 4.0, 6.0, 8.0, 10.0), "**missed in every round**"),
        ((0.1, 1.0, 2.0, 3.0, 4.0), "not decided"),
        ((3.0, 3.0, 3.0, 3.0, 3.0), "**missed by 50 %**"),
    ],
)
def test_of_rounds_that_differ_much_only_what_all_say_is_said(values: tuple[float, ...], verdict: str) -> None:
    figure = Figure(what="start", unit="s", values=values, goal=2.0, higher_is_better=False)
    report = make_report("startup").model_copy(update={"findings": Findings(figures=(figure,))})
    row = next(line for line in render(Results(reports=(report,))).splitlines() if line.startswith("| start | <= 2 s"))
    assert row.endswith(f"| {verdict} |")
