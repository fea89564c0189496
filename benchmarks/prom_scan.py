"""Prom-scan on held-out loci: `python benchmarks/prom_scan.py --model RUN`; writes docs/results/prom-scan.md.

The contigs of the valid and test split of the mini genome are scanned with the rule of 2021 (`--preset prom-scan`): a stranded model on
each strand, where a call is right if an EPD start site of its strand is within 500 bases of its summit; one that was trained without
regard to strand on the forward strand, and sites of both count. A start site is found where such a call is near it. The threshold is the
one that has the best F1 on the valid split (`--valid-contigs`: on so many of its contigs, drawn at random); on the test split it is used
once, beside 0.5. The same is done with the number of CpG of each window in the place of the model. Intervals (95 %) are from resampled
contigs.

The data are in DNABERT_DATA, else ../shared/data.
"""

import argparse
import csv
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyBigWig

from dnabert.checkpoint import load_model
from dnabert.cli.jobs.scan import run_scan
from dnabert.dna.regions import Genome, Region, read_bed
from dnabert.dna.sequence import decode_bases
from dnabert.infer.scan.calls import CallMerger
from dnabert.infer.scan.config import BackgroundConfig, ScanConfig, preset
from dnabert.infer.scan.rules import apply_rule
from dnabert.output import sha256_of_file, write_text
from dnabert.registry import resolve_model

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[2] / "shared" / "data")
DOCUMENT = Path(__file__).parents[1] / "docs" / "results" / "prom-scan.md"
MARGIN_BP = 500
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
CPG_COUNTS = tuple(range(4, 61, 2))
Track = dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]
"""Of each contig, the first bases of the longer windows, and their scores."""
ROUNDS = 1000

PUBLISHED = (
    ("FirstEF (Ji et al. 2021, Prom-scan), TATA", None, None, 0.277),
    ("FirstEF (the same), non-TATA", None, None, 0.377),
    ("FirstEF (the same), all", None, None, 0.331),
    ("FPROM (PromID's own paper)", 0.48, None, None),
    ("PromID (its own paper)", 0.77, 0.76, None),
)
"""Name, precision, recall, F1 as published, on other data; None is not given. The figures of DNABERT-Prom-scan are in a picture only."""


@dataclass(frozen=True)
class Tally:
    """What was right on one contig.

    Attributes:
        calls: Calls.
        right: Those near a start site.
        sites: Start sites.
        found: Those near a call.
    """

    calls: int = 0
    right: int = 0
    sites: int = 0
    found: int = 0


