"""One compact file of the genomes to pre-train on: `python -m benchmarks.gpu.corpus FASTA... --split TABLE --out codes.npz`.

Four bases a byte, the runs of ambiguous bases, names, lengths and split of the contigs. Contigs of the test are never in it. A file of
which the table names any contig must have all its contigs there; a file of which it names none is for training. What is for training is
searched for what is held out (valid and test), on both strands, and refused where they share more than a few repeats.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.data.genome import Contig, GenomeStore, build_genome, clean_runs
from dnabert.data.runs import RunCollector, Runs, cut_runs
from dnabert.data.split_table import read_split
from dnabert.dna.sequence import AMBIGUOUS, Codes, decode_bases, reverse_complement
from dnabert.errors import DataFileError, DnabertError
from dnabert.output import sha256_of_file, write_text

__all__ = ["CodeFile", "make_code_file", "pack_bases", "read_code_file", "shared_shares", "unpack_bases"]

_FORMAT = 1
_BLOCK = 1 << 16
SHARED_BP = 128
"""Words of so many bases are looked for; a power of 2. Source of the rule: ../shared/data/README.md (one in 8 128-mers)."""
SAMPLED = 8
"""One word in so many, chosen by its content."""
MAX_SHARED = 0.05
"""Share of a held-out contig's words that may be in the training part: old repeats; 2 % is usual."""
_FACTORS = np.array([0x9E3779B97F4A7C15 + 2 * 0xD1B54A32D192ED03 * number & (1 << 64) - 1 | 1 for number in range(7)], dtype=np.uint64)


@dataclass(frozen=True)
class CodeFile:
    """The genomes to pre-train on.

    Attributes:
        codes: Base codes of all contigs, one after the other, values 0-4.
        lengths: Bases by contig name, in order.
        split: train or valid by contig name.
        sha256: Of the file.
        sources: SHA-256 of the files that it was made of, and of the table, by name.
    """

    codes: Codes
    lengths: dict[str, int]
    split: dict[str, str]
    sha256: str
    sources: dict[str, str]

    def bases(self, kind: str) -> int:
        """Bases of the contigs that are train or valid."""
        return sum(length for name, length in self.lengths.items() if self.split[name] == kind)

    def write_fasta(self, path: Path) -> Path:
        """A FASTA file of it, a line for each contig: equal content, equal bytes, so that a run is known again on another machine."""
        lines, start = [], 0
        for name, length in self.lengths.items():
            lines.append(f">{name}\n{decode_bases(self.codes[start : start + length])}\n")
            start += length
        write_text(path, "".join(lines))
        return path


