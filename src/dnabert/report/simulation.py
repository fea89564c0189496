"""The truth behind a simulated genome: what was planted where."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dnabert.dna.fasta import read_fasta
from dnabert.errors import DataFileError
from dnabert.plot.distributions import position_figure
from dnabert.report.page import Block, Cell, Paragraph, Picture, Pictures, Section, Table
from dnabert.report.wording import plural

__all__ = ["Element", "Site", "Truth", "frequent_base_share", "read_truth", "simulation_section"]

_FEATURES = {"cpg-island": "CpG island", "repeat": "interspersed repeat", "microsatellite": "microsatellite", "gap": "run of N"}
_POSITION_BIN_BP = 2


class Record(BaseModel):
    """A part of ``truth.json``; keys that a report has no use for are passed over."""

    model_config = ConfigDict(frozen=True)


class Contig(Record):
    """A contig and the set its windows belong to."""

    name: str
    length_bp: int
    split: Literal["train", "valid", "test"]


class Element(Record):
    """A planted element: 0-based, half-open, forward strand."""

    name: str
    start: int
    end: int
    strand: Literal["+", "-"]


class Site(Record):
    """A labelled window: 0-based, half-open, forward strand; read on ``strand``, counted from ``anchor``."""

    id: str
    contig: str
    strand: Literal["+", "-"]
    start: int
    end: int
    anchor: int
    kind: str = Field(validation_alias="class")
    elements: tuple[Element, ...]

    def offset(self, element: Element) -> int:
        """First base of an element, in reading direction from the anchor."""
        return element.start - self.anchor if self.strand == "+" else self.anchor - (element.end - 1)

    def span(self, element: Element) -> tuple[int, int]:
        """Start and end of an element within the window as it is read."""
        if self.strand == "+":
            return element.start - self.start, element.end - self.start
        return self.end - element.end, self.end - element.start

    @property
    def anchor_place(self) -> int:
        """Place of the anchor within the window as it is read."""
        return self.anchor - self.start if self.strand == "+" else self.end - 1 - self.anchor


class Promoter(Site):
    """A site with a transcription start."""

    anchor: int = Field(validation_alias="tss")


class Feature(Record):
    """A stretch that is no element."""

    kind: str


class Truth(Record):
    """What ``truth.json`` says of a simulated genome, as far as a report needs it."""

    seed: int
    contigs: tuple[Contig, ...]
    promoters: tuple[Promoter, ...]
    negatives: tuple[Site, ...]
    features: tuple[Feature, ...] = ()

    @property
    def sites(self) -> tuple[Site, ...]:
        """Promoters and negatives."""
        return (*self.promoters, *self.negatives)


def read_truth(simulation_dir: Path) -> Truth:
    """The truth of a simulation.

    Raises:
        DataFileError: ``truth.json`` is missing or damaged.
    """
    path = simulation_dir / "truth.json"
    try:
        return Truth.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}; give a directory of dnabert simulate") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise DataFileError(f"{path}: is damaged: {where}: {first['msg']}; simulate again") from error


def frequent_base_share(genome: Path, contigs: Sequence[str], *, both_strands: bool) -> float | None:
    """What always naming the most frequent base of the contigs reaches, 0-1; None if they hold no base.

    Args:
        genome: FASTA file.
        contigs: Names of the contigs that count.
        both_strands: Whether either strand is read, so that A is as frequent as T, and C as G.

    Raises:
        DataFileError: The genome cannot be read.
    """
    wanted = set(contigs)
    counts = np.zeros(4)
    for record in read_fasta(genome):
        if record.name in wanted:
            letters = record.sequence.upper()
            counts += [letters.count(base) for base in "ATCG"]
    if both_strands:
        counts = np.repeat([counts[:2].mean(), counts[2:].mean()], 2)
    return float(counts.max() / counts.sum()) if counts.sum() else None


def simulation_section(truth: Truth, title: str) -> Section:
    """What was made up: genome, sites, what they are made of."""
    length_bp = sum(contig.length_bp for contig in truth.contigs)
    features = {kind: sum(feature.kind == kind for feature in truth.features) for kind in _FEATURES}
    found = [plural(count, _FEATURES[kind]).replace("run of Ns", "runs of N") for kind, count in features.items() if count]
    around = f", with {', '.join(found[:-1])} and {found[-1]} in it" if len(found) > 1 else ""
    lead = (
        f"The genome is made up: {plural(len(truth.contigs), 'contig')}, {length_bp / 1e6:.1f} million bases{around}. At"
        f" {len(truth.promoters):,} places a promoter was planted: the short sequence elements that textbooks describe, at their textbook"
        f" distances from the transcription start site (TSS). As many windows are no promoters, and many of them are decoys that carry the"
        " same elements in the wrong place or company. **What is planted where is known exactly, so every claim below can be checked.**"
    )
    blocks: list[Block] = [Paragraph(lead), _split_table(truth)]
    pictures = _position_pictures(truth)
    return Section(title, (*blocks, *pictures))


def _split_table(truth: Truth) -> Table:
    names = {"train": "training", "valid": "validation", "test": "test"}
    rows: list[tuple[str | Cell, ...]] = []
    for split, name in names.items():
        contigs = [contig for contig in truth.contigs if contig.split == split]
        own = {contig.name for contig in contigs}
        sizes = [sum(site.contig in own for site in sites) for sites in (truth.promoters, truth.negatives)]
        length = sum(contig.length_bp for contig in contigs)
        rows.append((name, ", ".join(contig.name for contig in contigs), f"{length:,}", *(f"{size:,}" for size in sizes)))
    caption = "Whole contigs are kept apart, so that no test sequence overlaps one that the classifier was trained on."
    return Table(("Set", "Contigs", ">Bases", ">Promoters", ">Not promoters"), tuple(rows), caption)


def _position_pictures(truth: Truth) -> list[Block]:
    offsets: dict[str, list[int]] = {}
    for site in truth.promoters:
        for element in site.elements:
            offsets.setdefault(element.name, []).append(site.offset(element))
    if not offsets:
        return []
    names = sorted(offsets, key=lambda name: float(np.median(offsets[name])))
    low, high = min(map(min, offsets.values())), max(map(max, offsets.values()))
    edges = np.arange(low // 10 * 10 - 10, high + 20, _POSITION_BIN_BP, dtype=np.float64)
    counts = np.array([np.histogram(offsets[name], bins=edges)[0] for name in names])
    figure = position_figure(edges, counts, names, "First base of the element, from the TSS (bp; 0 = TSS)", "Elements (count)")
    caption = (
        f"Every planted element of the {len(truth.promoters):,} promoters, in reading direction, in bins of {_POSITION_BIN_BP} bases."
        " A model that has understood the promoters must know not only the elements but their distances."
    )
    return [Pictures((Picture.of(figure, "What was planted where", caption, is_wide=True),))]
