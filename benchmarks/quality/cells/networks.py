"""The paper's baselines, trained here: a convolutional network, and one with an LSTM on top; one-hot bases in, class logits out.

The paper does not give their sizes: these are of the usual kind (DeepBind, DanQ), chosen once and the same for every task.

Legend: B rows, L bases, P places after pooling, F filters, K classes.

Source: Ji et al. 2021, section 3 (CNN, CNN+LSTM); Alipanahi et al. 2015; Quang & Xie 2016.
"""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.quality.cells.contestants import NetworkKind
from dnabert.data.labelled import LabelledSet
from dnabert.data.sequences import SequenceSet
from dnabert.device import Machine, autocast, inference, seed_of
from dnabert.dna.sequence import AMBIGUOUS, Codes, reverse_complement
from dnabert.errors import TrainingError
from dnabert.metrics import classification_metrics, softmax
from dnabert.train.config import OptimConfig
from dnabert.train.optim import lr_at, make_optimizer, set_lr

__all__ = ["Network", "NetworkConfig", "Trained", "predict_network", "train_network"]

_ROWS_AT_ONCE = 1024


class NetworkConfig(BaseModel):
    """A convolutional network and its training."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: NetworkKind
    """cnn: global maximum and mean over places; cnn-lstm: an LSTM in both directions before them."""
    filters: int = Field(default=128, ge=1)
    """Filters of each convolution."""
    width: int = Field(default=13, ge=1)
    """Bases under a filter of the first convolution."""
    pool: int = Field(default=4, ge=1)
    """Places that become one after the first convolution."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Probability of dropping a pooled feature."""
    optim: OptimConfig
    """Optimiser and learning rate."""
    epochs: int = Field(default=30, ge=1)
    """Passes over the training set, at most."""
    batch_size: int = Field(default=64, ge=1)
    """Sequences of one step."""
    patience: int = Field(default=8, ge=1)
    """Stop after so many epochs without a better MCC on dev."""
    stranded: bool
    """Whether the strand carries meaning; if not, half of the sequences are read as their reverse complement."""
    seed: int
    """All randomness comes from it."""

    @classmethod
    def of(cls, kind: NetworkKind, lr: float, stranded: bool, seed: int) -> Self:
        """The settings that all tasks share, with a learning rate."""
        return cls(kind=kind, optim=OptimConfig(lr=lr, beta2=0.999), stranded=stranded, seed=seed)


