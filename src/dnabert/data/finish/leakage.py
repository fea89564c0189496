"""What could make a model look better on a data set than it is: measured, for ``leakage.json``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dnabert.data.check.composition import TELLING_AUROC
from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.negatives import Matching
from dnabert.data.datasets.splits import SPLITS
from dnabert.data.finish.distances import split_distances
from dnabert.data.finish.duplicates import DatasetTask, DuplicateCounts
from dnabert.data.finish.near_duplicates import NearDuplicates, accuracy_text
from dnabert.data.finish.plain import PlainFigures, class_names, labels_of, plain_figures

__all__ = ["FEW_ROWS", "MOST_NEAR_DUPLICATES", "Leakage", "leakage_record", "leakage_warnings", "measure_leakage"]

FEW_ROWS = 50
"""A class with fewer rows teaches little, and its figures are mostly chance."""
MOST_NEAR_DUPLICATES = 0.01
"""Share of rows more than half of which is in one training row, from which on it is a warning."""
_DIGITS = 6
_SPLIT_WORDS = {"train": "training", "valid": "validation", "test": "test"}


@dataclass(frozen=True)
class Leakage:
    """How far the splits are apart, and how far something plain tells the classes apart.

    Attributes:
        task: What the labels are.
        method: What decided on the splits, in words.
        contigs: Contigs by split, where the split goes by contig.
        num_rows: Rows by split.
        classes: Rows by class, by split; of labels of single bases, bases by letter; a row with several labels counts for each.
        duplicates: Rows that were left out for their sequence.
        near_duplicates: How alike the splits are.
        num_dropped: Training rows left out as too like a row of another split; None where that was not asked for.
        dropped_above: The containment above which they were left out.
        distances_bp: Smallest distance of windows, by pair of splits; None where they share no contig.
        matching: How well the negatives match, by split.
        plain: How far G+C alone and length alone get.
        kmer_only_auroc: Test AUROC of a logistic regression on 4-mer counts, each class against the others, mean; None where not measured.
        made_from_absent: Rows left out because the row that they were made from was, by split.
    """

    task: DatasetTask
    method: str
    contigs: Mapping[SplitName, tuple[str, ...]]
    num_rows: Mapping[SplitName, int]
    classes: Mapping[SplitName, Mapping[str, int]]
    duplicates: DuplicateCounts
    near_duplicates: NearDuplicates
    num_dropped: int | None
    dropped_above: float | None
    distances_bp: Mapping[tuple[SplitName, SplitName], int | None]
    matching: Mapping[SplitName, Matching]
    plain: PlainFigures
    kmer_only_auroc: float | None = None
    made_from_absent: Mapping[SplitName, int] = field(default_factory=dict)


def measure_leakage(
    draft: Draft,
    rows: Sequence[Example],
    task: DatasetTask,
    duplicates: DuplicateCounts,
    near_duplicates: NearDuplicates,
    num_dropped: int | None = None,
    dropped_above: float | None = None,
    made_from_absent: Mapping[SplitName, int] | None = None,
) -> Leakage:
    """The leakage of a data set.

    Args:
        draft: What it was made from.
        rows: Its rows, in the end.
        task: What the labels are.
        duplicates: Rows that were left out for their sequence.
        near_duplicates: How alike the splits of the rows are.
        num_dropped: Training rows that were left out as too like a row of another split.
        dropped_above: The containment above which they were.
        made_from_absent: Rows that were left out because the row that they were made from was, by split; None for none.

    Raises:
        RegionError: Windows of different splits overlap.
    """
    train, test = ([example for example in rows if example.split == split] for split in ("train", "test"))
    names = class_names(rows, task)
    counts = {split: Counter[str]() for split in SPLITS}
    for example in rows:
        counts[example.split].update(labels_of(example.label, task))
    sizes = Counter(example.split for example in rows)
    return Leakage(
        task,
        draft.splits.origin,
        draft.splits.contigs,
        {split: sizes[split] for split in SPLITS},
        {split: {name: counts[split][name] for name in names} for split in SPLITS},
        duplicates,
        near_duplicates,
        num_dropped,
        dropped_above,
        split_distances(rows),
        draft.matching,
        plain_figures(train, test, task),
        made_from_absent=made_from_absent or {},
    )


def leakage_record(leakage: Leakage) -> dict[str, Any]:
    """What ``leakage.json`` holds."""
    near = leakage.near_duplicates
    return {
        "task": leakage.task,
        "splits": {"method": leakage.method, "contigs": {split: list(names) for split, names in leakage.contigs.items()}},
        "rows": dict(leakage.num_rows),
        "classes": {split: dict(counts) for split, counts in leakage.classes.items()},
        "duplicates_left_out": asdict(leakage.duplicates),
        "made_from_left_out": dict(leakage.made_from_absent),
        "near_duplicates": {
            "kmer": near.kmer,
            "sampled_share": round(near.sampled_share, _DIGITS),
            "figures": accuracy_text(near.sampled_share, near.comparisons),
            "left_out_above": leakage.dropped_above,
            "num_left_out": leakage.num_dropped,
            "comparisons": [asdict(comparison) for comparison in near.comparisons],
            "pairs": [{**asdict(pair), "containment": round(pair.containment, _DIGITS)} for pair in near.pairs],
        },
        "smallest_distance_bp": {f"{left}-{right}": gap for (left, right), gap in leakage.distances_bp.items()},
        "matching": {
            split: {name: round(value, _DIGITS) for name, value in asdict(matching).items()} for split, matching in leakage.matching.items()
        },
        "gc_only_auroc": _rounded(leakage.plain.gc_only),
        "gc_binned_auroc": _rounded(leakage.plain.gc_binned),
        "length_only_auroc": _rounded(leakage.plain.length_only),
        "kmer_only_auroc": _rounded(leakage.kmer_only_auroc),
        "warnings": leakage_warnings(leakage),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def leakage_warnings(leakage: Leakage) -> list[str]:
    """What a reader has to know before training, one sentence each; empty if there is nothing."""
    found = []
    gc = max((value for value in (leakage.plain.gc_only, leakage.plain.gc_binned) if value is not None), default=None)
    for what, value in (("G+C", gc), ("the length", leakage.plain.length_only)):
        if value is not None and value > TELLING_AUROC:
            found.append(
                f"{what} alone tells the classes apart: AUROC {value:.2f} on the test rows, over {TELLING_AUROC}; a model may learn nothing"
                " else: match the negatives, or compare every figure with this one"
            )
    for near in leakage.near_duplicates.comparisons:
        share = near.num_above_half / max(near.num_compared, 1)
        if share > MOST_NEAR_DUPLICATES:
            found.append(
                f"{near.num_above_half:,} of {near.num_compared:,} {_SPLIT_WORDS[near.split]} rows ({share:.1%}) are by more than half in"
                f" one {_SPLIT_WORDS[near.other]} row: figures on them are too good"
                + (
                    "; leave such training rows out with --drop-near-duplicates 0.5"
                    if near.other == "train" and leakage.dropped_above is None
                    else ""
                )
            )
    found += [text for split in leakage.classes for text in _class_warnings(leakage, split)]
    totals = {name: sum(counts[name] for counts in leakage.classes.values()) for name in leakage.classes["train"]}
    few = [f"{name} ({total})" for name, total in totals.items() if total < FEW_ROWS]
    if few:
        what = "bases" if leakage.task == "token" else "rows"
        found.append(f"fewer than {FEW_ROWS} {what} of {_listed(few)}: too few to learn from, and to measure with")
    for split, matching in leakage.matching.items():
        if matching.num_found < matching.num_wanted:
            sizes = f"{matching.num_found:,} of {matching.num_wanted:,}"
            found.append(f"{sizes} negatives were found for {_SPLIT_WORDS[split]}: the genome has no room for more")
    return found


def _class_warnings(leakage: Leakage, split: SplitName) -> list[str]:
    """That a split has no row, rows of one class, or none of some class; what that means, and what to do."""
    counts, size = leakage.classes[split], leakage.num_rows[split]
    missing = [name for name, count in counts.items() if not count]
    present = [f"{name} {count:,}" for name, count in counts.items() if count]
    if not missing and size:
        return []
    way_out = "" if split == "train" else f", or a larger --set splits.{split}_fraction=SHARE"
    if not size:
        others = ", ".join(f"{_SPLIT_WORDS[name]} {rows:,}" for name, rows in leakage.num_rows.items() if rows)
        held_out = "dnabert finetune holds out some training rows in its place, drawn without regard to contigs"
        effect = held_out if split == "valid" else "there will be no figures on rows that had no part in the training"
        told = f"{split}.tsv has no row ({others}): {effect}"
    elif leakage.task != "multilabel" and len(present) == 1:
        told = f"all {size:,} {_SPLIT_WORDS[split]} rows are of one class ({present[0]}; none of {_listed(missing)}): "
        told += "nothing can be learnt from them" if split == "train" else "no figure that compares classes is defined on them"
    else:
        told = f"the {size:,} {_SPLIT_WORDS[split]} rows hold none of {_listed(missing)} ({_listed(present)})"
    return [f"{told}; give --split FILE{way_out}"]


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*names[:5], "..."] if len(names) > 5 else names)
