"""Motifs that fine-tuned models read, beside JASPAR: `python benchmarks/motifs.py`, table in docs/results/motifs.md.

1. Planted: sites drawn from the matrices of ten JASPAR factors, one in each positive, on either strand, at a random place in random
   sequences of 101 bases; negatives are dinucleotide shuffles of the positives.
2. Real: ENCODE ChIP-seq of DeepBind (positives of its training file, their dinucleotide shuffles, its test file), and the TF sets of GUE.

Each set is fine-tuned (`--model`, else random weights), and searched from attention and from attribution. One set at a time; what is done
is kept under --work and not done again. `--rehearse` runs one small set of each kind on a tiny model, to see that all works.
The data are in DNABERT_DATA, else ../shared/data; what is not there is skipped with a reason.
"""

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dnabert.data.datasets.shuffle import shuffle_dinucleotides
from dnabert.dna.sequence import BASES, Codes, decode_bases, encode_bases, reverse_complement
from dnabert.motif.compare import Database, KnownMotif, jaspar_database
from dnabert.output import write_text

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[2] / "shared" / "data")
DOCUMENT = Path(__file__).parents[1] / "docs" / "results" / "motifs.md"
PLANTED = ("CTCF", "SP1", "GATA1", "USF1", "NRF1", "REST", "FOXA1", "FOS::JUN", "GABPA", "YY1")
"""Long and short, palindromes and not, rich and poor in G+C."""
ENCODE = {"CTCFL": "CTCFL_K562", "REST": "REST_GM12878", "USF1": "USF1_HepG2", "SP1": "SP1_GM12878", "FOXA1": "FOXA1_HepG2"}
GUE = ("0", "1", "4")
LENGTH_BP = 101
GC_SHARE = 0.42
SIGNIFICANT = 0.01


@dataclass(frozen=True)
class Task:
    """A set to fine-tune on and to search.

    Attributes:
        key: Its folder.
        kind: ``planted``, ``ENCODE`` or ``GUE``.
        factor: The factor; empty where the set does not tell.
    """

    key: str
    kind: str
    factor: str = ""


@dataclass(frozen=True)
class Sizes:
    """How much of everything.

    Attributes:
        train: Planted positives to train on; as many negatives.
        test: The same for validation, and for the test.
        epochs: Passes over the training set.
        searched: Most positives that are searched.
        methods: Where scores come from: attention, or a method of attribution.
        search: Settings of the search.
    """

    train: int
    test: int
    epochs: int
    searched: int
    methods: tuple[str, ...] = ("attention", "gradient", "ism")
    search: tuple[str, ...] = ()


FULL = Sizes(5000, 500, 6, 2000)
TINY = Sizes(
    60,
    20,
    1,
    40,
    ("attention", "gradient"),
    ("min_factor=0", "max_q=0.5", "min_len_bp=4"),
)


def factor_motifs(database: Database, factor: str) -> list[KnownMotif]:
    """Profiles of a factor, newest last, alone before in company."""
    alone = [known for known in database.motifs if known.name.upper() == factor.upper()]
    company = [known for known in database.motifs if factor.upper() in known.name.upper().split("::") and known not in alone]
    return sorted(company, key=lambda one: one.id) + sorted(alone, key=lambda one: one.id)


def planted_positives(known: KnownMotif, count: int, rng: np.random.Generator) -> list[Codes]:
    """Random sequences with one site each."""
    order = np.array(["ACGT".index(base) for base in BASES])
    shares = known.probs[:, order]
    background = np.where(np.isin(list(BASES), list("GC")), GC_SHARE / 2, (1 - GC_SHARE) / 2)
    found = []
    for _ in range(count):
        codes = rng.choice(4, LENGTH_BP, p=background).astype(np.uint8)
        site = np.array([rng.choice(4, p=row / row.sum()) for row in shares], np.uint8)
        start = int(rng.integers(5, LENGTH_BP - 5 - len(site)))
        codes[start : start + len(site)] = reverse_complement(site) if rng.random() < 0.5 else site
        found.append(codes)
    return found


def with_shuffles(positives: Sequence[Codes]) -> Iterator[tuple[str, str]]:
    """Sequence and label of the positives and of a shuffle of each."""
    codes = np.stack(positives)
    keys = np.array([zlib.crc32(row.tobytes()) for row in codes], np.int64)
    shuffles = shuffle_dinucleotides(codes, keys, 1)
    for row, other, is_new in zip(codes, shuffles.codes[:, 0], shuffles.is_new[:, 0], strict=True):
        yield decode_bases(row), "1"
        if is_new:
            yield decode_bases(other), "0"


