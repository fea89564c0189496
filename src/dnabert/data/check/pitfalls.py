"""What lets training run and misleads all the same, in words."""

from collections.abc import Iterator, Sequence

from dnabert.choices import FinetuneTask
from dnabert.data.check.composition import TELLING_AUROC, Class, Composition
from dnabert.data.check.duplicates import Duplicates, Shared
from dnabert.data.labelled import LabelledSet
from dnabert.data.rows.findings import Layout

__all__ = ["pitfalls_of_classes", "pitfalls_of_entries", "pitfalls_of_shared"]

_RARE_SHARE = 0.1
_MANY_AMBIGUOUS = 0.01
_MIN_ENTRIES_TO_JUDGE = 20
_CHUNKED: tuple[FinetuneTask, ...] = ("classify", "multilabel", "regress")


def pitfalls_of_entries(found: Composition, duplicates: Duplicates, num_entries: int, task: FinetuneTask, max_tokens: int) -> Iterator[str]:
    """What is doubtful about the sequences of a file."""
    if duplicates.num_conflicts:
        yield (
            f"{duplicates.num_conflicting_entries:,} entries hold a sequence that stands with more than one label"
            f" ({duplicates.num_conflicts:,} different); no model can be right about both"
        )
    if duplicates.num_strand_conflicts:
        yield (
            f"sequences with another label on the opposite strand: {duplicates.num_strand_conflicts:,}; right where the strand carries"
            " meaning (--stranded), wrong for binding sites"
        )
    if duplicates.num_repeats:
        yield f"entries that repeat the sequence of an earlier entry, and so count twice: {duplicates.num_repeats:,}"
    if duplicates.num_reverse_complements:
        yield f"entries that are the reverse complement of an earlier entry: {duplicates.num_reverse_complements:,}"
    if found.num_cut:
        whole = "; --set head.chunk_pooling=mean reads them whole" if task in _CHUNKED else ""
        yield (
            f"entries with more than {max_tokens} tokens: {found.num_cut:,} of {num_entries:,}; finetune cuts them on the right"
            f" ({found.num_cut_bases:,} bases are lost){whole}"
        )
    if found.gc is None:
        yield "all bases are N: there is nothing to learn"
    elif found.num_ambiguous > _MANY_AMBIGUOUS * found.num_bases:
        yield (
            f"{found.num_ambiguous / found.num_bases:.1%} of the bases are no A, C, G or T: the k-mers over them are [UNK];"
            " --ambiguous skip leaves such entries out"
        )


def pitfalls_of_classes(data: LabelledSet, classes: Sequence[Class], layout: Layout | None, task: FinetuneTask) -> Iterator[str]:
    """What is doubtful about the labels of a file.

    Args:
        data: The entries.
        classes: Their classes, the largest first.
        layout: What the file is.
        task: classify, pair or multilabel.
    """
    if len(data) >= _MIN_ENTRIES_TO_JUDGE and len(classes) > len(data) // 2:
        remedy = "dnabert dataset tfbs makes a labelled set of peaks" if layout and layout.kind == "BED" else "numbers want --task regress"
        yield f"{len(classes):,} different labels in {len(data):,} entries: these look like names, not classes; {remedy}"
        return
    rarest = min(classes, key=lambda each: each.num_entries)
    if task != "multilabel" and rarest.share < _RARE_SHARE / max(1, len(classes) - 1):
        yield (
            f"the classes are unbalanced: {rarest.num_entries:,} entries of {rarest.name!r}, {classes[0].num_entries:,} of"
            f" {classes[0].name!r}; --set class_weights=balanced weighs them alike"
        )
    is_either_or = len(classes) == 2 and task != "multilabel"
    for each in classes[:1] if is_either_or else classes:
        others = repr(classes[1].name) if is_either_or else "the others"
        if each.gc_is_telling:
            yield (
                f"GC alone separates {each.name!r} from {others}: AUROC {each.gc_auroc:.2f} (over {TELLING_AUROC}); a model may learn"
                " nothing else, so take negatives matched in GC"
            )
        if each.length_is_telling:
            yield (
                f"length alone separates {each.name!r} from {others}: AUROC {each.length_auroc:.2f} (over {TELLING_AUROC}); cut all"
                " sequences to one length"
            )


def pitfalls_of_shared(shared: Shared) -> Iterator[str]:
    """What is doubtful about two files that hold the same sequences."""
    count = shared.num_entries + shared.num_reverse_complements
    if count:
        turned = f", {shared.num_reverse_complements:,} as the reverse complement" if shared.num_reverse_complements else ""
        other = f", {shared.num_other_label:,} with another label there" if shared.num_other_label else ""
        yield f"entries of {shared.second} that stand also in {shared.first}: {count:,}{turned}{other}; leave them out of one of the two"
