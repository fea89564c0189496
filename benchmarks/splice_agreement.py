"""Splice sets against data of others, and how fast they are made: `python benchmarks/splice_agreement.py [DATA]`.

DATA is the folder with human/, splice/, gue/ and other_genomes/ (default: DNABERT_DATA, else ../shared/data).
"""

import csv
import gzip
import os
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example
from dnabert.data.datasets.splice import SpliceConfig, build_splice
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.genome import GenomeStore, build_genome
from dnabert.dna.sequence import decode_bases, reverse_complement

LABELS = {"0": "acceptor", "1": "donor", "2": "none"}
GENOMES = {"at10": "Arabidopsis TAIR10", "ce270": "C. elegans WormBase", "dm6": "fly dm6"}
SEED = 42
Key = tuple[str, int, str, str]


@dataclass(frozen=True)
class TableRow:
    """A row of the splice table: its label as a word, its sequence and its split."""

    label: str
    sequence: str
    split: str


def main() -> None:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("DNABERT_DATA") or "../shared/data")
    gue, table = read_gue(data), dict(read_table(data))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        human = data / "human"
        store = build_genome([human / "lrg_hg38.fa.gz"], work)
        splits = SplitConfig(file=human / "lrg_hg38.contigs.tsv")
        print("== mini genome (GRCh38 loci), LRG and NCBI transcripts")
        draft = build_splice(store, human / "lrg_hg38.gtf.gz", SpliceConfig(splits=splits), SEED)
        describe(draft)
        compare(draft, table, gue, compare_splits=True)
        print("\n== chromosome 1, first 9.88 Mb (hg19), RefSeq exons")
        (work / "splits.bed").write_text("chr1\t0\t7950000\ttrain\nchr1\t7950000\t8900000\tvalid\nchr1\t8900000\t9876492\ttest\n")
        refseq = write_gtf(human / "chr1_hg19.exons.bed.gz", work / "refseq.gtf")
        chr1 = build_genome([human / "chr1_hg19.fa.gz"], work)
        config = SpliceConfig(splits=SplitConfig(file=work / "splits.bed"))
        draft = build_splice(chr1, refseq, config, SEED)
        describe(draft)
        compare(draft, table, gue, compare_splits=False)
        print("\n== base by base, mini genome")
        tokens = build_splice(store, human / "lrg_hg38.gtf.gz", SpliceConfig(splits=splits, level="token"), SEED)
        describe(tokens)
        for name, title in GENOMES.items():
            print(f"\n== {title}, 1 % of the genome")
            genome = build_genome([data / f"other_genomes/korflab_1pct_{name}.fa.gz"], work)
            one_split = split_by_halves(genome, work / f"{name}.bed")
            describe(build_splice(genome, data / f"other_genomes/korflab_1pct_{name}.gff3.gz", one_split, SEED))
        print("\n== speed")
        measure_speed(store, human / "lrg_hg38.gtf.gz", splits)


def describe(draft: Draft) -> None:
    for words, count in draft.counts.items():
        print(f"{words:<75}{count:>9,}")
    for kind in ("donors", "acceptors"):
        print(f"{kind}: " + ", ".join(f"{pair} {fact['count']:,} ({fact['percent']} %)" for pair, fact in draft.facts[kind].items()))
    if draft.facts["level"] == "token":
        print(f"bases of windows with a site: {draft.facts['bases of windows with a site']}")
    rows = Counter((row.split, row.source if draft.facts["level"] == "token" else row.label) for row in draft.examples)
    print("windows: " + ", ".join(f"{split} {label} {count:,}" for (split, label), count in sorted(rows.items())))
    for warning in draft.facts["warnings"]:
        print(f"warning: {warning}")


def compare(draft: Draft, table: dict[Key, TableRow], gue: dict[str, str], compare_splits: bool) -> None:
    """Our sites and the table's, by contig, position, strand and kind."""
    ours = {key_of(row): row for row in draft.examples if row.label != "none"}
    contigs = {key[0] for key in ours}
    theirs = {key: row for key, row in table.items() if row.label != "none" and key[0] in contigs}
    shared = ours.keys() & theirs.keys()
    same = sum(decode_bases(ours[key].codes) == theirs[key].sequence for key in shared)
    print(f"sites of the table: {len(theirs):,}; we have {len(shared):,} of them with the same label, {same:,} with the same sequence")
    if compare_splits:
        print(f"  of them in the same split: {sum(ours[key].split == theirs[key].split for key in shared):,}")
    print(f"  sites of the table that we have not: {len(theirs.keys() - ours.keys()):,}")
    why = missing(ours, table, gue)
    print(f"our sites: {len(ours):,}; not in the table {why.total():,}: {dict(why.most_common())}")
    places = {key[:3] for key in theirs}
    wrong = sum(key_of(row)[:3] in places for row in draft.examples if row.label == "none")
    print(f"our negatives at a site of the table: {wrong:,}")
    found = Counter((row.label, gue[text]) for row in draft.examples if (text := decode_bases(row.codes)) in gue)
    agree = sum(count for (own, other), count in found.items() if own == other)
    print(f"windows of ours that are in GUE splice dev or test: {found.total():,}, with the same label {agree:,}: {dict(found)}")


