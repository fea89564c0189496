"""What --check calls slower."""

from benchmarks.speed.regressions import compare
from benchmarks.speed.results import Ratio, Results
from tests.benchmarks.made import make_ratio, make_report

RECORDED = make_ratio("step", (3.0, 3.1, 3.0, 2.6, 3.0))


def results(*ratios: Ratio, cpu: str = "Test CPU", aborted: str | None = None) -> Results:
    return Results(reports=(make_report("pretraining", *ratios, cpu=cpu, aborted=aborted),))


def test_a_ratio_below_all_recorded_rounds_has_regressed() -> None:
    verdict = compare(results(RECORDED), results(make_ratio("step", (2.0, 2.1, 2.0, 1.9, 2.0))))
    assert verdict.regressed == ("step",)
    assert verdict.lines == ("REGRESSED  a step v the other: 2 times, recorded 3 (2.6 to 3.1)", "1 of 1 ratios regressed")


def test_a_ratio_within_the_recorded_spread_has_held() -> None:
    verdict = compare(results(RECORDED), results(make_ratio("step", (2.7,) * 5)))
    assert verdict.regressed == ()
    assert verdict.lines[0] == "held       a step v the other: 2.7 times, recorded 3 (2.6 to 3.1)"


def test_a_few_per_cent_less_are_no_regression_where_the_recorded_rounds_agree() -> None:
    steady = results(make_ratio("step", (3.0,) * 5))
    assert compare(steady, results(make_ratio("step", (2.9,) * 5))).regressed == ()
    assert compare(steady, results(make_ratio("step", (2.8,) * 5))).regressed == ("step",)


def test_a_faster_ratio_has_held() -> None:
    assert compare(results(RECORDED), results(make_ratio("step", (9.0,) * 5))).regressed == ()


def test_a_refused_ratio_is_listed_and_not_judged() -> None:
    verdict = compare(results(RECORDED), results(make_ratio("step", (0.1, 0.2, 0.3, 0.4, 0.5))))
    assert verdict.regressed == ()
    assert verdict.lines[0].startswith("undecided  a step v the other: spread too wide")


def test_a_ratio_without_record_is_new() -> None:
    assert compare(results(), results(make_ratio("step"))).lines[0] == "new        a step v the other: nothing is recorded"


def test_a_recorded_ratio_that_was_not_measured_is_named() -> None:
    verdict = compare(results(RECORDED, make_ratio("other")), results(make_ratio("other")))
    assert "gone       a step v the other: is recorded, and was not measured" in verdict.lines


def test_benchmarks_that_did_not_run_are_not_missed() -> None:
    recorded = Results(reports=(make_report("tokenizer", make_ratio("ids")), *results(RECORDED).reports))
    assert compare(recorded, results(make_ratio("step"))).lines[-1] == "0 of 1 ratios regressed"
    assert not any("a ids" in line for line in compare(recorded, results(make_ratio("step"))).lines)
    assert len(compare(recorded, results(aborted="ids differ")).lines) == 1


def test_another_processor_is_noted() -> None:
    first = compare(results(RECORDED), results(RECORDED, cpu="Other CPU")).lines[0]
    assert first == "note       recorded on Test CPU, 2 cores used, measured on Other CPU, 2 cores used"
