"""DNA text to base codes and back.

A base code is one byte: A 0, T 1, C 2, G 3, and 4 for every ambiguous base (N and the other IUPAC letters). The order
A, T, C, G is that of the published DNABERT vocabulary, so that the id of a k-mer is plain arithmetic on its codes, and the
complement of an unambiguous base is ``code ^ 1``.

Source: Ji et al. 2021, published ``vocab.txt``; IUPAC nucleotide code (Cornish-Bowden 1985, NC-IUB).
"""

import numpy as np
import numpy.typing as npt

from dnabert.errors import SequenceError

__all__ = [
    "AMBIGUOUS",
    "BASES",
    "Codes",
    "count_ambiguous",
    "decode_bases",
    "encode_bases",
    "find_invalid",
    "reverse_complement",
]

Codes = npt.NDArray[np.uint8]


BASES = "ATCG"
"""Letters by base code."""

AMBIGUOUS = 4
"""The code of a base that is not one of A, C, G, T (or U)."""

_INVALID = 255
_BLOCK = 1 << 16
_IUPAC = "RYSWKMBDHVN"

_CODE_OF_BYTE = np.full(256, _INVALID, dtype=np.uint8)
for _code, _base in enumerate(BASES):
    _CODE_OF_BYTE[ord(_base)] = _CODE_OF_BYTE[ord(_base.lower())] = _code
_CODE_OF_BYTE[ord("U")] = _CODE_OF_BYTE[ord("u")] = BASES.index("T")
for _letter in _IUPAC:
    _CODE_OF_BYTE[ord(_letter)] = _CODE_OF_BYTE[ord(_letter.lower())] = AMBIGUOUS
_TRANSLATION = _CODE_OF_BYTE.tobytes()
_SHORT = 4096
"""Letters up to which one call of Python's own translation is faster than several of numpy."""

_CODES_OF_PAIR = (_CODE_OF_BYTE[:, None].astype(np.uint16) * 256 + _CODE_OF_BYTE[None, :]).ravel()
"""Two codes in two bytes by two letters in two bytes, whichever comes first in memory: one look-up serves two bases."""

_BYTE_OF_CODE = np.frombuffer(b"ATCGN", dtype=np.uint8)
_COMPLEMENT = np.array([1, 0, 3, 2, 4], dtype=np.uint8)


def encode_bases(sequence: str | bytes, name: str = "sequence") -> Codes:
    """Base codes of a DNA sequence.

    Upper and lower case are the same, U is T, and the IUPAC letters RYSWKMBDHVN are ambiguous.

    Args:
        sequence: DNA letters, without blanks or line ends.
        name: How to call the sequence in an error.

    Returns:
        One code per base, shape (L,), values 0-4.

    Raises:
        SequenceError: A letter is not a nucleotide; the message gives its position (1-based) and a likely cause.

    Examples:
        >>> encode_bases("acgtuN").tolist()
        [0, 2, 3, 1, 1, 4]
    """
    codes = _codes(sequence)
    place = _first_invalid(codes)
    if place is not None:
        letter = sequence[place]
        raise SequenceError(_not_dna(name, letter if isinstance(letter, str) else chr(letter), place + 1))
    return codes


def find_invalid(sequence: str | bytes) -> int | None:
    """Index of the first letter that :func:`encode_bases` takes for no nucleotide; None if there is none.

    Examples:
        >>> find_invalid("ACGTNE"), find_invalid("acgu")
        (5, None)
    """
    return _first_invalid(_codes(sequence))


def _first_invalid(codes: Codes) -> int | None:
    for start in range(0, len(codes), _BLOCK):
        piece = codes[start : start + _BLOCK]
        if piece.max() == _INVALID:
            return start + int(piece.argmax())
    return None


def _codes(sequence: str | bytes) -> Codes:
    """Base codes; that of a letter that is no nucleotide is 255."""
    # A letter beyond ASCII becomes a question mark, which is no nucleotide either.
    letters = sequence.encode("ascii", "replace") if isinstance(sequence, str) else sequence
    if len(letters) <= _SHORT:
        return np.frombuffer(bytearray(letters.translate(_TRANSLATION)), dtype=np.uint8)
    count = len(letters)
    even = count - count % 2
    codes = np.empty(count, dtype=np.uint8)
    pairs, targets = np.frombuffer(letters, dtype=np.uint16, count=even // 2), codes[:even].view(np.uint16)
    for start in range(0, len(pairs), _BLOCK):
        piece = slice(start, start + _BLOCK)
        np.take(_CODES_OF_PAIR, pairs[piece], out=targets[piece], mode="clip")  # every pair is in the table: nothing is clipped
    if even < count:
        codes[-1] = _CODE_OF_BYTE[letters[-1]]
    return codes


def decode_bases(codes: Codes) -> str:
    """DNA letters of base codes; ambiguous bases come out as N.

    Examples:
        >>> decode_bases(encode_bases("acgtR"))
        'ACGTN'
    """
    return _BYTE_OF_CODE[codes].tobytes().decode("ascii")


def reverse_complement(codes: Codes) -> Codes:
    """Codes of the opposite strand, read 5' to 3'; ambiguous bases stay ambiguous.

    Examples:
        >>> decode_bases(reverse_complement(encode_bases("AACGN")))
        'NCGTT'
    """
    return _COMPLEMENT[codes[::-1]]


def count_ambiguous(codes: Codes) -> int:
    """Number of bases that are not A, C, G or T."""
    return int(np.count_nonzero(codes >= AMBIGUOUS))


def _not_dna(name: str, letter: str, position: int) -> str:
    if letter.isdigit():
        hint = "digits are no DNA: is this the sequence column?"
    elif letter in "-*.":
        hint = "remove gaps and stops first"
    elif letter.isspace():
        hint = "remove blanks inside the sequence (k-mer text is accepted only where it says so)"
    elif letter.upper() in "EFILPQZJO":
        hint = "this looks like protein; only ACGTU and the IUPAC letters RYSWKMBDHVN are nucleotides"
    else:
        hint = "only ACGTU and the IUPAC letters RYSWKMBDHVN are nucleotides"
    return f"{name}: {letter!r} at position {position} is not a nucleotide; {hint}"
