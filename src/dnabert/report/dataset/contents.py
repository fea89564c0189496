"""Sections on what a data set holds: what became of the input, splits and classes, composition, example rows."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from dnabert.plot.bases.shares import share_histogram_figure
from dnabert.report.dataset.files import DatasetFiles, Spread
from dnabert.report.page import Block, Cell, Details, Facts, Letters, Paragraph, Picture, Pictures, Section, Table
from dnabert.report.wording import metric_text, plural

__all__ = ["SPLIT_NAMES", "composition_section", "counts_section", "examples_section", "flat_facts", "splits_section"]

SPLIT_NAMES = {"train": "training", "valid": "validation", "test": "test"}

_MAX_COLUMNS = 6
_MAX_CLASSES = 20
_MAX_CURVES = 4
_MAX_SPREADS = 8
_MAX_CONTIGS = 6
_MAX_LETTERS = 160
_GC_BINS = 40


def counts_section(files: DatasetFiles) -> Section:
    """What became of the input, line by line."""
    counts = files.record.counts
    lead = "Every line of the input and every window that was drawn is accounted for, in the order of the work."
    rows = tuple((name, f"{count:,}") for name, count in counts.items() if count)
    blocks: list[Block] = [Paragraph(lead), Table(("What", ">Number"), rows)]
    not_found = [name for name, count in counts.items() if not count]
    if not_found:
        blocks.append(Paragraph(f"Of these there were none: {'; '.join(not_found)}."))
    facts = _fact_rows({name: value for name, value in files.record.facts.items() if name != "warnings"})
    if facts:
        blocks += [Paragraph("What else is on record:"), Facts(tuple(facts))]
    return Section("From the input to the rows", tuple(blocks))


def _fact_rows(facts: object, path: str = "") -> list[tuple[str, str]]:
    """Facts as names and values, some numbers that belong together in one line."""
    if not isinstance(facts, dict):
        return [(path, facts if isinstance(facts, str) else json.dumps(facts))]
    if path and all(isinstance(value, int | float) for value in facts.values()):
        return [(path, ", ".join(f"{_words(name)} {value:,}" for name, value in facts.items()))]
    return [row for name, value in facts.items() for row in _fact_rows(value, f"{path}, {_words(name)}" if path else _words(name))]


def _words(name: str) -> str:
    return name.replace("_", " ")


def splits_section(files: DatasetFiles) -> Section:
    """Rows by split and class, and what the splits are made of."""
    leakage = files.leakage
    classes = list(leakage.classes["train"])
    unit = "bases" if files.record.task == "token" else "rows"
    lead = f"How it was split: {leakage.splits.method}. A window lies wholly within the part of the genome of its set."
    blocks: list[Block] = [Paragraph(lead)]
    is_wide = len(classes) <= _MAX_COLUMNS
    columns = ("Set", ">Rows", *(f">{_class_title(name, unit)}" for name in classes if is_wide), "Contigs")
    rows: list[tuple[str | Cell, ...]] = []
    for split, name in SPLIT_NAMES.items():
        own = leakage.classes[split]
        numbers = [f"{own[label]:,}" for label in classes if is_wide]
        rows.append((name, f"{leakage.rows[split]:,}", *numbers, _contig_words(leakage.splits.contigs.get(split, ()))))
    blocks.append(Table(columns, tuple(rows)))
    if not is_wide:
        blocks += _class_blocks(leakage.classes, unit)
    blocks += _category_blocks(files)
    return Section("Training, validation, test", tuple(blocks))


def _class_title(name: str, unit: str) -> str:
    return f"Class {name}" if unit == "rows" else f"Bases of {name}"


def _contig_words(names: Sequence[str]) -> str | Cell:
    if not names:
        return "parts of contigs"
    listed = ", ".join(names[:_MAX_CONTIGS]) + (", …" if len(names) > _MAX_CONTIGS else "")
    return Cell(plural(len(names), "contig"), note=listed)


def _class_blocks(classes: Mapping[str, Mapping[str, int]], unit: str) -> list[Block]:
    """Classes as rows, the largest first; of many, the rest unfolds."""
    totals = {name: sum(counts[name] for counts in classes.values()) for name in classes["train"]}
    order = sorted(totals, key=lambda name: -totals[name])
    columns = ("Class", *(f">{name.capitalize()}" for name in SPLIT_NAMES.values()), ">All")
    rows = [(name, *(f"{classes[split][name]:,}" for split in SPLIT_NAMES), f"{totals[name]:,}") for name in order]
    blocks: list[Block] = [Table(columns, tuple(rows[:_MAX_CLASSES]), f"{unit.capitalize()} by class, the largest first.")]
    if len(rows) > _MAX_CLASSES:
        blocks.append(Details(f"The other {len(rows) - _MAX_CLASSES} classes", (Table(columns, tuple(rows[_MAX_CLASSES:])),)))
    return blocks


def _category_blocks(files: DatasetFiles) -> list[Block]:
    """Finer classes; where they are many, such as genes, an example."""
    if not files.categories:
        return []
    if len(files.categories) > _MAX_CLASSES:
        names = sorted({category for _, category in files.categories})
        return [Paragraph(f"The column `category` tells {plural(len(names), 'kind')} of rows apart, such as {', '.join(names[:3])}.")]
    rows = tuple((name, category, f"{count:,}") for (name, category), count in files.categories.items())
    return [Table(("Class", "Category", ">Rows"), rows, "Finer classes that are no labels, over all sets.")]


def composition_section(files: DatasetFiles) -> Section:
    """G+C and length of the classes, and how well the negatives are matched."""
    is_token = files.record.task == "token"
    ordered = sorted(files.spread.items(), key=lambda item: (-len(item[1].gc), item[0]))
    drawn = sorted(ordered[:_MAX_CURVES])
    edges = np.linspace(0, 1, _GC_BINS + 1)
    counts = np.array([np.histogram(spread.gc, bins=edges)[0] for _, spread in drawn])
    names = [name if is_token else f"class {name}" for name, _ in drawn]
    figure = share_histogram_figure(edges, counts, names, "Share of G and C in a sequence", "Rows (share of the class)")
    more = f" The {_MAX_CURVES} largest of {len(ordered)} classes are shown." if len(ordered) > _MAX_CURVES else ""
    caption = f"All sets together, each class as a share of its own rows. Curves that lie on one another give nothing away.{more}"
    caption = "All sets together." if is_token else caption
    pictures = [Picture.of(figure, "G+C of the classes", caption, is_wide=True)]
    if len({int(length) for _, spread in ordered for length in (spread.lengths_bp.min(), spread.lengths_bp.max())}) > 1:
        pictures.append(_length_picture(drawn, names))
    lead = (
        "A classifier takes the shortest way. Where the classes differ in their share of G and C or in their length, it may learn that and"
        " nothing else."
    )
    lead = "Whatever their bases are labelled, this is what the rows are like." if is_token else lead
    return Section(
        "What the sequences are made of", (Paragraph(lead), Pictures(tuple(pictures)), _spread_table(ordered), *_matching(files))
    )


def _length_picture(drawn: Sequence[tuple[str, Spread]], names: Sequence[str]) -> Picture:
    longest = max(int(spread.lengths_bp.max()) for _, spread in drawn)
    edges = np.linspace(0, longest + 1, _GC_BINS + 1)
    counts = np.array([np.histogram(spread.lengths_bp, bins=edges)[0] for _, spread in drawn])
    figure = share_histogram_figure(edges, counts, names, "Length of a sequence (bp)", "Rows (share of the class)")
    return Picture.of(figure, "Lengths of the classes", "As above.", is_wide=True)


def _spread_table(ordered: Sequence[tuple[str, Spread]]) -> Table:
    rows = []
    for name, spread in ordered[:_MAX_SPREADS]:
        least, most = int(spread.lengths_bp.min()), int(spread.lengths_bp.max())
        lengths = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        low, middle, high = np.percentile(spread.gc, [5, 50, 95])
        rows.append((name, f"{len(spread.gc):,}", f"{spread.gc.mean():.3f}", f"{low:.2f} – {middle:.2f} – {high:.2f}", lengths))
    columns = ("Class", ">Rows", ">Mean G+C", ">5% – median – 95%", ">Length, bp")
    more = f" The {_MAX_SPREADS} largest classes are shown." if len(ordered) > _MAX_SPREADS else ""
    return Table(columns, tuple(rows), f"Share of G and C of a row, 0 to 1, and its length.{more}")


def _matching(files: DatasetFiles) -> list[Block]:
    matching = files.leakage.matching
    if not matching:
        return []
    rows = tuple(
        (
            SPLIT_NAMES.get(split, split),
            f"{found.num_wanted:,}",
            f"{found.num_found:,}",
            metric_text(found.mean_gc_difference),
            metric_text(found.mean_repeat_difference),
        )
        for split, found in matching.items()
    )
    columns = ("Set", ">Negatives wanted", ">Found", ">Mean difference in G+C", ">In repeats")
    caption = "How like its positive a matched negative is: mean difference in the share of G and C, and of bases in repeats (0: equal)."
    return [Table(columns, rows, caption)]


def examples_section(files: DatasetFiles) -> Section:
    """Some training rows of each class."""
    rows = tuple(
        (
            Cell(row.id, note=row.place),
            Cell(_shortened(row.label, 24), note=row.category),
            row.source,
            Cell(letters=(Letters(_shortened(row.sequence, _MAX_LETTERS)),)),
        )
        for row in files.samples[:_MAX_CLASSES]
    )
    caption = (
        "The first training rows of each class, as they stand in `train.tsv`; positions are 0-based, half-open, on the forward strand."
    )
    return Section("Some rows", (Table(("Id and place", "Label", "Made from", "Sequence"), rows, caption, stacks=True),))


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def flat_facts(facts: object, path: str = "") -> list[tuple[str, str]]:
    """Nested settings as dotted names and values, in the order of the file."""
    if isinstance(facts, dict):
        return [row for key, value in facts.items() for row in flat_facts(value, f"{path}.{key}" if path else str(key))]
    return [(path, facts if isinstance(facts, str) else json.dumps(facts))]
