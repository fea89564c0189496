"""Results come back from their file as they were."""

import json
from pathlib import Path

from benchmarks.speed.results import Findings, Results, read_results, write_results
from tests.benchmarks.made import make_ratio, make_report, make_whole_report


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results = Results(reports=(make_whole_report(), make_report("startup", aborted="ids differ")))
    write_results(tmp_path / "new" / "cpu.json", results)
    assert read_results(tmp_path / "new" / "cpu.json") == results


def test_the_file_tells_each_ratio_or_why_there_is_none(tmp_path: Path) -> None:
    wide = make_ratio("wide", (1.0, 2.0, 3.0, 4.0, 5.0))
    write_results(tmp_path / "cpu.json", Results(reports=(make_report("tokenizer", make_ratio(), wide),)))
    ratios = json.loads((tmp_path / "cpu.json").read_text())["reports"][0]["findings"]["ratios"]
    assert ratios[0]["ratio"] == {"median": 3.0, "q1": 3.0, "q3": 3.0, "low": 2.9, "high": 3.1}
    assert list(ratios[1]["ratio"]) == ["refused"]
    assert ratios[1]["ratio"]["refused"].startswith("spread too wide")


def test_fresh_reports_take_the_place_of_older_ones_in_the_order_of_the_benchmarks() -> None:
    old = Results(reports=(make_report("pretraining", make_ratio("old")), make_report("startup")))
    fresh = [make_report("pretraining", make_ratio("fresh")), make_report("tokenizer")]
    merged = old.replaced(fresh, ["tokenizer", "pretraining", "startup"])
    assert [report.key for report in merged.reports] == ["tokenizer", "pretraining", "startup"]
    assert merged.reports[1].findings.ratios[0].key == "fresh"


def test_findings_are_joined_with_the_common_notes_first() -> None:
    parts = [Findings(ratios=(make_ratio(key),), notes=(key,)) for key in ("a", "b")]
    joined = Findings.joined(parts, ("for all",))
    assert [ratio.key for ratio in joined.ratios] == ["a", "b"]
    assert joined.notes == ("for all", "a", "b")
