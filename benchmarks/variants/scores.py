"""Scores of a set's variants: by `dnabert variants`, or by a convolutional network that reads the windows of a model."""

import csv
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.variants.networks import NetworkScorer, SavedNetwork
from benchmarks.variants.rows import Evaluation, Row
from dnabert.cli.main import run as run_dnabert
from dnabert.device import Machine
from dnabert.dna.regions import Genome
from dnabert.infer.predictor import Predictor
from dnabert.infer.variants.config import VariantConfig
from dnabert.infer.variants.files import read_blocks
from dnabert.infer.variants.job import BlockWorker, ScoredAllele
from dnabert.infer.variants.reference import ReferenceBases
from dnabert.infer.variants.windows import read_sites
from dnabert.output import sha256_of_file, write_text
from dnabert.registry import resolve_model

__all__ = ["Placement", "score_by_model", "score_by_network", "write_variants"]

NOT_A_SITE = ("none", "2")
"""Of donor, acceptor and none the class that is no site, by name and by number."""

Entry = tuple[int, float, float]
"""Number of a row, the score of a class with the reference, and how much of it the alternate allele takes."""


@dataclass(frozen=True)
class Placement:
    """Where windows lie, the same for a model and for the network beside it.

    Attributes:
        genome: The genome.
        annotation: GTF of the sites; None for centred windows.
        config: Settings of the windows.
    """

    genome: Path
    annotation: Path | None
    config: VariantConfig

    @property
    def words(self) -> list[str]:
        """The flags of `dnabert variants` that say the same."""
        config = self.config
        changed = {name: getattr(config, name) for name in ("anchor", "window_bp") if name in config.model_fields_set}
        words = [word for name, value in changed.items() for word in ("--set", f"{name}={value}")]
        words += ["--zero-shot"] * config.zero_shot
        return words if self.annotation is None else ["--annotation", str(self.annotation), *words]


def write_variants(rows: Sequence[Row], path: Path) -> None:
    """The variants as a VCF; the id of each is its number."""
    lines = ["\t".join([*row.line[:2], str(number), *row.line[3:5], ".", ".", "."]) for number, row in enumerate(rows)]
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    write_text(path, "\n".join(["##fileformat=VCFv4.3", columns, *lines]) + "\n")


def score_by_model(evaluation: Evaluation, model: str, placement: Placement, work: Path) -> list[float]:
    """Loss by the alternate allele of each row, see :func:`losses`, through the table that `dnabert variants` writes.

    A table of an earlier run is taken where the variants, the weights and the windows are the same.
    """
    work.mkdir(parents=True, exist_ok=True)
    source, table = work / "in.vcf", work / "out.tsv"
    write_variants(evaluation.rows, source)
    words = ["variants", str(source), "--model", model, "--genome", str(placement.genome), "--out", str(work / "out.vcf")]
    words += ["--tsv", str(table), *placement.words]
    made_of, note = made_from(source, model, placement), work / "made_from.txt"
    if not (table.is_file() and note.is_file() and note.read_text() == made_of):
        note.unlink(missing_ok=True)
        print(shlex.join(["dnabert", *words]), file=sys.stderr)
        if run_dnabert([*words, "--force", "--quiet"]):
            raise SystemExit(f"{evaluation.name}: scoring failed")
        write_text(note, made_of)
    return losses(_table_entries(table), len(evaluation.rows))


def made_from(source: Path, model: str, placement: Placement) -> str:
    """What the scores of a set follow from, in a line."""
    weights = sha256_of_file(resolve_model(model) / "model.safetensors")
    return f"{sha256_of_file(source)} {weights} {shlex.join(placement.words)}\n"


def score_by_network(
    evaluation: Evaluation, network: SavedNetwork, model: str, placement: Placement, machine: Machine, work: Path
) -> list[float]:
    """As :func:`score_by_model`, by a network that reads the windows of ``model``."""
    work.mkdir(parents=True, exist_ok=True)
    write_variants(evaluation.rows, work / "in.vcf")
    config = placement.config
    scorer = NetworkScorer(Predictor(resolve_model(model), machine), config, network)
    with Genome(placement.genome) as genome:
        sites = None if placement.annotation is None else read_sites(placement.annotation, config.anchor, genome.names)
        worker = BlockWorker([scorer], ReferenceBases(genome), sites, config)
        found = [row for block in read_blocks(work / "in.vcf", config.block_records) for row in worker.score(block)]
    by_row = ((number, [each for column in alleles for each in column]) for number, alleles in enumerate(found))
    return losses((entry for number, row in by_row for entry in _entries(number, row, scorer.output_names)), len(found))


def _table_entries(table: Path) -> Iterator[Entry]:
    with table.open() as handle:
        for row in csv.DictReader((line for line in handle if not line.startswith("#")), delimiter="\t"):
            if not row["skipped"] and row["class"] not in NOT_A_SITE:
                loss = float(row["logor"]) if row["logor"] else -float(row["diff"])
                yield int(row["id"]), float(row["score_ref"]), loss


def _entries(number: int, found: Iterable[ScoredAllele | str], names: Sequence[str]) -> Iterator[Entry]:
    for allele in found:
        if isinstance(allele, ScoredAllele):
            for name, reference, change in zip(names, allele.score.reference, allele.score.changes, strict=True):
                if name not in NOT_A_SITE:
                    yield number, reference, -change


def losses(entries: Iterable[Entry], count: int) -> list[float]:
    """Of each row the LOGOR of the class likeliest with the reference, or minus the log-likelihood ratio; NaN where none is scored."""
    by_row: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for number, reference, loss in entries:
        by_row[number].append((reference, loss))
    return [max(by_row[number])[1] if number in by_row else float("nan") for number in range(count)]
