"""Fine-tuning on a set, the searches, and what is kept of them."""

import csv
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.motifs.sets import Sizes, Task, factor_motifs, write_encode, write_gue, write_planted
from benchmarks.planted import base_scores, judge
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import choose_machine
from dnabert.dna.sequence import encode_bases
from dnabert.infer.predictor import Predictor
from dnabert.motif.compare import Database, KnownMotif, compare, read_meme_database
from dnabert.output import write_text

LEARNT_MCC = 0.2
LONGER = 3
FIXED_BITS = 1.0
"""Bits from which on a place of a matrix takes one or two bases."""


def dnabert(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "dnabert", *words], check=True)


def settings(assignments: Sequence[str]) -> list[str]:
    return [word for assignment in assignments for word in ("--set", assignment)]


def run_task(task: Task, work: Path, sizes: Sizes, model: str | None, runs: Path | None, database: Database) -> dict[str, Any]:
    """Fine-tune on a set, or take the run that is there, and search it.

    What is done already is kept; bases are judged later where they were not. A model that has learnt nothing, by its MCC on the validation
    table, is trained again, three times as long and to the end.

    Args:
        task: The set.
        work: Folder of all sets.
        sizes: How much of everything.
        model: Pre-trained model to start from; None is random weights.
        runs: Folder with runs that are taken as they are, by the key of their set.
        database: Known motifs.
    """
    folder = work / task.key
    record = folder / "record.json"
    if record.is_file():
        found: dict[str, Any] = json.loads(record.read_text())
        if task.is_planted and sizes.judged and not found["bases"]:
            found["bases"] = judged(Path(found["run"]), folder / "test.sites.tsv", sizes.judged)
            write_text(record, json.dumps(found, indent=2) + "\n")
        return found
    print(f"{task.key}: data", flush=True)
    reason = None
    if task.is_planted:
        write_planted(folder, task, sizes, database)
    else:
        reason = (write_encode if task.kind == "ENCODE" else write_gue)(folder, task, sizes)
    if reason is not None:
        print(f"{task.key}: skipped, {reason}", flush=True)
        return {"task": task.key, "skipped": reason}
    given = runs is not None and (runs / task.key).is_dir()
    run = runs / task.key if runs is not None and given else folder / "run"
    if not given and not (run / "metrics.json").is_file():
        tables = [word for name in ("train", "valid") for word in (f"--{name}", str(folder / f"{name}.csv"))]
        start = ["--model", model] if model else ["--preset", "mini", "--kmer", "6"]
        for epochs, patience in ((sizes.epochs, []), (LONGER * sizes.epochs, ["--set", "patience=0"])):
            dnabert("finetune", *tables, *start, "--no-stranded", "--epochs", str(epochs), *patience, "--out", str(run), "--force")
            if json.loads((run / "metrics.json").read_text())["valid"]["mcc"] >= LEARNT_MCC:
                break
    rows = []
    for method in sizes.methods:
        out = folder / f"motifs-{method}"
        scores = ["--from", "attention"] if method == "attention" else ["--from", "attribution", "--set", f"attribution={method}"]
        if not (out / "motifs.tsv").is_file():
            words = ["--positive-class", "1", *scores, *settings((*sizes.search, f"max_sequences={sizes.searched}"))]
            dnabert("motifs", str(folder / "train.csv"), "--model", str(run), "--out", str(out), *words, "--force")
        rows.append(summarise(out, method, task, database))
    result = {
        "task": task.key,
        "kind": task.kind,
        "run": str(run),
        "trained": trained(run),
        "factor": task.factor,
        "auroc": test_auroc(run, folder),
        "searches": rows,
        "bases": judged(run, folder / "test.sites.tsv", sizes.judged) if task.is_planted and sizes.judged else {},
    }
    write_text(record, json.dumps(result, indent=2) + "\n")
    return result


def trained(run: Path) -> dict[str, Any]:
    """What the record of a run says of its training: rows, epochs at most, and the SHA-256 of the model that it started from."""
    record = json.loads((run / "run.json").read_text())
    return {"rows": record["n_train"], "epochs": record["config"]["epochs"], "from": (record.get("model") or {}).get("sha256", "")}


