"""The labelled sets."""

import csv
import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.shuffle import shuffle_dinucleotides
from dnabert.dna.sequence import BASES, Codes, decode_bases, encode_bases, reverse_complement
from dnabert.motif.compare import Database, KnownMotif
from dnabert.output import write_text

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[3] / "shared" / "data")
PLANTED = ("CTCF", "SP1", "GATA1", "USF1", "NRF1", "REST", "FOXA1", "FOS::JUN", "GABPA", "YY1")
"""Long and short, palindromes and not, rich and poor in G+C; of each factor the profile with the lowest number, its plain one."""
TWO_MODULES = "MA1930"
"""CTCF with its upstream module, 33 bases with a gap: beyond a window of 24, and not counted among the ten."""
ENCODE = {"CTCFL": "CTCFL_K562", "REST": "REST_GM12878", "USF1": "USF1_HepG2", "SP1": "SP1_GM12878", "FOXA1": "FOXA1_HepG2"}
GUE = ("0", "1", "4")
LENGTH_BP = 101
GC_SHARE = 0.42


@dataclass(frozen=True)
class Task:
    """A set to fine-tune on and to search.

    Attributes:
        key: Its folder.
        kind: ``planted`` (one of the ten), ``two modules`` (planted, too), ``ENCODE`` or ``GUE``.
        factor: The factor; empty where the set does not tell.
    """

    key: str
    kind: str
    factor: str = ""

    @property
    def is_planted(self) -> bool:
        """Whether it is known where sites are."""
        return self.kind in ("planted", "two modules")


@dataclass(frozen=True)
class Sizes:
    """How much of everything.

    Attributes:
        train: Planted or bound sequences to train on; as many negatives.
        test: The same for validation, and for the test.
        epochs: Passes over the training set.
        searched: Most positives that are searched.
        judged: Most positives of a planted set whose scores of bases are judged by what was planted.
        methods: Where scores come from: attention, or a method of attribution.
        search: Settings of the search.
    """

    train: int = 2500
    test: int = 300
    epochs: int = 5
    searched: int = 1000
    judged: int = 20
    methods: tuple[str, ...] = ("attention", "gradient")
    search: tuple[str, ...] = ()


def factor_motifs(database: Database, factor: str) -> list[KnownMotif]:
    """Profiles of a factor alone, by number, or the one of this number; those of its dimers with others only where there are no others."""
    alone = [known for known in database.motifs if factor.upper() in (known.name.upper(), known.id.split(".")[0].upper())]
    company = [known for known in database.motifs if factor.upper() in known.name.upper().split("::")]
    return sorted(alone or company, key=lambda one: one.id)


def planted_positives(known: KnownMotif, count: int, rng: np.random.Generator) -> tuple[list[Codes], list[tuple[int, str]]]:
    """Random sequences with one site each; where the sites begin, and their strands."""
    order = np.array(["ACGT".index(base) for base in BASES])
    shares = known.probs[:, order]
    background = np.where(np.isin(list(BASES), list("GC")), GC_SHARE / 2, (1 - GC_SHARE) / 2)
    found, places = [], []
    for _ in range(count):
        codes = rng.choice(4, LENGTH_BP, p=background).astype(np.uint8)
        site = np.array([rng.choice(4, p=row / row.sum()) for row in shares], np.uint8)
        start = int(rng.integers(5, LENGTH_BP - 5 - len(site)))
        strand = "-" if rng.random() < 0.5 else "+"
        codes[start : start + len(site)] = site if strand == "+" else reverse_complement(site)
        found.append(codes)
        places.append((start, strand))
    return found, places


def site_bits(probs: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Information of each place of a matrix, in bits above uniform bases, (W,).

    Source: Schneider and Stephens 1990.
    """
    logs = np.log2(probs, out=np.zeros_like(probs, dtype=np.float64), where=probs > 0)
    return 2 + (probs * logs).sum(axis=1)


def with_shuffles(positives: Sequence[Codes]) -> Iterator[tuple[str, str]]:
    """Sequence and label of the positives and of a shuffle of each."""
    codes = np.stack(positives)
    keys = np.array([zlib.crc32(row.tobytes()) for row in codes], np.int64)
    shuffles = shuffle_dinucleotides(codes, keys, 1)
    for row, other, is_new in zip(codes, shuffles.codes[:, 0], shuffles.is_new[:, 0], strict=True):
        yield decode_bases(row), "1"
        if is_new:
            yield decode_bases(other), "0"


def drawn(rows: list[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """So many of the rows, at random, in their order: files may be sorted by label."""
    numbers = np.sort(np.random.default_rng(2).permutation(len(rows))[:most])
    return [rows[number] for number in numbers.tolist()]


def write_table(path: Path, rows: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "sequence,label\n" + "".join(f"{sequence},{label}\n" for sequence, label in rows))


def write_planted(folder: Path, task: Task, sizes: Sizes, database: Database) -> None:
    """Three tables, and the positives with their sites: sequence, start, end, strand, and the bits of each base of the site."""
    known = factor_motifs(database, task.factor)[0]
    rng = np.random.default_rng(zlib.crc32(known.name.encode()))
    for name, count in (("train", sizes.train), ("valid", sizes.test), ("test", sizes.test)):
        positives, places = planted_positives(known, count, rng)
        write_table(folder / f"{name}.csv", with_shuffles(positives))
        bits = [f"{one:.3f}" for one in site_bits(known.probs).tolist()]
        rows = [
            f"{decode_bases(codes)}\t{start}\t{start + len(bits)}\t{strand}\t{','.join(bits if strand == '+' else bits[::-1])}\n"
            for codes, (start, strand) in zip(positives, places, strict=True)
        ]
        write_text(folder / f"{name}.sites.tsv", "sequence\tstart\tend\tstrand\tbits\n" + "".join(rows))


def write_encode(folder: Path, task: Task, sizes: Sizes) -> str | None:
    """Training, validation and test tables; the reason where there are none."""
    files = [DATA / "tfbs" / "deepbind_encode" / f"{ENCODE[task.factor]}_{part}.seq.gz" for part in ("AC", "B")]
    if not all(path.is_file() for path in files):
        return f"{files[0]} is not there"
    sets = []
    for path in files:
        with gzip.open(path, "rt") as handle:
            sets.append([(row["seq"].upper(), row["Bound"]) for row in csv.DictReader(handle, delimiter="\t")])
    bound = [encode_bases(sequence) for sequence, label in sets[0] if label == "1" and set(sequence) <= set("ACGT")]
    order = np.random.default_rng(1).permutation(len(bound))[: 2 * sizes.train].tolist()
    held_out = max(len(order) // 10, 1)
    write_table(folder / "valid.csv", with_shuffles([bound[number] for number in order[:held_out]]))
    write_table(folder / "train.csv", with_shuffles([bound[number] for number in order[held_out:]]))
    write_table(folder / "test.csv", drawn(sets[1], 4 * sizes.test))
    return None


def write_gue(folder: Path, task: Task, sizes: Sizes) -> str | None:
    source = DATA / "gue" / "tf" / task.key.rsplit("-", 1)[-1]
    for name, part, most in (("train", "train", 4 * sizes.train), ("valid", "dev", 4 * sizes.test), ("test", "test", 4 * sizes.test)):
        path = source / f"{part}.csv.gz"
        if not path.is_file():
            return f"{path} is not there"
        with gzip.open(path, "rt") as handle:
            write_table(folder / f"{name}.csv", drawn([(row["sequence"], row["label"]) for row in csv.DictReader(handle)], most))
    return None
