"""`python -m benchmarks.quality.ensembles --runs runs/gue`: what averaging adds, from the kept probabilities.

Over seeds, over k, and over a DNABERT model and a convolutional network.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.quality.cells.records import KeptRun, Truth, read_records, read_truth
from benchmarks.quality.cells.summary import Mean, mean_of, rows_of
from benchmarks.quality.markdown import difference_text, head, mean_text, origin_lines, table
from benchmarks.quality.options import command_of, run_command
from benchmarks.quality.table import write_document
from dnabert.bootstrap import bootstrap_difference
from dnabert.errors import DataFileError
from dnabert.metrics import classification_metrics

__all__ = ["Ensemble", "document", "ensembles_of", "main"]

_METHOD = """- **Ensemble.** The mean of its members' probabilities, as `dnabert ensemble` takes it; MCC x 100 on test.
- **Seeds.** All seeds of one model: one ensemble. **k.** Models that differ in k, of one seed: one ensemble for each seed, mean ± half of
  the 95 % interval over seeds, of two seeds both figures. **A model and a network.** A DNABERT model, pre-trained or not, and a
  convolutional network of the same seed, likewise (such networks are made by this benchmark alone; `dnabert ensemble` takes DNABERT
  models). **... and seeds.** All of them together.
- **Best member** is the one that is best on dev. In brackets after the gain on it: 95 % bootstrap interval over test rows, both on the
  same rows; it does not cover other seeds.
