"""In how many sequences strings occur: exact search of many strings at once, over base codes.

All windows of one length are numbers in base 4, each made from that of the window one base shorter; the strings of that length are a
sorted list of such numbers. It answers as an Aho-Corasick automaton would.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import AMBIGUOUS, Codes, encode_bases
from dnabert.motif.steps.candidates import reverse_letters

__all__ = ["count_sequences_with"]

Integers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

_MAX_KEY_BP = 31
"""Bases whose number fits 64 bits with room to spare; of a longer string the rest is compared letter by letter."""
_BLOCK_BP = 1 << 22
"""Bases that are searched at once, at some 40 bytes of memory for each."""


@dataclass(frozen=True)
class _Patterns:
    """The strings of one length up to 31, or all longer ones under their first 31 bases."""

    keys: Keys
    groups: Integers
    whole: dict[bytes, int]


def count_sequences_with(
    letters: Sequence[str], groups: Sequence[int] | Integers, num_groups: int, sequences: Sequence[Codes], both_strands: bool
) -> Integers:
    """Sequences in which at least one string of a group occurs, each counted once.

    Args:
        letters: Strings of A, C, G and T; no string stands in two groups.
        groups: Number of the group of each.
        num_groups: Number of groups.
        sequences: Base codes; a string does not match an ambiguous base.
        both_strands: Whether the reverse complement of a string counts too.

    Returns:
        Counts, (num_groups,).
    """
    counts = np.zeros(num_groups, np.int64)
    group_of: dict[str, int] = {}
    for text, group in zip(letters, np.asarray(groups).tolist(), strict=True):
        group_of[text] = group
        if both_strands:
            group_of[reverse_letters(text)] = group
    if not group_of:
        return counts
    patterns = _by_length(group_of)
    for block in _blocks(sequences):
        pairs = [groups * len(block) + owners for groups, owners in _hits(block, patterns)]
        found = np.unique(np.concatenate([np.empty(0, np.int64), *pairs]))
        counts += np.bincount(found // len(block), minlength=num_groups)
    return counts


def _blocks(sequences: Sequence[Codes]) -> Iterator[list[Codes]]:
    block: list[Codes] = []
    size = 0
    for codes in sequences:
        block.append(codes)
        size += len(codes)
        if size >= _BLOCK_BP:
            yield block
            block, size = [], 0
    if block:
        yield block


def _by_length(group_of: dict[str, int]) -> dict[int, _Patterns]:
    lengths: dict[int, list[tuple[bytes, int]]] = {}
    for text, group in group_of.items():
        lengths.setdefault(len(text), []).append((encode_bases(text).tobytes(), group))
    found = {}
    for length, strings in lengths.items():
        short = min(length, _MAX_KEY_BP)
        rows = np.frombuffer(b"".join(codes for codes, _ in strings), np.uint8).reshape(len(strings), length)[:, :short]
        keys = rows.astype(np.uint64) @ (np.uint64(4) ** np.arange(short - 1, -1, -1, dtype=np.uint64))
        order = np.argsort(keys, kind="stable")
        found[length] = _Patterns(keys[order], np.array([group for _, group in strings])[order], dict(strings) if length > short else {})
    return found


def _hits(block: list[Codes], patterns: dict[int, _Patterns]) -> Iterator[tuple[Integers, Integers]]:
    """Groups that occur, and the number within the block of the sequence where, for each length."""
    codes = np.concatenate(block)
    lengths = [len(row) for row in block]
    owners = np.repeat(np.arange(len(block)), lengths)
    # A window may not reach over the end of its sequence, nor over an ambiguous base.
    ends = np.repeat(np.cumsum(lengths), lengths)
    unknown = np.append(np.flatnonzero(codes >= AMBIGUOUS), len(codes))
    places = np.arange(len(codes))
    room = np.minimum(ends, unknown[np.searchsorted(unknown, places)]) - places
    digits = np.where(codes < AMBIGUOUS, codes, 0).astype(np.uint64)
    starts = np.arange(len(codes))
    keys = np.zeros(len(codes), np.uint64)
    for length in range(1, max(patterns) + 1):
        fits = room[starts] >= length
        starts, keys = starts[fits], keys[fits]
        if length <= _MAX_KEY_BP:
            keys = keys * np.uint64(4) + digits[starts + length - 1]
        if length in patterns and len(starts):
            groups, places = _lookup(patterns[length], keys, starts, codes, length)
            yield groups, owners[places]


def _lookup(patterns: _Patterns, keys: Keys, starts: Integers, codes: Codes, length: int) -> tuple[Integers, Integers]:
    index = np.minimum(np.searchsorted(patterns.keys, keys), len(patterns.keys) - 1)
    match = patterns.keys[index] == keys
    places = starts[match]
    if not patterns.whole:
        return patterns.groups[index[match]], places
    found = [(patterns.whole.get(codes[at : at + length].tobytes()), at) for at in places.tolist()]
    real = [(group, at) for group, at in found if group is not None]
    return np.array([group for group, _ in real], np.int64), np.array([at for _, at in real], np.int64)
