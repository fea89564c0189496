"""Scores of real variants beside what was measured of them: `python -m benchmarks.variants`, table in docs/results/variants.md.

1. ClinVar: pathogenic v benign near splice sites (not coding changes), in as many of each at every distance from a site, and in 5' UTRs.
2. MFASS: SNVs that lose an exon (STRONG_LOF) v others, and the measured change of inclusion.
3. Kircher: effects of the saturation mutagenesis of promoters and enhancers, each experiment apart.

Models: --splice (donor, acceptor, none; windows at the annotated sites), --promoter (centred windows), --zero-shot (pre-trained). Beside
them two baselines that know no sequence model: closeness to the site (or TSS), and the change of G+C. MFASS is kept to contigs of the
valid and test split. What is missing is left out with a reason; intervals are of 1,000 bootstrap resamplings. `--rehearse` takes a few
records of each.
"""

import argparse
import bisect
import csv
import gzip
import os
import random
import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from dnabert.cli.main import run as run_dnabert
from dnabert.dna.readers.annotation import read_transcripts
from dnabert.output import write_text

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[2] / "shared" / "data")
DOCUMENT = Path(__file__).parents[1] / "docs" / "results" / "variants.md"
REACH_BP = 50
"""ClinVar variants within so many bases of a splice site are taken."""
ROUNDS = 1000
REHEARSED = 40
SPLICE_CONSEQUENCES = ("splice", "intron_variant", "synonymous_variant")
CODING_CONSEQUENCES = ("missense", "nonsense", "frameshift", "inframe", "start_lost", "stop_lost", "initiator")

Doubles = npt.NDArray[np.float64]
Metric = Callable[[Doubles, Doubles], float]


@dataclass(frozen=True)
class Row:
    """A variant with what is known of it.

    Attributes:
        line: Columns of its VCF line; the id is its number.
        truth: 1 or 0, or a measured effect.
        distance: From the nearest site, in bases.
        effect: A second truth, such as the measured change.
    """

    line: tuple[str, ...]
    truth: float
    distance: float
    effect: float = float("nan")

    @property
    def gc_change(self) -> float:
        """G+C of the alternate allele minus that of the reference, in bases."""
        return float(sum(self.line[4].count(base) - self.line[3].count(base) for base in "GC"))


@dataclass
class Evaluation:
    """One set of variants.

    Attributes:
        name: What it is called.
        rows: The variants.
        metric: Its figure.
        metric_name: What that is called.
        kind: ``splice`` or ``promoter``: which model it is for.
        is_signed: Whether the truth has a sign that the score should have too.
        results: Contestant, figure, and its interval.
    """

    name: str
    rows: list[Row]
    metric: Metric
    metric_name: str
    kind: str
    is_signed: bool = False
    results: list[tuple[str, float, float, float]] = field(default_factory=list)


def info_of(text: str) -> dict[str, str]:
    """INFO by key; a flag is empty."""
    return {key: value for key, _, value in (part.partition("=") for part in text.split(";"))}


