"""Check labelled files the way fine-tuning reads them, without stopping at the first problem.

Whatever would stop fine-tuning is a problem; whatever would let it run and mislead is a warning.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from dnabert.choices import FinetuneTask
from dnabert.data.check.composition import Class, Composition, Value, describe_classes, describe_sequences, describe_values
from dnabert.data.check.duplicates import Duplicates, Fingerprints, Shared, find_duplicates, find_shared, fingerprints
from dnabert.data.check.labels import guess_task, read_classes, read_targets, suggest_label_column, token_level
from dnabert.data.check.pitfalls import pitfalls_of_classes, pitfalls_of_entries, pitfalls_of_shared
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.rows.findings import Findings, Layout, Problem
from dnabert.data.targets import Targets
from dnabert.dna.kmers import check_kmer
from dnabert.errors import ConfigError

__all__ = ["FileReport", "SetReport", "check_files"]

_ROLES = ("training set", "validation set", "test set")
_VALIDATION = 1
_FEWEST_TOKENS = 3


@dataclass(frozen=True)
class FileReport:
    """What is wrong with a file and what is in it.

    Attributes:
        source: The file, or ``stdin``.
        role: What it would be used for.
        layout: What it was taken for; None if that could not be told.
        num_entries: Entries that were read.
        num_usable: Those without a problem, which all that follows is about.
        num_blank_lines: Blank lines of a table after its header.
        num_lower_case: Sequences with lower-case letters, which are read as upper case.
        num_uracil: Sequences with U, which is read as T.
        problem_counts: Problems by kind.
        problems: The first problems of each kind.
        composition: What the sequences are made of; None where none is usable.
        classes: Classes or labels, the largest first; of the task token, of its bases or k-mers.
        values: Numbers to be predicted.
        duplicates: Sequences that occur more than once.
        warnings: What would mislead.
    """

    source: str
    role: str
    layout: Layout | None
    num_entries: int
    num_usable: int
    num_blank_lines: int
    num_lower_case: int
    num_uracil: int
    problem_counts: dict[str, int]
    problems: tuple[Problem, ...]
    composition: Composition | None = None
    classes: tuple[Class, ...] = ()
    values: tuple[Value, ...] = ()
    duplicates: Duplicates | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SetReport:
    """What is wrong with the files of one training.

    Attributes:
        task: The task that the labels are checked for; None where there are none.
        is_guessed: Whether the labels gave the task.
        kmer: Length of a k-mer.
        max_tokens: Most tokens of a sequence.
        flags: What fine-tuning has to be told besides files and task.
        files: The files, in the order in which they were given.
        shared: Sequences in two of the files, for each two of them.
        warnings: What the files together would mislead about.
    """

    task: FinetuneTask | None
    is_guessed: bool
    kmer: int
    max_tokens: int
    flags: tuple[str, ...]
    files: tuple[FileReport, ...]
    shared: tuple[Shared, ...]
    warnings: tuple[str, ...]

    @property
    def num_problems(self) -> int:
        """Problems of all files: with one of them, fine-tuning stops."""
        return sum(sum(file.problem_counts.values()) for file in self.files)


@dataclass(frozen=True)
class _Read:
    """A file as it was read; its problems may still become more."""

    data: LabelledSet
    findings: Findings
    role: str

    @property
    def has_labels(self) -> bool:
        return len(self.data) > 0 and not self.findings.lacks_label_column


def check_files(
    paths: Sequence[Path | str],
    kmer: int,
    *,
    task: FinetuneTask | None = None,
    genome: Path | None = None,
    max_tokens: int = 512,
) -> SetReport:
    """What is wrong with a training set, and with a validation and a test set if there are any.

    Args:
        paths: The files in the order training, validation, test; CSV, TSV, FASTA or BED, or ``-``.
        kmer: Length of a k-mer.
        task: The task; None guesses it from the labels of the first file.
        genome: Indexed FASTA, for BED.
        max_tokens: Most tokens that the model takes, [CLS] and [SEP] included.

    Raises:
        TokenizerError: k is out of range.
        ConfigError: ``max_tokens`` is too small.
    """
    check_kmer(kmer)
    if max_tokens < _FEWEST_TOKENS:
        raise ConfigError(f"max_tokens is {max_tokens}; at least {_FEWEST_TOKENS} are needed: [CLS], a k-mer and [SEP]")
    read: list[_Read] = []
    pair = None if task is None else task == "pair"
    for place, path in enumerate(paths):
        findings = Findings()
        data = read_set(path, kmer, genome=genome, pair=pair, findings=findings)
        if findings.lacks_label_column:
            findings.add("no label", _no_label_column(data.source, findings))
        pair = data.sequences.second is not None if pair is None and len(data) else pair
        read.append(_Read(data, findings, _ROLES[min(place, len(_ROLES) - 1)]))
    is_guessed = task is None
    if task is None and read[0].has_labels:
        task = guess_task(read[0].data, kmer)
    targets = _read_labels(read, task, kmer)
    prints = [fingerprints(each.data.sequences) for each in read]
    files = [_report(each, task, kmer, max_tokens, digests, *labels) for each, digests, labels in zip(read, prints, targets, strict=True)]
    shared = [find_shared(a.data, b.data, prints[i], prints[j]) for (i, a), (j, b) in combinations(enumerate(read), 2)]
    warnings = tuple(text for each in shared for text in pitfalls_of_shared(each))
    return SetReport(task, is_guessed, kmer, max_tokens, _flags(read, task, kmer, genome), tuple(files), tuple(shared), warnings)


def _flags(read: list[_Read], task: FinetuneTask | None, kmer: int, genome: Path | None) -> tuple[str, ...]:
    flags = []
    if genome is not None and any(each.findings.layout and each.findings.layout.kind == "BED" for each in read):
        flags += ["--genome", str(genome)]
    if task == "token" and read[0].has_labels and token_level(read[0].data, kmer) == "kmer":
        flags += ["--set", "head.token_level=kmer"]
    return tuple(flags)


def _no_label_column(source: str, findings: Findings) -> str:
    assert findings.layout is not None
    found = suggest_label_column(findings.layout, findings.sample)
    remedy = f"rename {found!r}, if that is the label" if found else "add one"
    columns = ", ".join(findings.layout.columns)
    return f"{source}:{findings.layout.header_line}: no column is called 'label' (the columns are {columns}); {remedy}"


def _read_labels(read: list[_Read], task: FinetuneTask | None, kmer: int) -> list[tuple[tuple[str, ...], Targets | None]]:
    """For each file the names of the outputs, which are those of the training set, and its targets where all labels are usable."""
    train = read[0]
    if task is None or not train.has_labels:
        return [((), None) for _ in read]
    classes = read_classes(train.data, task, train.findings)
    found = []
    for each in read:
        usable = bool(classes) and each.has_labels
        found.append((classes, read_targets(each.data, task, classes, kmer, each.findings) if usable else None))
    if len(read) == 1 and classes and not _can_hold_out(train.data):
        rule = "no label has two different sequences, so nothing can be held out for validation; give a validation set too"
        train.findings.add("classes", f"{train.data.source}: {rule}")
    if len(read) > _VALIDATION:
        _check_validation(read[_VALIDATION], task, found[_VALIDATION][1])
    return found


def _can_hold_out(data: LabelledSet) -> bool:
    """Whether fine-tuning finds something to hold out: two different sequences with one label, or with any where labels are values."""
    assert data.labels is not None
    many = len(set(data.labels)) > max(20, len(data) // 10)
    seen: dict[str, bytes] = {}
    for label, codes in zip(data.labels, data.sequences.first, strict=True):
        content = codes.tobytes()
        if seen.setdefault("" if many else label, content) != content:
            return True
    return False


def _check_validation(valid: _Read, task: FinetuneTask, targets: Targets | None) -> None:
    if targets is not None and task != "multilabel" and not np.ptp(targets.values):
        what = "value" if task == "regress" else "class"
        rule = f"one {what} only, so the best moment of training cannot be told; add entries of another one"
        valid.findings.add("classes", f"{valid.data.source}: {rule}")


def _report(
    read: _Read,
    task: FinetuneTask | None,
    kmer: int,
    max_tokens: int,
    prints: Fingerprints,
    classes: tuple[str, ...],
    targets: Targets | None,
) -> FileReport:
    data, findings = read.data, read.findings
    report = FileReport(
        data.source,
        read.role,
        findings.layout,
        findings.num_entries,
        len(data),
        findings.num_blank_lines,
        findings.num_lower_case,
        findings.num_uracil,
        {kind: findings.counts[kind] for kind in findings.counts},
        tuple(findings.problems),
    )
    if not len(data):
        return report
    composition = describe_sequences(data, kmer, max_tokens)
    duplicates = find_duplicates(data, prints, data.labels if read.has_labels else None)
    warnings = list(pitfalls_of_entries(composition, duplicates, len(data), task or "classify", max_tokens))
    report = replace(report, composition=composition, duplicates=duplicates)
    if targets is not None and task == "regress":
        report = replace(report, values=describe_values(data, classes, targets))
    elif targets is not None and task == "token":
        report = replace(report, classes=_token_classes(classes, targets))
    elif targets is not None and task is not None:
        report = replace(report, classes=describe_classes(data, classes, targets))
        warnings += pitfalls_of_classes(data, report.classes, findings.layout, task)
    return replace(report, warnings=tuple(warnings))


def _token_classes(classes: tuple[str, ...], targets: Targets) -> tuple[Class, ...]:
    counts = np.bincount(targets.values.astype(np.int64), minlength=len(classes))
    return tuple(Class(classes[place], int(counts[place]), counts[place] / counts.sum()) for place in np.argsort(-counts, kind="stable"))
