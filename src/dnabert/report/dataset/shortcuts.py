"""Sections on what a model could learn by the wrong means: plain features, copies in another set."""

import numpy as np

from dnabert.data.finish.duplicates import Duplicate
from dnabert.data.finish.near_duplicates import Comparison, accuracy_text
from dnabert.plot.bases.shares import share_histogram_figure
from dnabert.report.dataset.contents import SPLIT_NAMES
from dnabert.report.dataset.files import DatasetFiles
from dnabert.report.page import Block, Cell, Details, Notice, Paragraph, Picture, Pictures, Section, Table
from dnabert.report.wording import metric_text

__all__ = ["baselines_section", "copies_section", "minding_section"]

_REASONS = {
    "conflict": "the same sequence with another label",
    "across splits": "the same sequence in another set",
    "within split": "the same sequence in the same set",
}


def minding_section(files: DatasetFiles) -> Section:
    """What to know before training: what was measured here, and what the builder has put among its facts as ``warnings``."""
    noted = files.record.facts.get("warnings")
    # Those of a builder begin with the name of a file.
    warnings = (*map(_capitalised, files.leakage.warnings), *(map(str, noted) if isinstance(noted, list) else ()))
    if not warnings:
        return Section(
            "Before you train on it",
            (Notice("Nothing was found that would make a model look better on this data set than it is; what was looked for is below."),),
        )
    return Section("Before you train on it", tuple(Notice(f"{text.rstrip('.')}.", is_warning=True) for text in warnings))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def baselines_section(files: DatasetFiles) -> Section:
    """How well something plain does on the test rows."""
    title = "How far the plainest features get"
    if files.record.task == "token":
        return Section(
            title, (Notice("Not measured: each base has a label of its own, and a feature of the whole sequence tells nothing."),)
        )
    leakage = files.leakage
    figures = (
        ("Share of G and C", "one threshold: richer or poorer", leakage.gc_only_auroc, "one class only"),
        ("Share of G and C, in 20 bins", "the share of the class among training rows alike", leakage.gc_binned_auroc, "one class only"),
        ("Length", "one threshold", leakage.length_only_auroc, "all sequences have one length"),
        ("4-mer counts", "logistic regression, trained on the training rows", leakage.kmer_only_auroc, "not measured"),
    )
    rows = tuple(
        (
            Cell(name, note=how),
            Cell(metric_text(value), bar=None if value is None else max(0.0, 2 * value - 1), note=missing if value is None else ""),
        )
        for name, how, value, missing in figures
    )
    lead = (
        "On the test rows, as AUROC: the chance that a row of the class scores above one of another class; 0.5 is guessing (the bar is"
        " empty), 1 is perfect. With more than two classes, each is told from all others and the mean is given. **A model is worth its"
        " effort only as far as it does better than the last line.**"
    )
    return Section(title, (Paragraph(lead), Table(("What is looked at", ">AUROC on the test rows"), rows)))


def copies_section(files: DatasetFiles) -> Section:
    """Equal and nearly equal sequences, and the distances of the windows."""
    blocks: list[Block] = [*_distance_blocks(files), *_duplicate_blocks(files), *_near_blocks(files)]
    return Section("What the sets have in common", tuple(blocks))


def _distance_blocks(files: DatasetFiles) -> list[Block]:
    gaps = files.leakage.smallest_distance_bp
    rows = []
    for pair, gap in gaps.items():
        left, right = pair.split("-")
        rows.append((f"{SPLIT_NAMES[left]} and {SPLIT_NAMES[right]}", "on different contigs" if gap is None else f"{gap:,} bp"))
    lead = "**No base of the genome is in two sets**: the coordinates of all windows were compared."
    return [Paragraph(lead), Table(("Sets", ">Nearest windows"), tuple(rows))]


def _duplicate_blocks(files: DatasetFiles) -> list[Block]:
    found = files.leakage.duplicates_left_out
    reasons = (
        ("Its sequence occurs with another label (all such rows)", found.conflicting),
        ("Its sequence is in the test, or in validation, as well", found.across_splits),
        ("Its sequence is in the same set already", found.within_split),
        ("The row that it was made from was left out", files.leakage.made_from_left_out),
    )
    lead = "**Equal sequences** were left out; a sequence and its reverse complement are the same."
    rows = tuple((reason, *(f"{counts.get(split, 0):,}" for split in SPLIT_NAMES)) for reason, counts in reasons)
    columns = ("A row was left out because", *(f">From {name}" for name in SPLIT_NAMES.values()))
    blocks: list[Block] = [Paragraph(lead), Table(columns, rows)]
    if found.num_united:
        blocks.append(Paragraph(f"{found.num_united:,} sequences had several rows with different labels, and now have the labels of all."))
    if found.samples:
        blocks.append(Details("Some of them", (_samples_table(found.samples),)))
    return blocks


