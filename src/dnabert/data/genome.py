"""A genome as one memory-mapped array of base codes, made once and keyed by the content of its files.

Several FASTA or 2bit files become one array of one byte per base, and an index of contigs and of the runs of unambiguous bases
(N runs are never part of a window). Making it needs memory for the longest contig only.
"""

import csv
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.dna.fasta import read_contigs
from dnabert.dna.regions import open_text
from dnabert.dna.sequence import AMBIGUOUS, Codes, encode_bases
from dnabert.errors import DataFileError, OutputError
from dnabert.output import new_directory, sha256_of_file, write_json

__all__ = ["Contig", "GenomeStore", "build_genome", "cache_directory", "clean_runs", "read_split"]

_FORMAT = 1


@dataclass(frozen=True)
class Contig:
    """One contig in the store.

    Attributes:
        name: Its name.
        start: Its first base in the store.
        length: Its number of bases.
    """

    name: str
    start: int
    length: int


@dataclass(frozen=True)
class GenomeStore:
    """Base codes of all contigs, one after the other.

    Attributes:
        codes: Memory-mapped codes, shape (total bases,), values 0-4.
        contigs: The contigs in order.
        key: SHA-256 over the content of the files.
        files: SHA-256 by file name.
        num_ambiguous: Bases that are not A, C, G or T.
    """

    codes: Codes
    contigs: tuple[Contig, ...]
    key: str
    files: dict[str, str]
    num_ambiguous: int


def cache_directory() -> Path:
    """``$DNABERT_CACHE``, else ``$XDG_CACHE_HOME/dnabert``, else ``~/.cache/dnabert``."""
    own = os.environ.get("DNABERT_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dnabert"


def build_genome(paths: list[Path], cache: Path | None = None) -> GenomeStore:
    """The store of one or several genome files; made on first use, found again by content.

    Args:
        paths: FASTA (plain, gzip, bgzip) or 2bit files.
        cache: Where stores are kept; None is :func:`cache_directory`.

    Raises:
        DataFileError: A file cannot be read, or a contig name occurs twice.
        SequenceError: A letter is no nucleotide.
        OutputError: The store cannot be written.
    """
    if not paths:
        raise DataFileError("no genome file is given")
    digests = [sha256_of_file(path) for path in paths]
    key = hashlib.sha256(f"{_FORMAT}:{':'.join(digests)}".encode()).hexdigest()
    directory = (cache or cache_directory()) / "genomes" / key[:20]
    if not (directory / "index.json").is_file():
        _make_store(directory, paths)
    return _open_store(directory, key, {str(path): digest for path, digest in zip(paths, digests, strict=True)})


def _make_store(directory: Path, paths: list[Path]) -> None:
    shutil.rmtree(directory, ignore_errors=True)  # one without an index is damaged
    try:
        with new_directory(directory) as fresh:
            _write_store(fresh, paths)
    except OutputError:
        if not (directory / "index.json").is_file():  # else another process has made the same store meanwhile
            raise


def _write_store(directory: Path, paths: list[Path]) -> None:
    contigs: list[Contig] = []
    origin: dict[str, Path] = {}
    total = ambiguous = 0
    with (directory / "codes.bin").open("wb") as handle:
        for path in paths:
            for record in read_contigs(path):
                if record.name in origin:
                    raise DataFileError(f"{path}: contig {record.name} is also in {origin[record.name]}; rename one of them")
                codes = encode_bases(record.sequence, f"{path}: {record.name}")
                handle.write(codes.tobytes())
                ambiguous += int(np.count_nonzero(codes >= AMBIGUOUS))
                contigs.append(Contig(record.name, total, len(codes)))
                origin[record.name] = path
                total += len(codes)
    if total == ambiguous:
        raise DataFileError(f"{paths[0]}: holds no A, C, G or T at all")
    index = {
        "format": _FORMAT,
        "num_ambiguous": ambiguous,
        "contigs": [[contig.name, contig.start, contig.length] for contig in contigs],
    }
    write_json(directory / "index.json", index)


def _open_store(directory: Path, key: str, files: dict[str, str]) -> GenomeStore:
    damaged = f"{directory}: the genome store is damaged; remove this folder, it will be made again"
    try:
        index = json.loads((directory / "index.json").read_text(encoding="utf-8"))
        contigs = tuple(Contig(*entry) for entry in index["contigs"])
        codes = np.memmap(directory / "codes.bin", dtype=np.uint8, mode="r")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataFileError(damaged) from error
    if len(codes) != sum(contig.length for contig in contigs):
        raise DataFileError(damaged)
    return GenomeStore(codes, contigs, key, files, index["num_ambiguous"])


def clean_runs(store: GenomeStore, contigs: tuple[Contig, ...], min_bp: int) -> npt.NDArray[np.int64]:
    """Runs of at least ``min_bp`` unambiguous bases within the contigs, as rows of start and end in the store, shape (R, 2)."""
    rows = []
    for contig in contigs:
        bad = np.flatnonzero(store.codes[contig.start : contig.start + contig.length] >= AMBIGUOUS)
        edges = np.concatenate(([-1], bad, [contig.length]))
        starts, ends = edges[:-1] + 1, edges[1:]
        keep = ends - starts >= min_bp
        rows.append(np.stack([starts[keep], ends[keep]], axis=1) + contig.start)
    return np.concatenate(rows).astype(np.int64) if rows else np.empty((0, 2), np.int64)


def read_split(path: Path) -> dict[str, str]:
    """Split by contig name, from a TSV with the columns ``contig`` and ``split``.

    Raises:
        DataFileError: The columns are missing, or a line has another number of them.
    """
    with open_text(path) as handle:
        rows = csv.reader((line for line in handle if not line.startswith("#")), delimiter="\t")
        header = next(rows, [])
        if "contig" not in header or "split" not in header:
            raise DataFileError(f"{path}:1: needs the columns 'contig' and 'split', separated by tabs; found {', '.join(header) or 'none'}")
        contig, split = header.index("contig"), header.index("split")
        found = {}
        for row in rows:
            if len(row) != len(header):
                raise DataFileError(f"{path}:{rows.line_num}: {len(row)} columns, but the header has {len(header)}")
            found[row[contig]] = row[split]
    return found
