"""Known motifs like the ones found: TOMTOM, by memelite, against JASPAR or any MEME file.

memelite compiles its functions on the first call on a machine, which takes one to two minutes, and finds them compiled ever after: beside
its own files, in the user's cache where these cannot be written to, or in ``NUMBA_CACHE_DIR`` where that is set.
"""

import gzip
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

from dnabert.errors import DataFileError, requires_extra

__all__ = [
    "JASPAR_RELEASE",
    "SIGNIFICANT_Q",
    "Database",
    "KnownMotif",
    "Match",
    "best_match",
    "compare",
    "jaspar_database",
    "read_meme_database",
]

Floats = npt.NDArray[np.float64]

JASPAR_RELEASE = "JASPAR2026"
"""The release that is asked; pyjaspar brings all of them along."""

SIGNIFICANT_Q = 0.01
"""A known motif of this q or more is the nearest one there is, as one always is, and no match."""


@dataclass(frozen=True)
class KnownMotif:
    """A motif of a database.

    Attributes:
        id: Its accession.
        name: Its factor; the accession where the file gives none.
        probs: Probability of A, C, G, T at each position, (W, 4).
        families: Structural families of the factor, where the database knows them.
    """

    id: str
    name: str
    probs: Floats
    families: tuple[str, ...] = ()


@dataclass(frozen=True)
class Database:
    """Known motifs and what they are called together."""

    name: str
    motifs: tuple[KnownMotif, ...]


@dataclass(frozen=True)
class Match:
    """A known motif beside a found one.

    Attributes:
        known: The known motif.
        p: Chance that a motif of this database's columns fits as well (TOMTOM).
        q: The same corrected for all motifs of the database (Benjamini-Hochberg).
        offset: Where the known motif's first column stands, counted from the found one's first; may be below 0.
        overlap: Columns that lie over each other.
        is_reverse: Whether the known motif's reverse complement fits.
    """

    known: KnownMotif
    p: float
    q: float
    offset: int
    overlap: int
    is_reverse: bool

    @property
    def id(self) -> str:
        """Accession of the known motif."""
        return self.known.id

    @property
    def name(self) -> str:
        """Factor of the known motif."""
        return self.known.name

    @property
    def is_significant(self) -> bool:
        """Whether it is more than the nearest one there is."""
        return self.q < SIGNIFICANT_Q


def best_match(matches: Mapping[str, Sequence[Match]], name: str) -> Match | None:
    """The significant match of the lowest q; None without one.

    Args:
        matches: Matches by the name of a found motif, best first.
        name: The found motif.
    """
    first = next(iter(matches.get(name, ())), None)
    return first if first is not None and first.is_significant else None


def jaspar_database(release: str = JASPAR_RELEASE, tax_group: str = "vertebrates") -> Database:
    """JASPAR CORE as pyjaspar has it on disk.

    Args:
        release: Such as ``JASPAR2026``.
        tax_group: Such as ``vertebrates``.

    Raises:
        DnabertError: pyjaspar is not installed.
    """
    try:
        from pyjaspar import jaspardb
    except ImportError:
        raise requires_extra("pyjaspar", "jaspar", "--database jaspar") from None
    source = jaspardb(release=release)
    try:
        found = source.fetch_motifs(collection="CORE", tax_group=[tax_group])
    finally:
        source.conn.close()
    motifs = [KnownMotif(one.matrix_id, one.name, _shares(one.counts), tuple(one.tf_family or ())) for one in found]
    return Database(f"{release} {tax_group} CORE", tuple(sorted(motifs, key=lambda motif: motif.id)))


def _shares(counts: Mapping[str, Sequence[float]]) -> Floats:
    columns = np.array([counts[letter] for letter in "ACGT"], np.float64).T
    found: Floats = columns / columns.sum(axis=1, keepdims=True)
    return found


def read_meme_database(path: Path) -> Database:
    """Motifs of a MEME file, plain or gzip.

    Raises:
        DataFileError: It cannot be read, is damaged, or holds no motifs of DNA.
        DnabertError: memelite is not installed.
    """
    try:
        from memelite.io import read_meme
    except ImportError:
        raise requires_extra("memelite", "interpret", "--database") from None
    try:
        with tempfile.TemporaryDirectory() as folder:
            plain = path
            if path.suffix == ".gz":
                plain = Path(folder) / path.stem
                with gzip.open(path, "rb") as packed, plain.open("wb") as target:
                    shutil.copyfileobj(packed, target)
            found: dict[str, Any] = read_meme(str(plain))
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}; --database is jaspar, none, or a MEME file") from error
    except (ValueError, IndexError, AttributeError, UnicodeDecodeError, EOFError, zlib.error) as error:
        raise DataFileError(f"{path}: is no sound MEME file ({error}); --database is jaspar, none, or a MEME file") from error
    if not found:
        raise DataFileError(f"{path}: holds no MOTIF with a letter-probability matrix; --database is jaspar, none, or a MEME file")
    motifs = []
    for line, matrix in found.items():
        accession, _, name = line.partition(" ")
        motifs.append(KnownMotif(accession, name.strip() or accession, np.ascontiguousarray(matrix.T, np.float64)))
    return Database(path.name, tuple(motifs))


def compare(found: Mapping[str, Floats], database: Database, num_best: int = 5) -> dict[str, list[Match]]:
    """The known motifs that fit each found one best.

    Source: Gupta et al. 2007, Genome Biology 8:R24 (TOMTOM), on Euclidean distances of columns, both strands, as memelite does it.

    Args:
        found: Matrices, (W, 4), by name.
        database: The known motifs; with fewer than 25 the p-values mean little.
        num_best: Matches to give for each.

    Returns:
        Matches by name of the found motif, the lowest q first.

    Raises:
        DnabertError: memelite is not installed.
    """
    if not found or not database.motifs:
        return {name: [] for name in found}
    try:
        from memelite import tomtom
    except ImportError:
        raise requires_extra("memelite", "interpret", "--database") from None
    with warnings.catch_warnings():
        # Its advice on small databases is in the documentation of --database.
        warnings.simplefilter("ignore")
        result = tomtom([probs.T for probs in found.values()], [known.probs.T for known in database.motifs], n_jobs=1)
    matches = {}
    for number, name in enumerate(found):
        p = np.clip(result[0][number], 0.0, 1.0)
        q = np.asarray(false_discovery_control(p))
        order = np.lexsort((-result[1][number], p))[:num_best]
        matches[name] = [
            Match(
                database.motifs[place],
                float(p[place]),
                float(q[place]),
                -int(result[2][number][place]),
                int(result[3][number][place]),
                bool(result[4][number][place]),
            )
            for place in order.tolist()
        ]
    return matches
