"""How far promoter sets built here agree with those of GUE: `python benchmarks/promoter_agreement.py`.

1. How many positives are, base by base, a promoter (label 1) of GUE.
2. Whether the TATA class is that of GUE: the sites of the genomes, the sequences of GUE themselves, and, on train and dev only, which
   places and cut-off fit best (what the constants of `promoters/tata.py` were taken from).
3. What a classifier that sees only the share of G+C gets out of each kind of negatives (AUROC; 0.5 is nothing).
4. Time and peak memory.

The data are in DNABERT_DATA, else ../shared/data; what is not there is skipped with a reason.
"""

import argparse
import csv
import gzip
import logging
import os
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.promoters import PromoterConfig, build_promoters
from dnabert.data.datasets.promoters.sites import read_sites
from dnabert.data.datasets.promoters.tata import FIRST_OFFSET, LAST_OFFSET, MIN_BITS, window_bits
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.genome import GenomeStore, build_genome
from dnabert.dna.sequence import decode_bases, encode_bases

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[2] / "shared" / "data")
SPLITS = ("train", "dev", "test")
TSS_INDEX = {"core": 33, "300": 249}
SETS = (
    ("LRG, EPDnew TSS", "lrg_hg38", "tss.bed.gz"),
    ("LRG, GTF", "lrg_hg38", "gtf.gz"),
    ("chr1 hg19, EPDnew TSS", "chr1_hg19", "tss.bed.gz"),
)
NEGATIVES = ("matched", "tata", "substitution", "paper")


def read_promoters(kind: str, tata_class: str, split: str) -> set[str]:
    """Sequences with label 1 of a GUE file; an empty set where it is not there."""
    path = DATA / "gue" / f"prom_{kind}_{tata_class}" / f"{split}.csv.gz"
    if not path.is_file():
        return set()
    with gzip.open(path, "rt") as handle:
        return {row["sequence"] for row in csv.DictReader(handle) if row["label"] == "1"}


def read_classes(kind: str) -> dict[str, tuple[str, str]]:
    """Class (TATA, non-TATA, or an empty text where no file tells it) and GUE split of each promoter of GUE."""
    found: dict[str, tuple[str, str]] = {}
    for name, directory in (("", "all"), ("TATA", "tata"), ("non-TATA", "notata")):
        for split in SPLITS:
            found |= dict.fromkeys(read_promoters(kind, directory, split), (name, split))
    return found


def build(store: GenomeStore, tss: Path, split: Path, seed: int, **settings: object) -> Draft:
    return build_promoters(store, tss, PromoterConfig.model_validate({**settings, "splits": SplitConfig(file=split)}), seed)


def sites_of(store: GenomeStore, tss: Path) -> set[tuple[int, bool]]:
    sites = read_sites(store, tss, False, Counter())
    return set(zip(sites.positions.tolist(), sites.is_reverse.tolist(), strict=True))


def agreement(name: str, truth: list[str], found: list[str]) -> None:
    pairs = Counter(zip(truth, found, strict=True))
    hits, misses = pairs["TATA", "TATA"], pairs["TATA", "non-TATA"]
    false, right = pairs["non-TATA", "TATA"], pairs["non-TATA", "non-TATA"]
    print(
        f"  {name:34s} n = {len(truth):6,}   the same class {(hits + right) / len(truth):6.2%}   MCC {matthews_corrcoef(truth, found):.3f}"
        f"   of {hits + misses:5,} TATA {hits:5,} found, of {false + right:6,} non-TATA {false:3,} called TATA"
    )


def gc_auroc(draft: Draft) -> float:
    labels = [int(example.label) for example in draft.examples]
    return float(roc_auc_score(labels, [np.isin(example.codes, (2, 3)).mean() for example in draft.examples]))


def print_sets(folder: Path, seed: int) -> None:
    known = {kind: read_classes(kind) for kind in TSS_INDEX}
    classes: dict[str, tuple[list[str], list[str]]] = {}
    for title, genome, suffix in SETS:
        fasta, tss = (DATA / "human" / f"{genome}.{end}" for end in ("fa.gz", suffix))
        if not (fasta.is_file() and tss.is_file()):
            print(f"{title}: skipped, {fasta} or {tss} is not there")
            continue
        store = build_genome([fasta])
        split = DATA / "human" / f"{genome}.contigs.tsv"
        if not split.is_file():
            split = folder / f"{genome}.tsv"
            split.write_text("contig\tsplit\n" + "".join(f"{contig.name}\ttrain\n" for contig in store.contigs))
        print(f"\n{title}: {sum(store.lengths.values()):,} bases")
        for kind in TSS_INDEX:
            print_windows(store, tss, split, seed, kind, known[kind], classes, title)
        begin = time.perf_counter()
        draft = build(store, tss, split, seed, kind="scan")
        took = time.perf_counter() - begin
        counts = {key: number for key, number in draft.counts.items() if number}
        print(f"  scan               {took:5.1f} s   GC-only AUROC {gc_auroc(draft):.3f}   {counts}")
    print("\nTATA class of the sites that GUE has, seen with what lies around them")
    for name, (truth, found) in classes.items():
        agreement(name, truth, found)