def _samples_table(samples: tuple[Duplicate, ...]) -> Table:
    def described(name: str, split: str, label: str) -> Cell:
        return Cell(name, note=f"{SPLIT_NAMES[split]}, {'label ' + label if len(label) < 24 else 'labels of bases'}")

    rows = tuple(
        (
            described(sample.id, sample.split, sample.label),
            _REASONS[sample.reason],
            described(sample.other_id, sample.other_split, sample.other_label),
        )
        for sample in samples
    )
    return Table(("Left out", "Why", "The other row"), rows)


def _near_blocks(files: DatasetFiles) -> list[Block]:
    near = files.leakage.near_duplicates
    sample = "All" if near.sampled_share >= 1 else f"A sample of {near.sampled_share:.0%}"
    accuracy = accuracy_text(near.sampled_share, near.comparisons)
    lead = (
        f"**Nearly equal sequences** (repeats, gene families) are measured, and stay unless told otherwise. {sample} of the"
        f" {near.kmer}-mers of a row, strands taken together, are looked up in every row of the other set; what counts is the largest share"
        f" that one single row holds. The figures are {accuracy}."
    )
    blocks: list[Block] = [Paragraph(lead)]
    if near.num_left_out is not None:
        blocks.append(
            Paragraph(
                f"{near.num_left_out:,} training rows were left out that held more than {near.left_out_above:g} of a row of another set."
            )
        )
    if not near.comparisons:
        return blocks
    figure = share_histogram_figure(
        np.linspace(0, 1, len(near.comparisons[0].histogram) + 1),
        np.array([comparison.histogram for comparison in near.comparisons]),
        [_pair_name(comparison) for comparison in near.comparisons],
        "Largest share of a row's k-mers in one row of the other set",
        "Rows (share of the set)",
        is_logarithmic=True,
        marks=(0.5, 0.8),
    )
    caption = (
        "On the left, rows that have nothing in common with any row of the other set; right of the lines, more than 0.5 and 0.8 of them."
    )
    blocks += [Pictures((Picture.of(figure, "How alike the sets are", caption, is_wide=True),)), _near_table(near.comparisons)]
    frequent = [comparison for comparison in near.comparisons if comparison.num_frequent_hashes]
    if frequent:
        words = "; ".join(f"{_pair_name(each)}: {each.num_frequent_hashes:,}" for each in frequent)
        blocks.append(Paragraph(f"The k-mers of the most frequent repeats were left out of the comparison, on either side ({words})."))
    if near.pairs:
        blocks.append(Details("The rows that are most alike", (_pairs_table(files),)))
    return blocks


def _pair_name(comparison: Comparison) -> str:
    return f"{SPLIT_NAMES[comparison.split]} in {SPLIT_NAMES[comparison.other]}"


def _near_table(comparisons: tuple[Comparison, ...]) -> Table:
    def share(count: int, comparison: Comparison) -> Cell:
        part = count / max(comparison.num_compared, 1)
        return Cell(f"{count:,}", note=f"{part:.2%}")

    rows = tuple(
        (
            f"{_pair_name(each)}",
            Cell(f"{each.num_compared:,}", note=f"of {each.num_rows:,}"),
            share(each.num_above_half, each),
            share(each.num_above_four_fifths, each),
        )
        for each in comparisons
    )
    caption = "Rows with too few different k-mers, such as microsatellites, are not compared."
    return Table(("Sets", ">Rows compared", ">More than 0.5", ">More than 0.8"), rows, caption)


def _pairs_table(files: DatasetFiles) -> Table:
    rows = tuple(
        (
            Cell(pair.id, note=f"{SPLIT_NAMES[pair.split]}, {pair.region}"),
            Cell(pair.other_id, note=f"{SPLIT_NAMES[pair.other_split]}, {pair.other_region}"),
            f"{pair.containment:.2f}",
        )
        for pair in files.leakage.near_duplicates.pairs
    )
    return Table(("Row", "Row that holds most of it", ">Share"), rows)
