"""What ``dnabert scan`` does: a plan, its shards worked on, and what they give put together into tracks and calls."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, cast

from dnabert.checkpoint import ModelInfo
from dnabert.choices import DeviceName, DtypeName
from dnabert.cli.progress import watched
from dnabert.device import choose_machine
from dnabert.dna.regions import Genome
from dnabert.errors import ConfigError, OutputError, requires_extra
from dnabert.infer.predictor import Predictor
from dnabert.infer.scan.assembly import Counts, Layout, TrackName, count_scores, read_all, write_results
from dnabert.infer.scan.background import Background
from dnabert.infer.scan.calls import CallMerger
from dnabert.infer.scan.config import ScanConfig, Windows, choose_classes, choose_threshold, choose_windows, strands_of
from dnabert.infer.scan.plan import BaseShard, Content, Stretches, WindowShard, draw_windows, find_stretches
from dnabert.infer.scan.work import Scanner, ScanTask, batch_rows, read_scores
from dnabert.infer.shards import Engine, LocalEngine, Shard, ShardStore, Task, shard_key, tell_unused, threads_of
from dnabert.output import check_free, check_not_inputs, provenance, provenance_lines, sha256_of_file, write_json
from dnabert.registry import resolve_model

__all__ = ["ScanResult", "run_scan"]

log = logging.getLogger(__name__)

_FORMAT = 1
"""Raised when the bytes of a shard change, so that old ones are not read."""
_MOST_BASES = 1 << 20
"""Bases of a shard, at most: some 50 bytes of memory for each."""


@dataclass(frozen=True)
class ScanResult:
    """What a scan wrote.

    Attributes:
        tracks: The bigWig files.
        calls: The BED file.
        num_scored: Windows with a score; of a token model bases.
        num_unknown: Windows left out for an N.
        num_calls: Calls.
    """

    tracks: tuple[Path, ...]
    calls: Path
    num_scored: int
    num_unknown: int
    num_calls: int


def run_scan(
    genome: Path,
    model: str,
    out: Path,
    regions: Path | None,
    config: ScanConfig,
    *,
    resume: bool = False,
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    command: str = "",
    force: bool = False,
    quiet: bool = False,
    engine: Engine | None = None,
) -> ScanResult | None:
    """Scan a genome.

    Args:
        genome: The genome.
        model: The model, as the user names it.
        out: What the names of the files begin with.
        regions: BED file, or None for all of the genome.
        config: How.
        resume: Go on from the pieces of a scan that was interrupted.
        device: Where to compute.
        dtype: Number type.
        command: The command line.
        force: Replace what is there.
        quiet: No progress bar.
        engine: Where shards are worked on; None is this process.

    Returns:
        What was written; None on a process that only works.

    Raises:
        DnabertError: The input, the model, a setting or a place cannot be used.
    """
    directory = resolve_model(model)
    predictor = Predictor(directory, choose_machine(device, dtype))
    chosen = engine or LocalEngine()
    if not out.name or out.is_dir():
        raise OutputError(f"{out}: is a folder, and --out is what the names of new files begin with; give {out / 'NAME'}")
    job = _plan(predictor, directory, genome, out, regions, config, threads_of(chosen, predictor.machine.device.type))
    # A run that was killed in its last step has put some results in their places.
    force = force or (resume and ShardStore(job.parts).count() > 0)
    check_not_inputs([*(track.path for track in job.tracks), job.bed, job.summary], {"GENOME": genome, "--regions": regions})
    _check_places(job, resume, force)
    if job.stretches.num_short:
        log.warning(
            "%d contigs or regions are shorter than a window of %d bases and left out", job.stretches.num_short, job.windows.evaluation_bp
        )
    store = ShardStore(job.parts)
    # In this process the model is there already; workers elsewhere load their own.
    ready: Task[Content] = _Ready(job.task, predictor) if isinstance(chosen, LocalEngine) else job.task
    nulls = _work(job, ready, store, chosen, resume, quiet)
    if not chosen.assembles:
        return None
    read = partial(read_all, store=store, windows=job.windows, rule=config.rule.kind)
    counts = count_scores(read(job.shards()), nulls)
    layout = Layout(1, 1) if job.is_token else Layout(job.windows.stride_bp, job.windows.evaluation_bp)
    merge_bp = config.merge_bp if config.merge_bp is not None else layout.window_bp
    counts.calls = write_results(
        read(job.shards()),
        job.tracks,
        job.bed,
        layout,
        job.lengths,
        lambda: CallMerger(job.threshold, merge_bp, layout.window_bp, layout.step),
        nulls,
        max_q=config.max_q,
        is_probability=job.info.head.task != "regress",
        provenance=provenance_lines(
            command,
            model_sha256=job.sha256,
            trained_on=job.info.trained_on,
            genome=str(genome),
            genome_sha256=job.inputs[str(genome)],
            scan=job.described,
        ),
        force=force,
        num_values=counts.scored,
    )
    write_json(job.summary, _facts(job, counts, command, len(nulls[0][0]) if nulls else 0))
    store.clear()
    what = "bases" if job.is_token else "windows"
    log.info("%d %s scored, %d left out for an N; %d calls", counts.scored, what, counts.unknown, counts.calls)
    return ScanResult(tuple(track.path for track in job.tracks), job.bed, counts.scored, counts.unknown, counts.calls)


@dataclass(frozen=True)
class _Job:
    """A scan that is planned.

    Attributes:
        config: The settings.
        info: What the model is for.
        sha256: SHA-256 of the model.
        windows: Where windows lie.
        threshold: Lowest score of a call.
        is_token: Whether the model answers for every base.
        stretches: What is scanned.
        lengths: Bases by contig.
        batch_rows: Windows of a batch.
        task: How a worker gets ready.
        inputs: SHA-256 by file.
        genome_sha256: That of the genome.
        model_facts: What the answers of the model depend on besides its weights.
        threads: Threads that are computed with on a CPU; None on a GPU.
        tracks: The tracks.
        bed: Where the calls go.
        summary: Where the record goes.
        parts: Where shards are kept until all is done.
    """

    config: ScanConfig
    info: ModelInfo
    sha256: str
    windows: Windows
    threshold: float
    is_token: bool
    stretches: Stretches
    lengths: dict[str, int]
    batch_rows: int
    task: ScanTask
    inputs: dict[str, str]
    genome_sha256: str
    model_facts: str
    threads: int | None
    tracks: tuple[TrackName, ...]
    bed: Path
    summary: Path
    parts: Path

    def _shard(self, content: Content, *more: object) -> Shard[Content]:
        task = self.task
        made_from = (self.sha256, self.model_facts, self.genome_sha256, task.device, task.dtype, task.windows, task.strands, task.classes)
        return Shard(shard_key("scan", _FORMAT, *made_from, self.threads, *more, content), content)

    def shards(self) -> Iterator[Shard[Content]]:
        """The shards, in the order of the genome."""
        contents: Iterable[WindowShard | BaseShard]
        size, stride = self.config.shard_windows, self.windows.stride_bp
        if self.is_token:
            contents = self.stretches.base_shards(min(size * stride, _MOST_BASES))
        else:
            # Whole batches, so that each window is at the same place of the same batch whatever the size of a shard.
            batches = max(1, min(size, _MOST_BASES // stride) // self.batch_rows)
            contents = self.stretches.window_shards(self.windows, batches * self.batch_rows)
        return map(self._shard, contents)

    def background(self) -> list[Shard[Content]]:
        """The shard of shuffled windows; none where p is not asked for."""
        config = self.config
        if not config.background.windows:
            return []
        drawn = draw_windows(self.stretches, self.windows, config.background.windows, config.background.shuffles, config.seed)
        return [self._shard(drawn, config.rule.kind)]

    @property
    def described(self) -> str:
        """What is scanned, in a line."""
        windows, rule = self.windows, self.config.rule.kind
        of = "bases stitched from windows" if self.is_token else "windows"
        summed = "" if rule == "none" else f", {rule} of {windows.group} windows within {windows.evaluation_bp} bases"
        strands = " and ".join(self.task.strands)
        return f"{of} of {windows.window_bp} bases every {windows.stride_bp}{summed}, strand {strands}, threshold {self.threshold:g}"


@dataclass(frozen=True)
class _Ready:
    """The task of a scan with a model that is loaded.

    Attributes:
        task: The task.
        predictor: The model.
    """

    task: ScanTask
    predictor: Predictor

    def start(self) -> Callable[[Content], bytes]:
        """Open the genome and return the work."""
        return Scanner(self.task, self.predictor, Genome(self.task.genome)).work


def _plan(
    predictor: Predictor, directory: Path, genome: Path, out: Path, regions: Path | None, config: ScanConfig, threads: int | None
) -> _Job:
    info, machine = predictor.info, predictor.machine
    windows = choose_windows(config, predictor.members)
    classes, threshold = choose_classes(info, config.classes), choose_threshold(config, info)
    strands = strands_of(config.strand, any(member.info.stranded for member in predictor.members))
    if config.max_q is not None and not config.background.windows:
        raise ConfigError("max_q asks for q, which is told from the background: leave it out, or background.windows=0")
    if config.background.windows and find_spec("tangermeme") is None:
        raise requires_extra("tangermeme", "interpret", "p and q of calls (--set background.windows=0 leaves them out)")
    names = info.labels or tuple(map(str, range(info.head.num_outputs)))
    is_token = info.head.task == "token"
    with Genome(genome) as bases:
        stretches = find_stretches(bases, regions, predictor.kmer if is_token else windows.evaluation_bp)
        lengths = bases.lengths
    inputs = {str(path): sha256_of_file(path) for path in (genome, regions) if path is not None}
    device, dtype = machine.device.type, str(machine.dtype).removeprefix("torch.")
    return _Job(
        config,
        info,
        predictor.sha256,
        windows,
        threshold,
        is_token,
        stretches,
        lengths,
        batch_rows(predictor.members, windows.window_bp, device),
        ScanTask(
            directory.resolve(),
            genome.resolve(),
            cast(DeviceName, device),
            cast(DtypeName, dtype),
            windows,
            config.rule.kind,
            strands,
            classes,
        ),
        inputs,
        inputs[str(genome)],
        " ".join(f"{member.model.config.model_dump_json()} {member.info.model_dump_json()}" for member in predictor.members),
        threads,
        _tracks(out, strands, tuple(names[number] for number in classes)),
        *(out.with_name(f"{out.name}{ending}") for ending in (".bed", ".json", ".parts")),
    )


def _check_places(job: _Job, resume: bool, force: bool) -> None:
    """Stop where a file is in the way, or pieces of an interrupted scan are and nothing is said of them."""
    if job.parts.exists() and not (resume or force):
        raise OutputError(f"{job.parts}: holds pieces of a scan that was interrupted; go on with --resume, or start anew with --force")
    for path in (*(track.path for track in job.tracks), job.bed, job.summary):
        check_free(path, force)
    if not resume:
        ShardStore(job.parts).clear()


def _work(job: _Job, task: Task[Content], store: ShardStore, engine: Engine, resume: bool, quiet: bool) -> list[list[Background]] | None:
    """All shards done; the scores of shuffles for each strand and class, if they are asked for."""
    background = job.background()
    keys = [shard.key for shard in chain(background, job.shards())]
    if resume:
        log.info("%d of %d pieces are there already", sum(map(store.holds, keys)), len(keys))
        if engine.assembles:
            tell_unused(store, keys, job.threads)
    for _ in watched(engine.run(task, chain(background, job.shards()), store), "pieces", len(keys), quiet=quiet):
        pass
    if not (background and engine.assembles):
        return None
    shuffled = read_scores(store.read(background[0].key))  # (S, shuffles, K)
    wanted = job.config.background.windows * job.config.background.shuffles
    if shuffled.shape[1] < wanted:
        least = 1 / (1 + shuffled.shape[1])
        log.warning(
            "%d shuffles in the place of %d: there are not so many windows without N; p is at least %.2g", shuffled.shape[1], wanted, least
        )
    return [[Background(strand[:, output]) for output in range(strand.shape[1])] for strand in shuffled]


def _facts(job: _Job, counts: Counts, command: str, shuffles: int) -> dict[str, Any]:
    return {
        **provenance(command, job.inputs, job.config.seed),
        "model_sha256": job.sha256,
        "device": job.task.device,
        "dtype": job.task.dtype,
        "threads": job.threads,
        "settings": job.config.model_dump(mode="json"),
        "scan": job.described,
        "tracks": {track.path.name: {"class": track.label, "strand": track.sign} for track in job.tracks},
        "scored": counts.scored,
        "left_out_for_n": counts.unknown,
        "too_short": job.stretches.num_short,
        "calls": counts.calls,
        "shuffles": shuffles,
    }


def _tracks(out: Path, strands: tuple[str, ...], labels: tuple[str, ...]) -> tuple[TrackName, ...]:
    """The tracks: OUT.bw, with several classes OUT.CLASS.bw, with several strands OUT.forward.bw and OUT.reverse.bw, or both."""
    found = []
    for number, label in enumerate(labels):
        for place, sign in enumerate(strands):
            words = [label.replace("/", "_")] * (len(labels) > 1) + [{"+": "forward", "-": "reverse"}.get(sign, "")] * (len(strands) > 1)
            found.append(TrackName(place, number, label, sign, out.with_name(".".join([out.name, *words, "bw"]))))
    for track in found:
        alike = [other.label for other in found if other.path == track.path]
        if len(alike) > 1:
            raise ConfigError(f"the tracks of {' and '.join(alike)} would both be {track.path}; scan them one by one with --class")
    return tuple(found)
