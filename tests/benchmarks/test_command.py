"""The command line of the benchmarks: children, failures, what is written where."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.speed import __main__ as command
from benchmarks.speed.child import BENCHMARKS
from benchmarks.speed.results import Findings, Results, read_results, write_results
from tests.benchmarks.made import make_ratio, make_report

Ratios = dict[str, tuple[float, ...]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that takes the place of the repository."""
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def set_children(monkeypatch: pytest.MonkeyPatch, times: Ratios, code: int = 0, mismatch: str = "") -> list[list[str]]:
    """Children that find what is given, without measuring; returns the list of their command lines."""
    calls: list[list[str]] = []
    real = subprocess.run

    def run(words: list[str], **settings: Any) -> Any:
        if words[0] == "git":
            return real(words, **settings)
        calls.append(words)
        key, out = words[3], Path(words[words.index("--out") + 1])
        if mismatch:
            out.with_suffix(".mismatch").write_text(mismatch)
        elif not code:
            ratios = tuple([make_ratio(key, times[key])] if key in times else [])
            out.write_text(Findings(ratios=ratios).model_dump_json())
        return subprocess.CompletedProcess(words, code)

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["bench", *words])
    return command.main()


def test_all_benchmarks_run_and_results_and_document_are_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = set_children(monkeypatch, {"tokenizer": (3.0,) * 5})
    assert call(monkeypatch, "--threads", "1") == 0
    assert [words[3] for words in calls] == list(BENCHMARKS)
    assert [report.key for report in read_results(place / command.RESULTS).reports] == list(BENCHMARKS)
    text = (place / command.DOCUMENT).read_text()
    assert "**3.00**" in text
    assert "`python -m benchmarks.speed --only startup --threads 1`" in text


def test_a_rehearsal_leaves_results_and_document_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = set_children(monkeypatch, {})
    assert call(monkeypatch, "--quick", "--only", "startup") == 0
    assert "--quick" in calls[0]
    assert not (place / command.RESULTS).exists()
    assert not (place / command.DOCUMENT).exists()
    assert "A rehearsal" in (place / command.REHEARSAL / command.DOCUMENT).read_text()


def test_one_benchmark_alone_replaces_its_own_results_only(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = (make_report("tokenizer", make_ratio("tokenizer")), make_report("startup"))
    write_results(place / command.RESULTS, Results(reports=reports))
    set_children(monkeypatch, {"tokenizer": (7.0,) * 5})
    assert call(monkeypatch, "--only", "tokenizer") == 0
    tokenizer, startup = read_results(place / command.RESULTS).reports
    assert tokenizer.findings.ratios[0].spread.median == 7.0
    assert startup == reports[1]


def test_a_mismatch_is_recorded_without_a_ratio_and_ends_with_1(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_children(monkeypatch, {}, code=3, mismatch="ids differ; nothing was timed")
    assert call(monkeypatch, "--only", "tokenizer") == 1
    (report,) = read_results(place / command.RESULTS).reports
    assert report.aborted == "ids differ; nothing was timed"
    assert report.findings == Findings()
    assert "**Not measured:** ids differ; nothing was timed" in (place / command.DOCUMENT).read_text()


def test_a_child_that_dies_is_recorded_with_its_exit_code(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_children(monkeypatch, {}, code=-9)
    assert call(monkeypatch, "--only", "tokenizer") == 1
    (report,) = read_results(place / command.RESULTS).reports
    assert report.aborted is not None
    assert report.aborted.startswith("ended with exit code -9: -m benchmarks.speed.child tokenizer")
    assert "bench: tokenizer: ended with exit code -9" in capsys.readouterr().err


def test_a_check_says_what_regressed_and_leaves_the_record(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_results(place / command.RESULTS, Results(reports=(make_report("tokenizer", make_ratio("tokenizer", (3.0,) * 5)),)))
    before = (place / command.RESULTS).read_text()
    set_children(monkeypatch, {"tokenizer": (2.0,) * 5})
    assert call(monkeypatch, "--check", "--only", "tokenizer") == 1
    assert "REGRESSED  a tokenizer v the other: 2 times, recorded 3 (3 to 3)" in capsys.readouterr().out
    assert (place / command.RESULTS).read_text() == before
    assert not (place / command.DOCUMENT).exists()
    set_children(monkeypatch, {"tokenizer": (3.0,) * 5})
    assert call(monkeypatch, "--check", "--only", "tokenizer") == 0


def test_a_check_in_which_a_benchmark_fails_ends_with_1(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_results(place / command.RESULTS, Results(reports=(make_report("tokenizer"),)))
    set_children(monkeypatch, {}, code=3, mismatch="ids differ")
    assert call(monkeypatch, "--check", "--only", "tokenizer") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--check"], "benchmarks/results/cpu.json is not there: run without --check first"),
        (["--quick", "--check"], "--quick gives no ratios that could be compared"),
        (["--threads", "0"], "--threads is 0; at least 1 core is needed"),
        (["--document"], "benchmarks/results/cpu.json is not there: nothing was measured yet"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        call(monkeypatch, *words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_the_document_is_written_anew_from_the_results_with_the_sections_of_others(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_results(place / command.RESULTS, Results(reports=(make_report("tokenizer", make_ratio()),)))
    (place / command.APPENDED[0]).write_text("## What was tried\n")
    calls = set_children(monkeypatch, {})
    assert call(monkeypatch, "--document") == 0
    assert not calls
    assert (place / command.DOCUMENT).read_text().endswith("## What was tried\n")


def test_children_have_no_network_and_as_many_threads_as_cores() -> None:
    one, two = command._environment(1), command._environment(2)
    assert one["HF_HUB_OFFLINE"] == one["TRANSFORMERS_OFFLINE"] == "1"
    assert (one["OMP_NUM_THREADS"], one["TOKENIZERS_PARALLELISM"]) == ("1", "false")
    assert (two["OMP_NUM_THREADS"], two["TOKENIZERS_PARALLELISM"]) == ("2", "true")


def test_the_record_is_json_that_others_can_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_children(monkeypatch, {"tokenizer": (3.0,) * 5})
    call(monkeypatch, "--only", "tokenizer")
    (report,) = json.loads((place / command.RESULTS).read_text())["reports"]
    assert report["findings"]["ratios"][0]["ratio"]["median"] == 3.0
    assert {"cpu", "cores", "flags", "versions", "date"} <= set(report["machine"])
    assert report["command"] == "python -m benchmarks.speed --only tokenizer"
