"""Strings that are alike, merged without gaps.

Strings are taken shortest first. Each is laid over the first string of every group there is, at the offset where most bases agree: a
match counts 1, everything else 0, ends may hang over. It joins the group with which most bases agree, if these are at least
``min_len - 1`` and at least ``share`` of the shorter string; else it founds a group. So the first string of a group is its shortest.

Of equal strings of a kind the order decides nothing but ties, and these are broken by rule, so that the result does not depend on the
order of the input: strings of one length are taken by rising p, then by the alphabet; of groups that agree as well the one founded first
is taken; then the forward strand; then the offset at which the middles lie nearest; then the leftmost.

Source: Ji et al. 2021, ``merge_motifs``: Biopython's global alignment with match 1, mismatch 0, end gaps 0 and inner gaps forbidden is
the same thing, in the versions of Biopython where end gaps cost nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import Codes, encode_bases, reverse_complement

__all__ = ["Group", "Member", "merge_strings"]

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Member:
    """A string of a group.

    Attributes:
        string: Its number.
        offset: Where the group's first string begins in it (in its reverse complement if ``is_reverse``), may be below 0.
        is_reverse: Whether its reverse complement was laid over the first string.
        matches: Bases that agree.
    """

    string: int
    offset: int
    is_reverse: bool
    matches: int


@dataclass(frozen=True)
class Group:
    """Strings that are alike; the first member founded it."""

    members: tuple[Member, ...]

    @property
    def founder(self) -> int:
        """Number of its first string."""
        return self.members[0].string


def merge_strings(
    letters: Sequence[str], p: npt.NDArray[np.float64], min_len_bp: int = 5, share: float = 0.5, both_strands: bool = False
) -> tuple[Group, ...]:
    """Groups of alike strings, in the order of their founding.

    Args:
        letters: Distinct strings of A, C, G and T.
        p: Their p-values, (C,); the lower goes first among strings of one length.
        min_len_bp: At least this less one must agree.
        share: At least this share of the shorter one must agree.
        both_strands: Whether the reverse complement of a string is tried too.

    Examples:
        >>> groups = merge_strings(["TTGACC", "GATAA", "AGATAAG"], np.array([0.1, 0.1, 0.1]))
        >>> [[(member.string, member.offset) for member in group.members] for group in groups]
        [[(1, 0), (2, 1)], [(0, 0)]]
    """
    order = sorted(range(len(letters)), key=lambda number: (len(letters[number]), p[number], letters[number]))
    founders = _Founders()
    groups: list[list[Member]] = []
    for number in order:
        codes = encode_bases(letters[number])
        best = founders.best(codes, min_len_bp, share, both_strands)
        if best is None:
            founders.add(codes)
            groups.append([Member(number, 0, False, len(codes))])
        else:
            group, offset, is_reverse, matches = best
            groups[group].append(Member(number, offset, is_reverse, matches))
    return tuple(Group(tuple(members)) for members in groups)


class _Founders:
    """First strings of the groups, laid out so that one sum over a string's bases counts the matches at all offsets of all of them.

    ``flags[b][g, w]`` says whether founder g has base b at place ``width - 1 - w``: reversed, so that of the string's base i all founders'
    places lie at the offsets ``i + w`` in a row.
    """

    def __init__(self) -> None:
        self.codes: list[Codes] = []
        self.lengths = np.zeros(64, np.int64)
        self.flags = np.zeros((4, 64, 0), np.uint8)

    def add(self, codes: Codes) -> None:
        number, capacity, width = len(self.codes), self.flags.shape[1], max(len(codes), self.flags.shape[2])
        self.codes.append(codes)
        if number == capacity or width > self.flags.shape[2]:
            grown = np.zeros((4, 2 * capacity if number == capacity else capacity, width), np.uint8)
            grown[:, :capacity, width - self.flags.shape[2] :] = self.flags
            self.flags = grown
            self.lengths = np.concatenate([self.lengths, np.zeros(grown.shape[1] - len(self.lengths), np.int64)])
        self.lengths[number] = len(codes)
        self.flags[codes, number, width - 1 - np.arange(len(codes))] = 1

    def best(self, codes: Codes, min_len_bp: int, share: float, both_strands: bool) -> tuple[int, int, bool, int] | None:
        """Group, offset, strand and matches of the best fit that is good enough; None without one."""
        count = len(self.codes)
        if not count:
            return None
        strands = (codes, reverse_complement(codes)) if both_strands else (codes,)
        matches = [self._matches(strand) for strand in strands]
        most = np.stack([found.max(axis=1) for found in matches]).astype(np.int64)  # (strands, G)
        least = np.maximum(min_len_bp - 1, share * np.minimum(self.lengths[:count], len(codes)))
        reached = np.where(most >= least, most, -1)
        group = int(reached.max(axis=0).argmax())
        strand = int(reached[:, group].argmax())
        top = int(reached[strand, group])
        if top < 0:
            return None
        offsets = np.flatnonzero(matches[strand][group] == top) - (self.flags.shape[2] - 1)
        apart = np.abs(2 * offsets + self.lengths[group] - len(codes))
        return group, int(offsets[apart.argmin()]), bool(strand), top

    def _matches(self, codes: Codes) -> Bytes:
        """Bases that agree with each founder at each offset, (G, len(codes) + width - 1); index 0 is offset ``1 - width``."""
        count, width = len(self.codes), self.flags.shape[2]
        matches = np.zeros((count, len(codes) + width - 1), np.uint8 if len(codes) < 256 else np.uint16)
        for place, code in enumerate(codes.tolist()):
            matches[:, place : place + width] += self.flags[code, :count]
        return matches
