"""The measured variants of the mini genome: ClinVar, MFASS, Kircher."""

import bisect
import csv
import gzip
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.variants.figures import auprc, auroc, spearman
from benchmarks.variants.rows import Evaluation, Row
from dnabert.dna.readers.annotation import read_transcripts

__all__ = ["all_sets", "thinned"]

REACH_BP = 50
"""ClinVar variants within so many bases of a splice site are taken."""
REHEARSED = 40
SPLICE_CONSEQUENCES = ("splice", "intron_variant", "synonymous_variant")
CODING_CONSEQUENCES = ("missense", "nonsense", "frameshift", "inframe", "start_lost", "stop_lost", "initiator")


def all_sets(data: Path, rng: random.Random) -> list[Evaluation]:
    """All sets of the folder that holds variants/ and human/."""
    return [*clinvar_sets(data, rng), *mfass_sets(data), *kircher_sets(data)]


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


def thinned(evaluation: Evaluation, rng: random.Random) -> None:
    """A few records, of both kinds where there are two, in their order."""
    if evaluation.is_signed:
        chosen = rng.sample(evaluation.rows, min(REHEARSED, len(evaluation.rows)))
    else:
        groups = [[row for row in evaluation.rows if row.truth == label] for label in (0, 1)]
        chosen = [row for group in groups for row in rng.sample(group, min(REHEARSED // 2, len(group)))]
    order: dict[Any, int] = {id(row): number for number, row in enumerate(evaluation.rows)}
    evaluation.rows = sorted(chosen, key=lambda row: order[id(row)])
