"""Speed on a GPU, rehearsed: the same windows in all ways, and no number without its device."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.gpu.speed import __main__ as command
from benchmarks.gpu.speed import ceilings, predicting, pretraining, tuning
from benchmarks.gpu.speed.batches import make_job, needed_flops, num_computed, num_tokens, pad_naively
from benchmarks.gpu.speed.document import render
from benchmarks.gpu.speed.results import REAL, REHEARSED, Report, Results, adopt, read_results, write_results
from benchmarks.speed.cases.common.arithmetic import encoder_flops, masked_head_flops
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from dnabert.device import choose_machine
from dnabert.errors import DataFileError
from tests.benchmarks.gpu.made import make_device

CASE = pretraining.Case("toy", pretraining.QUICK, 6, 6, 128, 1, 1.8, max_tokens=30, matmul_size=32)
CPU = choose_machine("cpu", "float32")
TITLES = {key: section.title for key, section in command.SECTIONS.items()}


def quiet(_text: str) -> None:
    """Nobody listens."""


def make_report(rehearsal: bool = False, ours: tuple[float, ...] = (1.0,) * 5, difference: float = 0.0, **device: str) -> Report:
    ratio = Ratio(key="k", what="a step", against="another", unit="a step", goal=1.8, ours=ours, reference=(2.0,) * len(ours))
    figure = Figure(what="use", unit="%", values=(60.0,) * 5, goal=50)
    agreement = Agreement(what="logits", against="slow", tolerance=1e-3, difference=difference)
    findings = Findings(ratios=(ratio,), figures=(figure,), agreements=(agreement,), notes=("a note",))
    return Report(key="base", command="c", device=make_device(**device), rehearsal=rehearsal, took_s=1, failed=None, findings=findings)


def test_naive_padding_keeps_windows_masks_and_targets(tmp_path: Path) -> None:
    job = make_job(pretraining.recipe(CASE, 20), CPU, tmp_path)
    pieces = job.batches(0)
    naive = pad_naively(pieces, 3, 32)
    rows = sum(len(piece.ids) for piece in pieces)  # less than 20 if some pieces have nothing to predict
    assert [len(piece.ids) for piece in naive] == [3] * (rows // 3) + [rows % 3] * (rows % 3 > 0)
    assert {piece.ids.shape[1] for piece in naive} == {32}
    assert num_tokens(naive) == num_tokens(pieces)
    assert num_computed(naive) == rows * 32 > num_computed(pieces)
    assert needed_flops(job.model, naive) == needed_flops(job.model, pieces)

    def places(piece: object) -> list[tuple[int, int]]:
        ids, positions, targets = piece.ids, piece.positions, piece.targets  # type: ignore[attr-defined]
        return sorted(zip(ids.view(-1)[positions].tolist(), targets.tolist(), strict=True))

    assert sorted(pair for piece in naive for pair in places(piece)) == sorted(pair for piece in pieces for pair in places(piece))


def test_needed_operations_are_those_of_full_windows_where_nothing_is_padded(tmp_path: Path) -> None:
    job = make_job(pretraining.recipe(CASE, 4, full_length=True), CPU, tmp_path)
    pieces = [piece for piece in job.batches(0) if piece.mask is None]
    rows, read = sum(len(piece.ids) for piece in pieces), sum(len(piece.targets) for piece in pieces if piece.targets is not None)
    config = job.model.config
    assert needed_flops(job.model, pieces) == 3 * (encoder_flops(config, rows, 32, read=read) + masked_head_flops(config, read))


def test_pretraining_is_compared_in_all_ways(tmp_path: Path) -> None:
    findings = pretraining.measure(CASE, tmp_path, quiet)
    assert [ratio.key.removeprefix("gpu.pretraining.toy.") for ratio in findings.ratios] == ["transformers", "full", "padding", "ahead"]
    assert all(found.difference <= found.tolerance for found in findings.agreements)
    units = {figure.unit for figure in findings.figures}
    assert {"tokens/s", "%", "h", "TFLOP/s", "s a step"} <= units
    assert any("full recipe of 2021 (120,000 steps of 2000 windows), extrapolated" in figure.what for figure in findings.figures)


def test_predictions_give_the_hours_of_a_genome(tmp_path: Path) -> None:
    findings = predicting.measure(predicting.QUICK, tmp_path, quiet)
    rate, hours = (next(figure for figure in findings.figures if figure.unit == unit).values[0] for unit in ("bases/s", "h"))
    assert hours * 3600 * rate == pytest.approx(62e6 * 300)
    assert findings.agreements[0].difference <= findings.agreements[0].tolerance


def test_ceilings_and_tuning_at_toy_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(ceilings.measure(ceilings.QUICK, tmp_path, quiet).figures) == 3
    assert len(tuning.measure_pieces(CASE, tmp_path, quiet, sizes=(32, 64)).figures) == 2
    assert sum(figure.values[0] for figure in tuning.measure_profile(CASE, tmp_path, quiet).figures) <= 100.1
    asked: list[str] = []
    monkeypatch.setattr(tuning, "compile_blocks", lambda _model, backend: asked.append(backend))
    assert tuning.measure_compile(replace(CASE, windows=4), tmp_path, quiet).ratios[0].key == "gpu.compile.toy"
    assert len(asked) == 1


def test_every_block_is_compiled_in_place_and_names_of_weights_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = make_job(pretraining.recipe(CASE, 4), CPU, tmp_path).model
    names, asked = list(model.state_dict()), []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda _self, **settings: asked.append(settings))
    tuning.compile_blocks(model, "inductor")
    assert asked == [{"backend": "inductor", "dynamic": True}] * 2
    assert list(model.state_dict()) == names


def test_a_number_of_a_processor_is_a_rehearsal_always() -> None:
    with pytest.raises(ValueError, match="is no GPU, so that this is a rehearsal"):
        make_report(rehearsal=False, kind="cpu")
    with pytest.raises(ValueError, match="rehearsed and real sections are not mixed"):
        Results(reports=(make_report(), make_report(rehearsal=True)))


def test_results_are_written_under_the_name_that_is_theirs(tmp_path: Path) -> None:
    real, rehearsed = Results(reports=(make_report(),)), Results(reports=(make_report(rehearsal=True, kind="cpu"),))
    assert (write_results(tmp_path, real).name, write_results(tmp_path, rehearsed).name) == (REAL, REHEARSED)
    assert read_results(tmp_path / REAL) == real
    assert adopt(tmp_path / REAL) == real
    with pytest.raises(DataFileError, match="is a rehearsal, none of whose numbers means anything"):
        adopt(tmp_path / REHEARSED)
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(DataFileError, match="holds no results"):
        read_results(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("reports", "message"),
    [
        ((make_report(commit="unknown"),), "does not say of which commit; run it with DNABERT_COMMIT"),
        ((make_report(), make_report(name="Another GPU")), "is of several devices"),
    ],
)
def test_results_of_no_known_origin_are_not_adopted(tmp_path: Path, reports: tuple[Report, ...], message: str) -> None:
    with pytest.raises(DataFileError, match=message):
        adopt(write_results(tmp_path, Results(reports=reports)))


def test_the_document_names_the_device_and_gives_no_ratio_where_outputs_differ() -> None:
    text = render(Results(reports=(make_report(),)), TITLES)
    assert "Test GPU, 1 GiB, compute capability 9.0, driver 1" in text
    assert "| a step | another | >= 1.8 | **2.00** (2.00-2.00; 2.00-2.00) | met |" in text
    assert "| use | **60.0** (60.0-60.0; 60.0-60.0) % | >= 50: met |" in text
    assert "rehearsal" not in text
    differs = render(Results(reports=(make_report(difference=0.1),)), TITLES)
    assert "outputs differ (logits), so no ratio | not decided" in differs
    rehearsed = render(Results(reports=(make_report(rehearsal=True, ours=(1.0,)),)), TITLES)
    assert "**A rehearsal: tiny sizes, or no GPU. None of these numbers means anything.**" in rehearsed
    assert "too few rounds: 1 of 5" in rehearsed


def test_the_command_measures_in_a_process_of_its_own_and_writes_after_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def child(words: list[str], _left: float) -> str | None:
        if "ceilings" in words:
            Path(words[-1]).write_text(Findings(notes=("measured",)).model_dump_json())
            return None
        return "ended with exit code 1: RuntimeError: no compiler"

    monkeypatch.setattr(command, "_failure", child)
    assert command.main(["--quick", "--only", "ceilings", "compile-mini", "--out", str(tmp_path)]) == 0
    assert "not measured: compile-mini: ended with exit code 1: RuntimeError: no compiler" in capsys.readouterr().out
    stored = json.loads((tmp_path / REHEARSED).read_text())
    assert [report["failed"] for report in stored["reports"]] == [None, "ended with exit code 1: RuntimeError: no compiler"]
    assert "**Not measured:** ended with exit code 1" in (tmp_path / "rehearsal.md").read_text()
    assert not (tmp_path / REAL).exists()


def test_a_section_that_would_begin_too_late_is_left_out(tmp_path: Path) -> None:
    assert command.main(["--quick", "--only", "ceilings", "--minutes", "0.1", "--out", str(tmp_path)]) == 0
    assert read_results(tmp_path / REHEARSED).reports[0].failed == "not begun: the time was over"


def test_how_a_child_failed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert command._failure([sys.executable, "-c", "pass"], 60) is None
    failing = [sys.executable, "-c", "import sys; print('why', file=sys.stderr); sys.exit(3)"]
    assert command._failure(failing, 60) == "ended with exit code 3: why"
    assert "why" in capsys.readouterr().err
    assert command._failure([sys.executable, "-c", "input()"], 0.01) in {
        "stopped after 0 s: the time was over",
        "ended with exit code 1: EOFError: EOF when reading a line",
    }


def test_the_child_writes_its_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNABERT_CACHE", "")
    to = tmp_path / "findings.json"
    assert command.main(["--quick", "--only", "ceilings", "--child", str(to)]) == 0
    assert Findings.model_validate_json(to.read_text()).figures


def test_only_real_results_are_adopted_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PLACE", tmp_path / "place")
    (tmp_path / "place").mkdir()
    rehearsed = write_results(tmp_path, Results(reports=(make_report(rehearsal=True, kind="cpu"),)))
    assert command.main(["--adopt", str(rehearsed)]) == 1
    assert "gpu: " in capsys.readouterr().err
    assert not list((tmp_path / "place").iterdir())
    real = write_results(tmp_path, Results(reports=(make_report(),)))
    assert command.main(["--adopt", str(real)]) == 0
    assert sorted(path.name for path in (tmp_path / "place").iterdir()) == ["results.json", "results.md"]
    assert "the source has changed since then" in capsys.readouterr().out
