"""A simulated genome as files: FASTA, BED, labelled CSV tables, and the truth as JSON."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy as np

from dnabert.data.simulate.elements import PlantedElement
from dnabert.data.simulate.genome import SimulatedGenome, Split
from dnabert.data.simulate.promoters import ALL_MOTIFS
from dnabert.data.simulate.sites import Site
from dnabert.dna.sequence import Codes, decode_bases
from dnabert.errors import OutputError
from dnabert.output import check_free, write_bytes

__all__ = ["SIMULATION_FILES", "write_simulation"]

SIMULATION_FILES = ("genome.fa", "tss.bed", "elements.bed", "train.csv", "valid.csv", "test.csv", "truth.json")
"""What :func:`write_simulation` writes, in this order."""

_COLUMNS = ("sequence", "label", "id", "contig", "start", "end", "strand", "class")
_FASTA_LINE_BASES = 60


def write_simulation(simulated: SimulatedGenome, out_dir: Path, heading: str = "", *, force: bool = False) -> list[Path]:
    """The paths of the files written, in the order of ``SIMULATION_FILES``.

    Each file is written under a temporary name and then renamed; the same genome and heading give the same bytes.

    Args:
        simulated: The genome.
        out_dir: Directory to write to; made if missing.
        heading: Lines about version and command, each opened by ``#``, for the BED files and ``truth.json``.
        force: Replace files that exist.

    Raises:
        OutputError: A file exists and ``force`` is false, ``out_dir`` is a file, or it cannot be written to.
    """
    if out_dir.exists() and not out_dir.is_dir():
        raise OutputError(f"{out_dir}: is a file, and a directory is wanted; choose another name")
    paths = [out_dir / name for name in SIMULATION_FILES]
    for path in paths:
        check_free(path, force)
    bed_heading = f"{heading}# simulated genome: seed {simulated.seed}, config {simulated.config.model_dump_json()}\n"
    contents = (
        _fasta(simulated),
        _bed(bed_heading, _tss_rows(simulated)),
        _bed(bed_heading, _element_rows(simulated)),
        *(_table(simulated, split) for split in get_args(Split)),
        _truth(simulated, heading),
    )
    for path, content in zip(paths, contents, strict=True):
        write_bytes(path, content)
    return paths


def _fasta(simulated: SimulatedGenome) -> bytes:
    return b"".join(f">{name}\n".encode() + _wrap(codes) for name, codes in simulated.contigs.items())


def _wrap(codes: Codes) -> bytes:
    letters = np.frombuffer(decode_bases(codes).encode(), dtype=np.uint8)
    num_full = len(letters) // _FASTA_LINE_BASES
    full = letters[: num_full * _FASTA_LINE_BASES].reshape(num_full, _FASTA_LINE_BASES)
    lines = np.insert(full, _FASTA_LINE_BASES, ord("\n"), axis=1).tobytes()
    rest = letters[num_full * _FASTA_LINE_BASES :].tobytes()
    return lines + rest + b"\n" if rest else lines


def _bed(heading: str, rows: Iterable[str]) -> bytes:
    return (heading + "".join(f"{row}\n" for row in rows)).encode()


def _tss_rows(simulated: SimulatedGenome) -> Iterator[str]:
    for site in simulated.promoters:
        yield f"{site.contig}\t{site.anchor}\t{site.anchor + 1}\t{site.id}\t0\t{site.strand}"


def _element_rows(simulated: SimulatedGenome) -> Iterator[str]:
    """Elements of promoters and decoys by position, named ``element|site id``."""
    order = {contig: index for index, contig in enumerate(simulated.contigs)}
    items: list[tuple[Site, PlantedElement]] = [
        (site, element) for site in (*simulated.promoters, *simulated.negatives) for element in site.elements
    ]
    for site, element in sorted(items, key=lambda item: (order[item[0].contig], item[1].start)):
        yield f"{site.contig}\t{element.start}\t{element.end}\t{element.name}|{site.id}\t0\t{element.strand}"


def _table(simulated: SimulatedGenome, split: Split) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for site in simulated.sites(split):
        sequence = simulated.sequence(site.contig, site.start, site.end, site.strand)
        row = (sequence, site.label, site.id, site.contig, site.start, site.end, site.strand, site.site_class)
        writer.writerow(row)
    return text.getvalue().encode()


def _truth(simulated: SimulatedGenome, heading: str) -> bytes:
    truth = {
        "provenance": [line.removeprefix("# ") for line in heading.splitlines()],
        "seed": simulated.seed,
        "config": simulated.config.model_dump(),
        "coordinates": "0-based, half-open, forward strand",
        "contigs": [
            {"name": name, "length_bp": len(codes), "split": simulated.split_of[name]} for name, codes in simulated.contigs.items()
        ],
        "motifs": [{"name": motif.name, "probs_acgt": motif.probs} for motif in ALL_MOTIFS],
        "promoters": [_site_record(site) for site in simulated.promoters],
        "negatives": [_site_record(site) for site in simulated.negatives],
        "features": [asdict(feature) for feature in simulated.features],
    }
    return (json.dumps(truth, indent=1) + "\n").encode()


def _site_record(site: Site) -> dict[str, object]:
    position_name = "tss" if site.label else "anchor"
    return {
        "id": site.id,
        "contig": site.contig,
        position_name: site.anchor,
        "strand": site.strand,
        "start": site.start,
        "end": site.end,
        "class": site.site_class,
        "elements": [asdict(element) for element in site.elements],
    }