def pack_bases(codes: Codes) -> Codes:
    """Codes 0-3, four to a byte, first base lowest; the last byte is filled up with 0. Ambiguous bases are written as 0."""
    padded = np.zeros(-(-len(codes) // 4) * 4, dtype=np.uint8)
    padded[: len(codes)] = np.where(codes == AMBIGUOUS, 0, codes)
    packed: Codes = np.bitwise_or.reduce(padded.reshape(-1, 4) << np.array([0, 2, 4, 6], np.uint8), axis=1)
    return packed


def unpack_bases(packed: Codes, count: int) -> Codes:
    """The first ``count`` codes of packed bases."""
    codes: Codes = ((packed[:, None] >> np.array([0, 2, 4, 6], np.uint8)) & np.uint8(3)).reshape(-1)[:count]
    return codes


def make_code_file(fasta: list[Path], table: Path, out: Path, max_shared: float = MAX_SHARED) -> CodeFile:
    """Writes the file, and reads it again.

    Args:
        fasta: Genome files, FASTA or 2bit.
        table: TSV with columns contig and split.
        out: Where to.
        max_shared: Largest share of a held-out contig that may be in the training part, 0-1.

    Raises:
        DataFileError: A file cannot be read, a contig has no split, nothing is left to train on, or what is held out is in the training
            part.
    """
    split = read_split(table)
    with TemporaryDirectory() as cache:
        parts = {path: [contig.name for contig in build_genome([path], Path(cache)).contigs] for path in fasta}
        for path, names in parts.items():
            split = _with_whole_file(split, path, names, table)
        store = build_genome(fasta, Path(cache))
        kept = tuple(contig for contig in store.contigs if split[contig.name] in ("train", "valid"))
        if not any(split[contig.name] == "train" for contig in kept):
            raise DataFileError(f"{table}: names no contig of these files as train")
        _check_apart(store, split, max_shared, table)
        codes = np.concatenate([store.codes[contig.start : contig.start + contig.length] for contig in kept])
        files = {Path(name).name: digest for name, digest in store.files.items()}
    header = {
        "format": _FORMAT,
        "names": [contig.name for contig in kept],
        "split": [split[contig.name] for contig in kept],
        "sources": {**files, table.name: sha256_of_file(table)},
        "codes_sha256": hashlib.sha256(codes.data).hexdigest(),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as handle:
        np.savez(
            handle,
            header=np.frombuffer(json.dumps(header).encode(), np.uint8),
            packed=pack_bases(codes),
            ambiguous=_runs(codes == AMBIGUOUS),
            lengths=np.array([contig.length for contig in kept], np.int64),
        )
    return read_code_file(out)


def _with_whole_file(split: dict[str, str], path: Path, names: list[str], table: Path) -> dict[str, str]:
    missing = [name for name in names if name not in split]
    if not missing:
        return split
    if len(missing) < len(names):
        rule = "a file of which the table names any contig must have all of them there"
        raise DataFileError(f"{table}: does not name contig {missing[0]} of {path} ({len(missing)} of {len(names)}); {rule}")
    return {**split, **dict.fromkeys(names, "train")}


def _runs(flags: npt.NDArray[np.bool_]) -> Runs:
    found = RunCollector()
    found.add(flags)
    return cut_runs(found.runs(), np.zeros(1, np.int64))


def read_code_file(path: Path) -> CodeFile:
    """The content of a file of codes.

    Raises:
        DataFileError: It is none, or is damaged, or holds contigs of a test.
    """
    try:
        with path.open("rb") as handle, np.load(handle) as stored:
            header = json.loads(stored["header"].tobytes())
            lengths = stored["lengths"]
            codes = unpack_bases(stored["packed"], int(lengths.sum()))
            for start, end in stored["ambiguous"]:
                codes[start:end] = AMBIGUOUS
        names, kinds, digest = header["names"], header["split"], header["codes_sha256"]
        known = header["format"] == _FORMAT and len(names) == len(kinds) == len(lengths) == len(set(names))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DataFileError(
            f"{path}: is no file of codes, or is damaged ({error}); make it with python -m benchmarks.gpu.corpus"
        ) from error
    if not known or hashlib.sha256(codes.data).hexdigest() != digest:
        raise DataFileError(f"{path}: is damaged (SHA-256 differs); make it anew with python -m benchmarks.gpu.corpus")
    if not set(kinds) <= {"train", "valid"}:
        raise DataFileError(f"{path}: holds contigs that are neither train nor valid; a test is never trained on")
    return CodeFile(
        codes,
        dict(zip(names, lengths.tolist(), strict=True)),
        dict(zip(names, kinds, strict=True)),
        sha256_of_file(path),
        header["sources"],
    )


def _check_apart(store: GenomeStore, split: dict[str, str], max_shared: float, table: Path) -> None:
    train = tuple(contig for contig in store.contigs if split[contig.name] == "train")
    held = tuple(contig for contig in store.contigs if split[contig.name] != "train")
    shares = shared_shares(store, train, held)
    worst = max(shares, key=lambda name: shares[name], default=None)
    if worst is not None and shares[worst] > max_shared:
        many = sum(share > max_shared for share in shares.values())
        raise DataFileError(
            f"{table}: {100 * shares[worst]:.1f} % of {worst} ({split[worst]}) is in the training part too, at most {100 * max_shared:g} %"
            f" may be ({many} such contigs); take the pieces that hold it out of the training files"
        )


def shared_shares(store: GenomeStore, train: tuple[Contig, ...], held: tuple[Contig, ...]) -> dict[str, float]:
    """Share of each held-out contig's sampled words that are in the training part, on either strand, by name."""
    known = np.unique(np.concatenate([np.zeros(1, np.uint64), *(_words(codes) for codes in _pieces(store, train))]))
    shares = {}
    for contig in held:
        found, total = [0, 0], [0, 0]
        for codes in _pieces(store, (contig,)):
            for strand, words in enumerate((_words(codes), _words(reverse_complement(codes)))):
                found[strand] += int(np.count_nonzero(known[np.searchsorted(known, words).clip(max=len(known) - 1)] == words))
                total[strand] += len(words)
        # The strands have other samples of words, of about one size: the larger share is that of the strand that lies there.
        shares[contig.name] = max(count / max(size, 1) for count, size in zip(found, total, strict=True))
    return shares


def _pieces(store: GenomeStore, contigs: tuple[Contig, ...]) -> Iterable[Codes]:
    """Runs without N, in overlapping blocks that stay in the cache: each word is in one of them."""
    for start, end in clean_runs(store, contigs, SHARED_BP):
        for first in range(start, end - SHARED_BP + 1, _BLOCK):
            yield store.codes[first : min(first + _BLOCK + SHARED_BP - 1, end)]


def _words(codes: Codes) -> npt.NDArray[np.uint64]:
    """Hashes of words of 128 bases, those that are 0 in their top bits: twice as long words from two shorter ones, seven times."""
    hashes = codes.astype(np.uint64) + np.uint64(1)
    size = 1
    for factor in _FACTORS:
        hashes = (hashes[:-size] * factor) ^ (hashes[size:] + (hashes[size:] >> np.uint64(29)))
        size *= 2
    mixed = hashes * np.uint64(0xD6E8FEB86659FD93)
    chosen: npt.NDArray[np.uint64] = hashes[mixed >> np.uint64(32) & np.uint64(SAMPLED - 1) == 0]
    return chosen


def main(words: list[str] | None = None) -> int:
    parser: Any = argparse.ArgumentParser(prog="python -m benchmarks.gpu.corpus", description="One compact file to pre-train from.")
    parser.add_argument("fasta", type=Path, nargs="+", help="genome files, FASTA or 2bit")
    parser.add_argument("--split", type=Path, required=True, help="TSV with columns contig and split")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--max-shared", type=float, default=MAX_SHARED, help="of a held-out contig in the training part (default: %(default)s)"
    )
    options = parser.parse_args(words)
    try:
        made = make_code_file(options.fasta, options.split, options.out, options.max_shared)
    except DnabertError as error:
        print(f"corpus: {error}", file=sys.stderr)
        return 1
    size = options.out.stat().st_size
    print(f"{options.out}: {size:,} bytes, {len(made.lengths)} contigs; {made.bases('train'):,} bases train, {made.bases('valid'):,} valid")
    return 0


if __name__ == "__main__":
    sys.exit(main())