@dataclass(frozen=True)
class Figures:
    """Precision, recall and F1 of several contigs; 0 where there is nothing to divide by."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Scan:
    """How windows lay.

    Attributes:
        window_bp: Bases of a window.
        stride_bp: From one to the next.
        evaluation_bp: Bases that a score is made of.
    """

    window_bp: int
    stride_bp: int
    evaluation_bp: int

    @property
    def group(self) -> int:
        """Windows that a score is made of."""
        return (self.evaluation_bp - self.window_bp) // self.stride_bp + 1


def figures_of(tallies: Sequence[Tally]) -> Figures:
    """Of the sums over contigs."""
    calls, right, sites, found = (sum(getattr(one, name) for one in tallies) for name in ("calls", "right", "sites", "found"))
    precision, recall = right / max(calls, 1), found / max(sites, 1)
    return Figures(precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0)


def tally(summits: Sequence[int], sites: Sequence[int], margin_bp: int = MARGIN_BP) -> Tally:
    """Calls and start sites of one contig and strand; several may share one partner."""
    if not len(summits) or not len(sites):
        return Tally(len(summits), 0, len(sites), 0)
    near = np.abs(np.subtract.outer(np.array(summits), np.array(sites))) <= margin_bp
    return Tally(len(summits), int(near.any(axis=1).sum()), len(sites), int(near.any(axis=0).sum()))


def read_split(path: Path, most_bp: int | None) -> dict[str, list[tuple[str, int]]]:
    """Contigs and their lengths by split, valid and test; of each at most so many bases where a limit is given."""
    found: dict[str, list[tuple[str, int]]] = {"valid": [], "test": []}
    with path.open() as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            if row["split"] in found:
                length = int(row["end"]) - int(row["start"]) + 1
                found[row["split"]].append((row["contig"], min(length, most_bp or length)))
    return found


def read_track(path: Path, contigs: Sequence[str], stride_bp: int, evaluation_bp: int) -> Track:
    """What a scan wrote."""
    bigwig = pyBigWig.open(str(path))
    found = {}
    for contig in contigs:
        intervals = bigwig.intervals(contig) or ()
        starts = np.array([start for start, _, _ in intervals], dtype=np.int64) - (evaluation_bp - stride_bp) // 2
        found[contig] = (starts, np.array([value for _, _, value in intervals], dtype=np.float32))
    bigwig.close()
    return found


def cpg_track(contigs: dict[str, int], window_bp: int, stride_bp: int, group: int) -> Track:
    """The same with the number of CpG of each window."""
    found = {}
    with Genome(DATA / "human" / "lrg_hg38.fa.gz") as genome:
        for contig, length in contigs.items():
            letters = np.frombuffer(decode_bases(genome.codes(Region(contig, 0, length, contig, "+"))).encode(), np.uint8)
            is_cpg = (letters[:-1] == ord("C")) & (letters[1:] == ord("G"))
            before = np.concatenate([[0], np.cumsum(is_cpg)])
            starts = np.arange(0, length - window_bp + 1, stride_bp)
            counts = (before[starts + window_bp - 1] - before[starts]).astype(np.float32)
            if len(starts) < group:
                found[contig] = (np.zeros(0, np.int64), np.zeros(0, np.float32))
            else:
                found[contig] = (starts[: len(starts) - group + 1], apply_rule("max", counts, group))
    return found


def calls_of(track: Track, threshold: float, scan: Scan) -> dict[str, list[int]]:
    """Summits of the calls that a scan would make of a track at this threshold, by contig."""
    found = {}
    for contig, (starts, values) in track.items():
        merger = CallMerger(threshold, scan.evaluation_bp, scan.evaluation_bp, scan.stride_bp)
        merger.add(contig, starts, values)
        found[contig] = [call.summit for call in merger.take()]
    return found


def tallies_of(tracks: dict[str, Track], contigs: dict[str, int], sites: Sequence[Region], threshold: float, scan: Scan) -> list[Tally]:
    """One for each contig, all strands together; the sites of strand ``.`` are those of both."""
    summits = {strand: calls_of(track, threshold, scan) for strand, track in tracks.items()}
    found = []
    for contig, length in contigs.items():
        parts = [
            tally(
                summits[strand][contig],
                [one.start for one in sites if one.contig == contig and strand in (".", one.strand) and one.start < length],
            )
            for strand in tracks
        ]
        found.append(Tally(*(sum(getattr(part, name) for part in parts) for name in ("calls", "right", "sites", "found"))))
    return found


def interval(tallies: Sequence[Tally], seed: int) -> tuple[float, float]:
    """95 % of F1 over resampled contigs."""
    rng = np.random.default_rng(seed)
    drawn: npt.NDArray[np.int64] = rng.integers(0, len(tallies), size=(ROUNDS, len(tallies)))
    values = [figures_of([tallies[place] for place in row]).f1 for row in drawn.tolist()]
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def scan_contigs(
    options: argparse.Namespace, contigs: Sequence[tuple[str, int]], out: Path, stranded: bool
) -> tuple[dict[str, Track], Scan]:
    """Tracks by strand, and how windows lay."""
    bed = out.with_suffix(".regions.bed")
    bed.write_text("".join(f"{contig}\t0\t{length}\n" for contig, length in contigs))
    update = {"strand": "separate" if stranded else "forward", "background": BackgroundConfig(windows=0), "window_bp": options.window}
    config = preset("prom-scan").model_copy(update=update)
    genome = DATA / "human" / "lrg_hg38.fa.gz"
    if not is_done(out, options.model, bed, config):
        run_scan(genome, options.model, out, bed, config, device=options.device, dtype=options.dtype, force=True, resume=True)
    assert config.stride_bp is not None
    calls, facts = out.with_suffix(".bed"), json.loads(out.with_suffix(".json").read_text())
    scan = Scan(window_of(calls), config.stride_bp, evaluation_of(calls))
    names = [contig for contig, _ in contigs]
    tracks = {
        track["strand"]: read_track(out.parent / name, names, scan.stride_bp, scan.evaluation_bp) for name, track in facts["tracks"].items()
    }
    return (tracks if stranded else {".": tracks["+"]}), scan


def is_done(out: Path, model: str, regions: Path, config: ScanConfig) -> bool:
    """Whether the scan is there, of these weights, regions and settings."""
    summary = out.with_suffix(".json")
    if not summary.is_file():
        return False
    facts = json.loads(summary.read_text())
    return bool(
        facts["model_sha256"] == sha256_of_file(resolve_model(model) / "model.safetensors")
        and facts["inputs"].get(str(regions)) == sha256_of_file(regions)
        and facts["settings"] == config.model_dump(mode="json")
    )


def window_of(bed: Path) -> int:
    """Bases of a window, as the head of the calls says."""
    return int(_scan_line(bed)[_scan_line(bed).index("of") + 1])


def evaluation_of(bed: Path) -> int:
    """Bases that a score is made of, as the head of the calls says."""
    words = _scan_line(bed)
    return int(words[words.index("within") + 1]) if "within" in words else window_of(bed)


def _scan_line(bed: Path) -> list[str]:
    line = next(line for line in bed.read_text().splitlines() if line.startswith("# scan: "))
    return line.removesuffix(" bases").split()


def rows_of(options: argparse.Namespace, folder: Path) -> tuple[list[str], str]:
    """Rows of the table, and what they are of."""
    stranded = load_model(resolve_model(options.model)).info.stranded
    sites = list(read_bed(DATA / "human" / "lrg_hg38.tss.bed.gz"))
    split = read_split(DATA / "human" / "lrg_hg38.contigs.tsv", options.most_bp)
    if options.valid_contigs:
        drawn = np.sort(np.random.default_rng(42).permutation(len(split["valid"]))[: options.valid_contigs])
        split["valid"] = [split["valid"][number] for number in drawn.tolist()]
    if options.contigs:
        split = {name: contigs[: options.contigs] for name, contigs in split.items()}
    lengths = {name: dict(contigs) for name, contigs in split.items()}
    tracks, counts = {}, {}
    for name, contigs in split.items():
        tracks[name], scan = scan_contigs(options, contigs, folder / name, stranded)
        counts[name] = {".": cpg_track(lengths[name], scan.window_bp, scan.stride_bp, scan.group)}

    def best_of(found: dict[str, Track], thresholds: Sequence[float]) -> float:
        by = {one: figures_of(tallies_of(found, lengths["valid"], sites, one, scan)).f1 for one in thresholds}
        return max(by, key=lambda threshold: by[threshold])

    rows = []
    for who, found, threshold, why in (
        ("this model, threshold", tracks["test"], 0.5, "as in 2021"),
        ("this model, threshold", tracks["test"], best_of(tracks["valid"], THRESHOLDS), "best on valid"),
        ("CpG in a window, at least", counts["test"], best_of(counts["valid"], CPG_COUNTS), "best on valid"),
    ):
        tallies = tallies_of(found, lengths["test"], sites, threshold, scan)
        figures, (low, high) = figures_of(tallies), interval(tallies, seed=42)
        calls = sum(one.calls for one in tallies)
        rows.append(
            f"| {who} {threshold:g} ({why}), {calls:,} calls | {figures.precision:.3f} | {figures.recall:.3f} |"
            f" **{figures.f1:.3f}** ({low:.3f}-{high:.3f}) |"
        )
    num_sites = sum(one.sites for one in tallies)
    strands = "on each strand" if stranded else "on the forward strand, sites of both strands count"
    bases, valid_bases = sum(lengths["test"].values()), sum(lengths["valid"].values())
    return rows, (
        f"{len(split['test'])} contigs, {bases:,} bases, {num_sites} EPD start sites; windows of {scan.window_bp} bases every"
        f" {scan.stride_bp}, {strands}. Thresholds from {len(split['valid'])} contigs of the valid split, {valid_bases:,} bases"
    )


def document(rows: Sequence[str], data: str, command: str) -> str:
    """The page."""

    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.3g}"

    published = [f"| {name} | {number(precision)} | {number(recall)} | {number(f1)} |" for name, precision, recall, f1 in PUBLISHED]
    lines = [
        "# Prom-scan on held-out loci",
        "",
        f"`{command}`",
        "",
        f"Test split of `lrg_hg38.contigs.tsv`: {data}.",
        "The score of a place is the best of all windows within 1001 bases, in whole strides (the rule of 2021). A call is right where",
        f"an EPD start site is within {MARGIN_BP} bases of its summit. In brackets the 95 % interval over resampled contigs.",
        "",
        "| | precision | recall | F1 |",
        "| --- | --- | --- | --- |",
        *rows,
        *published,
        "",
        "The published rows are of other data and other rules (10-kb surroundings of promoters, windows in the place of calls): they",
        "say in what order of magnitude to think, not who is better. Genes beside those of a locus are not all in EPD, so some calls",
        "that count as wrong here are promoters.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Prom-scan on held-out loci, beside the figures of 2021.")
    parser.add_argument("--model", required=True, help="a model of promoters")
    parser.add_argument("--window", type=int, default=None, help="bases of a window; without it those that the model was trained on")
    parser.add_argument("--out", type=Path, default=DOCUMENT, help="where the page goes (default: docs/results/prom-scan.md)")
    parser.add_argument("--work", type=Path, default=None, help="where tracks are kept; without it they are thrown away")
    parser.add_argument(
        "--valid-contigs", type=int, default=None, help="contigs that thresholds are chosen on; without it all of the split"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--contigs", type=int, default=None, help="a rehearsal: so many contigs of each split")
    parser.add_argument("--most-bp", type=int, default=None, help="a rehearsal: so many bases of each contig")
    options = parser.parse_args()
    if (options.contigs or options.most_bp) and options.out == DOCUMENT:
        parser.error("a rehearsal is no result: give it an --out of its own")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows, data = rows_of(options, folder)
    write_text(options.out, document(rows, data, shlex.join(["python", "benchmarks/prom_scan.py", *sys.argv[1:]])))
    print("\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