class Network(nn.Module):
    """Two convolutions, an LSTM or none, global pooling, one linear layer.

    Args:
        config: Its sizes.
        num_classes: Classes.
    """

    def __init__(self, config: NetworkConfig, num_classes: int) -> None:
        super().__init__()
        filters = config.filters
        self.first = nn.Conv1d(4, filters, config.width, padding="same")
        self.second = nn.Conv1d(filters, filters, 5, padding="same")
        self.norms = nn.ModuleList(nn.BatchNorm1d(filters) for _ in range(2))
        self.pool = nn.MaxPool1d(config.pool, ceil_mode=True)
        self.lstm = nn.LSTM(filters, filters // 2, batch_first=True, bidirectional=True) if config.kind == "cnn-lstm" else None
        width = 2 * (filters // 2) if self.lstm is not None else filters
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(2 * width, num_classes)

    def forward(self, codes: Tensor) -> Tensor:
        """Logits (B, K) of base codes (B, L); ambiguous bases and padding are four zeros."""
        x = F.one_hot(codes.long(), AMBIGUOUS + 1)[..., :AMBIGUOUS].float().transpose(1, 2)  # (B, 4, L)
        x = self.pool(F.relu(self.norms[0](self.first(x))))  # (B, F, P)
        x = F.relu(self.norms[1](self.second(x)))  # (B, F, P)
        if self.lstm is not None:
            x = self.lstm(x.transpose(1, 2))[0].transpose(1, 2)  # (B, F, P)
        pooled = torch.cat([x.amax(2), x.mean(2)], dim=1)  # (B, 2F)
        logits: Tensor = self.classifier(self.dropout(pooled))  # (B, K)
        return logits


class Trained(BaseModel):
    """How training ended."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    steps: int
    """Optimiser steps done."""
    best_step: int
    """The step whose weights were kept."""
    curve: tuple[float, ...]
    """MCC on dev after each epoch."""


def train_network(
    data: LabelledSet,
    targets: npt.NDArray[np.int64],
    dev: LabelledSet,
    dev_targets: npt.NDArray[np.int64],
    num_classes: int,
    config: NetworkConfig,
    machine: Machine,
) -> tuple[Network, Trained]:
    """A network with the weights of its best epoch on dev.

    Args:
        data: Training sequences.
        targets: Their class numbers, (N,).
        dev: Sequences that choose the epoch.
        dev_targets: Their class numbers.
        num_classes: Classes.
        config: The settings.
        machine: Where to compute.

    Raises:
        TrainingError: The loss is no longer a number.
    """
    torch.manual_seed(seed_of(config.seed, "weights"))
    network = Network(config, num_classes).to(machine.device)
    optimizer = make_optimizer(network, config.optim)
    strands = _padded(data.sequences, False), _padded(data.sequences, True)
    truth = torch.from_numpy(targets)
    per_epoch = -(-len(data) // config.batch_size)
    step, best, best_step, kept = 0, -2.0, 0, network.state_dict()
    curve: list[float] = []
    for epoch in range(config.epochs):
        network.train()
        torch.manual_seed(seed_of(config.seed, "dropout", epoch))
        for rows, flips in _batches(len(data), config, epoch):
            set_lr(optimizer, lr_at(step, config.epochs * per_epoch, config.optim))
            codes = torch.where(flips[:, None], strands[1][rows], strands[0][rows]).to(machine.device)
            with autocast(machine):
                loss = F.cross_entropy(network(codes).float(), truth[rows].to(machine.device))
            if not torch.isfinite(loss):
                raise TrainingError(f"step {step + 1}: the loss is {float(loss)}; lower the learning rate (now {config.optim.lr:g})")
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), config.optim.clip_norm)
            optimizer.step()
            step += 1
        mcc = classification_metrics(dev_targets, predict_network(network, dev.sequences, machine))["mcc"]
        curve.append(-1.0 if mcc is None else float(mcc))
        if curve[-1] > best:
            best, best_step = curve[-1], step
            kept = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
        if step - best_step >= config.patience * per_epoch:
            break
    network.load_state_dict(kept)
    return network.cpu().eval(), Trained(steps=step, best_step=best_step, curve=tuple(curve))


def predict_network(network: Network, sequences: SequenceSet, machine: Machine, *, reverse: bool = False) -> npt.NDArray[np.float32]:
    """Probabilities (N, K), in input order.

    Args:
        network: The network; it is left as it was.
        sequences: The sequences.
        machine: Where to compute.
        reverse: Read every sequence as its reverse complement.
    """
    codes = _padded(sequences, reverse)
    with inference(network, machine):
        pieces = [network(piece.to(machine.device)).float().cpu().numpy() for piece in torch.split(codes, _ROWS_AT_ONCE)]
    return softmax(np.concatenate(pieces)).astype(np.float32)


def _batches(num_rows: int, config: NetworkConfig, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows of each step of an epoch, and which of them are read as their reverse complement."""
    rng = np.random.default_rng(seed_of(config.seed, "epoch", epoch))
    order = torch.from_numpy(rng.permutation(num_rows))
    flips = torch.from_numpy((rng.random(num_rows) < 0.5) & (not config.stranded))
    for rows in torch.split(order, config.batch_size):
        if len(rows) > 1 or num_rows == 1:  # a batch of one has no variance to normalise by
            yield rows, flips[rows]


def _padded(sequences: SequenceSet, reverse: bool) -> Tensor:
    """Base codes (N, L) of one strand, ambiguous beyond the end."""
    rows: list[Codes] = [reverse_complement(codes) if reverse else codes for codes in sequences.first]
    padded: npt.NDArray[Any] = np.full((len(rows), max(map(len, rows))), AMBIGUOUS, dtype=np.uint8)
    for target, codes in zip(padded, rows, strict=True):
        target[: len(codes)] = codes
    return torch.from_numpy(padded)
