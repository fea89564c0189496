"""`python -m benchmarks.quality.corpus_overlap GENOME.fa.gz ... --split split.tsv`: test sequences that pre-training has read.

A model that was pre-trained on a genome has seen promoters of a test set, though not what they are. This counts the test rows that stand
whole, on either strand, in the contigs of train of a pre-training corpus, and gives the figures of kept runs without them, into
docs/results/corpus-overlap.md. The split is the one that recipes/weights/dnabert-6-mini.sh makes.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.quality.cells.records import KeptRun, read_records, read_truth
from benchmarks.quality.cells.tasks import find_tasks, read_task
from benchmarks.quality.markdown import table
from benchmarks.quality.options import DATA, command_of, run_command
from dnabert.data.genome import read_split
from dnabert.dna.fasta import read_contigs
from dnabert.dna.sequence import AMBIGUOUS, Codes, encode_bases, reverse_complement
from dnabert.errors import DataFileError
from dnabert.metrics import classification_metrics
from dnabert.output import write_text

__all__ = ["main", "rows_within", "train_contigs", "words_of"]

WORD_BP = 31
"""Bases of a word by which places are found: two bits each, in 64."""

_METHOD = """- **Row.** A test sequence that stands whole, on either strand, in a contig that pre-training reads ({contigs:,} contigs,
  {bases:,} bases). Labels are not in the corpus; published models have read the whole genome, and so all of the human rows.
- **Figures.** MCC x 100 on test, mean of the seeds, of all rows and without those.
"""


def words_of(codes: Codes) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The words of a sequence as numbers, and where they begin; words over an ambiguous base are left out.

    Args:
        codes: Base codes, (L,).
    """
    count = len(codes) - WORD_BP + 1
    if count < 1:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    words = np.zeros(count, dtype=np.uint64)
    for place in range(WORD_BP):
        words = (words << np.uint64(2)) | (codes[place : place + count] & 3).astype(np.uint64)
    unclear = np.concatenate([[0], np.cumsum(codes == AMBIGUOUS)])
    starts = np.flatnonzero(unclear[WORD_BP:] == unclear[:count])
    return words[starts], starts


def rows_within(sequences: Sequence[Codes], contigs: Iterable[Codes]) -> npt.NDArray[np.bool_]:
    """Which sequences stand whole in one of the contigs, on either strand, (N,).

    Args:
        sequences: Base codes of sequences of at least ``WORD_BP`` bases; one with an ambiguous base is in none.
        contigs: Base codes of contigs.
    """
    found = np.zeros(len(sequences), dtype=np.bool_)
    wanted: dict[int, list[tuple[int, Codes]]] = {}
    for row, codes in enumerate(sequences):
        for strand in (codes, reverse_complement(codes)):
            words, starts = words_of(strand[:WORD_BP])
            if len(starts):
                wanted.setdefault(int(words[0]), []).append((row, strand))
    known = np.array(sorted(wanted), dtype=np.uint64)
    for contig in contigs:
        words, starts = words_of(contig)
        hits = np.flatnonzero(np.isin(words, known))
        for word, start in zip(words[hits].tolist(), starts[hits].tolist(), strict=True):
            for row, codes in wanted[word]:
                if not found[row]:
                    found[row] = np.array_equal(contig[start : start + len(codes)], codes)
    return found


def train_contigs(paths: Sequence[Path], split: Path) -> Iterator[Codes]:
    """Base codes of the contigs that pre-training reads.

    Args:
        paths: FASTA files.
        split: Table of contigs and their split.
    """
    names = read_split(split)
    for path in paths:
        for record in read_contigs(path):
            if names.get(record.name) == "train":
                yield encode_bases(record.sequence, record.name)


def _mcc(run: KeptRun, targets: npt.NDArray[np.int64], rows: npt.NDArray[np.bool_]) -> float:
    return 100 * float(classification_metrics(targets[rows], run.probs("test")[rows])["mcc"] or 0.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.corpus_overlap", description="Test rows in the corpus.")
    parser.add_argument("genomes", nargs="+", type=Path, help="FASTA files of the pre-training corpus")
    parser.add_argument("--split", type=Path, required=True, help="table of contigs and their split, as of the pre-training")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the tasks (default: %(default)s)")
    parser.add_argument("--runs", type=Path, default=Path("benchmarks/results/gue"), help="kept runs (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("docs/results/corpus-overlap.md"), help="(default: %(default)s)")
    options = parser.parse_args()

    def work() -> None:
        truths, runs = read_truth(options.runs), [run for run in read_records(options.runs) if run.record.share == 1]
        found = [task for task in find_tasks(options.data).tasks if task.name in truths]
        if not found:
            raise DataFileError(f"{options.runs}: holds no runs of the tasks of {options.data}")
        tests = {task.name: read_task(task).test.sequences.first for task in found}
        contigs = list(train_contigs(options.genomes, options.split))
        all_rows = rows_within([codes for test in tests.values() for codes in test], contigs)
        cells, first = [], 0
        for name, test in tests.items():
            within = all_rows[first : first + len(test)]
            first += len(test)
            own = [run for run in runs if run.record.task == name]
            for label in dict.fromkeys((run.record.contestant, run.record.recipe) for run in own):
                members = [run for run in own if (run.record.contestant, run.record.recipe) == label]
                figures = [np.mean([_mcc(run, truths[name].targets("test"), rows) for run in members]) for rows in (within | True, ~within)]
                cells.append([name, f"{within.sum():,} of {len(test):,}", ", ".join(label), *(f"{figure:.1f}" for figure in figures)])
        method = _METHOD.format(contigs=len(contigs), bases=sum(map(len, contigs)))
        head = f"# Test rows that pre-training has read\n\nWritten by `{command_of('corpus_overlap')}`; do not edit.\n\n{method}\n"
        write_text(options.out, head + table(["task", "test rows in the corpus", "model", "all test rows", "without them"], cells))

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
