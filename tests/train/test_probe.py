"""The linear fit that a head begins with."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from dnabert.checkpoint import load_model
from dnabert.choices import FinetuneTask
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.device import choose_machine
from dnabert.model.config import HeadConfig
from dnabert.train.config import FinetuneConfig
from dnabert.train.finetune import finetune
from dnabert.train.probe import PENALTIES, fit_linear
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
    more = FinetuneConfig(epochs=1, min_steps=3)
    finetune(data, valid, tmp_path / "third", more, machine, start_from=tmp_path / "first", quiet=True)
    assert hint not in caplog.text
