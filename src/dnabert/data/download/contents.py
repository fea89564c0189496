"""What a genome file is made of, contig by contig, read once; memory for the longest contig only."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.dna.assembly import name_assembly
from dnabert.dna.fasta import Record, check_letters, read_contigs
from dnabert.dna.packing import first_bytes, packing_of
from dnabert.dna.sequence import encode_bases
from dnabert.dna.twobit import is_twobit
from dnabert.errors import SequenceError
from dnabert.output import sha256_of_file

__all__ = ["ContigContent", "GenomeContent", "Totals", "describe_contig", "describe_contigs", "describe_genome", "pack_of"]

_BLOCK = 1 << 20
_LOWER_CASE = 0x20


_LETTERS_OF_KIND = ("Nn", "RYSWKMBDHVryswkmbdhv", "ACGTUacgtu", "GCgc", "acgtunryswkmbdhv")
_KINDS = np.array([[chr(letter) in letters for letters in _LETTERS_OF_KIND] for letter in range(256)], dtype=np.int64)
"""Whether a letter is N, otherwise ambiguous, known, G or C, in lower case; shape (256, 5)."""


@dataclass(frozen=True)
class Totals:
    """Bases by kind, of a contig or of a genome.

    Attributes:
        length: All bases.
        num_n: N.
        num_other_ambiguous: The other IUPAC letters.
        num_soft_masked: Letters in lower case.
        num_gc: G and C.
        num_n_runs: Runs of N.
        longest_n_run: The longest of them, in bases.
    """

    length: int
    num_n: int
    num_other_ambiguous: int
    num_soft_masked: int
    num_gc: int
    num_n_runs: int
    longest_n_run: int

    @property
    def num_known(self) -> int:
        """A, C, G and T (or U)."""
        return self.length - self.num_n - self.num_other_ambiguous

    @property
    def gc(self) -> float | None:
        """Share of G and C among the known bases; None where none is known."""
        return self.num_gc / self.num_known if self.num_known else None


@dataclass(frozen=True)
class ContigContent(Totals):
    """What a contig is made of.

    Attributes:
        name: Its name.
    """

    name: str


@dataclass(frozen=True)
class GenomeContent:
    """What a genome file is made of.

    Attributes:
        path: The file.
        packing: ``plain``, ``gzip``, ``bgzip`` or ``2bit``.
        is_indexed: Whether its index lies beside it and is no older; None for a file that needs none or can have none.
        sha256: Of the file.
        assembly: The published assembly that its contigs are of, or None if that cannot be told.
        contigs: The contigs in their order.
    """

    path: Path
    packing: str
    is_indexed: bool | None
    sha256: str
    assembly: str | None
    contigs: tuple[ContigContent, ...]

    @property
    def totals(self) -> Totals:
        """All contigs together."""
        return add_up(self.contigs)


def add_up(contigs: tuple[ContigContent, ...]) -> Totals:
    """All contigs together."""
    return Totals(
        length=sum(contig.length for contig in contigs),
        num_n=sum(contig.num_n for contig in contigs),
        num_other_ambiguous=sum(contig.num_other_ambiguous for contig in contigs),
        num_soft_masked=sum(contig.num_soft_masked for contig in contigs),
        num_gc=sum(contig.num_gc for contig in contigs),
        num_n_runs=sum(contig.num_n_runs for contig in contigs),
        longest_n_run=max((contig.longest_n_run for contig in contigs), default=0),
    )


def describe_genome(path: Path) -> GenomeContent:
    """What a genome file is made of.

    Args:
        path: FASTA (plain, gzip, bgzip) or 2bit file.

    Raises:
        DataFileError: It cannot be read, or is no FASTA or 2bit file.
        SequenceError: A letter is no nucleotide.
    """
    packing = pack_of(path)
    contigs = tuple(describe_contigs(path))
    assembly = name_assembly({contig.name: contig.length for contig in contigs})
    return GenomeContent(path, packing, _is_indexed(path, packing), sha256_of_file(path), assembly, contigs)


def describe_contigs(path: Path) -> Iterator[ContigContent]:
    """Each contig of a genome file, as it is read.

    Raises:
        DataFileError: It cannot be read, or is no FASTA or 2bit file.
        SequenceError: A letter is no nucleotide.
    """
    for record in read_contigs(path):
        try:
            yield describe_contig(record, str(path))
        except SequenceError:
            check_letters(record, path)  # raises too, with the line
            raise


def describe_contig(record: Record, source: str) -> ContigContent:
    """What one contig is made of.

    Args:
        record: Its name and letters.
        source: The file, for messages.

    Raises:
        SequenceError: A letter is no nucleotide.
    """
    counts = np.zeros(256, dtype=np.int64)
    edges: list[npt.NDArray[np.int64]] = []
    is_open = False  # whether a run of N goes on into the next block
    for start in range(0, len(record.letters), _BLOCK):
        block = np.frombuffer(record.letters[start : start + _BLOCK], dtype=np.uint8)
        found = np.bincount(block, minlength=256)
        counts += found
        if is_open or found[ord("N")] or found[ord("n")]:
            is_n = (block | _LOWER_CASE) == ord("n")
            changes = np.flatnonzero(is_n[1:] != is_n[:-1]) + start + 1
            edges.append(changes if is_n[0] == is_open else np.concatenate(([start], changes)))
            is_open = bool(is_n[-1])
    if is_open:
        edges.append(np.array([len(record.letters)]))
    num_n, num_other, num_known, num_gc, num_soft_masked = (counts @ _KINDS).tolist()
    if num_n + num_other + num_known != len(record.letters):
        encode_bases(record.sequence, f"{source}: {record.name}")  # names the letter that is none
    runs = np.concatenate(edges) if edges else np.empty(0, np.int64)
    return ContigContent(
        length=len(record.letters),
        num_n=num_n,
        num_other_ambiguous=num_other,
        num_soft_masked=num_soft_masked,
        num_gc=num_gc,
        num_n_runs=len(runs) // 2,
        longest_n_run=int((runs[1::2] - runs[::2]).max(initial=0)),
        name=record.name,
    )


def pack_of(path: Path) -> str:
    """How a genome file is packed: ``plain``, ``gzip``, ``bgzip`` or ``2bit``.

    Raises:
        DataFileError: It cannot be read.
    """
    if is_twobit(path):
        return "2bit"
    return packing_of(first_bytes(path))


def _is_indexed(path: Path, packing: str) -> bool | None:
    if packing not in ("plain", "bgzip"):
        return None
    indices = [Path(f"{path}.fai"), *([Path(f"{path}.gzi")] if packing == "bgzip" else [])]
    return all(index.is_file() and index.stat().st_mtime_ns >= path.stat().st_mtime_ns for index in indices)
