"""Masked-token pre-training on an unlabelled genome.

Legend: B windows, T tokens, M k-mers to predict, V vocabulary.

Source: Ji et al. 2021, section 2.2.
"""

import hashlib
import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from dnabert.checkpoint import ModelInfo, SavedModel, load_model, save_model
from dnabert.data.batch import Batch, plan_batches
from dnabert.data.corpus import Corpus, Windows
from dnabert.data.genome import Contig, GenomeStore, build_genome
from dnabert.data.masking import Masked, MaskingConfig, hidden_bases, mask_tokens
from dnabert.device import Machine, inference, seed_of
from dnabert.dna.kmers import CLS_ID, NUM_SPECIAL, PAD_ID, SEP_ID, kmer_ids_into
from dnabert.errors import CheckpointError, DataFileError, OutputError
from dnabert.model.heads import Dnabert
from dnabert.model.initial import compose_embeddings
from dnabert.output import check_free, provenance, start_run, write_json
from dnabert.train.config import PretrainConfig, tokens_at_once
from dnabert.train.loop import train

__all__ = ["PretrainJob", "PretrainResult", "pretrain", "split_contigs"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PretrainResult:
    """What pre-training ended with.

    Attributes:
        run: The run directory, a model.
        steps: Optimiser steps done.
        figures: The last validation.
    """

    run: Path
    steps: int
    figures: dict[str, float | int | None]


def split_contigs(
    store: GenomeStore, fraction: float, split: dict[str, str] | None = None
) -> tuple[tuple[Contig, ...], tuple[Contig, ...]]:
    """Contigs to train on and contigs held out for validation.

    Args:
        store: The genome.
        fraction: Share of the bases to hold out, at most; contigs are taken in the order of a hash of their name. Where none is short
            enough, the end of the longest is held out.
        split: ``train``, ``valid`` or anything else (left out) by contig name; contigs not named are left out. None: by ``fraction``.

    Raises:
        DataFileError: The split leaves nothing to train on.
    """
    if split is not None:
        chosen = {kind: tuple(c for c in store.contigs if split.get(c.name) == kind) for kind in ("train", "valid")}
        if not chosen["train"]:
            raise DataFileError("the split names no contig of this genome as train; its names must be those of the FASTA")
        return chosen["train"], chosen["valid"]
    if fraction == 0:
        return store.contigs, ()
    total = sum(contig.length for contig in store.contigs)
    ranked = sorted(store.contigs, key=lambda contig: hashlib.sha1(contig.name.encode()).digest())
    held: list[Contig] = []
    for contig in ranked[:-1]:
        if sum(c.length for c in held) + contig.length <= fraction * total:
            held.append(contig)
    if held:
        names = {contig.name for contig in held}
        return tuple(c for c in store.contigs if c.name not in names), tuple(c for c in store.contigs if c.name in names)
    longest = max(store.contigs, key=lambda contig: contig.length)
    cut = round(longest.length * (1 - fraction))
    rest = tuple(contig for contig in store.contigs if contig is not longest)
    train_part = Contig(longest.name, longest.start, cut)
    return (*rest, train_part), (Contig(longest.name, longest.start + cut, longest.length - cut),)


class PretrainJob:
    """Pre-training as the loop's job.

    Args:
        model: The model to train.
        corpus: Training windows.
        held_out: Validation windows, or None.
        config: The settings.
        machine: Where to compute.
    """

    def __init__(self, model: Dnabert, corpus: Corpus, held_out: Corpus | None, config: PretrainConfig, machine: Machine) -> None:
        self.model = model
        self.corpus = corpus
        self.config = config
        self.machine = machine
        self.last_figures: dict[str, float | int | None] = {}
        self._valid = [] if held_out is None else self._validation_batches(held_out)

    def batches(self, step: int) -> list[Batch]:
        """The masked windows of a step, in pieces of like length."""
        windows = self._windows(step)
        rng = np.random.default_rng(seed_of(self.config.seed, "mask", step))
        rate = self.config.masking.rate_at(step, self.config.steps)
        pieces = [piece for piece, _ in self._masked(self.corpus, windows, self.config.masking, rate, rng)]
        if self._are_short(step) and self.config.corpus.shift_positions:
            room = self.config.model.max_positions
            pieces = [replace(piece, first_position=int(rng.integers(room - piece.ids.shape[1] + 1))) for piece in pieces]
        return [piece for piece in pieces if len(_positions(piece))] or pieces[:1]

    def _windows(self, step: int) -> Windows:
        """Windows of a step; in pieces as long as the course of lengths says so."""
        windows = self.corpus.windows(step * self.config.batch_size, self.config.batch_size)
        if not self._are_short(step):
            return windows
        law = self.config.corpus
        beyond = self.corpus.kmer - 1
        return windows.cut(law.short_tokens + beyond, law.min_tokens + beyond)

    def _are_short(self, step: int) -> bool:
        return step < self.config.corpus.short_share * self.config.steps

    def count_tokens(self) -> int:
        """k-mers that the whole run reads, hidden ones among them, without special tokens and padding."""
        return sum(
            int(windows.lengths.sum()) - (self.corpus.kmer - 1) * len(windows) for windows in map(self._windows, range(self.config.steps))
        )

    def loss(self, batch: Batch, pieces: Sequence[Batch]) -> Tensor:
        """Mean cross-entropy over the k-mers to predict in the whole step, this piece's part."""
        assert batch.targets is not None
        logits = self.model(**batch.inputs).logits  # (M, V)
        total = sum(len(_positions(piece)) for piece in pieces)
        return F.cross_entropy(logits.float(), batch.targets, reduction="sum") / max(total, 1)

    def evaluate(self) -> dict[str, float | int | None]:
        """Loss, perplexity, accuracy of hidden k-mers and of fully hidden bases, on held-out windows under leak-free masks."""
        if not self._valid:
            return {}
        loss = right = count = bases_right = bases = 0.0
        with inference(self.model, self.machine):
            for batch, hidden in self._valid:
                on_device = batch.to(self.machine.device)
                assert on_device.targets is not None
                logits = self.model(**on_device.inputs).logits.float()  # (M, V)
                loss += float(F.cross_entropy(logits, on_device.targets, reduction="sum"))
                right += float((logits.argmax(1) == on_device.targets).sum())
                count += len(logits)
                found, all_bases = _base_accuracy(logits.cpu(), batch, hidden, self.corpus.kmer)
                bases_right += found
                bases += all_bases
        mean = loss / count
        self.last_figures = {
            "loss": mean,
            "perplexity": math.exp(min(mean, 50)),
            "masked_accuracy": right / count,
            "hidden_base_accuracy": bases_right / bases,
            "hidden_bases": int(bases),
        }
        return self.last_figures

    def score(self, figures: dict[str, float | int | None]) -> float | None:
        """The last weights are the result: pre-training chooses no moment."""
        return None

    def _validation_batches(self, held_out: Corpus) -> list[tuple[Batch, npt.NDArray[np.bool_]]]:
        rng = np.random.default_rng(seed_of("validation"))
        windows = held_out.even_windows(self.config.valid_windows)
        masking = MaskingConfig(kind="span", rate=0.15, width=1, replace_probability=0)
        batches = self._masked(held_out, windows, masking, masking.rate, rng)
        usable = [(batch, hidden) for batch, hidden in batches if len(_positions(batch))]
        if not usable:
            raise DataFileError("the held-out contigs are too short to validate on; give a split, or valid_fraction=0")
        return usable

    def _masked(
        self, corpus: Corpus, windows: Windows, masking: MaskingConfig, rate: float, rng: np.random.Generator
    ) -> list[tuple[Batch, npt.NDArray[np.bool_]]]:
        """Masks are drawn for the whole step before it is cut into pieces, so that the size of the pieces changes nothing."""
        kmers = windows.lengths - corpus.kmer + 1
        ids = _window_ids(corpus, windows)
        masked = mask_tokens(ids, kmers, corpus.kmer, masking, rate, rng)
        hidden = hidden_bases(masked.targets, kmers, corpus.kmer)
        pieces = []
        for rows in plan_batches(kmers + 2, tokens_at_once(self.config, self.machine)):
            longest = int(kmers[rows].max())
            part = Masked(masked.inputs[rows, :longest], masked.targets[rows, :longest])
            batch = _to_batch(ids[rows, :longest], part, kmers[rows])
            pieces.append((batch, hidden[rows, : longest + corpus.kmer - 1]))
        return pieces


def _positions(batch: Batch) -> Tensor:
    assert batch.positions is not None
    return batch.positions


def _window_ids(corpus: Corpus, windows: Windows) -> npt.NDArray[Any]:
    longest = int(windows.lengths.max()) - corpus.kmer + 1
    ids = np.full((len(windows), longest), PAD_ID, dtype=np.int64)
    for row in range(len(windows)):
        length = int(windows.lengths[row])
        codes = corpus.codes(int(windows.starts[row]), length, bool(windows.reverse[row]))
        kmer_ids_into(codes, corpus.kmer, ids[row, : length - corpus.kmer + 1])
    return ids


def _to_batch(ids: npt.NDArray[Any], masked: Masked, kmers: npt.NDArray[np.int64]) -> Batch:
    rows, tokens = ids.shape
    full = np.full((rows, tokens + 2), PAD_ID, dtype=np.int64)
    full[:, 0] = CLS_ID
    full[:, 1:-1] = masked.inputs
    full[np.arange(rows), kmers + 1] = SEP_ID
    targets = np.zeros((rows, tokens + 2), dtype=bool)
    targets[:, 1:-1] = masked.targets
    positions = np.flatnonzero(targets)
    padded = bool((kmers < tokens).any())
    mask = torch.from_numpy(np.arange(tokens + 2) < (kmers + 2)[:, None]) if padded else None
    return Batch(
        torch.from_numpy(full),
        mask,
        positions=torch.from_numpy(positions),
        targets=torch.from_numpy(ids[masked.targets].astype(np.int64)),
    )


def _base_accuracy(logits: Tensor, batch: Batch, hidden: npt.NDArray[np.bool_], kmer: int) -> tuple[float, float]:
    """Right and all fully hidden bases: each is predicted by the mean of its probability over the k-mers that cover it."""
    assert batch.positions is not None
    assert batch.targets is not None
    probs = torch.softmax(logits[:, NUM_SPECIAL:], dim=1).reshape(-1, *[4] * kmer)
    width = batch.ids.shape[1]
    rows = (batch.positions // width).numpy()
    tokens = (batch.positions % width).numpy() - 1
    truth = batch.targets.numpy() - NUM_SPECIAL
    votes = np.zeros((*hidden.shape, 4), dtype=np.float64)
    bases = np.zeros(hidden.shape, dtype=np.int64)
    for offset in range(kmer):
        others = tuple(1 + axis for axis in range(kmer) if axis != offset)
        marginal = probs.sum(dim=others).numpy() if others else probs.numpy()
        np.add.at(votes, (rows, tokens + offset), marginal)
        bases[rows, tokens + offset] = (truth >> (2 * (kmer - 1 - offset))) & 3
    return float((votes.argmax(-1) == bases)[hidden].sum()), float(hidden.sum())


def _fresh(config: PretrainConfig) -> Dnabert:
    model = Dnabert(config.model)
    if config.initial_embeddings == "composed":
        compose_embeddings(model)
    return model


def _as_pretrained(saved: SavedModel) -> Dnabert:
    if saved.info.head.task != "masked_lm":
        raise CheckpointError(f"{saved.directory}: is fine-tuned; pre-training goes on from a pre-trained model")
    return saved.model


def _tokens_of(run: Path) -> int | None:
    """k-mers that all courses of a run together have read; None where it does not say."""
    try:
        metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    tokens = metrics.get("tokens")
    return None if tokens is None else int(tokens) + int(metrics.get("earlier_tokens") or 0)


def pretrain(
    genomes: list[Path],
    run: Path,
    config: PretrainConfig,
    machine: Machine,
    *,
    split: dict[str, str] | None = None,
    start_from: Path | None = None,
    resume: bool = False,
    force: bool = False,
    command: str = "",
    cache: Path | None = None,
    quiet: bool = False,
) -> PretrainResult:
    """Pre-train a model on genome files and write it to ``run``.

    Args:
        genomes: FASTA or 2bit files.
        run: The run directory.
        config: The settings.
        machine: Where to compute.
        split: ``train`` or ``valid`` by contig name; None holds out by ``config.valid_fraction``.
        start_from: A pre-trained model to go on from, of the same sizes.
        resume: Go on from the state in ``run`` if there is one.
        force: Empty ``run`` first if it is there.
        command: The command line, for the record.
        cache: Where the genome store is kept.
        quiet: No progress bar.

    Raises:
        DataFileError: A genome cannot be read.
        CheckpointError: The state cannot be resumed.
        TrainingError: The loss is no longer a number.
        OutputError: ``run`` is there already, or cannot be written.
    """
    if not resume:
        check_free(run, force)
    started = None if start_from is None else load_model(start_from)
    if started is not None:
        config = config.model_copy(update={"model": started.model.config})
    store = build_genome(genomes, cache)
    train_contigs, valid_contigs = split_contigs(store, config.valid_fraction, split)
    kmer = config.model.kmer
    corpus = Corpus(store, train_contigs, kmer, config.corpus, seed_of(config.seed, "corpus"))
    held_out = Corpus(store, valid_contigs, kmer, config.corpus, 0) if valid_contigs else None
    log.info(
        "%d contigs, %s bases to train on (%s held out), %s windows an epoch, %.2f epochs",
        len(train_contigs),
        f"{corpus.num_bases:,}",
        f"{held_out.num_bases if held_out else 0:,}",
        f"{corpus.windows_per_epoch:,}",
        config.steps * config.batch_size / corpus.windows_per_epoch,
    )
    torch.manual_seed(seed_of(config.seed, "weights"))
    model = _fresh(config) if started is None else _as_pretrained(started)
    if config.dropout is not None:
        model.set_dropout(config.dropout)
    facts = {
        **provenance(command, store.files, config.seed),
        "config": config.model_dump(mode="json"),
        "model": None if started is None else {"directory": str(start_from), "sha256": started.sha256},
        "train_contigs": [contig.name for contig in train_contigs],
        "valid_contigs": [contig.name for contig in valid_contigs],
        "dtype": str(machine.dtype).removeprefix("torch."),
        "device": machine.device.type,
    }
    facts["fingerprint"] = hashlib.sha256(
        json.dumps([facts[key] for key in ("config", "model", "train_contigs", "dtype")] + [store.key]).encode()
    ).hexdigest()
    job = PretrainJob(model, corpus, held_out, config, machine)
    start_run(run, facts, force=force, resume=resume)
    if resume and (run / "metrics.json").is_file():
        raise OutputError(f"{run}: is complete, there is nothing to resume; start anew with --force")
    progress = train(
        job,
        config,
        run,
        machine,
        num_steps=config.steps,
        eval_every=config.eval_every,
        patience=0,
        fingerprint=str(facts["fingerprint"]),
        resume=resume,
        quiet=quiet,
    )
    figures = job.last_figures or job.evaluate()
    trained_on = f"{corpus.num_bases:,} bases of {', '.join(Path(name).name for name in store.files)}, {progress.step} steps"
    if started is not None and started.info.trained_on:
        trained_on += f"; before that on {started.info.trained_on}"
    save_model(run, model, ModelInfo(trained_on=trained_on))
    counted = {"tokens": job.count_tokens(), "earlier_tokens": None if start_from is None else _tokens_of(start_from)}
    write_json(run / "metrics.json", {"steps": progress.step, **counted, "valid": figures})
    return PretrainResult(run, progress.step, figures)