def records(work: Path, tasks: Sequence[Task], skipped: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """All sets that are done, whenever that was, and those that were skipped now, in the order of the tasks."""
    found = []
    for task in tasks:
        path = work / task.key / "record.json"
        if path.is_file():
            found.append(json.loads(path.read_text()))
        elif task.key in skipped:
            found.append(skipped[task.key])
    return found


def test_auroc(run: Path, folder: Path) -> float | None:
    """Of the test table."""
    out = folder / "evaluation.json"
    dnabert("evaluate", str(folder / "test.csv"), "--model", str(run), "--out", str(out), "--rounds", "0", "--force")
    value: float | None = json.loads(out.read_text())["metrics"]["auroc"]
    return value


def judged(run: Path, sites: Path, most: int) -> dict[str, list[dict[str, Any]]]:
    """How well scores of bases tell planted from other bases, on the first positives of the test.

    Returns:
        ``all``: every base of a site counts as planted; ``fixed``: those of at least a bit do, and the others of the site are left out.
    """
    predictor = Predictor(run, choose_machine("auto", "float32"))
    with sites.open(newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))[:most]
    codes = [encode_bases(row["sequence"]) for row in rows]
    bits = [np.zeros(len(one)) for one in codes]
    masks = [np.zeros(len(one), dtype=bool) for one in codes]
    for row, one, mask in zip(rows, bits, masks, strict=True):
        one[int(row["start"]) : int(row["end"])] = [float(number) for number in row["bits"].split(",")]
        mask[int(row["start"]) : int(row["end"])] = True
    kept = [~mask | (one >= FIXED_BITS) for one, mask in zip(bits, masks, strict=True)]
    sequences = SequenceSet([f"site{number}" for number in range(len(codes))], pack(codes))
    found: dict[str, list[dict[str, Any]]] = {"all": [], "fixed": []}
    for score, values, took in base_scores(predictor, sequences):
        found["all"].append(asdict(judge(score, values, masks, took)))
        fewer = [row[keep] for row, keep in zip(values, kept, strict=True)]
        found["fixed"].append(asdict(judge(score, fewer, [mask[keep] for mask, keep in zip(masks, kept, strict=True)], took)))
    return found


def summarise(out: Path, method: str, task: Task, database: Database) -> dict[str, Any]:
    """The first motif, its match, and how near it is to what was planted, or the rank of the first motif of the factor's family."""
    lines = [line for line in (out / "motifs.tsv").read_text().splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines, delimiter="\t"))
    known = {one.id: one for one in database.motifs}
    profiles = factor_motifs(database, task.factor) if task.factor else []
    families = {family for one in profiles for family in one.families}
    relatives = [number for number, row in enumerate(rows, start=1) if row["match"] and families & set(known[row["match"]].families)]
    top = rows[0] if rows else {}
    return {
        "method": method,
        "motifs": len(rows),
        "consensus": top.get("consensus", ""),
        "sites": int(top["sites"]) if top else 0,
        "match": top.get("match_name", ""),
        "match_id": top.get("match", ""),
        "match_q": float(top["match_q"]) if top and top["match_q"] else None,
        "planted": profiles[0].id if task.is_planted else "",
        "planted_q": planted_q(out / "motifs.meme", profiles[0], database) if task.is_planted and rows else None,
        "family": ", ".join(sorted(families)),
        "family_size": sum(bool(families & set(one.families)) for one in database.motifs),
        "family_rank": relatives[0] if relatives else None,
    }


def planted_q(found: Path, planted: KnownMotif, database: Database) -> float:
    """TOMTOM's q, over the whole database, of the first motif found beside the matrix that was planted."""
    first = read_meme_database(found).motifs[0]
    matches = compare({"first": first.probs}, database, num_best=len(database.motifs))["first"]
    return next(one.q for one in matches if one.id == planted.id)