def print_windows(
    store: GenomeStore,
    tss: Path,
    split: Path,
    seed: int,
    kind: str,
    known: dict[str, tuple[str, str]],
    classes: dict[str, tuple[list[str], list[str]]],
    title: str,
) -> None:
    for number, negatives in enumerate(NEGATIVES):
        begin = time.perf_counter()
        draft = build(store, tss, split, seed, kind=kind, negatives=negatives)
        took = time.perf_counter() - begin
        if number == 0:
            positives = [(decode_bases(example.codes), example.category) for example in draft.examples if example.label == "1"]
            found = [(known[text], category) for text, category in positives if text in known]
            by_split = Counter(split for (_, split), _ in found)
            print(
                f"  {kind}: {draft.counts['TSS read']:,} TSS, {draft.counts['TSS at the base and strand of another']} of them twice,"
                f" {draft.counts['windows beyond the end of a contig']} windows beyond a contig; of {len(positives):,} positives"
                f" {len(found):,} are in GUE ({len(found) / len(positives):.2%}: {dict(by_split)})"
                f"; {draft.counts['positives that overlap another by more than half']:,} overlap another by more than half"
            )
            if tss.name.endswith(".gtf.gz") and (bed := tss.with_name(tss.name.replace(".gtf.gz", ".tss.bed.gz"))).is_file():
                same = sites_of(store, tss) & sites_of(store, bed)
                print(f"       {len(same):,} TSS are also in {bed.name}")
            for part, wanted in (("train + dev", ("train", "dev")), ("test", ("test",))):
                chosen = [(truth, category) for (truth, gue_split), category in found if truth and gue_split in wanted]
                if kind == "core" and chosen:
                    classes[f"{title}, {part}"] = [truth for truth, _ in chosen], [category for _, category in chosen]
        match = [f"{split} {match.mean_gc_difference:.4f}" for split, match in draft.matching.items()]
        print(
            f"    {negatives:16s} {took:5.1f} s   GC-only AUROC {gc_auroc(draft):.3f}   {draft.counts['negatives']:,} negatives,"
            f" {draft.counts['negatives not found']} not found" + (f"; mean difference in G+C: {', '.join(match)}" if match else "")
        )


def print_gue_classes() -> None:
    print(f"\nTATA class of the sequences of GUE, as far as the places lie in them ({FIRST_OFFSET}..{LAST_OFFSET}, {MIN_BITS} bits)")
    for kind, tss_index in TSS_INDEX.items():
        known = read_classes(kind)
        for part, wanted in (("train + dev", ("train", "dev")), ("test", ("test",))):
            chosen = [(text, truth) for text, (truth, split) in known.items() if truth and split in wanted]
            if not chosen:
                print(f"  {kind}, {part}: skipped, {DATA / 'gue'} has no such files")
                continue
            bits = window_bits(np.stack([encode_bases(text) for text, _ in chosen]), tss_index)
            agreement(f"{kind}, {part}", [truth for _, truth in chosen], np.where(bits >= MIN_BITS, "TATA", "non-TATA").tolist())


def print_best_rule() -> None:
    """What fits the 300-base promoters of train and dev best; non-TATA weighted to be as many as in the core files."""
    chosen = [(text, truth == "TATA") for text, (truth, split) in read_classes("300").items() if truth and split != "test"]
    core = Counter(truth for truth, split in read_classes("core").values() if split != "test")
    if not chosen or not core:
        print(f"\nbest places and cut-off: skipped, {DATA / 'gue'} has no such files")
        return
    is_tata = np.array([truth for _, truth in chosen])
    weights = np.where(is_tata, 1.0, core["non-TATA"] / core["TATA"] * is_tata.sum() / (~is_tata).sum())
    codes = np.stack([encode_bases(text) for text, _ in chosen])
    offsets = range(-38, -23)
    bits = {offset: window_bits(codes, TSS_INDEX["300"], offset, offset) for offset in offsets}
    rules = []
    for first in offsets:
        for last in range(first, offsets[-1] + 1):
            best = np.max([bits[offset] for offset in range(first, last + 1)], axis=0)
            rules += [
                (float(matthews_corrcoef(is_tata, best >= cut, sample_weight=weights)), first, last, float(cut))
                for cut in np.arange(3.0, 5.01, 0.1)
            ]
    print(
        f"\nbest of {len(rules):,} rules on the 300-base promoters of train and dev ({is_tata.sum():,} TATA, {(~is_tata).sum():,} non-TATA)"
    )
    for score, first, last, cut in sorted(rules, reverse=True)[:5]:
        print(f"  first base {first}..{last}, {cut:.1f} bits: MCC {score:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Agreement of promoter sets with GUE.")
    parser.add_argument("--seed", type=int, default=42)
    seed = parser.parse_args().seed
    logging.getLogger("dnabert").setLevel(logging.ERROR)  # chr1 is all for training, which is warned of
    if not DATA.is_dir():
        print(f"skipped: {DATA} is not there; set DNABERT_DATA to the folder of the data")
        return
    with tempfile.TemporaryDirectory() as folder:
        print_sets(Path(folder), seed)
    print_gue_classes()
    print_best_rule()
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
