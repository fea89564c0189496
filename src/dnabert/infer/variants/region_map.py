"""Every base of a region changed into every other: what the model says, as a table and as a 4 x L map.

Each base is scored as an SNV of a VCF would be, in a window of its own (or of its grid, or at its site).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dnabert.dna.contigs import ContigNames
from dnabert.dna.readers.variants import read_records
from dnabert.dna.regions import Region
from dnabert.dna.sequence import AMBIGUOUS, BASES
from dnabert.errors import ConfigError, RegionError
from dnabert.infer.variants.alleles import Allele, SkipReason, VariantRecord, prepare_alleles
from dnabert.infer.variants.files import ModelColumns, window_text
from dnabert.infer.variants.job import Block, ScoredAllele
from dnabert.infer.variants.reference import ReferenceBases
from dnabert.plot.bases.mutation_map import BASE_ROWS, mutation_map_figure
from dnabert.plot.style import INK

__all__ = [
    "MAP_COLUMNS",
    "Change",
    "Mark",
    "change_line",
    "check_figure",
    "choose_output",
    "map_figure",
    "map_values",
    "marks_of",
    "parse_region",
    "region_changes",
]

MAP_COLUMNS = ("chrom", "pos", "ref", "alt", "model", "class", "window", "score_ref", "score_alt", "diff", "logor", "skipped", "variants")

_MAX_FIGURE_BP = 2000
"""Bases of a figure: more cannot be read."""


@dataclass(frozen=True)
class Change:
    """One base put in.

    Attributes:
        place: Index of the base in the region.
        base: The base that is put in.
        found: What each model says.
    """

    place: int
    base: str
    found: Sequence[ScoredAllele | SkipReason]


@dataclass(frozen=True)
class Mark:
    """A variant of a file in the region.

    Attributes:
        place: Index of its first base in the region; an insertion is before it.
        base: The base that it puts in; empty where it is no SNV.
        name: Its id, or an empty string.
    """

    place: int
    base: str
    name: str


def parse_region(text: str, names: ContigNames) -> Region:
    """A region as samtools and browsers write it: ``contig:start-end``, 1-based, the end included, commas allowed.

    Raises:
        RegionError: It is malformed, or not in the genome.
    """
    contig, colon, span = text.rpartition(":")
    start, dash, end = span.replace(",", "").partition("-")
    if not (colon and dash and start.isdigit() and end.isdigit()):
        raise RegionError(f"--mutagenesis {text}: is no region; write contig:start-end, such as chr1:1001-1100 (1-based, the end included)")
    own = names.find(contig, f"--mutagenesis {text}", "")
    first, last = int(start) - 1, int(end)  # 1-based, closed -> 0-based, half-open
    if not 0 <= first < last <= names.lengths[own]:
        raise RegionError(f"--mutagenesis {text}: is not within {own}, which has bases 1 to {names.lengths[own]}")
    return Region(own, first, last)


def region_changes(
    region: Region, bases: ReferenceBases, score: Callable[[Block], list[list[list[ScoredAllele | SkipReason]]]], block_records: int
) -> Iterator[Change]:
    """All changes of a region, by place, then A, C, G, T; there are none where the genome is ambiguous.

    Args:
        region: The region.
        bases: The genome.
        score: Scores records.
        block_records: Bases that are scored together.
    """
    codes = bases.read(region.contig, region.start, region.end)
    for begin in range(0, len(codes), block_records):
        places = [place for place in range(begin, min(begin + block_records, len(codes))) if codes[place] != AMBIGUOUS]
        others = {place: tuple(base for base in BASE_ROWS if base != BASES[codes[place]]) for place in places}
        block = tuple(VariantRecord(region.contig, region.start + place, BASES[codes[place]], others[place]) for place in places)
        for place, row in zip(places, score(block), strict=True):
            for base, found in zip(others[place], row, strict=True):
                yield Change(place, base, found)


def change_line(change: Change, region: Region, sequence: str, models: Sequence[ModelColumns], marks: Sequence[Mark]) -> Iterator[str]:
    """Lines of the table: one for each model and class.

    Args:
        change: What was found.
        region: The region.
        sequence: Its letters.
        models: The models.
        marks: Variants of a file; those that make this change are named.
    """
    same = [mark.name or "." for mark in marks if (mark.place, mark.base) == (change.place, change.base)]
    begin = [region.contig, str(region.start + change.place + 1), sequence[change.place], change.base]
    for model, each in zip(models, change.found, strict=True):
        if isinstance(each, str):
            yield "\t".join([*begin, model.name, "", "", "", "", "", "", each, ",".join(same)]) + "\n"
            continue
        score = each.score
        for index, name in enumerate(model.class_names):
            odds = "" if score.log_odds is None else f"{score.log_odds[index]:.6g}"
            numbers = [f"{value:.6g}" for value in (score.reference[index], score.alternate[index], score.difference[index])]
            cells = [model.name, name, window_text(region.contig, each), *numbers, odds, "", ",".join(same)]
            yield "\t".join([*begin, *cells]) + "\n"


def map_values(changes: Sequence[Change], length: int, model: int, output: int) -> npt.NDArray[np.float64]:
    """Changes as a map: rows A, C, G, T, (4, L); 0 for the base that is there, and where nothing was scored.

    Args:
        changes: What was found.
        length: Bases of the region.
        model: Number of the model.
        output: Number of the class.
    """
    values = np.zeros((len(BASE_ROWS), length))
    for change in changes:
        each = change.found[model]
        if isinstance(each, ScoredAllele):
            values[BASE_ROWS.index(change.base), change.place] = each.score.changes[output]
    return values


def marks_of(path: Path, region: Region, bases: ReferenceBases) -> list[Mark]:
    """Variants of a VCF or BCF file in a region, trimmed and left-aligned.

    Raises:
        DataFileError: The file cannot be read.
    """
    found = []
    for record in read_records(path):
        contig = bases.contig(record.contig)
        if contig != region.contig or not record.pos - 1 < region.end:
            continue
        row = VariantRecord(record.contig, record.pos - 1, record.ref or "", tuple(record.alts or ()))
        length = bases.length(region.contig)
        for allele in prepare_alleles(row, contig, length, lambda start, end: bases.read(region.contig, start, end)):
            if isinstance(allele, Allele) and region.start <= allele.start < region.end:
                is_snv = len(allele.reference) == len(allele.alternate) == 1
                found.append(Mark(allele.start - region.start, BASES[allele.alternate[0]] if is_snv else "", record.id or ""))
    return found


def check_figure(region: Region) -> None:
    """Stop where a map could not be read.

    Raises:
        ConfigError: The region is too long.
    """
    length = region.end - region.start
    if length > _MAX_FIGURE_BP:
        raise ConfigError(
            f"--plot shows at most {_MAX_FIGURE_BP} bases, and {region} has {length}; take a shorter region, or leave --plot out"
        )


def choose_output(models: Sequence[ModelColumns], name: str) -> int:
    """Number of the output of the first model that the figure shows.

    Raises:
        ConfigError: There are several and none is named, or there is no such one.
    """
    names = models[0].class_names
    if not name and len(names) == 1:
        return 0
    if name not in names:
        why = f"show_class {name}: the model knows no such class" if name else f"the model has {len(names)} outputs"
        raise ConfigError(f"{why}; say which the figure shows with --set show_class=NAME: {', '.join(names)}")
    return names.index(name)


def map_figure(
    values: npt.NDArray[np.float64], sequence: str, region: Region, score_name: str, marks: Sequence[Mark], bases_per_row: int
) -> Figure:
    """The map as a heat map; variants of a file are outlined (SNVs) or have a triangle above (others).

    Args:
        values: As :func:`map_values`.
        sequence: Letters of the region.
        region: The region.
        score_name: What changes, with its unit.
        marks: The variants.
        bases_per_row: Bases side by side.
    """
    figure = mutation_map_figure(values, sequence, score_name, region.start + 1, bases_per_row)
    panels = figure.axes[: -(-len(sequence) // bases_per_row)]
    for axes in panels:
        axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    legend = []
    if any(mark.base for mark in marks):
        legend.append("outlined: SNVs of the VCF")
    if any(not mark.base for mark in marks):
        legend.append("triangles: its other variants")
    panels[-1].set_xlabel("; ".join([f"Position on {region.contig} (bp, first base 1)", *legend]))
    for mark in marks:
        axes, x = panels[mark.place // bases_per_row], region.start + 1 + mark.place
        if mark.base:
            outline = Rectangle((x - 0.5, BASE_ROWS.index(mark.base)), 1, 1, fill=False, edgecolor=INK, linewidth=1.3, zorder=3)
            axes.add_patch(outline)
        else:
            axes.plot([x], [-0.25], marker="v", markersize=4, color=INK, clip_on=False)
    return figure
