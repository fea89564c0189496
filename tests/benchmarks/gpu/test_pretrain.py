"""Pre-training in parts."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.gpu import machine, parcel, pretrain
from benchmarks.gpu.corpus import CodeFile, make_code_file
from benchmarks.gpu.deadline import Deadline
from benchmarks.gpu.prefetch import PrefetchingJob, loop_seconds
from benchmarks.gpu.pretrain import Outcome, run_pretraining, tiny
from benchmarks.gpu.speed.batches import make_job
from dnabert.checkpoint import load_model
from dnabert.device import choose_machine
from dnabert.errors import OutputError
from dnabert.settings import merge_settings
from dnabert.train.config import PretrainConfig
from dnabert.train.loop import STATE_FILE
from dnabert.train.pretrain import PretrainJob
from tests.benchmarks.gpu.made import RECIPE, random_bases, write_genome, write_table

CPU = choose_machine("cpu", "float32")


@pytest.fixture
def codes(tmp_path: Path) -> CodeFile:
    genome = write_genome(tmp_path, {"a": random_bases(4000, 1), "b": random_bases(900, 2)})
    return make_code_file([genome], write_table(tmp_path, {"a": "train", "b": "valid"}), tmp_path / "codes.npz")


@pytest.fixture
def config(tmp_path: Path) -> PretrainConfig:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tiny(merge_settings(PretrainConfig(), tmp_path / "recipe.toml"))


class StepsDeadline(Deadline):
    """The time is over in the step of this number, from 0."""

    def __init__(self, step: int) -> None:
        super().__init__(9, 0)
        self._left = step

    @property
    def left_s(self) -> float:
        self._left -= 1
        return self._left + 0.5


def run(config: PretrainConfig, codes: CodeFile, out: Path, deadline: Deadline | None = None, **more: bool | Path | float) -> Outcome:
    return run_pretraining(config, codes, out, deadline or Deadline(9, 0), CPU, rehearsal=True, **more)  # type: ignore[arg-type]


def test_a_run_that_was_stopped_comes_home_and_ends_with_the_same_weights(tmp_path: Path, config: PretrainConfig, codes: CodeFile) -> None:
    whole = run(config, codes, tmp_path / "whole" / "m")
    assert (whole.step, whole.steps) == (6, 6)
    assert whole.figures is not None
    stopped = run(config, codes, tmp_path / "lent" / "m", StepsDeadline(2), home=tmp_path / "home")
    assert (stopped.step, stopped.figures) == (3, None)
    shutil.rmtree(tmp_path / "lent")  # the machine is given back
    parcel.unpack(tmp_path / "home" / "m.json", tmp_path / "next")
    assert not (tmp_path / "next" / "m" / STATE_FILE).exists()
    ended = run(config, codes, tmp_path / "next" / "m", resume=True)
    assert ended.figures == whole.figures
    first, second = (load_file(out / "m" / "model.safetensors") for out in (tmp_path / "whole", tmp_path / "next"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    facts = json.loads((tmp_path / "next" / "m" / "gpu.json").read_text())
    assert [(part["from_step"], part["to_step"], part["state"]) for part in facts["sessions"]] == [(0, 3, None), (3, 6, "whole")]
    assert all(part["rehearsal"] for part in facts["sessions"])
    assert facts["corpus_sha256"] == codes.sha256


def test_a_finished_run_comes_home_as_a_model_in_bfloat16(tmp_path: Path, config: PretrainConfig, codes: CodeFile) -> None:
    run(config, codes, tmp_path / "lent" / "m", home=tmp_path / "home")
    parcel.unpack(tmp_path / "home" / "m.json", tmp_path / "here")
    stored = load_file(tmp_path / "here" / "m" / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.bfloat16}
    assert load_model(tmp_path / "here" / "m").model.config.kmer == 3
    assert {"gpu.json", "run.json", "metrics.json", "metrics.jsonl"} <= {path.name for path in (tmp_path / "here" / "m").iterdir()}
    with pytest.raises(OutputError, match="is finished, there is nothing to go on with"):
        run(config, codes, tmp_path / "here" / "m", resume=True)
    with pytest.raises(OutputError, match="exists already"):
        run(config, codes, tmp_path / "here" / "m")


def test_steps_that_were_fitted_to_the_time_are_kept_when_going_on(
    tmp_path: Path, config: PretrainConfig, codes: CodeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrain, "fit_steps", lambda *_: 15.0)
    assert run(config, codes, tmp_path / "m", StepsDeadline(1), fit_minutes=1).steps == 4
    monkeypatch.setattr(pretrain, "fit_steps", lambda *_: pytest.fail("measured again"))
    assert run(config, codes, tmp_path / "m", fit_minutes=1, resume=True).step == 4


def test_a_step_is_timed_on_a_model_that_is_thrown_away(tmp_path: Path, config: PretrainConfig, codes: CodeFile) -> None:
    genome = codes.write_fasta(tmp_path / "g.fa")
    assert pretrain.fit_steps(config, genome, codes.split, CPU, (1, 2)) > 0


def test_the_mean_step_counts_short_and_whole_windows_as_the_recipe_has_them(
    tmp_path: Path, config: PretrainConfig, codes: CodeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrain, "loop_seconds", lambda _job, same, *_: 1.0 if same.corpus.short_share else 3.0)
    genome = codes.write_fasta(tmp_path / "g.fa")
    for share, seconds in ((0.0, 3.0), (0.25, 2.5), (1.0, 1.0)):
        mixed = merge_settings(config, None, [f"corpus.short_share={share}"])
        assert pretrain.fit_steps(mixed, genome, codes.split, CPU) == seconds


def test_batches_made_ahead_are_the_same(tmp_path: Path, config: PretrainConfig) -> None:
    plain, ahead = make_job(config, CPU, tmp_path), make_job(config, CPU, tmp_path, PrefetchingJob)
    assert isinstance(ahead, PrefetchingJob)
    for step in (0, 1, 2, 0, 7):
        for one, other in zip(plain.batches(step), ahead.batches(step), strict=True):
            assert torch.equal(one.ids, other.ids)
    assert type(plain) is PretrainJob
    assert loop_seconds(ahead, config, CPU, (1, 1)) > 0
    ahead.close()


def call(tmp_path: Path, *words: str) -> int:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    given = ["--recipe", str(tmp_path / "recipe.toml"), "--corpus", str(tmp_path / "codes.npz"), "--quick", *words]
    return pretrain.main(given)


def test_the_command_rehearses_and_says_so(tmp_path: Path, codes: CodeFile, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--minutes", "2", "--out", str(tmp_path / "lent" / "m"), "--home", str(tmp_path / "home"))
    assert call(tmp_path, *words) == 0
    told = capsys.readouterr().out
    assert told.startswith("REHEARSAL, these weights are worth nothing: ")
    assert "all 6 steps" in told
    assert "m.part-0" in told


def test_the_command_refuses_what_cannot_be(tmp_path: Path, codes: CodeFile, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path, "--minutes", "2", "--out", str(machine.ROOT / "models" / "m")) == 1
    assert "writes to runs/ only" in capsys.readouterr().err
    assert call(tmp_path, "--minutes", "0", "--out", str(tmp_path / "m")) == 1
    assert "are kept for saving; give more" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((machine.ROOT / "benchmarks" / "gpu" / "recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_the_recipes_are_valid_and_named_after_their_k(path: Path) -> None:
    size, kmer = path.stem.split("-")
    config = merge_settings(PretrainConfig(), path)
    assert config.model.kmer == int(kmer)
    assert config.model.num_layers == {"mini": 4, "small": 6}[size]
    # What the search of docs/results/pretraining.md found.
    assert (config.dropout, config.masking.width, config.masking.rate) == (0.0, 2, 0.25)
    assert config.corpus.short_share > 0
    assert config.corpus.shift_positions
