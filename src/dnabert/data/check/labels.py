"""What the labels of a file can be used for, and which of them cannot be used."""

import re

from dnabert.choices import FinetuneTask, TokenLevel
from dnabert.data.labelled import LabelledSet
from dnabert.data.rows.findings import Findings, Layout
from dnabert.data.rows.foreign import looks_like_dna
from dnabert.data.targets import Targets, find_classes, make_targets
from dnabert.errors import DataFileError

__all__ = ["guess_task", "read_classes", "read_targets", "suggest_label_column", "token_level"]

_FEW_VALUES = 20
_MAX_TABLE = 1 << 30
_BLOCK = 1000
_LIKELY_NAMES = (
    "target",
    "targets",
    "class",
    "y",
    "category",
    "group",
    "type",
    "value",
    "score",
    "outcome",
    "activity",
    "annotation",
    "tag",
)


def guess_task(data: LabelledSet, kmer: int) -> FinetuneTask:
    """The task that the labels look made for; ``classify`` where nothing speaks against it.

    Args:
        data: Labelled entries, at least one.
        kmer: Length of a k-mer.
    """
    assert data.labels is not None
    if data.sequences.second is not None:
        return "pair"
    lengths = data.sequences.first.lengths.tolist()
    sizes = ((len(label.split()) if " " in label else len(label), bases) for label, bases in zip(data.labels, lengths, strict=True))
    if all(size > 1 and size in (bases, bases - kmer + 1) for size, bases in sizes):
        return "token"
    different = set(data.labels)
    parts = {part.strip() for label in different for part in label.split(";")}
    numbers = all(_is_number(part) for part in parts)
    fractions = numbers and any(not re.fullmatch(r"[-+]?\d+(\.0*)?", part) for part in parts)
    if any(";" in label for label in different):
        return "regress" if fractions else "multilabel"
    many = len(different) > max(_FEW_VALUES, len(data) // 10)
    return "regress" if numbers and (many or (fractions and len(different) > 2)) else "classify"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def token_level(data: LabelledSet, kmer: int) -> TokenLevel:
    """Whether token labels stand for k-mers or for bases, told by the first entry."""
    assert data.labels is not None
    label = data.labels[0]
    size = len(label.split()) if " " in label else len(label)
    return "kmer" if kmer > 1 and size == int(data.sequences.first.lengths[0]) - kmer + 1 else "base"


def read_classes(data: LabelledSet, task: FinetuneTask, findings: Findings) -> tuple[str, ...]:
    """Names of the outputs; none where that is a problem, which is noted."""
    try:
        classes = find_classes(data, task)
    except DataFileError as error:
        findings.add("classes", str(error))
        return ()
    if task == "multilabel" and len(data) * len(classes) > _MAX_TABLE:
        findings.add("classes", f"{data.source}: {len(classes)} different labels in {len(data)} entries; are these the labels?")
        return ()
    return classes


def read_targets(data: LabelledSet, task: FinetuneTask, classes: tuple[str, ...], kmer: int, findings: Findings) -> Targets | None:
    """What the labels say as numbers; None where one of them cannot be used, and all of these are noted."""
    level = token_level(data, kmer) if task == "token" else "base"
    try:
        return make_targets(data, task, classes, level, kmer)
    except DataFileError:
        _note_labels(data, task, classes, level, kmer, findings)
        return None


def _note_labels(
    data: LabelledSet, task: FinetuneTask, classes: tuple[str, ...], level: TokenLevel, kmer: int, findings: Findings, block: int = _BLOCK
) -> None:
    """Every label that cannot be used, found by trying ever smaller blocks, with the code that training uses."""
    for start in range(0, len(data), block):
        part = data.take(range(start, min(start + block, len(data))))
        try:
            make_targets(part, task, classes, level, kmer)
        except DataFileError as error:
            if len(part) == 1:
                findings.add("label", str(error))
            else:
                _note_labels(part, task, classes, level, kmer, findings, block=1)


def suggest_label_column(layout: Layout, sample: list[list[str]]) -> str | None:
    """The column of a table that is most likely the label under another name, or None.

    Args:
        layout: The columns.
        sample: Fields of some rows.
    """
    free = [place for place in range(len(layout.columns)) if place not in (*layout.sequences, layout.identity)]
    named = [place for place in free if layout.columns[place] in _LIKELY_NAMES]
    for place in named or free:
        values = [row[place].strip() for row in sample]
        if values and all(values) and not any(map(looks_like_dna, values)) and (named or len(set(values)) <= max(2, len(values) // 4)):
            return layout.columns[place]
    return None