def drawn(rows: list[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """So many of the rows, at random, in their order: files may be sorted by label."""
    numbers = np.sort(np.random.default_rng(2).permutation(len(rows))[:most])
    return [rows[number] for number in numbers.tolist()]


def write_table(path: Path, rows: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "sequence,label\n" + "".join(f"{sequence},{label}\n" for sequence, label in rows))


def write_planted(folder: Path, task: Task, sizes: Sizes, database: Database) -> None:
    profiles = factor_motifs(database, task.factor)
    rng = np.random.default_rng(zlib.crc32(task.factor.encode()))
    for name, count in (("train", sizes.train), ("valid", sizes.test), ("test", sizes.test)):
        write_table(folder / f"{name}.csv", with_shuffles(planted_positives(profiles[-1], count, rng)))


def write_encode(folder: Path, task: Task, sizes: Sizes) -> str | None:
    """Training, validation and test tables; the reason where there are none."""
    files = [DATA / "tfbs" / "deepbind_encode" / f"{ENCODE[task.factor]}_{part}.seq.gz" for part in ("AC", "B")]
    if not all(path.is_file() for path in files):
        return f"{files[0]} is not there"
    sets = []
    for path in files:
        with gzip.open(path, "rt") as handle:
            sets.append([(row["seq"].upper(), row["Bound"]) for row in csv.DictReader(handle, delimiter="\t")])
    bound = [encode_bases(sequence) for sequence, label in sets[0] if label == "1" and set(sequence) <= set("ACGT")]
    order = np.random.default_rng(1).permutation(len(bound))[: 2 * sizes.train].tolist()
    held_out = max(len(order) // 10, 1)
    write_table(folder / "valid.csv", with_shuffles([bound[number] for number in order[:held_out]]))
    write_table(folder / "train.csv", with_shuffles([bound[number] for number in order[held_out:]]))
    write_table(folder / "test.csv", drawn(sets[1], 4 * sizes.test))
    return None


def write_gue(folder: Path, task: Task, sizes: Sizes) -> str | None:
    source = DATA / "gue" / "tf" / task.key.rsplit("-", 1)[-1]
    for name, part, most in (("train", "train", 4 * sizes.train), ("valid", "dev", 4 * sizes.test), ("test", "test", 4 * sizes.test)):
        path = source / f"{part}.csv.gz"
        if not path.is_file():
            return f"{path} is not there"
        with gzip.open(path, "rt") as handle:
            write_table(folder / f"{name}.csv", drawn([(row["sequence"], row["label"]) for row in csv.DictReader(handle)], most))
    return None


def dnabert(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "dnabert", *words], check=True)


def settings(assignments: Sequence[str]) -> list[str]:
    return [word for assignment in assignments for word in ("--set", assignment)]


def run_task(task: Task, work: Path, sizes: Sizes, model: str | None, database: Database) -> dict[str, Any]:
    """Fine-tune on a set and search it; what is there already is kept."""
    folder = work / task.key
    record = folder / "record.json"
    if record.is_file():
        found: dict[str, Any] = json.loads(record.read_text())
        return found
    print(f"{task.key}: data", flush=True)
    reason = None
    if task.kind == "planted":
        write_planted(folder, task, sizes, database)
    else:
        reason = (write_encode if task.kind == "ENCODE" else write_gue)(folder, task, sizes)
    if reason is not None:
        print(f"{task.key}: skipped, {reason}", flush=True)
        return {"task": task.key, "skipped": reason}
    run = folder / "run"
    if not (run / "metrics.json").is_file():
        tables = [word for name in ("train", "valid", "test") for word in (f"--{name}", str(folder / f"{name}.csv"))]
        start = ["--model", model] if model else ["--kmer", "4"]
        dnabert("finetune", *tables, *start, "--no-stranded", "--epochs", str(sizes.epochs), "--out", str(run), "--force")
    metrics = json.loads((run / "metrics.json").read_text())["test"]
    rows = []
    for method in sizes.methods:
        out = folder / f"motifs-{method}"
        scores = ["--from", "attention"] if method == "attention" else ["--from", "attribution", "--set", f"attribution={method}"]
        if not (out / "motifs.tsv").is_file():
            words = ["--positive-class", "1", *scores, *settings((*sizes.search, f"max_sequences={sizes.searched}"))]
            dnabert("motifs", str(folder / "train.csv"), "--model", str(run), "--out", str(out), *words)
        rows.append(summarise(out, method, task.factor, database))
    result = {"task": task.key, "kind": task.kind, "factor": task.factor, "auroc": metrics["auroc"], "searches": rows}
    write_text(record, json.dumps(result, indent=2) + "\n")
    return result


def summarise(out: Path, method: str, factor: str, database: Database) -> dict[str, Any]:
    """The first motif, its match, and the rank of the first motif of the factor's family."""
    lines = [line for line in (out / "motifs.tsv").read_text().splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines, delimiter="\t"))
    known = {one.id: one for one in database.motifs}
    families = {family for one in factor_motifs(database, factor) for family in one.families} if factor else set()
    relatives = [
        number
        for number, row in enumerate(rows, start=1)
        if row["match"] and float(row["match_q"]) < SIGNIFICANT and families & set(known[row["match"]].families)
    ]
    top = rows[0] if rows else {}
    return {
        "method": method,
        "motifs": len(rows),
        "consensus": top.get("consensus", ""),
        "sites": int(top["sites"]) if top else 0,
        "match": top.get("match_name", ""),
        "match_id": top.get("match", ""),
        "match_q": float(top["match_q"]) if top and top["match_q"] else None,
        "family_rank": relatives[0] if relatives else None,
    }


def document(results: Sequence[dict[str, Any]], command: str) -> str:
    """The table as Markdown."""
    lines = [
        "# Motifs found, and their best match in JASPAR",
        "",
        f"Written by `{command}`. Family: the rank of the first motif whose best match (TOMTOM, q < {SIGNIFICANT:g}) is of the structural",
        "family of the factor in JASPAR; 1 is best, – is none; GUE does not name its factors.",
        "",
        "| set | factor | test AUROC | scores | motifs | first motif | sites | best match | q | family at rank |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        if "skipped" in result:
            lines.append(f"| {result['task']} | | skipped: {result['skipped']} | | | | | | | |")
            continue
        for row in result["searches"]:
            match = f"{row['match']} ({row['match_id']})" if row["match"] else "–"
            q = "–" if row["match_q"] is None else f"{row['match_q']:.1e}"
            rank = ("–" if row["family_rank"] is None else str(row["family_rank"])) if result["factor"] else ""
            auroc = "–" if result["auroc"] is None else f"{result['auroc']:.3f}"
            cells = (result["kind"], result["factor"] or result["task"], auroc, row["method"], str(row["motifs"]))
            first = f"`{row['consensus']}`" if row["consensus"] else "–"
            lines.append("| " + " | ".join((*cells, first, str(row["sites"]), match, q, rank)) + " |")
    lines += ["", "Goals:", ""]
    for kind, wanted in (("planted", "at least 9 of 10"), ("ENCODE", "at least 4 of 5")):
        done = [result for result in results if result.get("kind") == kind]
        methods = [row["method"] for row in done[0]["searches"]] if done else []
        for place, method in enumerate(methods):
            first = sum(result["searches"][place]["family_rank"] == 1 for result in done)
            lines.append(f"- {kind}, {method}: the factor's family first in {first} of {len(done)} ({wanted} wanted)")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="pre-trained model to start from; without it, random weights of mini")
    parser.add_argument("--work", type=Path, default=Path("runs/motifs"), help="where runs and searches are kept")
    parser.add_argument("--out", type=Path, help=f"the table; without it {DOCUMENT}, or with --rehearse motifs.md in --work")
    parser.add_argument("--only", choices=("planted", "ENCODE", "GUE"), help="one kind of sets")
    parser.add_argument("--rehearse", action="store_true", help="one tiny set of each kind")
    options = parser.parse_args()
    sizes = TINY if options.rehearse else FULL
    work = options.work / ("rehearsal" if options.rehearse else "full")
    tasks = [Task(f"planted-{factor.replace('::', '-')}", "planted", factor) for factor in PLANTED]
    tasks += [Task(f"encode-{factor}", "ENCODE", factor) for factor in ENCODE] + [Task(f"gue-tf-{name}", "GUE") for name in GUE]
    tasks = [task for task in tasks if options.only in (None, task.kind)]
    if options.rehearse:
        tasks = list({task.kind: task for task in reversed(tasks)}.values())[::-1]
    database = jaspar_database()
    out = options.out or (work / "motifs.md" if options.rehearse else DOCUMENT)
    results: list[dict[str, Any]] = []
    for task in tasks:
        results.append(run_task(task, work, sizes, options.model, database))
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, document(results, "python benchmarks/motifs.py " + " ".join(sys.argv[1:])))
    print(out.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
