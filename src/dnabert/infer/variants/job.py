"""Scoring as a job in pieces: blocks of records in, bytes out, the same on every worker.

A block is planned, its windows cut and read by all models, and for each allele the window with the largest change is kept.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from dnabert.checkpoint import SavedModel, load_model
from dnabert.choices import DeviceName, DtypeName
from dnabert.device import Machine, choose_machine
from dnabert.dna.regions import Genome, Strand
from dnabert.errors import CheckpointError
from dnabert.infer.predictor import ENSEMBLE_FILE, Predictor
from dnabert.infer.shards import Shard, shard_key
from dnabert.infer.variants.alleles import Allele, SkipReason, VariantRecord, prepare_alleles
from dnabert.infer.variants.answers import ModelScorer, PairScore, check_fine_tuned
from dnabert.infer.variants.candidates import HighRegion, high_regions
from dnabert.infer.variants.config import VariantConfig
from dnabert.infer.variants.reference import ReferenceBases
from dnabert.infer.variants.windows import Sites, Window, WindowPair, cut_pair, read_sites, windows_of
from dnabert.infer.variants.zero_shot import ZeroShotScorer

__all__ = [
    "Block",
    "BlockWorker",
    "ScoredAllele",
    "Scorer",
    "VariantTask",
    "block_shard",
    "load_scorers",
    "members_of",
    "model_facts",
    "read_result",
]

Scorer = ModelScorer | ZeroShotScorer

Block = tuple[VariantRecord, ...]
"""Records that are scored together."""

_FORMAT = 2
"""Raised when the bytes of a block change, so that old ones are not read."""
_NOT_IN_KEY = {"block_records", "show_class", "bases_per_row"}
"""Settings that change nothing in a block."""


@dataclass(frozen=True)
class ScoredAllele:
    """What one model says of one alternate allele.

    Attributes:
        window: The window that counts.
        score: What the model says.
        region: The high-attention region it lies in; None where it lies in none, or none was looked for.
    """

    window: Window
    score: PairScore
    region: HighRegion | None = None


Found = list[list[list[ScoredAllele | SkipReason]]]
"""By record, by alternate allele (one entry where there is none), by model."""


@dataclass(frozen=True)
class VariantTask:
    """How a worker gets ready to score blocks.

    Attributes:
        models: Directories of the models.
        genome: The genome.
        annotation: GTF or GFF3 of the sites, or None.
        config: Settings.
        device: Where to compute.
        dtype: Number type.
        find_candidates: Look for high-attention regions too.
    """

    models: tuple[Path, ...]
    genome: Path
    annotation: Path | None
    config: VariantConfig
    device: DeviceName
    dtype: DtypeName
    find_candidates: bool = False

    def start(self) -> Callable[[Block], bytes]:
        """Load models, genome and sites."""
        machine = choose_machine(self.device, self.dtype)
        scorers = load_scorers(self.models, machine, self.config)
        bases = ReferenceBases(Genome(self.genome))
        sites = None
        if self.annotation is not None:
            sites = read_sites(self.annotation, self.config.anchor, bases.genome.names)
        worker = BlockWorker(scorers, bases, sites, self.config, self.find_candidates)
        return lambda block: write_result(worker.score(block))


def load_scorers(models: Sequence[Path], machine: Machine, config: VariantConfig) -> list[Scorer]:
    """What scores windows, one for each model.

    Raises:
        CheckpointError: A model cannot be read, or is not of the kind that is asked for.
        ConfigError: A model's task does not fit, or the window does not fit a model.
    """
    scorers: list[Scorer] = []
    for path in models:
        if config.zero_shot and not (path / ENSEMBLE_FILE).is_file():
            scorers.append(ZeroShotScorer(load_model(path), machine, config))
            continue
        try:
            predictor = Predictor(path, machine)
        except CheckpointError:
            if not (path / ENSEMBLE_FILE).is_file():
                check_fine_tuned(load_model(path))
            raise
        scorers.append(ZeroShotScorer(predictor.members[0], machine, config) if config.zero_shot else ModelScorer(predictor, config))
    return scorers


def members_of(scorer: Scorer) -> Sequence[SavedModel]:
    """The model, or the models of an ensemble."""
    return scorer.predictor.members if isinstance(scorer, ModelScorer) else [scorer.saved]


def model_facts(scorer: Scorer) -> list[str]:
    """All that a model's scores depend on, as text: weights, window, strand, and the sizes and settings of each member's config.json."""
    settings = [f"{member.model.config.model_dump_json()} {member.info.model_dump_json()}" for member in members_of(scorer)]
    return [scorer.sha256, str(scorer.length), scorer.direction, *settings]


class BlockWorker:
    """Scores blocks of records.

    Args:
        scorers: The models.
        bases: The genome.
        sites: Anchored: the sites.
        config: Settings.
        find_candidates: Look for high-attention regions too.
    """

    def __init__(
        self, scorers: Sequence[Scorer], bases: ReferenceBases, sites: Sites | None, config: VariantConfig, find_candidates: bool = False
    ) -> None:
        self._scorers, self._bases, self._sites, self._config = scorers, bases, sites, config
        self._find_candidates = find_candidates

    def score(self, block: Sequence[VariantRecord]) -> Found:
        """What each model says of each alternate allele of each record."""
        alleles = [self._prepare(record) for record in block]
        flat = [allele for row in alleles for allele in row]
        by_model = [self._score_with(scorer, flat) for scorer in self._scorers]
        columns = iter(zip(*by_model, strict=True))
        return [[list(next(columns)) for _ in row] for row in alleles]

    def _prepare(self, record: VariantRecord) -> list[Allele | SkipReason]:
        contig = self._bases.contig(record.contig)
        length = 0 if contig is None else self._bases.length(contig)

        def read(start: int, end: int) -> bytes:
            assert contig is not None
            return self._bases.read(contig, start, end)

        return prepare_alleles(record, contig, length, read)

    def _score_with(self, scorer: Scorer, alleles: Sequence[Allele | SkipReason]) -> list[ScoredAllele | SkipReason]:
        pairs: list[WindowPair] = []
        found: list[ScoredAllele | SkipReason | slice] = []
        for allele in alleles:
            if not isinstance(allele, Allele):
                found.append(allele)
                continue
            start = len(pairs)
            reason = self._cut(scorer, allele, pairs)
            found.append(slice(start, len(pairs)) if len(pairs) > start else reason)
        scores = scorer.score(pairs)
        best = {
            number: max(range(each.start, each.stop), key=lambda index: (scores[index].total, -index))
            for number, each in enumerate(found)
            if isinstance(each, slice)
        }
        regions = self._regions(scorer, pairs, scores, list(best.values()))
        return [
            ScoredAllele(pairs[best[number]].window, scores[best[number]], regions.get(best[number])) if isinstance(each, slice) else each
            for number, each in enumerate(found)
        ]

    def _cut(self, scorer: Scorer, allele: Allele, pairs: list[WindowPair]) -> SkipReason:
        """Append what is in the windows of an allele; the reason why there is none."""
        if allele.longest > min(self._config.max_allele_bp or scorer.length, scorer.length):
            return "allele_too_long"
        reason: SkipReason = "not_in_window" if self._sites is None else "no_site"
        first: SkipReason | None = None
        for window in windows_of(allele, scorer.length, self._config, scorer.strands, self._sites):
            pair = cut_pair(window, allele, self._bases)
            if isinstance(pair, WindowPair):
                pairs.append(pair)
            else:
                first = first or pair
        return first or reason

    def _regions(
        self, scorer: Scorer, pairs: Sequence[WindowPair], scores: Sequence[PairScore], chosen: Sequence[int]
    ) -> dict[int, HighRegion | None]:
        """High-attention regions of the variants that change the answer enough, by number of the pair."""
        if not self._find_candidates or not isinstance(scorer, ModelScorer):
            return {}
        config = self._config.candidates
        changing = [index for index in chosen if max(map(abs, scores[index].changes)) >= config.min_change]
        return dict(zip(changing, high_regions(scorer.predictor, [pairs[index] for index in changing], config), strict=True))


def block_shard(block: Block, facts: Sequence[str], config: VariantConfig) -> Shard[Block]:
    """A block as a piece of a job.

    Args:
        block: The records.
        facts: Those of the models, SHA-256 of genome and annotation, number type, device: all that the result depends on besides.
        config: Settings.
    """
    settings = config.model_dump_json(exclude=_NOT_IN_KEY)
    rows = [(record.contig, record.position, record.reference, record.alternates) for record in block]
    return Shard(shard_key("variants", _FORMAT, settings, *facts, rows), block)


def write_result(found: Found) -> bytes:
    """Scores as bytes."""
    return json.dumps([[[_plain(each) for each in row] for row in rows] for rows in found], separators=(",", ":")).encode()


def read_result(content: bytes) -> Found:
    """What :func:`write_result` wrote."""
    return [[[_scored(each) for each in row] for row in rows] for rows in json.loads(content)]


def _plain(each: ScoredAllele | SkipReason) -> Any:
    if isinstance(each, str):
        return each
    window, score, region = each.window, each.score, each.region
    numbers = [score.reference, score.alternate, score.difference, score.log_odds, score.total]
    place = None if region is None else [region.start, region.end, region.score, region.ratio]
    return [[window.start, window.length, window.strand, window.kept], numbers, place]


def _scored(each: Any) -> ScoredAllele | SkipReason:
    if isinstance(each, str):
        return cast(SkipReason, each)
    (start, length, strand, kept), (reference, alternate, difference, log_odds, total), place = each
    window = Window(start, length, cast(Strand, strand), cast(Literal["left", "right"], kept))
    odds = None if log_odds is None else tuple(log_odds)
    score = PairScore(tuple(reference), tuple(alternate), tuple(difference), odds, total)
    return ScoredAllele(window, score, None if place is None else HighRegion(*place))
