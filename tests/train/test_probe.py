"""The linear fit that a head begins with."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from dnabert.checkpoint import ModelInfo, load_model
from dnabert.choices import FinetuneTask
from dnabert.data.batch import Batch, EncodedSet
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.targets import find_classes, make_targets
from dnabert.device import choose_machine
from dnabert.forward import predict_set
from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer
from dnabert.train import finetune as finetuning
from dnabert.train.config import FinetuneConfig
from dnabert.train.finetune import FinetuneJob, finetune
from dnabert.train.probe import PENALTIES, fit_linear, head_inputs, noisy_head_inputs
from tests.toy import toy_config


def _cloud(rows: int, seed: int) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(3.0, 2.0, (rows, 5))
    inputs[:, 4] = 7.0  # a vector's place that never changes
    targets = (inputs[:, 0] - inputs[:, 1] + rng.normal(0, 2, rows) > 0).astype(np.int64)
    return torch.tensor(inputs, dtype=torch.float32), torch.from_numpy(targets)


def test_the_fit_is_that_of_logistic_regression_at_the_penalty_that_validates_best() -> None:
    (inputs, targets), (held, held_targets) = _cloud(60, 0), _cloud(200, 1)
    fit = fit_linear(inputs, targets, held, held_targets, 2, F.cross_entropy)
    standard, held_standard = ((values - inputs.mean(0))[:, :4] / inputs.std(0, correction=0)[:4] for values in (inputs, held))
    losses = {}
    for penalty in PENALTIES:  # two rows of weights, each half of sklearn's one, cost half as much as it
        other = LogisticRegression(C=2 / (penalty * len(inputs)), tol=1e-8, max_iter=10_000).fit(standard, targets)
        probs = torch.tensor(other.predict_proba(held_standard))
        losses[penalty] = float(F.nll_loss(probs.log(), held_targets))
        if penalty == fit.penalty:
            ours = torch.softmax(held @ fit.weight.T + fit.bias, 1)
            assert ours.numpy() == pytest.approx(probs.numpy(), abs=1e-3)
    assert fit.loss == pytest.approx(min(losses.values()), abs=1e-4)
    assert fit.penalty == min(losses, key=lambda penalty: losses[penalty])


def _rows(path: Path, task: FinetuneTask, count: int, seed: int) -> LabelledSet:
    """Sequences whose label follows from their share of C and G."""
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(count):
        share = rng.uniform(0.2, 0.8)
        letters = "".join(rng.choice(list("ACGT"), 40, p=[(1 - share) / 2, share / 2, share / 2, (1 - share) / 2]))
        label = {"classify": str(int(share > 0.5)), "multilabel": "high" if share > 0.5 else "low", "regress": f"{share:.3f}"}
        label["pair"] = label["classify"]
        lines.append(f"{letters},{letters[::-1]},{label[task]}" if task == "pair" else f"{letters},{label[task]}")
    path.write_text("\n".join(["sequence1,sequence2,label" if task == "pair" else "sequence,label", *lines]) + "\n")
    return read_set(path, 3, pair=task == "pair")


@pytest.mark.parametrize("stranded", [True, False])
@pytest.mark.parametrize("task", ["classify", "multilabel", "regress", "pair"])
def test_a_head_that_begins_as_a_fit_knows_the_task_before_the_first_step(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, task: FinetuneTask, *, stranded: bool
) -> None:
    caplog.set_level(logging.INFO, logger="dnabert")
    data, valid = _rows(tmp_path / "train.csv", task, 80, 0), _rows(tmp_path / "valid.csv", task, 60, 1)
    config = FinetuneConfig.model_validate(
        {
            "head": HeadConfig(task=task, pooling="mean"),
            "head_start": "probe",
            "frozen": "encoder",
            "epochs": 1,
            "stranded": stranded,
            "optim": {"lr": 1e-9},
        }
    )
    finetune(data, valid, tmp_path / "run", config, choose_machine("cpu", "float32"), sizes=toy_config(3), quiet=True)
    assert "the head begins as a linear fit: penalty" in caplog.text
    figures = (tmp_path / "run" / "metrics.jsonl").read_text()
    name = {"classify": "valid_auroc", "multilabel": "valid_auroc", "regress": "valid_spearman", "pair": "valid_auroc"}[task]
    value = float(figures.split(f'"{name}": ')[1].split(",")[0].split("}")[0])
    assert value > (0.7 if task == "regress" else 0.85)
    assert load_model(tmp_path / "run").model.classifier is not None


def _job(data: LabelledSet, valid: LabelledSet, config: FinetuneConfig) -> FinetuneJob:
    task = config.head.task
    classes = find_classes(data, task)
    head = config.head.model_copy(update={"num_outputs": len(classes)})
    model = Dnabert(toy_config(3), head)
    sets = [EncodedSet(rows.sequences, KmerTokenizer(3, 60), head, make_targets(rows, task, classes)) for rows in (data, valid)]
    values = sets[0].targets
    assert values is not None
    scale = (float(values.values.mean()),), (float(values.values.std()),)
    info = ModelInfo(head=head, labels=classes, target_mean=scale[0], target_scale=scale[1]) if task == "regress" else ModelInfo(head=head)
    return FinetuneJob(model, sets[0], sets[1], config.model_copy(update={"head": head}), info, choose_machine("cpu", "float32"))


def _told_loss(caplog: pytest.LogCaptureFixture) -> float:
    return float(caplog.text.rsplit("validation loss ", 1)[1].split()[0])


@pytest.mark.parametrize("task", ["multilabel", "regress"])
def test_the_loss_of_the_fit_is_that_of_the_validation(tmp_path: Path, caplog: pytest.LogCaptureFixture, task: FinetuneTask) -> None:
    caplog.set_level(logging.INFO, logger="dnabert")
    config = FinetuneConfig(head=HeadConfig(task=task, pooling="mean"), head_start="probe")
    job = _job(_rows(tmp_path / "train.csv", task, 80, 0), _rows(tmp_path / "valid.csv", task, 60, 1), config)
    before = job.evaluate()["loss"]
    job.fit_head()
    after = job.evaluate()["loss"]
    assert before is not None
    assert after is not None
    assert after < before
    assert after == pytest.approx(_told_loss(caplog), abs=1e-3)


def test_rare_classes_weigh_as_much_in_the_fit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="dnabert")
    lines = ["sequence,label", *["ACGTACGTAC,a", "CCCCGGCCGG,b", "TTTTAATTTA,c"], *["ACGTACGAAC,a"] * 9, *["TTTATATTTA,c"] * 3]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    data = read_set(tmp_path / "t.csv", 3)
    config = FinetuneConfig(head=HeadConfig(pooling="mean", task="classify"), head_start="probe", class_weights="balanced")
    job = _job(data, data, config)
    job.fit_head()
    logits = torch.from_numpy(predict_set(job.model, job.valid, job.machine).values)
    targets = torch.tensor([0, 1, 2] + [0] * 9 + [2] * 3)
    weights = torch.tensor([15 / (3 * 10), 15 / (3 * 1), 15 / (3 * 4)])  # rows / (classes x rows of the class)
    assert _told_loss(caplog) == pytest.approx(float(F.cross_entropy(logits, targets, weight=weights)), abs=1e-3)


def test_vectors_for_the_fit_are_read_with_dropout(tmp_path: Path) -> None:
    data, valid = _rows(tmp_path / "train.csv", "classify", 40, 0), _rows(tmp_path / "valid.csv", "classify", 20, 1)
    head = HeadConfig(task="classify", pooling="mean")
    job = _job(data, valid, FinetuneConfig(head=head, head_start="probe"))
    machine, forward, reverse = job.machine, np.zeros(40, dtype=bool), np.ones(40, dtype=bool)
    first, second, other, turned = (
        noisy_head_inputs(job.model, job.data, machine, 4096, flip, seed)
        for flip, seed in ((forward, 1), (forward, 1), (forward, 2), (reverse, 1))
    )
    assert first.equal(second)
    assert not first.equal(other)
    assert not first.equal(turned)
    assert (first == 0).float().mean() == pytest.approx(0.1, abs=0.05)  # the head's own dropout
    assert (head_inputs(job.model, job.data, machine) == 0).sum() == 0


@pytest.mark.parametrize("stranded", [True, False])
def test_a_task_without_strand_is_fitted_on_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, stranded: bool) -> None:
    data, valid = _rows(tmp_path / "train.csv", "classify", 40, 0), _rows(tmp_path / "valid.csv", "classify", 20, 1)
    config = FinetuneConfig(head=HeadConfig(task="classify", pooling="mean"), head_start="probe", stranded=stranded)
    shares: list[float] = []

    def watched(*args: Any) -> Tensor:
        shares.append(float(args[4].mean()))
        return noisy_head_inputs(*args)

    monkeypatch.setattr(finetuning, "noisy_head_inputs", watched)
    _job(data, valid, config).fit_head()
    assert len(shares) == 8
    assert all(share == 0 for share in shares) if stranded else 0.3 < np.mean(shares) < 0.7


def test_the_fit_is_kept_where_no_later_moment_is_better(tmp_path: Path) -> None:
    data, valid = _rows(tmp_path / "train.csv", "classify", 80, 0), _rows(tmp_path / "valid.csv", "classify", 60, 1)
    head = HeadConfig(task="classify", pooling="mean")
    spoilt = {"head": head, "head_start": "probe", "epochs": 3, "optim": {"lr": 30.0, "warmup": 0.0}, "patience": 0}
    result = finetune(
        data,
        valid,
        tmp_path / "run",
        FinetuneConfig.model_validate(spoilt),
        choose_machine("cpu", "float32"),
        sizes=toy_config(3),
        quiet=True,
    )
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    figures = {line["step"]: line["valid_mcc"] for line in lines if "valid_mcc" in line}
    assert result.best_step == 0
    assert figures[0] > max(value for step, value in figures.items() if step)
    model = load_model(tmp_path / "run").model
    job = _job(data, valid, FinetuneConfig(head=head))
    job.model = model
    assert job.evaluate()["mcc"] == figures[0]


def test_patience_ends_nothing_before_the_least_steps(tmp_path: Path) -> None:
    data, valid = _rows(tmp_path / "train.csv", "classify", 30, 0), _rows(tmp_path / "valid.csv", "classify", 20, 1)
    machine = choose_machine("cpu", "float32")
    for least, wanted in ((0, 3), (20, 20)):
        settings = {"min_steps": least, "epochs": 10, "patience": 2, "optim": {"lr": 1e-12}}
        result = finetune(
            data, valid, tmp_path / str(least), FinetuneConfig.model_validate(settings), machine, sizes=toy_config(3), quiet=True
        )
        assert result.steps == wanted


def test_a_run_that_was_killed_goes_on_without_a_second_fit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, valid = _rows(tmp_path / "train.csv", "classify", 80, 0), _rows(tmp_path / "valid.csv", "classify", 20, 1)
    settings = {
        "head": HeadConfig(task="classify", pooling="mean"),
        "head_start": "probe",
        "frozen": "embeddings",
        "epochs": 4,
        "save_every": 2,
    }
    config, machine = FinetuneConfig.model_validate(settings), choose_machine("cpu", "float32")
    finetune(data, valid, tmp_path / "whole", config, machine, sizes=toy_config(3), quiet=True)
    real = FinetuneJob.batches

    def failing(self: FinetuneJob, step: int) -> list[Batch]:
        if step == 7:
            raise RuntimeError("power cut")
        return real(self, step)

    monkeypatch.setattr(FinetuneJob, "batches", failing)
    with pytest.raises(RuntimeError, match="power cut"):
        finetune(data, valid, tmp_path / "broken", config, machine, sizes=toy_config(3), quiet=True)
    monkeypatch.undo()
    caplog.set_level(logging.INFO, logger="dnabert")
    caplog.clear()
    finetune(data, valid, tmp_path / "broken", config, machine, sizes=toy_config(3), resume=True, quiet=True)
    assert "going on from step 6" in caplog.text
    assert "linear fit" not in caplog.text
    whole, broken = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "broken"))
    assert all(whole[name].equal(broken[name]) for name in whole)
    assert (tmp_path / "whole" / "metrics.jsonl").read_text().count('"step": 0,') == 1


def test_token_heads_do_not_begin_as_a_fit() -> None:
    with pytest.raises(ValidationError, match="head_start=probe is for classify, pair, multilabel and regress"):
        FinetuneConfig(head=HeadConfig(task="token"), head_start="probe")


def test_few_steps_are_told_of_with_the_way_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="dnabert")
    data, valid = _rows(tmp_path / "train.csv", "classify", 40, 0), _rows(tmp_path / "valid.csv", "classify", 20, 1)
    machine, hint = choose_machine("cpu", "float32"), "train.csv: 40 sequences give 2 steps only; for few labels try  --pooling mean"
    once = FinetuneConfig(epochs=1)
    finetune(data, valid, tmp_path / "first", once, machine, sizes=toy_config(3), quiet=True)
    assert hint not in caplog.text  # random weights: nothing that few steps could spoil
    finetune(data, valid, tmp_path / "second", once, machine, start_from=tmp_path / "first", quiet=True)
    assert hint in caplog.text
    caplog.clear()
    for number, more in enumerate(({"min_steps": 3}, {"frozen": "encoder"}, {"head_start": "probe"})):
        config = FinetuneConfig.model_validate({"epochs": 1, **more})
        finetune(data, valid, tmp_path / f"more{number}", config, machine, start_from=tmp_path / "first", quiet=True)
    assert hint not in caplog.text
