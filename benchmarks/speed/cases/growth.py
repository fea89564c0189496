"""How time and memory grow: with the length of a sequence, the batch, the width of the model, the genome; and the floor of arithmetic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.speed.cases.common.arithmetic import MATMUL_SIZE, encoder_flops, masked_head_flops, matmul_seconds, training_flops
from benchmarks.speed.cases.common.sequences import genome_letters, random_set, write_fasta
from benchmarks.speed.cases.tokenizing import BYTES_PER_BASE, COPY_BYTES
from benchmarks.speed.cases.training import pretraining
from benchmarks.speed.cases.training.training import step_seconds
from benchmarks.speed.child import Say
from benchmarks.speed.machine import copy_seconds, peak_memory_mb
from benchmarks.speed.results import Findings, Growth, Line
from benchmarks.speed.rounds import seconds, spread_of, take_turns
from dnabert.data.batch import EncodedSet
from dnabert.data.genome import build_genome
from dnabert.device import choose_machine
from dnabert.dna.kmers import kmer_ids
from dnabert.forward import predict_set
from dnabert.model.config import HeadConfig, ModelConfig, mini
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer

__all__ = ["FULL", "QUICK", "Point", "Sizes", "measure"]


@dataclass(frozen=True)
class Point:
    """One place on an axis: a model and its batch.

    Attributes:
        x: Where on the axis.
        model: Sizes.
        rows: Sequences of the batch.
        tokens: Tokens of each, [CLS] and [SEP] included.
    """

    x: int
    model: ModelConfig
    rows: int
    tokens: int


@dataclass(frozen=True)
class Sizes:
    """What is varied, and how often it is timed.

    Attributes:
        lengths: Tokens of a sequence, tokens of the batch held.
        batch_tokens: Tokens of the batch for all lengths.
        batches: Sequences of a batch.
        tokens: Tokens of a sequence for all batches and widths.
        widths: Widths of a model of 4 layers, with heads of 64.
        width_rows: Sequences of a batch for all widths.
        genomes_mb: Lengths of genomes in Mb.
        rounds: Rounds that count.
        matmul_size: Rows of the square product by which the machine is judged.
        copy_bytes: Size of the memory that is copied.
    """

    lengths: tuple[int, ...]
    batch_tokens: int
    batches: tuple[int, ...]
    tokens: int
    widths: tuple[int, ...]
    width_rows: int
    genomes_mb: tuple[float, ...]
    rounds: int
    matmul_size: int = MATMUL_SIZE
    copy_bytes: int = COPY_BYTES


FULL = Sizes((32, 64, 128, 256, 512), 2048, (1, 2, 4, 8, 16, 32), 128, (128, 256, 512, 768), 8, (1, 4, 16, 64, 256), 5)
QUICK = Sizes((32, 64), 128, (1, 2), 32, (64, 128), 2, (0.02, 0.1), 1, 256)


def measure(sizes: Sizes, folder: Path, say: Say) -> Findings:
    model = mini()
    lengths = [Point(tokens, model, sizes.batch_tokens // tokens, tokens) for tokens in sizes.lengths]
    batches = [Point(rows, model, rows, sizes.tokens) for rows in sizes.batches]
    widths = [Point(width, _wide(width), sizes.width_rows, sizes.tokens) for width in sizes.widths]
    curves = (
        ("length", f"Length of a sequence (`mini`, {sizes.batch_tokens:,} tokens a batch)", "Tokens of a sequence", lengths),
        ("batch", f"Batch (`mini`, sequences of {sizes.tokens} tokens)", "Sequences of a batch", batches),
        ("width", f"Width of the model (4 layers, {sizes.width_rows} x {sizes.tokens} tokens)", "Width", widths),
    )
    number = str(choose_machine("cpu").dtype).removeprefix("torch.")
    return Findings(
        growths=(
            *(_models(key, title, x_name, points, sizes, folder, say) for key, title, x_name, points in curves),
            _genomes(sizes, folder, say),
        ),
        notes=(
            "Forward: `dnabert.forward.predict_set` of a two-class model from base codes to logits. Training: a pre-training step of the"
            " loop, 15 % masked.",
            f"Floor: operations of the matrix products at the rate of a square product of {sizes.matmul_size} in {number}, measured in"
            f" the same rounds; for genomes, {BYTES_PER_BASE} bytes of traffic for a base at the rate of a memory copy.",
            "Memory: the peak on top of the model that is loaded; for training it holds gradients and the optimiser's state, for genomes"
            " also the pages of the memory-mapped store that were read. Bars: lowest and highest round.",
        ),
    )


def _wide(width: int) -> ModelConfig:
    return ModelConfig(num_layers=4, hidden_size=width, num_heads=max(width // 64, 1), intermediate_size=4 * width)


def _models(key: str, title: str, x_name: str, points: Sequence[Point], sizes: Sizes, folder: Path, say: Say) -> Growth:
    machine = choose_machine("cpu")
    forward = {point.x: _forward(point) for point in points}
    training = {point.x: _training(point, folder) for point in points}
    cases: dict[str, Callable[[], float]] = {"an operation": lambda: matmul_seconds(machine.dtype, sizes.matmul_size)}
    for point in points:
        count = 1e-6 * point.rows * point.tokens  # microseconds for a token
        cases[f"forward {point.x}"] = lambda point=point, count=count: seconds(forward[point.x], count)
        cases[f"training {point.x}"] = lambda point=point, count=count: training[point.x]() / count
    times = take_turns(cases, sizes.rounds, report=lambda text: say(f"{key}, {text}"))
    operation = spread_of(times["an operation"]).median
    floors = [_floors(point, operation) for point in points]
    memory = [
        Line(name=name, values=values)
        for name, work in (("forward", forward), ("training step", training))
        if (values := _memory([work[point.x] for point in points]))
    ]
    return Growth(
        key=key,
        title=title,
        x_name=x_name,
        x=tuple(float(point.x) for point in points),
        time_name="µs for a token",
        times=(
            Line(name="forward", values=tuple(times[f"forward {point.x}"] for point in points), floor=tuple(floor[0] for floor in floors)),
            Line(
                name="training step",
                values=tuple(times[f"training {point.x}"] for point in points),
                floor=tuple(floor[1] for floor in floors),
            ),
        ),
        memory=tuple(memory),
    )


def _forward(point: Point) -> Callable[[], object]:
    torch.manual_seed(0)
    head = HeadConfig(task="classify")
    model, machine = Dnabert(point.model, head), choose_machine("cpu")
    tokenizer = KmerTokenizer(point.model.kmer, point.model.max_positions - 2)
    sequences = random_set(point.rows, point.tokens - 2 + point.model.kmer - 1)
    return lambda: predict_set(model, EncodedSet(sequences, tokenizer, head), machine, tokens_per_batch=point.rows * point.tokens)


def _training(point: Point, folder: Path) -> Callable[[], float]:
    case = pretraining.Case("growth", point.model, point.rows, point.tokens, rounds=1, steps=1, goal=1.0)
    job, config, pieces, machine = pretraining.make_job(case, folder)
    return lambda: step_seconds(job, pieces, config, machine, 1, folder)


def _floors(point: Point, operation_s: float) -> tuple[float, float]:
    """Microseconds for a token that the operations alone would take: forward, and a training step."""
    masked = round(0.15 * point.rows * (point.tokens - 2))
    forward = encoder_flops(point.model, point.rows, point.tokens, read=point.rows)
    training = training_flops(encoder_flops(point.model, point.rows, point.tokens, read=masked) + masked_head_flops(point.model, masked))
    scale = 1e6 * operation_s / (point.rows * point.tokens)
    return forward * scale, training * scale


def _memory(work: Sequence[Callable[[], object]]) -> tuple[tuple[float, ...], ...]:
    """Peak memory of each piece of work, found twice; empty where the system does not tell."""
    found = [[peak_memory_mb(piece) for _ in range(2)] for piece in work]
    return tuple(tuple(value for value in values if value is not None) for values in found) if found[0][0] is not None else ()


def _genomes(sizes: Sizes, folder: Path, say: Say) -> Growth:
    files = {mb: write_fasta(folder / f"growth-{mb}.fa", genome_letters(round(1e6 * mb))) for mb in sizes.genomes_mb}
    kmer = mini().kmer

    def build(mb: float) -> object:
        with TemporaryDirectory(dir=folder) as cache:
            return len(build_genome([files[mb]], Path(cache)).codes)

    stores = {mb: build_genome([path], folder) for mb, path in files.items()}

    def tokenize(mb: float) -> object:
        return kmer_ids(stores[mb].codes, kmer)[0]

    cases: dict[str, Callable[[], float]] = {"copy": lambda: copy_seconds(sizes.copy_bytes)}
    for mb in sizes.genomes_mb:
        cases[f"store {mb}"] = lambda mb=mb: 1e3 * seconds(lambda: build(mb), mb)
        cases[f"ids {mb}"] = lambda mb=mb: 1e3 * seconds(lambda: tokenize(mb), mb)
    times = take_turns(cases, sizes.rounds, report=lambda text: say(f"genome, {text}"))
    floor = spread_of(times["copy"]).median / (2 * sizes.copy_bytes) * BYTES_PER_BASE * 1e9  # milliseconds for a Mb
    works = {
        "FASTA to genome store": [lambda mb=mb: build(mb) for mb in sizes.genomes_mb],
        "ids from the store": [lambda mb=mb: tokenize(mb) for mb in sizes.genomes_mb],
    }
    memory = [Line(name=name, values=values) for name, work in works.items() if (values := _memory(work))]
    return Growth(
        key="genome",
        title="Length of the genome (one contig, k = 6)",
        x_name="Mb of the genome",
        x=tuple(float(mb) for mb in sizes.genomes_mb),
        time_name="ms for a Mb",
        times=(
            Line(name="FASTA to genome store", values=tuple(times[f"store {mb}"] for mb in sizes.genomes_mb)),
            Line(
                name="ids from the store",
                values=tuple(times[f"ids {mb}"] for mb in sizes.genomes_mb),
                floor=tuple(floor for _ in sizes.genomes_mb),
            ),
        ),
        memory=tuple(memory),
    )
