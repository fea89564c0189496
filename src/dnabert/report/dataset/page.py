"""The page that tells of a data set, top to bottom."""

from pathlib import Path

import numpy as np

from dnabert.report.dataset.contents import SPLIT_NAMES, composition_section, counts_section, examples_section, flat_facts, splits_section
from dnabert.report.dataset.files import DatasetFiles, read_dataset
from dnabert.report.dataset.shortcuts import baselines_section, copies_section, minding_section
from dnabert.report.page import Card, Commands, Details, Facts, Page, Paragraph, Section, write_page
from dnabert.report.wording import metric_text, plural

__all__ = ["write_dataset_report"]

_MAX_FILES = 10
_TASKS = {
    "classify": "Each has one label.",
    "multilabel": "Each may have several labels.",
    "token": "Every base has a label of its own.",
}


def write_dataset_report(path: Path, directory: Path) -> None:
    """Write the report on a data set as one HTML file, in place of what is there.

    Args:
        path: The file.
        directory: What :func:`dnabert.data.finish.tables.write_dataset` wrote.

    Raises:
        DataFileError: A file of the directory is missing or damaged; the message names it.
        OutputError: The report cannot be written.
    """
    files = read_dataset(directory)
    sections = (
        minding_section(files),
        counts_section(files),
        splits_section(files),
        composition_section(files),
        baselines_section(files),
        copies_section(files),
        examples_section(files),
        _usage(files),
        _provenance(files),
    )
    write_page(path, Page(f"Data set: {files.record.name}", _lead(files), sections, _cards(files), files.record.command))


def _lead(files: DatasetFiles) -> str:
    lengths = np.concatenate([spread.lengths_bp for spread in files.spread.values()])
    least, most = int(lengths.min()), int(lengths.max())
    bases = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    genomes = ", ".join(Path(name).name for name in files.record.genome.files)
    assembly = f" (assembly {files.record.genome.assembly})" if files.record.genome.assembly else ""
    total = plural(sum(files.leakage.rows.values()), "labelled sequence")
    return (
        f"**{total}** of {bases} bases from the genome {genomes}{assembly}, in three sets that share no base of it."
        f" {_TASKS[files.record.task]} What was built, what was left out and why, and what a model could learn from it by the wrong"
        " means."
    )


def _cards(files: DatasetFiles) -> tuple[Card, ...]:
    leakage = files.leakage
    cards = [
        Card(f"{name.capitalize()} rows", f"{leakage.rows[split]:,}", _class_note(files, split)) for split, name in SPLIT_NAMES.items()
    ]
    gc = max((value for value in (leakage.gc_only_auroc, leakage.gc_binned_auroc) if value is not None), default=None)
    if gc is not None:
        cards.append(Card("G+C alone, AUROC", metric_text(gc), "test rows; 0.5 is guessing"))
    if leakage.kmer_only_auroc is not None:
        cards.append(Card("4-mer counts, AUROC", metric_text(leakage.kmer_only_auroc), "test rows; what to beat"))
    for near in leakage.near_duplicates.comparisons:
        if (near.split, near.other) == ("test", "train"):
            share = near.num_above_half / max(near.num_compared, 1)
            cards.append(Card("Test rows half in one training row", f"{share:.2%}", f"{near.num_above_half:,} of {near.num_compared:,}"))
    return tuple(cards)


def _class_note(files: DatasetFiles, split: str) -> str:
    counts = files.leakage.classes[split]
    if files.record.task != "classify" or len(counts) > 3:
        return ""
    return " · ".join(f"{name}: {count:,}" for name, count in counts.items())


def _usage(files: DatasetFiles) -> Section:
    tables = (f"--{split} {split}.tsv" for split, rows in files.leakage.rows.items() if rows)
    words = ("dnabert finetune --model MODEL --task", files.record.task, *files.record.training_flags, *tables, "--out RUN")
    steps = (
        (
            "Fine-tune a pre-trained model on it; the test rows are looked at once, at the end.",
            " ".join(words),
        ),
        ("Read a table elsewhere.", 'pandas.read_csv("train.tsv", sep="\\t", comment="#", keep_default_na=False)'),
    )
    return Section("Use it", (Commands(steps),))


def _provenance(files: DatasetFiles) -> Section:
    record = files.record
    rows = [
        ("Command", record.command),
        ("Written by", f"dnabert {record.dnabert}"),
        ("Seed", "none" if record.seed is None else str(record.seed)),
        ("Assembly", record.genome.assembly or "not known: no table of chromosome lengths fits, and none was named"),
        *(("Genome", _file_words(*item)) for item in record.genome.files.items()),
        *(("Annotation", _file_words(*item)) for item in list(record.annotations.items())[:_MAX_FILES]),
        ("Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
    ]
    if len(record.annotations) > _MAX_FILES:
        rows.append(("Annotation", f"and {len(record.annotations) - _MAX_FILES:,} more files, see dataset.json"))
    rows += [("Written", _file_words(*item)) for item in record.files.items()]
    settings = Details("All settings", (Facts(tuple(flat_facts(record.config)), is_dense=True),))
    lead = "The same inputs, settings, seed and version give the same bytes."
    return Section("Where this comes from", (Paragraph(lead), Facts(tuple(rows)), settings))


def _file_words(name: str, digest: str) -> str:
    return f"{name} (SHA-256 {digest})"