"""


@dataclass(frozen=True)
class Ensemble:
    """A kind of ensemble on a task.

    Attributes:
        task: Name of the task.
        name: What is averaged.
        size: Members.
        members: Mean MCC x 100 of single members.
        best_member: That of the members that are best on dev.
        together: That of the ensembles.
        on_best: 95 % bootstrap interval over test rows of how much better they are than the members that are best on dev, on the same
            resampled rows; None where it is not defined.
        clean: That of the ensembles without the rows that train or dev holds.
        runs: All members.
    """

    task: str
    name: str
    size: int
    members: float
    best_member: float
    together: Mean
    on_best: tuple[float, float] | None
    clean: float
    runs: tuple[KeptRun, ...]

    @property
    def gain(self) -> float:
        """What averaging adds to a single member."""
        return self.together.value - self.members


def ensembles_of(members: Sequence[KeptRun], truths: dict[str, Truth]) -> list[Ensemble]:
    """All ensembles over seeds, over k, over a model and a network, and over either and seeds, that the members allow; task by task.

    Where several points of a grid were scored, those of the point that is best on dev are members.
    """
    members = [run for row in rows_of(members) for run in row.runs]
    found = []
    for task in dict.fromkeys(member.record.task for member in members):
        own = [member for member in members if member.record.task == task]
        for recipe in dict.fromkeys(member.record.recipe for member in own):
            same = [member for member in own if member.record.recipe == recipe]
            for name in dict.fromkeys(member.record.contestant for member in same):
                seeds = [member for member in same if member.record.contestant == name]
                found += _ensemble(truths[task], f"seeds of {name}, {recipe}", [seeds])
            for kind in ("pretrained", "scratch"):
                found += _over_kmers(truths[task], f"{kind}, {recipe}", [member for member in same if member.record.kind == kind])
            found += _over_kinds(truths[task], recipe, same)
    return found


def _over_kmers(truth: Truth, name: str, members: Sequence[KeptRun]) -> list[Ensemble]:
    """Ensembles of models that differ in nothing but k."""
    groups: dict[str, list[KeptRun]] = {}
    for member in members:
        sizes = {key: value for key, value in (member.record.sizes or {}).items() if key != "kmer"}
        groups.setdefault(str(sorted(sizes.items())), []).append(member)
    found = []
    for group in groups.values():
        kmers = [member.kmer for member in group]
        one_of_each = {member.kmer: member.record.contestant for member in group}  # the last named where a k has several
        chosen = [member for member in group if one_of_each[member.kmer] == member.record.contestant]
        if len(set(kmers)) < 2:
            continue
        title = f"k = {', '.join(str(kmer) for kmer in sorted(one_of_each, key=str))} ({name})"
        found += _crossed(truth, title, chosen)
    return found


def _over_kinds(truth: Truth, recipe: str, members: Sequence[KeptRun]) -> list[Ensemble]:
    """Ensembles of a DNABERT model and a convolutional network."""
    models, networks = (
        dict.fromkeys(member.record.contestant for member in members if member.record.kind in kinds)
        for kinds in (("pretrained", "scratch"), ("cnn", "cnn-lstm"))
    )
    found = []
    for pair in product(models, networks):
        chosen = [member for member in members if member.record.contestant in pair]
        found += _crossed(truth, f"{' and '.join(pair)} ({recipe})", chosen)
    return found


def _crossed(truth: Truth, title: str, members: Sequence[KeptRun]) -> list[Ensemble]:
    """One ensemble for each seed that all contestants among the members have, and one of all of these."""
    contestants = {member.record.contestant for member in members}
    by_seed = {seed: [member for member in members if member.record.seed == seed] for seed in sorted({m.record.seed for m in members})}
    whole = [group for group in by_seed.values() if len(group) == len(contestants)]
    found = _ensemble(truth, title, whole)
    if len(whole) > 1:
        found += _ensemble(truth, f"{title} and seeds", [[member for group in whole for member in group]])
    return found


def _ensemble(truth: Truth, name: str, groups: Sequence[Sequence[KeptRun]]) -> list[Ensemble]:
    """The ensemble of each group, in one row; nothing where a group has one member."""
    if not groups or len(groups[0]) < 2:
        return []
    targets = truth.targets("test")
    together, clean, singles, best, pairs = [], [], [], [], []
    for members in groups:
        probs = np.mean([member.probs("test") for member in members], axis=0)
        together.append(_mcc(targets, probs))
        clean.append(_mcc(targets[truth.clean], probs[truth.clean]))
        singles += [_mcc(targets, member.probs("test")) for member in members]
        chosen = max(members, key=lambda member: member.record.dev_mcc(clean=True))
        best.append(_mcc(targets, chosen.probs("test")))
        pairs.append((probs, chosen.probs("test")))
    ends = bootstrap_difference("classify", targets, pairs, "mcc")
    on_best = None if ends is None else (100 * ends[0], 100 * ends[1])
    values = (float(np.mean(singles)), float(np.mean(best)), mean_of(together), on_best, float(np.mean(clean)))
    return [Ensemble(truth.facts.task, name, len(groups[0]), *values, tuple(member for members in groups for member in members))]


def _mcc(targets: npt.NDArray[np.int64], probs: npt.NDArray[np.floating]) -> float:
    value = classification_metrics(targets, probs)["mcc"]
    return 0.0 if value is None else 100 * float(value)


def document(command: str, ensembles: Sequence[Ensemble]) -> str:
    """The document."""
    records = [run.record for run in {run.folder: run for ensemble in ensembles for run in ensemble.runs}.values()]
    parts = [head("Ensembles", command, records), _METHOD]
    for task in dict.fromkeys(ensemble.task for ensemble in ensembles):
        cells = [
            [
                found.name,
                str(found.size),
                f"{found.members:.1f}",
                f"{found.best_member:.1f}",
                mean_text(found.together) if len(found.together.values) > 1 else f"{found.together.value:.1f}",
                f"{found.gain:+.1f}",
                difference_text(found.together.value - found.best_member, found.on_best),
                f"{found.clean:.1f}",
            ]
            for found in ensembles
            if found.task == task
        ]
        names = ["ensemble of", "members", "mean member", "best member", "together", "gain on the mean", "gain on the best"]
        parts.append(f"## {task}\n\n{table([*names, 'without shared rows'], cells)}")
    parts += ["## Where the members ran\n", origin_lines(records)]
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.ensembles", description="Gain of ensembles.")
    parser.add_argument("--runs", type=Path, default=Path("runs/gue"), help="folder of results (default: %(default)s)")
    parser.add_argument("--members", nargs="+", metavar="NAME", help="names of the models to be averaged (default: all)")
    parser.add_argument("--out", type=Path, default=Path("docs/results/ensembles.md"), help="(default: %(default)s)")
    parser.add_argument("--notes", type=Path, help="Markdown that stands at the end as it is: what the figures say")
    options = parser.parse_args()

    def work() -> None:
        members = [run for run in read_records(options.runs) if run.record.share == 1]
        if options.members:
            unknown = set(options.members) - {member.record.contestant for member in members}
            if unknown:
                raise DataFileError(f"{options.runs}: holds no runs of {', '.join(sorted(unknown))}")
            members = [member for member in members if member.record.contestant in options.members]
        ensembles = ensembles_of(members, read_truth(options.runs))
        if not ensembles:
            raise DataFileError(
                f"{options.runs}: holds no two runs of one task that could be averaged; run more seeds, more k, or a CNN beside a model"
            )
        text = document(command_of("ensembles"), ensembles)
        write_document(options.out, text, options.notes)

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
