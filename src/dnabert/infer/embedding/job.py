"""Embedding as a job in pieces: blocks of sequences in, their vectors out as bytes, the same on every worker.

A block holds whole groups of the sequences that :func:`~dnabert.infer.embedding.vectors.embed` puts into batches together, so that each
sequence is in the same batch however many sequences a block has, and whoever works on it.

Legend: N sequences, R rows (N, or all k-mers or bases), D width.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.checkpoint import SavedModel, load_model
from dnabert.choices import DeviceName, DtypeName
from dnabert.data.sequences import PackedCodes, SequenceSet
from dnabert.device import Machine, choose_machine
from dnabert.infer.embedding.choices import EmbeddingPool
from dnabert.infer.embedding.vectors import SEQUENCES_AT_ONCE, check_layer, embed, rows_of_sequences
from dnabert.infer.shards import Shard, shard_key
from dnabert.tokenizer import KmerTokenizer

__all__ = ["BlockEmbedder", "EmbedTask", "block_shards", "read_blocks", "read_vectors"]

Floats = npt.NDArray[np.float32]

_FORMAT = 1
"""Raised when the bytes of a shard change, so that old ones are not read."""
_NUMBER = "<f4"


@dataclass(frozen=True)
class EmbedTask:
    """How a worker gets ready to embed blocks.

    Attributes:
        model: Model directory.
        device: Where to compute.
        dtype: Number type.
        pool: What there is one vector for.
        layer: Number of the layer.
    """

    model: Path
    device: DeviceName
    dtype: DtypeName
    pool: EmbeddingPool
    layer: int

    def start(self) -> Callable[[PackedCodes], bytes]:
        """Load the model and return the work."""
        return BlockEmbedder(self, load_model(self.model), choose_machine(self.device, self.dtype)).work


class BlockEmbedder:
    """A model ready to embed blocks.

    Args:
        task: What is done.
        saved: The model; it is moved to where it computes, once, and stays there.
        machine: Where to compute.
    """

    def __init__(self, task: EmbedTask, saved: SavedModel, machine: Machine) -> None:
        self._task, self._model, self._tokenizer, self._machine = task, saved.model.to(machine.device), saved.tokenizer, machine

    def work(self, block: PackedCodes) -> bytes:
        """Vectors of a block, (R, D), as :func:`read_vectors` reads them."""
        sequences = SequenceSet(tuple(map(str, range(len(block)))), block)
        found = embed(self._model, sequences, self._tokenizer, self._machine, pool=self._task.pool, layer=self._task.layer)
        return b"".join(np.ascontiguousarray(vectors, _NUMBER).tobytes() for _, vectors in found)


def read_blocks(sequences: PackedCodes, shard_sequences: int) -> Iterator[PackedCodes]:
    """The sequences in blocks, in order.

    Args:
        sequences: All of them.
        shard_sequences: Sequences of a block: whole groups of batches, as many as there is room for; less than a group is taken as it is.
    """
    size = shard_sequences // SEQUENCES_AT_ONCE * SEQUENCES_AT_ONCE or shard_sequences
    for start in range(0, len(sequences), size):
        offsets = sequences.offsets[start : start + size + 1]
        yield PackedCodes(sequences.codes[offsets[0] : offsets[-1]], offsets - offsets[0])


def block_shards(sequences: PackedCodes, shard_sequences: int, task: EmbedTask, saved: SavedModel) -> Iterator[Shard[PackedCodes]]:
    """The blocks as pieces of a job.

    Args:
        sequences: All sequences.
        shard_sequences: As :func:`read_blocks`.
        task: What is done; its device and number type are those that are computed with, not ``auto``.
        saved: The model.
    """
    # The sizes too: of those in config.json, such as the number of heads, the weights say nothing.
    made_from = (
        saved.sha256,
        saved.model.config.model_dump_json(),
        task.device,
        task.dtype,
        task.pool,
        check_layer(saved.model, task.layer),
    )
    for block in read_blocks(sequences, shard_sequences):
        yield Shard(shard_key("embed", _FORMAT, *made_from, block.offsets.tobytes(), block.codes.tobytes()), block)


def read_vectors(
    content: bytes, lengths: npt.NDArray[np.int64], tokenizer: KmerTokenizer, width: int, pool: EmbeddingPool
) -> Iterator[Floats]:
    """Vectors of each sequence of a block, in order: (D,), or for ``token`` and ``base`` one for each k-mer or base, (rows, D).

    Args:
        content: The bytes of the block.
        lengths: Bases of its sequences, (N,).
        tokenizer: The model's.
        width: D.
        pool: What there is one vector for.
    """
    ends = np.cumsum(rows_of_sequences(lengths, tokenizer, pool))
    rows: Floats = np.frombuffer(content, _NUMBER).reshape(int(ends[-1]), width)
    if pool in ("token", "base"):
        yield from np.split(rows, ends[:-1])
    else:
        yield from rows
