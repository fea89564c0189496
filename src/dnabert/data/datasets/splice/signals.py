"""What stands at the ends of introns: GT and AG, if the annotation fits the genome."""

from pathlib import Path

import numpy as np

from dnabert.data.datasets.splice.places import ACCEPTOR_OFFSET, Places, SpliceSites, pair_number, read_pairs
from dnabert.data.genome import GenomeStore
from dnabert.dna.readers.offsets import SHIFTS, MotifCheck, warn_if_shifted
from dnabert.dna.regions import Strand

__all__ = ["describe_signals", "warn_of_shifts"]

_STRANDS: tuple[Strand, ...] = ("+", "-")
_EXON_COLUMNS: dict[bool, dict[Strand, int]] = {True: {"+": 5, "-": 4}, False: {"+": 4, "-": 5}}
"""Column of an exon's line that tells where it ends, which is at a donor, or where it begins, at an acceptor, by strand."""
_KINDS = (("donors", True, 0, ("GT", "GC", "AT")), ("acceptors", False, ACCEPTOR_OFFSET, ("AG", "AC")))
"""Name of a kind of site, whether it is a donor, where its two bases stand, and which they are, the usual ones first."""


def describe_signals(store: GenomeStore, sites: SpliceSites) -> dict[str, object]:
    """How many donors have GT, GC and AT, and how many acceptors AG and AC, with their share in per cent; for the record."""
    facts: dict[str, object] = {}
    for name, is_donor, offset, pairs in _KINDS:
        read = read_pairs(store, sites.places.take(sites.is_donor == is_donor), offset)
        counts = {pair: int((read == pair_number(pair)).sum()) for pair in pairs}
        counts["other"] = len(read) - sum(counts.values())
        facts[name] = {pair: {"count": count, "percent": round(100 * count / max(len(read), 1), 2)} for pair, count in counts.items()}
    return facts


def warn_of_shifts(store: GenomeStore, sites: SpliceSites, path: Path) -> list[str]:
    """The warnings, also told in the log, that GT or AG do not stand where the annotation says.

    Args:
        store: The genome.
        sites: The sites.
        path: The annotation's file, for messages.
    """
    warnings = []
    for name, is_donor, offset, pairs in _KINDS:
        own = sites.places.take(sites.is_donor == is_donor)
        num_sites: dict[Strand, int] = {}
        num_equal: dict[tuple[Strand, int], int] = {}
        for strand in _STRANDS:
            places = own.take(own.is_reverse == (strand == "-"))
            if not len(places):
                continue
            num_sites[strand] = len(places)
            for shift in SHIFTS:
                moved = Places(np.clip(places.positions + shift, 0, len(store.codes) - 1), places.is_reverse)
                num_equal[strand, shift] = int((read_pairs(store, moved, offset) == pair_number(pairs[0])).sum())
        told = warn_if_shifted(MotifCheck(pairs[0], num_sites, num_equal), name, str(path), _EXON_COLUMNS[is_donor])
        if told is not None:
            warnings.append(told)
    return warnings
