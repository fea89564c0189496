"""A run that is stopped, killed or resumed ends with the weights of one that never was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from dnabert.cli.main import run as command
from dnabert.device import choose_machine
from dnabert.errors import CheckpointError, OutputError, TrainingError
from dnabert.train.config import PretrainConfig
from dnabert.train.pretrain import PretrainJob, pretrain
from tests.toy import toy_config

SETTINGS = {
    "model": toy_config(),
    "batch_size": 8,
    "steps": 24,
    "save_every": 5,
    "log_every": 2,
    "eval_every": 12,
    "valid_windows": 8,
}


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    path = tmp_path / "genome.fa"
    with path.open("w") as handle:
        for contig in range(3):
            letters = "".join("ACGT"[i] for i in torch.randint(4, (3000,), generator=generator).tolist())
            handle.write(f">contig{contig}\n{letters}\n")
    return path


def _pretrain(genome: Path, run: Path, *, resume: bool = False, **changes: object) -> dict[str, torch.Tensor]:
    config = PretrainConfig.model_validate({**SETTINGS, "corpus": {"max_tokens": 40}, **changes})
    pretrain([genome], run, config, choose_machine("cpu", "float32"), resume=resume, cache=genome.parent / "cache", quiet=True)
    return load_file(run / "model.safetensors")


def _same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(left[name].equal(right[name]) for name in left)


def test_same_seed_gives_the_same_weights_and_another_seed_others(genome: Path, tmp_path: Path) -> None:
    first = _pretrain(genome, tmp_path / "a")
    assert _same(first, _pretrain(genome, tmp_path / "b"))
    assert not _same(first, _pretrain(genome, tmp_path / "c", seed=7))


def test_run_that_failed_half_way_resumes_to_the_same_weights_and_log(
    genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _pretrain(genome, tmp_path / "whole")
    from dnabert.train.pretrain import PretrainJob

    real = PretrainJob.batches

    def failing(self: PretrainJob, step: int) -> list[object]:
        if step == 13:
            raise RuntimeError("power cut")
        return real(self, step)

    monkeypatch.setattr(PretrainJob, "batches", failing)
    with pytest.raises(RuntimeError, match="power cut"):
        _pretrain(genome, tmp_path / "broken")
    assert not (tmp_path / "broken" / "model.safetensors").exists()
    monkeypatch.undo()
    assert _same(whole, _pretrain(genome, tmp_path / "broken", resume=True))

    def numbers(run: Path) -> list[dict[str, float]]:
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        return [{key: value for key, value in line.items() if key != "tokens_per_s"} for line in lines]

    assert numbers(tmp_path / "broken") == numbers(tmp_path / "whole")


def test_pieces_of_a_step_do_not_change_its_gradient(genome: Path, tmp_path: Path) -> None:
    quiet = {"hidden_dropout": 0.0, "attention_dropout": 0.0}
    model = toy_config().model_copy(update=quiet)
    whole = _pretrain(genome, tmp_path / "whole", model=model, steps=3)
    pieces = _pretrain(genome, tmp_path / "pieces", model=model, steps=3, micro_tokens=60)
    for name in whole:
        torch.testing.assert_close(whole[name], pieces[name], atol=2e-5, rtol=1e-4)


def test_state_of_other_settings_is_refused(genome: Path, tmp_path: Path) -> None:
    _pretrain(genome, tmp_path / "run")
    with pytest.raises(CheckpointError, match="other settings or data"):
        _pretrain(genome, tmp_path / "run", resume=True, seed=5)


def test_damaged_state_is_refused(genome: Path, tmp_path: Path) -> None:
    _pretrain(genome, tmp_path / "run")
    state = tmp_path / "run" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:1000])
    (tmp_path / "run" / "metrics.json").unlink()  # as if it had been killed before its end
    with pytest.raises(CheckpointError, match=r"state\.safetensors: cannot be read"):
        _pretrain(genome, tmp_path / "run", resume=True)


def test_loss_that_is_no_number_stops_with_the_way_out(genome: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf); lower optim\.lr"):
        _pretrain(genome, tmp_path / "run", optim={"lr": 1e30, "warmup": 0, "clip_norm": 1e30})


def test_the_step_whose_loss_is_no_number_is_named(genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, seen = PretrainJob.loss, list[int]()

    def broken(job: PretrainJob, *arguments: Any) -> torch.Tensor:
        seen.append(0)
        return loss(job, *arguments) * (float("inf") if len(seen) == 3 else 1.0)

    monkeypatch.setattr(PretrainJob, "loss", broken)
    with pytest.raises(TrainingError, match="step 3: the loss is inf"):
        _pretrain(genome, tmp_path / "run", log_every=4)


def _start(genome: Path, run: Path, *flags: str) -> subprocess.Popen[bytes]:
    settings = ["model.num_layers=2", "model.hidden_size=32", "model.num_heads=4", "model.intermediate_size=64", "corpus.max_tokens=60"]
    settings += ["batch_size=64", "save_every=3", "log_every=1", "valid_windows=8"]
    words = [sys.executable, "-m", "dnabert", "pretrain", str(genome), "--out", str(run), "--kmer", "3", "--steps", "60", "--quiet"]
    words += [word for setting in settings for word in ("--set", setting)]
    environment = {**os.environ, "DNABERT_CACHE": str(genome.parent / "cache"), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*words, *flags], stderr=subprocess.PIPE, env=environment)


def _wait_for_step(process: subprocess.Popen[bytes], run: Path, step: int) -> None:
    end = time.monotonic() + 120
    log = run / "metrics.jsonl"
    while process.poll() is None and time.monotonic() < end:
        if log.exists() and f'{{"step": {step},' in log.read_text():
            return
        time.sleep(0.002)
    raise AssertionError(f"the run ended or hung before step {step}: {process.stderr.read() if process.stderr else b''!r}")


def test_killed_runs_resume_to_the_same_weights(genome: Path, tmp_path: Path) -> None:
    whole = _start(genome, tmp_path / "whole")
    _, errors = whole.communicate(timeout=300)
    assert whole.returncode == 0, errors
    for step in (4, 31):
        process = _start(genome, tmp_path / "broken", "--resume")
        _wait_for_step(process, tmp_path / "broken", step)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    process = _start(genome, tmp_path / "broken", "--resume")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert _same(load_file(tmp_path / "whole" / "model.safetensors"), load_file(tmp_path / "broken" / "model.safetensors"))
    assert not [path.name for path in (tmp_path / "broken").iterdir() if path.name.endswith(".tmp")]


def test_ctrl_c_saves_the_state_and_leaves_with_130(genome: Path, tmp_path: Path) -> None:
    process = _start(genome, tmp_path / "run")
    _wait_for_step(process, tmp_path / "run", 5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert b"is saved" in errors
    assert b"--resume" in errors
    assert b"Traceback" not in errors
    assert (tmp_path / "run" / "state.safetensors").exists()
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_ctrl_c_during_a_validation_saves_the_step_after_it(genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _pretrain(genome, tmp_path / "whole")
    with monkeypatch.context() as patched:
        evaluate = PretrainJob.evaluate
        patched.setattr(PretrainJob, "evaluate", lambda job: (signal.raise_signal(signal.SIGINT), evaluate(job))[1])
        with pytest.raises(KeyboardInterrupt):
            _pretrain(genome, tmp_path / "run", save_every=100)
    assert (tmp_path / "run" / "state.safetensors").exists()
    assert _same(whole, _pretrain(genome, tmp_path / "run", resume=True, save_every=100))


def test_a_finished_run_is_not_resumed(genome: Path, tmp_path: Path) -> None:
    before = _pretrain(genome, tmp_path / "run", save_every=100)
    with pytest.raises(OutputError, match="run: is complete, there is nothing to resume; start anew with --force"):
        _pretrain(genome, tmp_path / "run", save_every=100, resume=True)
    assert _same(before, load_file(tmp_path / "run" / "model.safetensors"))


def test_run_that_is_there_is_not_touched_without_force(genome: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "precious").write_text("mine")
    assert command(["pretrain", str(genome), "--out", str(tmp_path / "run"), "--steps", "1"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "run" / "precious").read_text() == "mine"