def missing(ours: dict[Key, Example], table: dict[Key, TableRow], gue: dict[str, str]) -> Counter[str]:
    """Why sites of ours are not in the table, which has no window of GUE, no sequence twice and none with two labels."""
    texts = {key: decode_bases(row.codes) for key, row in ours.items()}
    copies, of_table = Counter(texts.values()), {row.sequence for row in table.values()}
    found: Counter[str] = Counter()
    for key, text in texts.items():
        if key in table:
            continue
        if text in gue or decode_bases(reverse_complement(ours[key].codes)) in gue:
            found["window of GUE dev or test"] += 1
        elif copies[text] > 1 or text in of_table:
            found["repeated sequence"] += 1
        elif text[198:202] == "AGGT":
            found["AG and GT at one place, can be a decoy of the other kind: two labels"] += 1
        else:
            found["unknown"] += 1
    return found


def key_of(row: Example) -> Key:
    """Contig, 1-based position of the base at index 200, strand and label."""
    half = len(row.codes) // 2
    place = row.region.start + half if row.region.strand == "+" else row.region.end - 1 - half
    return row.region.contig, place + 1, row.region.strand, row.label


def read_table(data: Path) -> Iterator[tuple[Key, TableRow]]:
    with gzip.open(data / "splice/splice_sites_400bp.tsv.gz", "rt") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            label = LABELS[row["label"]]
            yield (row["contig"], int(row["position"]), row["strand"], label), TableRow(label, row["sequence"], row["split"])


def read_gue(data: Path) -> dict[str, str]:
    """Label as a word by sequence."""
    found = {}
    for name in ("dev", "test"):
        with gzip.open(data / f"gue/splice/reconstructed/{name}.csv.gz", "rt") as handle:
            found.update({row["sequence"]: LABELS[row["label"]] for row in csv.DictReader(handle)})
    return found


def write_gtf(exons: Path, target: Path) -> Path:
    """RefSeq exons (BED, names NR_046018_exon_0_0_chr1_11874_f) as GTF; where the numbers of the exons start anew, so does a transcript."""
    alignments: Counter[str] = Counter()
    last: dict[str, int] = {}
    lines = []
    with gzip.open(exons, "rt") as handle:
        for line in handle:
            contig, start, end, name, _, strand = line.rstrip("\n").split("\t")
            found = re.fullmatch(r"(.+)_exon_(\d+)_\d+_.+_[fr]", name)
            assert found is not None, name
            accession, number = found[1], int(found[2])
            if number != last.get(accession, -2) + 1:
                alignments[accession] += 1
            last[accession] = number
            ids = f'gene_id "{accession}"; transcript_id "{accession}.{alignments[accession]}";'
            lines.append(f"{contig}\tRefSeq\texon\t{int(start) + 1}\t{end}\t.\t{strand}\t.\t{ids}\n")
    target.write_text("".join(lines))
    return target


def split_by_halves(store: GenomeStore, path: Path) -> SpliceConfig:
    """Training on the first four fifths of each contig, the rest for validation and test."""
    lines = []
    for name, length in store.lengths.items():
        borders = [0, 8 * length // 10, 9 * length // 10, length]
        parts = zip(("train", "valid", "test"), borders, borders[1:], strict=False)
        lines += [f"{name}\t{start}\t{end}\t{split}\n" for split, start, end in parts]
    path.write_text("".join(lines))
    return SpliceConfig(splits=SplitConfig(file=path))


def measure_speed(store: GenomeStore, annotation: Path, splits: SplitConfig) -> None:
    start = time.perf_counter()
    draft = build_splice(store, annotation, SpliceConfig(splits=splits, negatives_per_positive=5), SEED)
    seconds = time.perf_counter() - start
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{len(draft.examples):,} windows of 400 bases in {seconds:.1f} s; largest memory of this whole run {peak_gb:.2f} GB")


if __name__ == "__main__":
    main()