def read_lines(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt") as handle:
        for line in handle:
            if not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def sites_of(path: Path) -> tuple[dict[str, list[tuple[int, str]]], dict[str, list[int]]]:
    """Position with kind and strand of splice sites, and positions of TSS, by contig, ascending, 0-based."""
    splice: dict[str, set[tuple[int, str]]] = defaultdict(set)
    starts: dict[str, set[int]] = defaultdict(set)
    for transcript in read_transcripts(path):
        starts[transcript.contig].add(transcript.tss)
        for first, end in transcript.introns:
            places = (
                ((first, "donor+"), (end, "acceptor+")) if transcript.strand == "+" else ((end - 1, "donor-"), (first - 1, "acceptor-"))
            )
            splice[transcript.contig].update(places)
    return {name: sorted(rows) for name, rows in splice.items()}, {name: sorted(rows) for name, rows in starts.items()}


def nearest(rows: Sequence[tuple[int, str]], position: int) -> tuple[int, str] | None:
    """Signed distance, in the direction of the gene, and kind of the nearest site."""
    place = bisect.bisect_left(rows, (position, ""))
    around = rows[max(place - 1, 0) : place + 1]
    if not around:
        return None
    site, kind = min(around, key=lambda row: abs(row[0] - position))
    return (position - site) * (1 if kind.endswith("+") else -1), kind[:-1]


def clinvar_label(info: dict[str, str]) -> int | None:
    significance = info.get("CLNSIG", "")
    if significance in ("Pathogenic", "Likely_pathogenic", "Pathogenic/Likely_pathogenic"):
        return 1
    return 0 if significance in ("Benign", "Likely_benign", "Benign/Likely_benign") else None


def matched(rows: Iterable[tuple[Row, tuple[int, str]]], rng: random.Random) -> list[Row]:
    """As many pathogenic as benign variants at every distance from either kind of site."""
    strata: dict[tuple[int, str], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for row, place in rows:
        strata[place][int(row.truth)].append(row)
    kept = []
    for _, pair in sorted(strata.items()):
        count = min(map(len, pair))
        kept += [row for group in pair for row in rng.sample(group, count)]
    return kept


def clinvar_sets(data: Path, rng: random.Random) -> Iterator[Evaluation]:
    splice, starts = sites_of(data / "human/lrg_hg38.gtf.gz")
    near: list[tuple[Row, tuple[int, str]]] = []
    leaders: list[Row] = []
    for line in read_lines(data / "variants/clinvar.lrg.vcf.gz"):
        info = info_of(line[7])
        label, consequence = clinvar_label(info), info.get("MC", "")
        if label is None or len(line[3]) > 20 or len(line[4]) > 20:
            continue
        position = int(line[1]) - 1  # POS is 1-based
        if "5_prime_UTR" in consequence and line[0] in starts:
            distance = min(abs(start - position) for start in starts[line[0]])
            leaders.append(Row(tuple(line), label, distance))
        place = nearest(splice.get(line[0], []), position)
        is_coding = any(word in consequence for word in CODING_CONSEQUENCES)
        if place and abs(place[0]) <= REACH_BP and not is_coding and any(word in consequence for word in SPLICE_CONSEQUENCES):
            near.append((Row(tuple(line), label, abs(place[0])), place))
    auroc: Metric = lambda truth, score: float(roc_auc_score(truth, score))  # noqa: E731
    yield Evaluation("ClinVar near splice sites, matched by distance", matched(near, rng), auroc, "AUROC", "splice")
    yield Evaluation("ClinVar 5' UTR", leaders, auroc, "AUROC", "promoter")


def mfass_sets(data: Path) -> Iterator[Evaluation]:
    with (data / "human/lrg_hg38.contigs.tsv").open() as handle:
        split = {row["contig"]: row["split"] for row in csv.DictReader(handle, delimiter="\t")}
    splice, _ = sites_of(data / "human/lrg_hg38.gtf.gz")
    rows = []
    for line in read_lines(data / "variants/mfass.lrg.vcf.gz"):
        if split[line[0]] == "train":
            continue
        info = info_of(line[7])
        place = nearest(splice.get(line[0], []), int(line[1]) - 1)  # POS is 1-based
        effect = float(info.get("DPSI") or "nan")
        rows.append(Row(tuple(line), float("STRONG_LOF" in info), abs(place[0]) if place else 1e6, effect))
    auprc: Metric = lambda truth, score: float(average_precision_score(truth, score))  # noqa: E731
    rate = sum(row.truth for row in rows) / max(len(rows), 1)
    yield Evaluation("MFASS, exons lost", rows, auprc, f"AUPRC (base rate {rate:.3f})", "splice")
    measured = [Row(row.line, -row.effect, row.distance) for row in rows if np.isfinite(row.effect)]
    yield Evaluation("MFASS, loss of inclusion", measured, spearman, "Spearman", "splice", is_signed=True)


def kircher_sets(data: Path) -> Iterator[Evaluation]:
    _, starts = sites_of(data / "human/lrg_hg38.gtf.gz")
    by_element: dict[str, list[Row]] = defaultdict(list)
    for line in read_lines(data / "variants/kircher_mpra.lrg.vcf.gz"):
        info, position = info_of(line[7]), int(line[1]) - 1  # POS is 1-based
        distance = min((abs(start - position) for start in starts.get(line[0], [])), default=10**6)
        by_element[info["ELEMENT"]].append(Row(tuple(line), -float(info["COEF"]), distance))
    for name, rows in sorted(by_element.items()):
        yield Evaluation(f"Kircher {name}, loss of activity", rows, spearman, "Spearman", "promoter", is_signed=True)


def spearman(truth: Doubles, score: Doubles) -> float:
    return float(spearmanr(truth, score).statistic)


def interval(metric: Metric, truth: Doubles, score: Doubles) -> tuple[float, float]:
    """95 % of bootstrap resamplings; those in which the figure is not defined (one class only, all equal) do not count."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(ROUNDS):
        index = rng.integers(0, len(truth), len(truth))
        if len(np.unique(truth[index])) > 1 and len(np.unique(score[index])) > 1:
            found.append(metric(truth[index], score[index]))
    low, high = np.percentile(found, [2.5, 97.5]) if found else (np.nan, np.nan)
    return float(low), float(high)


def add_result(evaluation: Evaluation, name: str, scores: Sequence[float]) -> None:
    """Note how well scores do, on the variants that have one."""
    truth, score = np.array([row.truth for row in evaluation.rows]), np.asarray(scores, np.float64)
    scored = np.isfinite(score)
    truth, score = truth[scored], score[scored]
    if len(np.unique(truth)) < 2 or len(np.unique(score)) < 2:
        print(f"{evaluation.name}: {name}: nothing to compare among {len(truth)} variants", file=sys.stderr)
        return
    label = name if scored.all() else f"{name} ({scored.sum()} of {len(scored)} scored)"
    evaluation.results.append((label, evaluation.metric(truth, score), *interval(evaluation.metric, truth, score)))


def run_model(evaluation: Evaluation, model: str, work: Path, extra: Sequence[str], data: Path) -> list[float]:
    """Loss by the alternate allele, of each row: LOGOR of the likeliest class with the reference, or minus the log-likelihood ratio."""
    work.mkdir(parents=True, exist_ok=True)
    source, table = work / "in.vcf", work / "out.tsv"
    lines = ["\t".join([*row.line[:2], str(number), *row.line[3:5], ".", ".", "."]) for number, row in enumerate(evaluation.rows)]
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    write_text(source, "\n".join(["##fileformat=VCFv4.3", columns, *lines]) + "\n")
    genome = data / "human/lrg_hg38.fa.gz"
    words = [
        "variants",
        str(source),
        "--model",
        model,
        "--genome",
        str(genome),
        "--out",
        str(work / "out.vcf"),
        "--tsv",
        str(table),
        *extra,
    ]
    print(shlex.join(["dnabert", *words]), file=sys.stderr)
    if run_dnabert([*words, "--force", "--quiet"]):
        raise SystemExit(f"{evaluation.name}: scoring failed")
    by_row: dict[int, list[tuple[float, float]]] = defaultdict(list)
    with table.open() as handle:
        for row in csv.DictReader((line for line in handle if not line.startswith("#")), delimiter="\t"):
            if not row["skipped"] and row["class"] not in ("none", "2"):
                loss = float(row["logor"]) if row["logor"] else -float(row["diff"])
                by_row[int(row["id"])].append((float(row["score_ref"]), loss))
    return [max(by_row[number])[1] if number in by_row else float("nan") for number in range(len(evaluation.rows))]


def evaluate(evaluation: Evaluation, models: dict[str, str | None], options: argparse.Namespace, data: Path) -> None:
    add_result(evaluation, "closeness to the site", [-row.distance for row in evaluation.rows])
    add_result(evaluation, "loss of G+C", [-row.gc_change if evaluation.is_signed else abs(row.gc_change) for row in evaluation.rows])
    own = models[evaluation.kind]
    folder = options.work / "".join(letter if letter.isalnum() else "_" for letter in evaluation.name)
    if own is None:
        print(f"{evaluation.name}: no --{evaluation.kind} model is given", file=sys.stderr)
    else:
        placed = ["--annotation", str(data / "human/lrg_hg38.gtf.gz"), "--set", "anchor=splice"] if evaluation.kind == "splice" else []
        add_result(evaluation, f"{evaluation.kind} model", run_model(evaluation, own, folder / "model", placed, data))
    zero_shot = models["zero_shot"]
    if zero_shot is not None:
        words = ["--zero-shot", "--set", f"window_bp={options.zero_shot_window}"]
        add_result(evaluation, "zero-shot", run_model(evaluation, zero_shot, folder / "zero_shot", words, data))


def document(evaluations: Sequence[Evaluation], models: dict[str, str | None], command: str) -> str:
    lines = ["# Variants: scores beside what was measured", "", f"`{command}`", ""]
    lines += [f"- {name.replace('_', '-')}: `{model}`" for name, model in models.items() if model]
    lines += ["", "Higher is better everywhere; intervals are 95 %, of 1,000 bootstrap resamplings of the variants.", ""]
    for each in evaluations:
        positives = f", {int(sum(row.truth for row in each.rows))} positive" if not each.is_signed else ""
        lines += [f"## {each.name}", "", f"{len(each.rows)} variants{positives}.", "", f"| | {each.metric_name} | 95 % |", "|---|---|---|"]
        lines += [f"| {name} | {value:.3f} | {low:.3f} to {high:.3f} |" for name, value, low, high in each.results] + [""]
    return "\n".join(lines)


def thinned(evaluation: Evaluation, rng: random.Random) -> None:
    """A few records, of both kinds where there are two, in their order."""
    if evaluation.is_signed:
        chosen = rng.sample(evaluation.rows, min(REHEARSED, len(evaluation.rows)))
    else:
        groups = [[row for row in evaluation.rows if row.truth == label] for label in (0, 1)]
        chosen = [row for group in groups for row in rng.sample(group, min(REHEARSED // 2, len(group)))]
    order: dict[Any, int] = {id(row): number for number, row in enumerate(evaluation.rows)}
    evaluation.rows = sorted(chosen, key=lambda row: order[id(row)])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.variants", description="Real variants beside what was measured of them.")
    parser.add_argument("--splice", help="a model of donor, acceptor, none")
    parser.add_argument("--promoter", help="a model of promoters")
    parser.add_argument("--zero-shot", help="a pre-trained model")
    parser.add_argument("--zero-shot-window", type=int, default=128, help="bases of its windows (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=Path("runs/variants"), help="where scored files go (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=DOCUMENT, help="the document (default: %(default)s)")
    parser.add_argument("--rehearse", action="store_true", help="a few records of each set")
    options = parser.parse_args()
    if not (DATA / "variants").is_dir():
        print(f"{DATA}: is not here; set DNABERT_DATA to the folder that holds variants/ and human/", file=sys.stderr)
        return 0
    rng = random.Random(1)
    evaluations = [*clinvar_sets(DATA, rng), *mfass_sets(DATA), *kircher_sets(DATA)]
    models = {"splice": options.splice, "promoter": options.promoter, "zero_shot": options.zero_shot}
    for evaluation in evaluations:
        if options.rehearse:
            thinned(evaluation, rng)
        evaluate(evaluation, models, options, DATA)
    write_text(options.out, document(evaluations, models, shlex.join(["python", "-m", "benchmarks.variants", *sys.argv[1:]])))
    print(f"{options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
