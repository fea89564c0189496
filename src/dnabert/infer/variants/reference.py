"""The bases of a genome, read in pieces that are kept: variants of a sorted file ask for the same ones again and again."""

from functools import lru_cache

from dnabert.dna.regions import Genome, Region
from dnabert.dna.sequence import AMBIGUOUS
from dnabert.errors import RegionError

__all__ = ["ReferenceBases", "opposite"]

_PIECE_BP = 1 << 16
_NUM_PIECES = 64

_COMPLEMENT = bytes.maketrans(bytes(range(AMBIGUOUS + 1)), bytes([1, 0, 3, 2, AMBIGUOUS]))


class ReferenceBases:
    """Base codes of any part of a genome.

    Args:
        genome: The genome, open.
    """

    def __init__(self, genome: Genome) -> None:
        self.genome = genome
        self._piece = lru_cache(maxsize=_NUM_PIECES)(self._read_piece)
        self._contigs: dict[str, str | None] = {}

    def contig(self, name: str) -> str | None:
        """The genome's own name of a contig that a file calls ``name``; None if the genome has none, or several that fit."""
        if name not in self._contigs:
            try:
                self._contigs[name] = self.genome.names.find(name, name, "")
            except RegionError:
                self._contigs[name] = None
        return self._contigs[name]

    def length(self, contig: str) -> int:
        """Bases of a contig."""
        return self.genome.lengths[contig]

    def read(self, contig: str, start: int, end: int) -> bytes:
        """Base codes of bases [start, end), which must be on the contig.

        Raises:
            DataFileError: The file is damaged, or was changed since it was opened.
            SequenceError: A letter is no nucleotide; the message gives its line in the file.
        """
        first, last = start // _PIECE_BP, max(end - 1, start) // _PIECE_BP
        if first == last:
            return self._piece(contig, first)[start - first * _PIECE_BP : end - first * _PIECE_BP]
        whole = b"".join(self._piece(contig, number) for number in range(first, last + 1))
        return whole[start - first * _PIECE_BP : end - first * _PIECE_BP]

    def _read_piece(self, contig: str, number: int) -> bytes:
        start, end = number * _PIECE_BP, min((number + 1) * _PIECE_BP, self.length(contig))
        return self.genome.codes(Region(contig, start, end)).tobytes() if start < end else b""


def opposite(codes: bytes) -> bytes:
    """Codes of the opposite strand, read 5' to 3'."""
    return codes.translate(_COMPLEMENT)[::-1]
