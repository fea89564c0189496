"""FASTA bytes to token ids on one core: a contig, a genome store and short records, beside plain Python and `tokenizers`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from benchmarks.speed.agreement import check_equal
from benchmarks.speed.cases.common.sequences import LINE_BP, genome_letters, random_letters, write_fasta
from benchmarks.speed.child import Say
from benchmarks.speed.machine import copy_seconds
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from benchmarks.speed.rounds import seconds, take_turns
from dnabert.data.genome import build_genome
from dnabert.dna.fasta import read_fasta
from dnabert.dna.kmers import UNK_ID, kmer_ids, vocabulary
from dnabert.dna.sequence import encode_bases
from dnabert.tokenizer import KmerTokenizer
from dnabert.tokenizer_json import tokenizer_files

__all__ = ["FULL", "QUICK", "Sizes", "measure"]

COPY_BYTES = 1 << 28
"""Larger than every cache."""
BYTES_PER_BASE = 3
"""The least memory traffic part: a letter is read, an id of two bytes is written."""


@dataclass(frozen=True)
class Sizes:
    """How much, and how often.

    Attributes:
        genome_bp: Bases of the contig that we read.
        plain_bp: Bases of it that plain Python reads.
        record_bp: Bases of a record in the file of many records.
        num_records: Records that we read.
        few_records: Records that `tokenizers` reads.
        rounds: Rounds that count.
        kmers: The lengths of k-mers.
        copy_bytes: Size of the memory that is copied.
    """

    genome_bp: int
    plain_bp: int
    record_bp: int
    num_records: int
    few_records: int
    rounds: int
    kmers: tuple[int, ...] = (3, 6)
    copy_bytes: int = COPY_BYTES


FULL = Sizes(40_000_000, 1_000_000, 515, 20_000, 100, 7)
QUICK = Sizes(100_000, 10_000, 103, 20, 4, 1)


@dataclass(frozen=True)
class _Files:
    genome: Path
    plain: Path
    records: Path
    few: Path


def measure(sizes: Sizes, folder: Path, say: Say) -> Findings:
    letters, plain = genome_letters(sizes.genome_bp), random_letters(sizes.num_records * sizes.record_bp)
    files = _Files(
        write_fasta(folder / "genome.fa", letters),
        write_fasta(folder / "plain.fa", letters[: sizes.plain_bp]),
        write_fasta(folder / "records.fa", plain, sizes.record_bp),
        write_fasta(folder / "few.fa", plain[: sizes.few_records * sizes.record_bp], sizes.record_bp),
    )
    found = [_measure(kmer, sizes, files, letters, folder, say) for kmer in sizes.kmers]
    return Findings.joined(
        found,
        notes=(
            "All times are processor time of one core, for a million bases (Mb); files are in the system's cache. Only the copy is wall"
            " time.",
            f"Ours reads a FASTA file of one contig of {sizes.genome_bp / 1e6:g} Mb in lines of {LINE_BP} (random; half in lower case, as"
            " in files of genomes, and 1 % N) and makes all of its ids; through the store: the same by way of a new genome store"
            " (checksum, codes on disk, memory-mapped), which later runs find again.",
            f"Plain Python joins the lines of the file's first {sizes.plain_bp / 1e6:g} Mb, cuts slices and looks each up in a dictionary.",
            f"`tokenizers` (Rust, one thread) reads {sizes.few_records} records of {sizes.record_bp} bases with the `tokenizer.json` of"
            f" this package, ours {sizes.num_records:,}, each record with [CLS] and [SEP]. On k-mer text: plain Python writes the"
            " k-mers of a record with spaces between them, and a word-level tokenizer splits there; this is its fastest way.",
            f"Memory copy: `numpy.copyto` of {sizes.copy_bytes / 1e6:,.0f} MB; the limit beside it is what {BYTES_PER_BASE} bytes of"
            " traffic for a base would allow.",
        ),
    )


def _measure(kmer: int, sizes: Sizes, files: _Files, letters: str, folder: Path, say: Say) -> Findings:
    ours = KmerTokenizer(kmer, max_tokens=sizes.record_bp)
    theirs = Tokenizer.from_str(tokenizer_files(kmer)["tokenizer.json"])
    words = _word_level(kmer)
    id_of_kmer = {token: number for number, token in enumerate(vocabulary(kmer))}
    codes = encode_bases(letters)

    def by_dictionary() -> list[int]:
        return [number for text in _plain_records(files.plain) for number in _look_up(text, kmer, id_of_kmer)]

    def by_tokenizers() -> list[list[int]]:
        return [encoding.ids for encoding in theirs.encode_batch(_plain_records(files.few))]

    def by_kmer_text() -> list[list[int]]:
        return [encoding.ids for encoding in words.encode_batch([_kmer_text(text, kmer) for text in _plain_records(files.few)])]

    def through_store() -> Any:
        with TemporaryDirectory(dir=folder) as cache:
            return kmer_ids(build_genome([files.genome], Path(cache)).codes, kmer)

    agreements = _check(kmer, files, folder, by_dictionary(), {"`tokenizers`": by_tokenizers(), "`tokenizers`, k-mer text": by_kmer_text()})
    for found in agreements:
        say(f"{found.what}: equal to {found.against}")
    genome, records = sizes.genome_bp / 1e6, sizes.num_records * sizes.record_bp / 1e6
    work: dict[str, tuple[Callable[[], object], float]] = {
        "contig": (lambda: _contig_ids(files.genome, kmer), genome),
        "store": (through_store, genome),
        "dictionary": (by_dictionary, sizes.plain_bp / 1e6),
        "records": (lambda: [ours.encode(record.letters) for record in read_fasta(files.records)], records),
        "tokenizers": (by_tokenizers, sizes.few_records * sizes.record_bp / 1e6),
        "kmer_text": (by_kmer_text, sizes.few_records * sizes.record_bp / 1e6),
        "letters": (lambda: list(read_fasta(files.genome)), genome),
        "codes": (lambda: encode_bases(letters), genome),
        "ids": (lambda: kmer_ids(codes, kmer), genome),
    }
    cases = {name: lambda pair=pair: seconds(*pair, clock=time.process_time) for name, pair in work.items()}
    times = take_turns(
        {**cases, "copy": lambda: copy_seconds(sizes.copy_bytes)}, sizes.rounds, report=lambda text: say(f"k = {kmer}, {text}")
    )
    return _summary(kmer, sizes, times, agreements)


def _summary(kmer: int, sizes: Sizes, times: dict[str, tuple[float, ...]], agreements: tuple[Agreement, ...]) -> Findings:
    def rates(name: str) -> tuple[float, ...]:
        return tuple(1 / value for value in times[name])

    def ratio(key: str, what: str, against: str, goal: float | None) -> Ratio:
        names = key.split(".")
        return Ratio(
            key=f"tokenizer.{kmer}.{key}",
            what=f"{what}, k = {kmer}",
            against=against,
            unit="1 Mb",
            goal=goal,
            ours=times[names[0]],
            reference=times[names[1]],
        )

    copied = tuple(2 * sizes.copy_bytes / value / 1e9 for value in times["copy"])
    figures = [Figure(what=f"k = {kmer}: FASTA file of one contig to ids", unit="Mb/s", values=rates("contig"), goal=200.0)]
    parts = (
        ("the same through a new genome store", "store"),
        ("FASTA file of records to ids", "records"),
        ("slices and a dictionary", "dictionary"),
        ("`tokenizers`", "tokenizers"),
        ("`tokenizers`, k-mer text", "kmer_text"),
        ("part: FASTA file to letters", "letters"),
        ("part: letters to base codes", "codes"),
        ("part: base codes to ids", "ids"),
    )
    figures += [Figure(what=f"k = {kmer}: {text}", unit="Mb/s", values=rates(name)) for text, name in parts]
    figures.append(Figure(what=f"k = {kmer}: memory copy, read and written", unit="GB/s", values=copied))
    limit = tuple(1e3 * value / BYTES_PER_BASE for value in copied)
    figures.append(Figure(what=f"k = {kmer}: limit by memory traffic", unit="Mb/s", values=limit))
    return Findings(
        ratios=(
            ratio("contig.dictionary", "FASTA file to ids", "slices and a dictionary, plain Python", 100.0),
            ratio("store.dictionary", "FASTA file to ids through a new genome store", "slices and a dictionary, plain Python", None),
            ratio("records.tokenizers", "FASTA records to ids", "`tokenizers` with our tokenizer.json", None),
            ratio("records.kmer_text", "FASTA records to ids", "`tokenizers` on k-mer text with spaces", None),
        ),
        figures=tuple(figures),
        agreements=agreements,
    )


def _check(
    kmer: int, files: _Files, folder: Path, by_dictionary: list[int], by_tokenizers: dict[str, list[list[int]]]
) -> tuple[Agreement, ...]:
    what, dictionary = f"k = {kmer}", "slices and a dictionary"
    ours = KmerTokenizer(kmer, max_tokens=files.few.stat().st_size)
    found = [ours.encode(record.letters).ids for record in read_fasta(files.few)]
    with TemporaryDirectory(dir=folder) as cache:
        stored = kmer_ids(build_genome([files.plain], Path(cache)).codes, kmer)
    return (
        check_equal(f"{what}: ids of a contig", dictionary, _contig_ids(files.plain, kmer), by_dictionary),
        check_equal(f"{what}: ids through the store", dictionary, stored, by_dictionary),
        *(check_equal(f"{what}: ids of records", name, np.stack(found), theirs) for name, theirs in by_tokenizers.items()),
    )


def _contig_ids(path: Path, kmer: int) -> Any:
    """Ids of a FASTA file of one contig, the way all of this package goes."""
    (ids,) = [kmer_ids(encode_bases(record.letters), kmer) for record in read_fasta(path)]
    return ids


def _plain_records(path: Path) -> list[str]:
    """Letters of the records of a FASTA file, in upper case."""
    return ["".join(record.split("\n")[1:]).upper() for record in path.read_text().split(">")[1:]]


def _look_up(letters: str, kmer: int, id_of_kmer: dict[str, int]) -> list[int]:
    return [id_of_kmer.get(letters[start : start + kmer], UNK_ID) for start in range(len(letters) - kmer + 1)]


def _kmer_text(letters: str, kmer: int) -> str:
    return " ".join([letters[at : at + kmer] for at in range(len(letters) - kmer + 1)])


def _word_level(kmer: int) -> Tokenizer:
    """`tokenizers` for k-mers with spaces between them: no pattern is looked for."""
    ids = {token: number for number, token in enumerate(vocabulary(kmer))}
    tokenizer = Tokenizer(WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, ids[name]) for name in ("[CLS]", "[SEP]")]
    )
    return tokenizer
