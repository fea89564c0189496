"""Which published assembly a genome is, told by the names and lengths of its contigs alone; needs no network.

Source: the tables of assembled chromosomes that bioframe ships (human, mouse, fly, worm, zebrafish, yeast).
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from dnabert.dna.contigs import other_names

__all__ = ["name_assembly"]


def name_assembly(lengths: Mapping[str, int]) -> str | None:
    """The known assembly that a genome is (``hg38``), or None where none fits or several do.

    One fits if at least one of its chromosomes is there with its length and none with another length. Chromosomes may be named
    with ``chr`` or without it, or by their accessions; contigs that are no assembled chromosome do not count.

    Args:
        lengths: Bases by contig.
    """
    fitting = [assembly for assembly in _known_assemblies() if _fits(lengths, assembly.lengths)]
    # Builds of one table are one assembly by the names of two providers.
    if len({assembly.table for assembly in fitting}) != 1:
        return None
    names = [assembly.name for assembly in fitting if assembly.provider == "ucsc"] or [assembly.name for assembly in fitting]
    return names[0] if len(names) == 1 else None


class _Assembly(NamedTuple):
    """A known assembly: whose name it is, the table it is in, and bases by every name of each chromosome."""

    name: str
    provider: str
    table: str
    lengths: dict[str, int]


@cache
def _known_assemblies() -> list[_Assembly]:
    # Takes up to 3 s.
    import bioframe

    found = []
    for entry in bioframe.assemblies_available().itertuples():
        lengths: dict[str, int] = {}
        for row in bioframe.assembly_info(f"{entry.provider}.{entry.provider_build}").seqinfo.itertuples():
            for name in (row.name, *other_names(row.name), *str(row.aliases).split(",")):
                lengths.setdefault(name, int(row.length))
        found.append(_Assembly(entry.provider_build, entry.provider, entry.seqinfo, lengths))
    return found


def _fits(lengths: Mapping[str, int], known: Mapping[str, int]) -> bool:
    shared = [name for name in lengths if name in known]
    return bool(shared) and all(lengths[name] == known[name] for name in shared)
