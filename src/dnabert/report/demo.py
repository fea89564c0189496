"""The report of the demo: the whole story on a simulated genome, top to bottom, in plain words."""

import csv
from collections.abc import Mapping
from pathlib import Path

from dnabert.dna.regions import open_text
from dnabert.errors import DataFileError
from dnabert.report.model.page import ModelReading
from dnabert.report.model.performance import metric_cards, performance_section, set_name
from dnabert.report.model.run_report import provenance_section
from dnabert.report.model.training_curves import finetune_section, hidden_base_card, pretrain_section
from dnabert.report.page import Block, Bullets, Cell, Commands, Page, Paragraph, Section, Table, write_page
from dnabert.report.planted import planted_section
from dnabert.report.run_files import Metrics, RunFiles, read_run
from dnabert.report.simulation import Truth, frequent_base_share, read_truth, simulation_section
from dnabert.report.wording import METRIC_NAMES, glossary, interval_text, metric_text, ordered_metrics, plural

__all__ = ["write_demo_report"]

_CLASS_NAMES = {"0": "not promoter", "1": "promoter"}


def write_demo_report(
    path: Path,
    pretrain_run: Path,
    finetune_run: Path,
    simulation_dir: Path,
    *,
    baselines: Mapping[str, Metrics] | None = None,
    reading: ModelReading | None = None,
    command: str = "",
) -> None:
    """Write the story of a demo as one HTML file, in place of what is there.

    Args:
        path: The file.
        pretrain_run: Run directory of the pre-training.
        finetune_run: Run directory of the fine-tuning, with its predictions on the simulation's test set.
        simulation_dir: What :func:`dnabert.data.simulate.write_simulation` wrote.
        baselines: Test figures of simpler methods by their name, with the keys of ``metrics.json``; None leaves the comparison out.
        reading: What the fine-tuned model reads, as ``dnabert report`` says it; None leaves it out.
        command: The command line that makes the report.

    Raises:
        DataFileError: A directory is missing, or one of its files is damaged; the message names it.
        OutputError: The report cannot be written.
    """
    pretrained, finetuned = read_run(pretrain_run), read_run(finetune_run)
    truth = read_truth(simulation_dir)
    sequences = _read_sequences(simulation_dir / "test.csv")
    frequent = _frequent_base(pretrained, simulation_dir)
    sections = [
        _overview(truth, pretrained, finetuned, reading is not None),
        simulation_section(truth, "1. The genome"),
        pretrain_section(pretrained, frequent, "2. Pre-training: reading DNA without labels"),
        finetune_section(finetuned, "3. Fine-tuning: learning what a promoter is"),
        _performance(finetuned, baselines),
        planted_section(truth, finetuned.predictions, sequences, "5. Where it is right and wrong"),
        *_reading_sections(reading, 6),
        _own_data(),
        provenance_section([("Pre-training", pretrained), ("Fine-tuning", finetuned)]),
    ]
    cards = (*metric_cards(finetuned), *hidden_base_card(pretrained, frequent))
    write_page(path, Page("DNABERT demo: from a genome to a promoter classifier", _lead(finetuned), tuple(sections), cards, command))


def _lead(finetuned: RunFiles) -> str:
    lead = (
        "A small DNABERT model read a made-up genome, was taught from examples what a promoter is, and was then asked about"
        " sequences of a part of the genome it was never taught on."
    )
    figures = finetuned.metrics.test if finetuned.metrics is not None else None
    if figures and figures.get("accuracy") is not None and figures.get("n"):
        interval = finetuned.metrics.intervals.get("accuracy") if finetuned.metrics is not None else None
        ends = f" (95% interval {interval[0]:.1%} to {interval[1]:.1%})" if interval else ""
        lead += f" It called **{figures['accuracy']:.1%}** of {plural(int(figures['n'] or 0), 'test sequence')} right{ends}."
    return lead


def _overview(truth: Truth, pretrained: RunFiles, finetuned: RunFiles, is_read: bool) -> Section:
    length_bp = sum(contig.length_bp for contig in truth.contigs)
    k = pretrained.setting("config", "model", "kmer")
    words = "overlapping k-mers" if k is None else f"overlapping {k}-mers"
    steps = pretrained.metrics.steps if pretrained.metrics is not None else None
    length = f", for {plural(steps, 'step')}" if steps else ""
    taught = finetuned.setting("n_train")
    examples = plural(taught, "labelled sequence") if isinstance(taught, int) else "labelled sequences"
    items = [
        f"**Simulate.** A genome of {length_bp / 1e6:.1f} million bases was made up, with {plural(len(truth.promoters), 'promoter')} and as"
        " many look-alikes planted at known places.",
        f"**Pre-train.** {_beginning(pretrained)} read it as {words} and learnt to fill in hidden ones{length}.",
        f"**Fine-tune.** From {examples} it learnt to tell promoters from look-alikes.",
        f"**Predict and evaluate.** It was asked about the {set_name(finetuned)} sequences, and its answers were"
        " compared with what was planted.",
    ]
    if is_read:
        items.append("**Read.** It was looked up what the model attends to, which motifs stand there, and how it arranges the sequences.")
    remark = (
        "This is a demonstration of the machinery in a few minutes on a laptop: a tiny model on a tiny genome. How well a real model does"
        " on real DNA is a matter of more data and more steps; the commands are the same and stand at the end."
    )
    return Section("What happened here", (Bullets(tuple(items), numbered=True), Paragraph(remark)))


