"""Contig names of one file told in the names of another: ``chr1`` and ``1`` where nothing else can be meant."""

import logging
from collections.abc import Mapping

from dnabert.errors import RegionError

__all__ = ["ContigNames", "other_names"]

log = logging.getLogger(__name__)

_MITOCHONDRION = ("chrM", "MT", "M", "chrMT")
_NUM_EXAMPLES = 3


def other_names(name: str) -> tuple[str, ...]:
    """What else a contig may be called: with ``chr`` or without it, and the four names of the mitochondrion.

    Examples:
        >>> other_names("chr1"), other_names("1"), other_names("MT")
        (('1',), ('chr1',), ('chrM', 'M', 'chrMT'))
    """
    if name in _MITOCHONDRION:
        return tuple(other for other in _MITOCHONDRION if other != name)
    bare = name.removeprefix("chr")
    return (bare,) if bare != name else (f"chr{name}",)


class ContigNames:
    """The contigs of a genome, found by the names that other files give them.

    Args:
        lengths: Bases by contig of the genome.
        genome: How to call the genome in messages.
    """

    def __init__(self, lengths: Mapping[str, int], genome: str) -> None:
        self.lengths = dict(lengths)
        self.genome = genome
        self._found: dict[tuple[str, str], str] = {}
        self._name_by_contig: dict[tuple[str, str], str] = {}
        self._sources_told: set[str] = set()

    def find(self, name: str, where: str, source: str) -> str:
        """The genome's own name of a contig: the same name, or else the only contig that :func:`other_names` fits.

        Args:
            name: Contig as another file names it.
            where: ``file:line``, for messages.
            source: The file it stands in. It is told once in the log that it names its contigs otherwise, and it may not call one
                contig by two names. Empty: there is no file, and neither is done.

        Raises:
            RegionError: The contig is unknown, fits several of the genome, or has two names in one file.
        """
        key = source, name
        found = self._found.get(key)
        if found is None:
            found = name if name in self.lengths else self._only_fit(name, where)
            if source:
                self._check_unique(found, name, where, source)
                self._tell(found, name, source)
            self._found[key] = found
        return found

    def knows(self, name: str) -> bool:
        """Whether :meth:`find` would find a contig of this name."""
        return len(self._fits(name)) == 1

    def check_length(self, name: str, stated_length: int, where: str) -> None:
        """Nothing, if another file states the length that the contig has, or the contig is not in the genome at all.

        To be called for the contigs that are used: a genome may differ from a file in its mitochondrion only (hg19 and GRCh37 do).

        Args:
            name: Contig as another file names it.
            stated_length: Its bases, by a VCF ``##contig`` line, a GFF3 ``##sequence-region``, a table of sizes, or the like.
            where: ``file:line``, or the file, for messages.

        Raises:
            RegionError: The lengths differ.
        """
        fits = self._fits(name)
        if len(fits) == 1 and self.lengths[fits[0]] != stated_length:
            raise RegionError(
                f"{where}: contig {name} has {stated_length:,} bases, but {fits[0]} of {self.genome} has {self.lengths[fits[0]]:,}:"
                " the files are of different assemblies; give the genome that the positions refer to, or lift them over"
            )

    def check_end(self, element: str, end: int, contig: str, where: str) -> None:
        """Nothing, if an element of an annotation ends on its contig.

        Args:
            element: What it is, for the message: ``transcript T1``.
            end: One past its last base, 0-based, which is its last base as annotations count, from 1.
            contig: The genome's own name of the contig.
            where: ``file:line``, for messages.

        Raises:
            RegionError: It ends beyond.
        """
        if end > self.lengths[contig]:
            raise RegionError(
                f"{where}: {element} ends at {end}, but {contig} has {self.lengths[contig]} bases; give the genome that the annotation was"
                " made on"
            )

    def _fits(self, name: str) -> list[str]:
        return [name] if name in self.lengths else [other for other in other_names(name) if other in self.lengths]

    def _only_fit(self, name: str, where: str) -> str:
        fits = self._fits(name)
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise RegionError(f"{where}: contig {name} may be {' or '.join(fits)} of {self.genome}; give it the name that is meant")
        raise RegionError(
            f"{where}: contig {name} is not in {self.genome} (it has {self._examples()}); give the genome that the positions refer to,"
            " or leave such entries out"
        )

    def _examples(self) -> str:
        first = list(self.lengths)[:_NUM_EXAMPLES]
        return ", ".join([*first, "..."] if len(self.lengths) > _NUM_EXAMPLES else first) or "no contigs"

    def _check_unique(self, found: str, name: str, where: str, source: str) -> None:
        before = self._name_by_contig.setdefault((source, found), name)
        if before != name:
            raise RegionError(
                f"{where}: {source} has contigs {before} and {name}, and both would be {found} of {self.genome}; rename one of them"
            )

    def _tell(self, found: str, name: str, source: str) -> None:
        if found != name and source not in self._sources_told:
            self._sources_told.add(source)
            log.warning("%s: contigs are named %s, ..., %s has %s, ...: taken for the same", source, name, self.genome, found)
