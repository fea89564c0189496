"""What ``dnabert embed`` does: blocks of sequences worked on, their vectors put into a file, and what is made of them beside it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from dnabert import __version__
from dnabert.checkpoint import SavedModel, load_model
from dnabert.choices import DeviceName, DtypeName
from dnabert.cli.jobs.embed_beside import BesideFiles, beside, endings_beside, facts_of
from dnabert.cli.progress import watched
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.rows.parse import read_rows
from dnabert.data.sequences import PackedCodes
from dnabert.device import Machine, choose_machine
from dnabert.errors import CheckpointError, ConfigError, OutputError
from dnabert.infer.embedding.analysis import Projection, project
from dnabert.infer.embedding.config import EmbedConfig
from dnabert.infer.embedding.files import write_anndata, write_embedding_arrays, write_parquet
from dnabert.infer.embedding.job import BlockEmbedder, EmbedTask, block_shards, read_blocks, read_vectors
from dnabert.infer.embedding.vectors import check_layer, rows_of_sequences
from dnabert.infer.predictor import ENSEMBLE_FILE
from dnabert.infer.shards import Engine, LocalEngine, Shard, ShardStore, Task, shard_key, tell_unused, threads_of
from dnabert.output import check_free, check_not_inputs
from dnabert.plot.export import FIGURE_ENDINGS
from dnabert.registry import resolve_model

__all__ = ["EmbedJob", "run_embedding"]

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
Found = Iterable[tuple[int, Floats]]
_FORMATS = (".npz", ".parquet", ".h5ad")


@dataclass(frozen=True)
class EmbedJob:
    """The flags of ``dnabert embed``, as its help describes them."""

    source: str
    model: str
    out: Path
    plot: Path | None = None
    genome: Path | None = None
    resume: bool = False
    device: DeviceName = "auto"
    dtype: DtypeName = "auto"
    command: str = ""
    force: bool = False
    quiet: bool = True

    @property
    def parts(self) -> Path:
        """Where finished blocks are kept until all is done."""
        return Path(f"{self.out}.parts")

    def may_replace(self, path: Path) -> bool:
        """Whether a result may take the place of a file: with ``--force``, or of one that was put there by the run that goes on."""
        return self.force or (self.resume and ShardStore(self.parts).may_replace(path, is_named_by_run=path != self.plot))


def run_embedding(job: EmbedJob, config: EmbedConfig, engine: Engine | None = None) -> None:
    """Read sequences, write their vectors, and the map, neighbours and contexts that were asked for.

    Args:
        job: The flags.
        config: Which vectors, and what is made of them.
        engine: Where blocks are worked on; None is this process. All but the vectors is made in the process that puts them together.

    Raises:
        DnabertError: The input, the model, a setting or a place cannot be used.
    """
    logging.getLogger("openTSNE").setLevel(logging.WARNING)  # it speaks of its own settings
    _check_places(job, config)
    directory = resolve_model(job.model)
    if (directory / ENSEMBLE_FILE).is_file():
        raise CheckpointError(f"{directory}: is an ensemble, and vectors of different models cannot be averaged; name one of its members")
    saved, machine = load_model(directory), choose_machine(job.device, job.dtype)
    check_layer(saved.model, config.layer)
    data = _read(job.source, saved.model.config.kmer, job.genome)
    device, dtype = cast(DeviceName, machine.device.type), cast(DtypeName, str(machine.dtype).removeprefix("torch."))
    task = EmbedTask(directory.resolve(), device, dtype, config.pool, config.layer)
    store = ShardStore(job.parts)
    may_replace = job.may_replace(job.out)  # asked before there are pieces of this run
    if not job.resume:
        store.clear()
    chosen = engine or LocalEngine()
    blocks = _Blocks(task, saved, machine, data, config.shard_sequences, store, chosen)
    if chosen.assembles:
        _tell(data, saved)
    keys = blocks.work(job)
    if not chosen.assembles:
        return
    vectors, projection = _write(job, config, saved, data, blocks.vectors(keys), may_replace)
    others = BesideFiles(saved, machine, config, job.command, job.out, may_replace)
    if projection is not None and job.plot is not None:
        store.publish([job.plot])
        others.map(data, projection, job.plot)
    if vectors is not None:
        others.neighbours(data, vectors)
    others.contexts(data)
    others.kmers()
    store.clear()


def _check_places(job: EmbedJob, config: EmbedConfig) -> None:
    out, plot = job.out, job.plot
    if out.suffix not in _FORMATS:
        raise OutputError(f"{out}: vectors are written as {', '.join(_FORMATS)}; end the name so")
    ragged = config.pool in ("token", "base")
    if ragged and (out.suffix == ".h5ad" or config.map or config.neighbours):
        what = "an .h5ad file" if out.suffix == ".h5ad" else "a map" if config.map else "a table of neighbours"
        raise ConfigError(f"pool {config.pool} gives many vectors for a sequence, and {what} needs one: use pool mean, cls or max")
    if plot is not None and config.map is None:
        raise ConfigError("--plot draws a map: say which with --map umap, tsne or pca")
    if config.map is not None and plot is None and out.suffix != ".h5ad":
        raise ConfigError(f"--map {config.map}: the map goes to --plot F.png or into an .h5ad file; give one of them")
    if plot is not None and plot.suffix.lower() not in FIGURE_ENDINGS:
        raise OutputError(f"{plot}: a figure is written as {', '.join(FIGURE_ENDINGS)}; end the name so")
    if job.parts.is_dir() and not (job.resume or job.force):
        raise OutputError(f"{job.parts}: left by a run that did not end: go on with it with --resume, or start anew with --force")
    results = [out, *([plot] if plot else []), *(beside(out, ending) for ending in endings_beside(config))]
    check_not_inputs(results, {"INPUT": job.source, "--genome": job.genome})
    for path in results:
        check_free(path, job.may_replace(path))


def _read(source: str, kmer: int, genome: Path | None) -> LabelledSet:
    """Sequences, with labels if the first has one; stdin and pipes, which are read once only, without."""
    labelled = source != "-" and not Path(source).is_fifo() and bool(next(iter(read_rows(source, genome))).label)
    return read_set(source, kmer, genome=genome, labels=labelled)


def _tell(data: LabelledSet, saved: SavedModel) -> None:
    """A word on how many sequences there are, and how many are cut."""
    room = saved.tokenizer.max_tokens + saved.tokenizer.kmer - 1
    num_cut = int((data.sequences.first.lengths > room).sum())
    if num_cut:
        log.warning("%d of %d sequences are longer than %d bases; what is beyond is not read", num_cut, len(data), room)
    log.info("%d sequences, %s", len(data), "with labels" if data.labels else "without labels")


@dataclass(frozen=True)
class _Ready:
    """The task of this process, whose model is loaded.

    Attributes:
        task: The task.
        saved: The model.
        machine: Where to compute.
    """

    task: EmbedTask
    saved: SavedModel
    machine: Machine

    def start(self) -> Callable[[PackedCodes], bytes]:
        """The work."""
        return BlockEmbedder(self.task, self.saved, self.machine).work


class _Blocks:
    """The sequences in blocks, and who works on them."""

    def __init__(
        self, task: EmbedTask, saved: SavedModel, machine: Machine, data: LabelledSet, size: int, store: ShardStore, engine: Engine
    ) -> None:
        self._task, self._saved, self._sequences, self._size = task, saved, data.sequences.first, size
        self._store, self._engine, self._threads = store, engine, threads_of(engine, machine.device.type)
        # In this process the model is there already; workers elsewhere load their own.
        self._start: Task[PackedCodes] = _Ready(task, saved, machine) if isinstance(engine, LocalEngine) else task

    def _shards(self) -> Iterator[Shard[PackedCodes]]:
        for shard in block_shards(self._sequences, self._size, self._task, self._saved):
            yield Shard(shard_key(shard.key, self._threads), shard.content)

    def work(self, job: EmbedJob) -> list[str]:
        """All blocks done, and their keys; none on a process that only works."""
        done = [self._store.holds(shard.key) for shard in self._shards()]
        if job.resume and self._engine.assembles:
            log.info("%d of %d pieces are there already", sum(done), len(done))
            tell_unused(self._store, (shard.key for shard in self._shards()), self._threads)
        return list(watched(self._engine.run(self._start, self._shards(), self._store), "pieces", len(done), quiet=job.quiet))

    def vectors(self, keys: Iterable[str]) -> Iterator[tuple[int, Floats]]:
        """Number and vectors of each sequence, in order, read block by block."""
        number, width = 0, self._saved.model.config.hidden_size
        for key, block in zip(keys, read_blocks(self._sequences, self._size), strict=True):
            for found in read_vectors(self._store.read(key), block.lengths, self._saved.tokenizer, width, self._task.pool):
                yield number, found
                number += 1


def _write(
    job: EmbedJob, config: EmbedConfig, saved: SavedModel, data: LabelledSet, stream: Found, may_replace: bool
) -> tuple[Floats | None, Projection | None]:
    """The file of vectors; those that are needed further, one for each sequence, and their map come back."""
    kept: list[Floats] | None = [] if config.map or config.neighbours or job.out.suffix == ".h5ad" else None
    found = _keeping(stream, kept)
    facts: dict[str, Any] = {"dnabert": __version__, "command": job.command, **facts_of(saved, config), "input": data.source}
    columns = {"ids": data.sequences.ids, **({"labels": data.labels} if data.labels is not None else {})}
    if job.out.suffix == ".npz":
        counts = rows_of_sequences(data.sequences.first.lengths, saved.tokenizer, config.pool)
        ragged = config.pool in ("token", "base")
        write_embedding_arrays(job.out, found, counts, saved.model.config.hidden_size, columns, facts, may_replace, ragged)
    elif job.out.suffix == ".parquet":
        write_parquet(job.out, found, columns, facts, may_replace)
    else:
        for _ in found:
            pass
    vectors = np.stack(kept) if kept else None
    projection = None if vectors is None or config.map is None else project(vectors, config.map, config.seed)
    if job.out.suffix == ".h5ad":
        assert vectors is not None
        write_anndata(job.out, vectors, columns, {config.map: projection.points} if config.map and projection else {}, facts)
    return vectors, projection


def _keeping(found: Found, kept: list[Floats] | None) -> Iterator[tuple[int, Floats]]:
    for index, vectors in found:
        if kept is not None:
            kept.append(vectors)
        yield index, vectors