def _beginning(pretrained: RunFiles) -> str:
    """What was pre-trained, as the beginning of a sentence."""
    directory = pretrained.setting("model", "directory")
    return (
        f"The model `{Path(directory).name}`, pre-trained before on other DNA,"
        if isinstance(directory, str)
        else "A model of random weights"
    )


def _reading_sections(reading: ModelReading | None, first: int) -> list[Section]:
    """The sections of a reading, numbered on, under what they are."""
    if reading is None:
        return []
    sections = [Section(f"{number}. {section.title}", section.blocks) for number, section in enumerate(reading.sections, start=first)]
    lead = Paragraph(
        "From here on the model is asked what it goes by. `dnabert report` makes these parts of any model and any labelled sequences; its"
        " page about this one is `model-report.html`, beside this file."
    )
    return [Section(sections[0].title, (lead, *sections[0].blocks)), *sections[1:]] if sections else []


def _frequent_base(pretrained: RunFiles, simulation_dir: Path) -> float | None:
    contigs = pretrained.setting("valid_contigs")
    genome = simulation_dir / "genome.fa"
    if not isinstance(contigs, list) or not genome.exists():
        return None
    both = pretrained.setting("config", "corpus", "both_strands") is not False
    return frequent_base_share(genome, [str(name) for name in contigs], both_strands=both)


def _performance(finetuned: RunFiles, baselines: Mapping[str, Metrics] | None) -> Section:
    section = performance_section(finetuned, _CLASS_NAMES, "4. How good is it?")
    figures = (finetuned.metrics.test or finetuned.metrics.valid) if finetuned.metrics is not None else None
    compared = _baseline_blocks(finetuned, baselines) if baselines else []
    return Section(section.title, (*section.blocks, *compared, glossary(ordered_metrics(figures))))


def _baseline_blocks(finetuned: RunFiles, baselines: Mapping[str, Metrics]) -> list[Block]:
    """The model beside simpler methods, the best of each figure set in strong letters."""
    own = finetuned.metrics.test if finetuned.metrics is not None else None
    rows = {"DNABERT (this run)": own or {}, **baselines}
    names = [name for name in ordered_metrics(*rows.values()) if name in METRIC_NAMES and name != "loss"]
    best = {name: max((value for row in rows.values() if (value := row.get(name)) is not None), default=None) for name in names}
    intervals = finetuned.metrics.intervals if finetuned.metrics is not None else {}
    cells: list[tuple[str | Cell, ...]] = []
    for label, row in rows.items():
        values = [
            Cell(
                metric_text(row.get(name)),
                strong=row.get(name) is not None and row.get(name) == best[name],
                note=interval_text(intervals.get(name)) if row is own else "",
            )
            for name in names
        ]
        cells.append((label, *values))
    caption = (
        "The same training and test sequences for all; the best of each column stands out. Differences within the interval may be chance."
    )
    columns = ("Method", *(f">{METRIC_NAMES[name]}" for name in names))
    return [Paragraph("**Is it worth the effort?** Simpler methods on the same sequences:"), Table(columns, tuple(cells), caption)]


def _read_sequences(path: Path) -> dict[str, str]:
    """Sequences by id of a labelled table of the simulation; empty if it is not there."""
    if not path.exists():
        return {}
    with open_text(path) as handle:
        reader = csv.DictReader(handle)
        if not {"id", "sequence"} <= set(reader.fieldnames or ()):
            raise DataFileError(f"{path}:1: needs the columns 'id' and 'sequence'; simulate again")
        return {row["id"]: row["sequence"] or "" for row in reader}


def _own_data() -> Section:
    steps = (
        (
            "Pre-train on a genome (FASTA, plain or gzip, or 2bit); a part is held out by itself.",
            "dnabert pretrain genome.fa.gz --out runs/pretrained",
        ),
        (
            "Fine-tune on labelled sequences: CSV or TSV with the columns `sequence` and `label`, FASTA with `label=...` in the header, or"
            " BED with `--genome`. Without `--valid` a tenth is held out; the test table is touched once, at the end.",
            "dnabert finetune --model runs/pretrained --train train.csv --test test.csv --out runs/classifier",
        ),
        (
            "Evaluate on further labelled sequences: figures with intervals, calibration.",
            "dnabert evaluate more.csv --model runs/classifier --out evaluation.json",
        ),
        (
            "All that a model tells on one page, as above: figures on further labelled sequences, attention, motifs, a map.",
            "dnabert report more.csv --model runs/classifier --out model-report.html",
        ),
        (
            "Predict on new sequences: one line of probabilities each.",
            "dnabert predict new.fa --model runs/classifier --out predictions.tsv",
        ),
    )
    lead = (
        "These commands do with your files what was done here. Keep test sequences apart by chromosome or by similarity: near-copies"
        " of training sequences in the test set make any model look better than it is."
    )
    return Section("With your own data", (Paragraph(lead), Commands(steps)))
