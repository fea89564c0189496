"""How fast DNA becomes token ids, on one core: `python benchmarks/tokenizer.py`.

Every case is timed once a round, one after the other, so that a noisy machine disturbs all alike; the figure is the median of the rounds
in megabases a second of processor time (waiting for the core is not counted; every case is one thread), with the slowest and the fastest.
The ratio is to slices and a dictionary in plain Python, in the same run.
"""

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # read when the package is imported

from tokenizers import Tokenizer

from dnabert.dna.fasta import read_fasta
from dnabert.dna.kmers import kmer_ids, vocabulary
from dnabert.dna.sequence import encode_bases
from dnabert.tokenizer import KmerTokenizer
from dnabert.tokenizer_json import tokenizer_files

GENOME_BP = 20_000_000
RECORD_BP = 515
LINE_BP = 60
PYTHON_BP = 1_000_000
JSON_BP = 100 * RECORD_BP
ROUNDS = 7
PLAIN = "slices and a dictionary, plain Python"


@dataclass(frozen=True)
class Case:
    """One thing to time: its name, the bases it works through, and the work."""

    name: str
    num_bases: int
    work: Callable[[], object]


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    letters = "".join(random.Random(0).choices("ACGT", k=GENOME_BP))
    print(f"Python {sys.version.split()[0]}, one core, {ROUNDS} rounds; Mb/s of processor time, ratio to plain Python")
    with tempfile.TemporaryDirectory() as folder:
        genome, reads = Path(folder, "genome.fa"), Path(folder, "records.fa")
        genome.write_text(">chr1\n" + wrapped(letters))
        records = [letters[start : start + RECORD_BP] for start in range(0, GENOME_BP - RECORD_BP, RECORD_BP)]
        reads.write_text("".join(f">r{number}\n{wrapped(text)}" for number, text in enumerate(records)))
        for kmer in (3, 6):
            report(kmer, timed(cases(kmer, letters, records, genome, reads)))


def wrapped(letters: str) -> str:
    return "".join(letters[start : start + LINE_BP] + "\n" for start in range(0, len(letters), LINE_BP))


def cases(kmer: int, letters: str, records: list[str], genome: Path, reads: Path) -> list[Case]:
    codes = encode_bases(letters)
    ours = KmerTokenizer(kmer, max_tokens=RECORD_BP)
    theirs = Tokenizer.from_str(tokenizer_files(kmer)["tokenizer.json"])
    id_of_kmer = {token: number for number, token in enumerate(vocabulary(kmer))}
    some, few = letters[:PYTHON_BP], records[: JSON_BP // RECORD_BP]

    def by_dictionary() -> list[int]:
        return [id_of_kmer.get(some[start : start + kmer], 1) for start in range(len(some) - kmer + 1)]

    assert kmer_ids(encode_bases(some), kmer).tolist() == by_dictionary()
    assert [ours.encode(text).ids.tolist() for text in few] == [encoding.ids for encoding in theirs.encode_batch(few)]
    records_bp = RECORD_BP * len(records)
    return [
        Case("FASTA file of one contig to ids", GENOME_BP, lambda: [kmer_ids(encode_bases(r.sequence), kmer) for r in read_fasta(genome)]),
        Case(f"FASTA file of {RECORD_BP}-base records to ids", records_bp, lambda: [ours.encode(r.sequence) for r in read_fasta(reads)]),
        Case("  its parts: FASTA file to letters", GENOME_BP, lambda: list(read_fasta(genome))),
        Case("  letters to base codes", GENOME_BP, lambda: encode_bases(letters)),
        Case("  base codes to ids", GENOME_BP, lambda: kmer_ids(codes, kmer)),
        Case(f"letters to ids, {RECORD_BP} bases at a time", records_bp, lambda: [ours.encode(text) for text in records]),
        Case(PLAIN, PYTHON_BP, by_dictionary),
        Case("tokenizers, with our tokenizer.json", JSON_BP, lambda: theirs.encode_batch(few)),
    ]


def timed(todo: list[Case]) -> dict[str, list[float]]:
    """Mb/s of each round, sorted, by the name of the case."""
    speeds: dict[str, list[float]] = {case.name: [] for case in todo}
    for _ in range(ROUNDS):
        for case in todo:
            start = time.process_time()
            case.work()
            speeds[case.name].append(case.num_bases / 1e6 / (time.process_time() - start))
    return {name: sorted(values) for name, values in speeds.items()}


def report(kmer: int, speeds: dict[str, list[float]]) -> None:
    plain = statistics.median(speeds[PLAIN])
    print(f"\n{f'k = {kmer}':<42}{'Mb/s':>9}{'(slowest to fastest)':>24}{'ratio':>9}")
    for name, values in speeds.items():
        middle = statistics.median(values)
        spread = f"({values[0]:.3g} to {values[-1]:.3g})"
        print(f"{name:<42}{middle:>9.3g}{spread:>24}{middle / plain:>9.3g}")


if __name__ == "__main__":
    main()
