"""Fine-tuning on labelled sequences, for every task.

Legend: S sequences, K outputs, L bases or k-mers.

Source: Ji et al. 2021, section 2.3; recipe 1.6.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnabert.checkpoint import ModelInfo, SavedModel, load_model, save_model
from dnabert.choices import FrozenPart
from dnabert.data.batch import Batch, EncodedSet, plan_batches
from dnabert.data.hold_out import hold_out
from dnabert.data.labelled import LabelledSet, inputs_of
from dnabert.data.targets import find_classes, make_targets
from dnabert.device import Machine, seed_of
from dnabert.errors import ConfigError, DataFileError, OutputError
from dnabert.forward import aligned, predict_set, probabilities, score_predictions
from dnabert.metrics import SELECTION
from dnabert.model.config import HeadConfig, ModelConfig
from dnabert.model.heads import Dnabert
from dnabert.model.initial import compose_embeddings
from dnabert.output import check_free, provenance, start_run
from dnabert.tokenizer import KmerTokenizer
from dnabert.train.config import FinetuneConfig, finetune_lr, tokens_at_once
from dnabert.train.loop import STATE_FILE, train
from dnabert.train.losses import class_weights, target_weight, task_loss
from dnabert.train.probe import fit_linear, head_inputs, noisy_head_inputs

__all__ = ["FinetuneJob", "FinetuneResult", "finetune"]

log = logging.getLogger(__name__)

_FEW_STEPS, _FEW_LABELS = 100, 1000
"""Below so many steps a model hardly moves; said of so few labels where nothing was done about it."""
_MOST_COPIES, _FEW_ROWS = 8, 4096
"""The first linear fit reads each sequence under this many draws of dropout, or fewer, where there would be more rows than that."""


@dataclass(frozen=True)
class FinetuneResult:
    """What fine-tuning ended with.

    Attributes:
        run: The run directory, a model.
        steps: Optimiser steps done.
        best_step: The step whose weights were kept.
        collapsed: Whether the model says the same of every sequence.
    """

    run: Path
    steps: int
    best_step: int
    collapsed: bool


class FinetuneJob:
    """Fine-tuning as the loop's job.

    Args:
        model: The model to train.
        data: Training sequences with targets.
        valid: Validation sequences with targets.
        config: The settings.
        info: What the model is for; holds the scale of regression targets.
        machine: Where to compute.
    """

    def __init__(
        self,
        model: Dnabert,
        data: EncodedSet,
        valid: EncodedSet,
        config: FinetuneConfig,
        info: ModelInfo,
        machine: Machine,
    ) -> None:
        assert data.targets is not None
        self.model = model
        self.data = data
        self.valid = valid
        self.config = config
        self.info = info
        self.machine = machine
        self.task = config.head.task
        self.select_by = config.select_by or SELECTION[self.task]
        self.steps_per_epoch = -(-len(data) // config.batch_size)
        self.num_steps = max(config.epochs, -(-config.min_steps // self.steps_per_epoch)) * self.steps_per_epoch
        balanced = config.class_weights == "balanced"
        self.weights = class_weights(self.task, data.targets, config.head.num_outputs) if balanced else None
        self._mean = torch.tensor(info.target_mean)
        self._scale = torch.tensor(info.target_scale)
        self._epoch: tuple[int, list[npt.NDArray[np.int64]], npt.NDArray[np.bool_]] | None = None

    def batches(self, step: int) -> list[Batch]:
        """The sequences of a step, in pieces that fit the budget of tokens."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if self._epoch is None or self._epoch[0] != epoch:
            self._epoch = (epoch, *self._plan(epoch))
        chosen, flips = self._epoch[1][place], self._epoch[2]
        lengths = self.data.lengths[chosen]
        planned = plan_batches(lengths, tokens_at_once(self.config, self.machine))
        return [self.data.batch(chosen[rows], flips[chosen[rows]]) for rows in planned]

    def _plan(self, epoch: int) -> tuple[list[npt.NDArray[np.int64]], npt.NDArray[np.bool_]]:
        """Batches of an epoch: random, but of like length within a batch where lengths differ."""
        rng = np.random.default_rng(seed_of(self.config.seed, "epoch", epoch))
        size = self.config.batch_size
        order = rng.permutation(len(self.data))
        bucket = 50 * size
        if np.ptp(self.data.lengths):
            pieces = [order[at : at + bucket] for at in range(0, len(order), bucket)]
            order = np.concatenate([piece[np.argsort(self.data.lengths[piece], kind="stable")] for piece in pieces])
        batches = [order[at : at + size] for at in range(0, len(order), size)]
        shuffled = [batches[place] for place in rng.permutation(len(batches))]
        flips = rng.random(len(self.data)) < 0.5
        return shuffled, flips & (not self.config.stranded)

    def loss(self, batch: Batch, pieces: Sequence[Batch]) -> Tensor:
        """Mean loss of the step, this piece's part."""
        assert batch.targets is not None
        logits = self.model(**batch.inputs).logits
        weights = None if self.weights is None else self.weights.to(logits.device)
        total = sum(self._weight(piece) for piece in pieces)
        return task_loss(self.task, logits, self._standardised(batch.targets), weights) / max(total, 1e-12)

    def _weight(self, piece: Batch) -> float:
        assert piece.targets is not None
        return target_weight(self.task, piece.targets, None if self.task == "multilabel" else self.weights)

    def _standardised(self, targets: Tensor) -> Tensor:
        if self.task != "regress":
            return targets
        return (targets - self._mean.to(targets.device)) / self._scale.to(targets.device)

    def evaluate(self) -> dict[str, float | int | None]:
        """The task's figures and the mean loss on the validation set."""
        raw = predict_set(self.model, self.valid, self.machine)
        predictions = probabilities(raw, self.model, self.info.target_scale, self.info.target_mean)
        figures = score_predictions(self.model, self.valid, predictions)
        targets, logits = aligned(self.valid, raw)
        wanted = self._standardised(torch.from_numpy(targets))
        loss = task_loss(self.task, torch.from_numpy(logits), wanted) / target_weight(self.task, wanted)
        return {**figures, "loss": float(loss)}

    def fit_head(self) -> None:
        """Set the last layer to a linear fit on the vectors of the encoder as it is, under the dropout of training."""
        layer, rows, held = self.model.classifier, self.data.targets, self.valid.targets
        assert layer is not None
        assert rows is not None
        assert held is not None
        copies = max(1, min(_MOST_COPIES, _FEW_ROWS // len(self.data)))
        vectors = [self._noisy_vectors(number) for number in range(copies)]
        values = torch.from_numpy(np.concatenate([rows.values] * copies))
        held_vectors, held_values = head_inputs(self.model, self.valid, self.machine), torch.from_numpy(held.values)
        fit = fit_linear(torch.cat(vectors), values, held_vectors, held_values, layer.out_features, self._mean_loss)
        with torch.no_grad():
            layer.weight.copy_(fit.weight)
            layer.bias.copy_(fit.bias)
        log.info("the head begins as a linear fit: penalty %g, validation loss %.4f", fit.penalty, fit.loss)

    def _noisy_vectors(self, number: int) -> Tensor:
        seed = seed_of(self.config.seed, "probe", number)
        flip = (np.random.default_rng(seed).random(len(self.data)) < 0.5) & (not self.config.stranded)
        return noisy_head_inputs(self.model, self.data, self.machine, tokens_at_once(self.config, self.machine), flip, seed)

    def _mean_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        weights = None if self.task == "multilabel" else self.weights
        return task_loss(self.task, logits, self._standardised(targets), self.weights) / target_weight(self.task, targets, weights)

    def score(self, figures: dict[str, float | int | None]) -> float | None:
        """The figure that chooses the best moment."""
        if self.select_by not in figures:
            raise ConfigError(f"select_by {self.select_by!r} is not one of the task's figures: {', '.join(figures)}")
        value = figures[self.select_by]
        if value is None:
            return -float("inf")
        return -value if self.select_by in ("loss", "mse", "mae") else value


def _has_collapsed(job: FinetuneJob) -> bool:
    """Whether the model says (almost) the same of every validation sequence while their labels differ."""
    predictions = probabilities(predict_set(job.model, job.valid, job.machine), job.model)
    targets, values = aligned(job.valid, predictions)
    if len(targets) < 10 or not np.ptp(targets, axis=0).any():
        return False
    same_class = job.task not in ("classify", "pair", "token") or len(np.unique(values.argmax(axis=1))) == 1
    return same_class and bool(values.std(axis=0).max() < 0.02)


def _freeze(model: Dnabert, part: FrozenPart) -> None:
    """Leave a part of a model out of the training."""
    frozen = {"none": (), "embeddings": (model.encoder.embeddings,), "encoder": (model.encoder,)}[part]
    for module in frozen:
        module.requires_grad_(False)


def _encoder(
    source: Path | None, config: FinetuneConfig, sizes: ModelConfig, classes: tuple[str, ...]
) -> tuple[Dnabert, SavedModel | None]:
    if source is None:
        torch.manual_seed(seed_of(config.seed, "weights"))
        model = Dnabert(sizes, config.head)
        if config.initial_embeddings == "composed":
            compose_embeddings(model)
        return model, None
    torch.manual_seed(seed_of(config.seed, "head"))
    saved = load_model(source, config.head, labels=classes)
    fresh = ", ".join(saved.report.fresh) or "none"
    log.info("%s: %d tensors loaded; fresh: %s", source, len(saved.report.loaded), fresh)
    if saved.report.unused:
        log.info("%s: not used here: %d tensors of another head", source, len(saved.report.unused))
    return saved.model, saved


def finetune(
    data: LabelledSet,
    valid: LabelledSet | None,
    run: Path,
    config: FinetuneConfig,
    machine: Machine,
    *,
    start_from: Path | None = None,
    sizes: ModelConfig | None = None,
    resume: bool = False,
    force: bool = False,
    command: str = "",
    quiet: bool = False,
) -> FinetuneResult:
    """Fine-tune a model and write the weights of its best validation to ``run``.

    Args:
        data: Labelled training sequences.
        valid: Labelled validation sequences; None holds out a part of ``data``.
        run: The run directory.
        config: The settings.
        machine: Where to compute.
        start_from: Directory of a pre-trained model; None starts from random weights of ``sizes``.
        sizes: Sizes of a model from random weights.
        resume: Go on from the state in ``run`` if there is one.
        force: Empty ``run`` first if it is there.
        command: The command line, for the record.
        quiet: No progress bar.

    Raises:
        DataFileError: Labels are unusable, or one class only.
        CheckpointError: The model or state cannot be read.
        TrainingError: The loss is no longer a number.
        ConfigError: ``start_from`` and ``sizes`` are both missing, or a setting does not fit the task.
        OutputError: ``run`` is there already, or cannot be written.
    """
    if not resume:
        check_free(run, force)
    if start_from is None and sizes is None:
        raise ConfigError("give a model to start from, or the sizes of a new one")
    if valid is None:
        data, valid = hold_out(data, config.valid_fraction, config.seed)
        log.info("no validation set given: %d of %d sequences are held out", len(valid), len(valid) + len(data))
    task = config.head.task
    classes = find_classes(data, task)
    head = config.head.model_copy(update={"num_outputs": len(classes)})
    config = config.model_copy(update={"head": head})
    model, saved = _encoder(start_from, config, sizes or ModelConfig(), classes)
    lr = config.optim.lr or finetune_lr(model.config.hidden_size, saved is not None)
    config = config.model_copy(update={"optim": config.optim.model_copy(update={"lr": lr})})
    tokenizer = KmerTokenizer(model.config.kmer, model.config.max_positions - 2)
    encoded = _encode(data, head, classes, tokenizer)
    held = _encode(valid, head, classes, tokenizer)
    info = _info(encoded, config, classes, data.source)
    facts = {
        **provenance(command, inputs_of([data, valid]), config.seed),
        "model": None if saved is None else {"directory": str(start_from), "sha256": saved.sha256},
        "config": config.model_dump(mode="json"),
        "sizes": model.config.model_dump(mode="json"),
        "classes": list(classes),
        "n_train": len(data),
        "n_valid": len(valid),
        "dtype": str(machine.dtype).removeprefix("torch."),
        "device": machine.device.type,
    }
    identity = [data.digest, valid.digest, saved.sha256 if saved else "", *(facts[key] for key in ("config", "sizes", "dtype"))]
    facts["fingerprint"] = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    _freeze(model, config.frozen)
    job = FinetuneJob(model, encoded, held, config, info, machine)
    untouched = config.frozen == "none" and config.head_start == "random" and not config.min_steps
    if saved is not None and task != "token" and untouched and job.num_steps < _FEW_STEPS and len(data) < _FEW_LABELS:
        log.info(
            "%s: %d sequences give %d steps only; for few labels try  --pooling mean --set min_steps=200 --set frozen=embeddings"
            " --set head_start=probe",
            data.source,
            len(data),
            job.num_steps,
        )
    if job.score(job.evaluate()) == -float("inf"):  # found here, not after an epoch
        raise DataFileError(
            f"{valid.source}: does not define {job.select_by} (one class only?); give another --valid, or --set select_by=loss"
        )
    start_run(run, facts, force=force, resume=resume)
    if (run / "metrics.json").exists():
        raise OutputError(f"{run}: is complete, there is nothing to resume; start anew with --force")
    begins = not (resume and (run / STATE_FILE).exists())
    if config.head_start == "probe" and begins:
        job.fit_head()
    progress = train(
        job,
        config,
        run,
        machine,
        num_steps=job.num_steps,
        eval_every=max(1, job.num_steps // (config.epochs * config.evaluations_per_epoch)),
        patience=config.patience,
        least_steps=config.min_steps,
        evaluate_first=config.head_start == "probe",
        fingerprint=str(facts["fingerprint"]),
        resume=resume,
        quiet=quiet,
    )
    collapsed = _has_collapsed(job)
    if collapsed:
        log.warning(
            "the model has collapsed: it says the same of every validation sequence. Check the labels; then lower the learning rate"
            " (--set optim.lr=%.1e), warm up longer (--set optim.warmup=0.2), or try another --seed",
            lr / 3,
        )
    save_model(run, model, info)
    return FinetuneResult(run, progress.step, progress.step if progress.best is None else progress.best_step, collapsed)


def _encode(data: LabelledSet, head: HeadConfig, classes: tuple[str, ...], tokenizer: KmerTokenizer) -> EncodedSet:

    targets = make_targets(data, head.task, classes, head.token_level, tokenizer.kmer)
    encoded = EncodedSet(data.sequences, tokenizer, head, targets)
    if encoded.num_cut:
        chunks = head.task in ("classify", "multilabel", "regress")
        log.warning(
            "%s: %d of %d sequences are longer than %d bases and are cut on the right; %s",
            data.source,
            encoded.num_cut,
            len(data),
            tokenizer.max_tokens + tokenizer.kmer - 1,
            "--set head.chunk_pooling=mean reads them whole" if chunks else "give them in pieces of that length to learn from all of them",
        )
    return encoded


def _info(data: EncodedSet, config: FinetuneConfig, classes: tuple[str, ...], source: str) -> ModelInfo:
    assert data.targets is not None
    regress = config.head.task == "regress"
    values = data.targets.values
    scale = np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0) if regress else np.empty(0)
    return ModelInfo(
        head=config.head,
        labels=classes,
        stranded=config.stranded,
        window_bp=int(data.sequences.first.lengths.max()),
        target_mean=tuple(values.mean(axis=0).tolist()) if regress else (),
        target_scale=tuple(scale.tolist()) if regress else (),
        trained_on=f"{len(data)} sequences of {Path(source).name}",
    )
