"""A genome as one memory-mapped array of base codes, made once and keyed by the content of its files.

Several FASTA or 2bit files become one array of one byte per base, and an index of contigs and of the runs of unambiguous bases
(N runs are never part of a window). Making it needs memory for the longest contig only, up to three times over.
"""

import hashlib
import json
import logging
import os
import shutil
import time
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from dnabert.data.runs import RunCollector, Runs, cut_runs
from dnabert.data.split_table import read_split
from dnabert.dna.contigs import ContigNames
from dnabert.dna.fasta import Record, check_letters, read_contigs
from dnabert.dna.regions import Region
from dnabert.dna.sequence import AMBIGUOUS, Codes, encode_bases, reverse_complement
from dnabert.errors import DataFileError, OutputError, RegionError, SequenceError
from dnabert.output import new_directory, sha256_of_file, write_json

__all__ = ["Contig", "GenomeStore", "build_genome", "cache_directory", "clean_runs", "read_split"]

log = logging.getLogger(__name__)

_OTHER_CACHE = "set DNABERT_CACHE to another folder, where genomes are then kept"
_FORMAT = 3
_LOWER_CASE = 0x20
_BLOCK = 1 << 22
_STALE_S = 24 * 3600
"""After this time without a write a store that is being made has been given up: the machine that made it may not be this one, and
processes of others cannot be asked for."""


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
        soft_masked: Runs of lower-case letters in the files, which by convention are repeats: rows of start and end in the store,
            ascending, none over the end of a contig, shape (R, 2); empty where the files have no lower case.
    """

    codes: Codes
    contigs: tuple[Contig, ...]
    key: str
    files: dict[str, str]
    num_ambiguous: int
    soft_masked: Runs = field(default_factory=lambda: np.empty((0, 2), np.int64))

    @cached_property
    def lengths(self) -> dict[str, int]:
        """Bases by contig name."""
        return {contig.name: contig.length for contig in self.contigs}

    @cached_property
    def contig_starts(self) -> npt.NDArray[np.int64]:
        """First base of each contig in the store, ascending, shape (contigs,)."""
        return np.array([contig.start for contig in self.contigs], dtype=np.int64)

    @cached_property
    def names(self) -> ContigNames:
        """What other files may call the contigs."""
        return ContigNames(self.lengths, ", ".join(self.files))

    @cached_property
    def clean(self) -> Runs:
        """Runs of unambiguous bases, rows of start and end in the store, ascending, none over the end of a contig, shape (R, 2)."""
        found = RunCollector()
        for start in range(0, len(self.codes), _BLOCK):
            found.add(self.codes[start : start + _BLOCK] < AMBIGUOUS)
        return cut_runs(found.runs(), self.contig_starts)

    @cached_property
    def _starts_by_name(self) -> dict[str, int]:
        return {contig.name: contig.start for contig in self.contigs}

    def position(self, region: Region) -> int:
        """Where a region begins in the store; its contig name is the genome's own.

        Raises:
            RegionError: The contig is unknown, or the region goes beyond its ends.
        """
        start = self._starts_by_name.get(region.contig)
        if start is None:
            known = ", ".join(list(self.lengths)[:3])
            raise RegionError(f"{region.where or region}: contig {region.contig} is not in the genome (it has {known}, ...)")
        length = self.lengths[region.contig]
        if not 0 <= region.start < region.end <= length:
            raise RegionError(f"{region.where or region}: {region} is not within {region.contig}, which has {length} bases")
        return start + region.start

    def read(self, region: Region) -> Codes:
        """Base codes of a region, read on its strand, shape (L,).

        Raises:
            RegionError: As :meth:`position`.
        """
        start = self.position(region)
        codes = self.codes[start : start + region.end - region.start]
        return reverse_complement(codes) if region.strand == "-" else np.array(codes)


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
        SequenceError: A letter is no nucleotide; the message gives its line.
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
    _remove_stale(directory.parent)
    shutil.rmtree(directory, ignore_errors=True)  # one without an index is damaged
    try:
        with new_directory(directory, way_out=_OTHER_CACHE) as fresh:
            _write_store(fresh, paths)
    except OutputError:
        if not (directory / "index.json").is_file():  # else another process has made the same store meanwhile
            raise


def _remove_stale(cache: Path) -> None:
    """Removes what is left of stores whose making was killed."""
    for left in cache.glob(".*.tmp"):
        try:
            last_write = max(path.stat().st_mtime for path in (left, *left.iterdir()))
        except OSError:  # the process that works in it, or that removes it, was faster
            continue
        if time.time() - last_write > _STALE_S:
            log.info("%s: left by a run that was killed; removed", left)
            shutil.rmtree(left, ignore_errors=True)


def _write_store(directory: Path, paths: list[Path]) -> None:
    lengths: dict[str, int] = {}
    origin: dict[str, Path] = {}
    ambiguous = 0
    lower_case = RunCollector()
    with (directory / "codes.bin").open("wb") as handle:
        for path in paths:
            for record in read_contigs(path):
                if record.name in origin:
                    raise DataFileError(f"{path}: contig {record.name} is also in {origin[record.name]}; rename one of them")
                for start in range(0, len(record.letters), _BLOCK):
                    codes = _encode_block(record, start, path)
                    handle.write(codes.data)
                    ambiguous += int(np.count_nonzero(codes >= AMBIGUOUS))
                    lower_case.add(_is_lower(record.letters[start : start + _BLOCK]))
                lengths[record.name] = len(record.letters)
                origin[record.name] = path
                del record  # before the next one is read
        _flush_to_disk(handle)
    if sum(lengths.values()) == ambiguous:
        raise DataFileError(f"{paths[0]}: holds no A, C, G or T at all")
    borders = np.cumsum([0, *lengths.values()])
    with (directory / "soft_masked.npy").open("wb") as handle:
        np.save(handle, cut_runs(lower_case.runs(), borders))
        _flush_to_disk(handle)
    index = {"format": _FORMAT, "num_ambiguous": ambiguous, "names": list(lengths), "lengths": list(lengths.values())}
    write_json(directory / "index.json", index, _OTHER_CACHE)


def _flush_to_disk(handle: BinaryIO) -> None:
    handle.flush()
    os.fsync(handle.fileno())


def _encode_block(record: Record, start: int, path: Path) -> Codes:
    try:
        return encode_bases(record.letters[start : start + _BLOCK])
    except SequenceError:
        check_letters(record, path)  # raises too, with the line, and the position from the start of the contig
        raise


def _is_lower(letters: bytes) -> npt.NDArray[np.bool_]:
    if letters.isupper():
        return np.zeros(len(letters), dtype=np.bool_)
    found: npt.NDArray[np.bool_] = (np.frombuffer(letters, dtype=np.uint8) & _LOWER_CASE) != 0
    return found


def _open_store(directory: Path, key: str, files: dict[str, str]) -> GenomeStore:
    damaged = f"{directory}: the genome store is damaged; remove this folder, it will be made again"
    try:
        index = json.loads((directory / "index.json").read_text(encoding="utf-8"))
        names, lengths, num_ambiguous = index["names"], index["lengths"], index["num_ambiguous"]
        contigs = tuple(map(Contig, names, accumulate(lengths, initial=0), lengths))
        codes = np.asarray(np.memmap(directory / "codes.bin", dtype=np.uint8, mode="r"))  # a memmap takes longer to be sliced
        soft_masked = np.load(directory / "soft_masked.npy", mmap_mode="r")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataFileError(damaged) from error
    if len(names) != len(lengths) or len(codes) != sum(lengths) or soft_masked.shape[1:] != (2,):
        raise DataFileError(damaged)
    return GenomeStore(codes, contigs, key, files, num_ambiguous, soft_masked)


def clean_runs(store: GenomeStore, contigs: tuple[Contig, ...], min_bp: int) -> Runs:
    """Runs of at least ``min_bp`` unambiguous bases within the contigs, as rows of start and end in the store, shape (R, 2).

    Args:
        store: The genome.
        contigs: Contigs of it, or parts of them; the runs come in their order.
        min_bp: Fewest bases of a run.
    """
    starts = np.array([contig.start for contig in contigs], dtype=np.int64)
    ends = starts + np.array([contig.length for contig in contigs], dtype=np.int64)
    first = np.searchsorted(store.clean[:, 1], starts, side="right")
    counts = np.searchsorted(store.clean[:, 0], ends) - first
    owner = np.repeat(np.arange(len(starts)), counts)
    run = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + first[owner]
    runs = np.stack([np.maximum(store.clean[run, 0], starts[owner]), np.minimum(store.clean[run, 1], ends[owner])], axis=1)
    kept: Runs = runs[runs[:, 1] - runs[:, 0] >= min_bp]
    return kept
