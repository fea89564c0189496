"""Whether scores of bases find what was planted: `python benchmarks/planted.py`, into docs/results/planted.md.

A case is a fine-tuned run, a table of `dnabert simulate` (train, valid or test.csv, tfbs/...: with contig, start, end and strand), and
which elements of its `elements.bed` count. In the sequences labelled 1 each base lies within a planted element or not; how well a score
tells the two apart is its AUROC, over all bases of all sequences, with a bootstrap interval over sequences, and as the mean over them.
`elements.bed` must lie in the folder of the simulation, the table in it or below.

    python benchmarks/planted.py --case NAME RUN TABLE ELEMENTS [--case ...] [--sequences 200]

ELEMENTS is a regular expression of names in elements.bed; `.` takes all. Without a case: the demo's (`make demo`).
"""

import argparse
import csv
import re
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from dnabert import __version__
from dnabert.bootstrap import bootstrap_intervals
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.device import Machine, choose_machine
from dnabert.infer.attention.scores import all_base_scores
from dnabert.infer.attribution.choices import AttributionMethod
from dnabert.infer.attribution.scores import attribute_members, choose_output, per_base
from dnabert.infer.predictor import Predictor

OUT = Path("docs/results/planted.md")
DEMO = ("demo promoters", "runs/demo/finetuned", "runs/demo/simulation/test.csv", ".")
ROUNDS = 1000

Mask = npt.NDArray[np.bool_]
Scores = list[npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Outcome:
    """How well one score finds planted bases.

    Attributes:
        score: Its name.
        auroc: Over all bases of all sequences.
        interval: 95 % bootstrap interval over sequences.
        mean: Mean of the AUROC of each sequence.
        mean_interval: The same for that.
        seconds: What the score took to compute.
    """

    score: str
    auroc: float
    interval: tuple[float, float]
    mean: float
    mean_interval: tuple[float, float]
    seconds: float


def main() -> int:
    options = _options()
    machine = choose_machine("auto", "float32")
    sections = []
    for name, run, table, elements in options.case or [DEMO]:
        print(f"planted: {name}", file=sys.stderr, flush=True)
        sections.append(_section(name, Path(run), Path(table), elements, options.sequences, machine))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(_document(sections), encoding="utf-8")
    print(f"planted: {options.out} is written", file=sys.stderr)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python benchmarks/planted.py", description="AUROC of base scores against planted positions.")
    parser.add_argument(
        "--case", nargs=4, action="append", metavar=("NAME", "RUN", "TABLE", "ELEMENTS"), help="a run and its planted truth"
    )
    parser.add_argument("--sequences", type=int, default=200, help="sequences labelled 1 of each case, at most, the first ones")
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


def planted_masks(table: Path, elements: str) -> dict[str, Mask]:
    """By id, for the sequences labelled 1, whether each base, as it is read, lies within an element that was planted."""
    folder = next((parent for parent in table.resolve().parents if (parent / "elements.bed").is_file()), None)
    if folder is None:
        raise SystemExit(f"{table}: no elements.bed in its folder or above; is this a table of dnabert simulate?")
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for line in (folder / "elements.bed").read_text().splitlines():
        if line and not line.startswith("#"):
            contig, start, end, name = line.split("\t")[:4]
            if re.search(elements, name):
                spans[contig].append((int(start), int(end)))
    masks = {}
    with table.open(newline="") as handle:
        for row in csv.DictReader(line for line in handle if not line.startswith("#")):
            if row["label"] == "1":
                start, end = int(row["start"]), int(row["end"])
                mask = np.zeros(end - start, dtype=bool)
                for first, last in spans[row["contig"]]:
                    mask[max(first - start, 0) : max(last - start, 0)] = True
                masks[row["id"]] = mask if row["strand"] == "+" else mask[::-1]
    return masks


def _section(name: str, run: Path, table: Path, elements: str, most: int, machine: Machine) -> str:
    predictor = Predictor(run, machine)
    data, masks = _positives(read_set(table, predictor.kmer), planted_masks(table, elements), most)
    targets = np.concatenate(masks)
    outcomes = [judge(score, found, masks, took) for score, found, took in base_scores(predictor, data)]
    lines = "".join(
        f"| {o.score} | {o.auroc:.3f} ({o.interval[0]:.3f}-{o.interval[1]:.3f}) |"
        f" {o.mean:.3f} ({o.mean_interval[0]:.3f}-{o.mean_interval[1]:.3f}) | {o.seconds:.1f} |\n"
        for o in outcomes
    )
    right = _share_right(predictor, data)
    return (
        f"## {name}\n\n`{run}` (k = {predictor.kmer}, SHA-256 `{predictor.sha256[:12]}`), `{table}`, elements `{elements}`:"
        f" {len(masks)} sequences labelled 1 with planted bases ({right:.0%} of them called so), {len(targets):,} bases,"
        f" {targets.mean():.1%} of them planted.\n\n"
        "| score of a base | AUROC, all bases (95 %) | mean of the sequences' AUROC (95 %) | seconds |\n| --- | --- | --- | --- |\n" + lines
    )


def _positives(data: LabelledSet, masks: dict[str, Mask], most: int) -> tuple[Any, list[Mask]]:
    """The first sequences that have both planted and other bases."""
    kept = [index for index, name in enumerate(data.sequences.ids) if name in masks and 0 < masks[name].sum() < len(masks[name])][:most]
    if not kept:
        raise SystemExit(f"{data.source}: no sequence labelled 1 has planted bases")
    return data.sequences.take(kept), [masks[data.sequences.ids[index]] for index in kept]


def base_scores(predictor: Predictor, sequences: Any) -> list[tuple[str, Scores, float]]:
    output = choose_output(predictor.info, None)
    methods: tuple[tuple[AttributionMethod, str], ...] = (
        ("ism", "in-silico mutagenesis"),
        ("gradient", "gradient"),
        ("ig", "integrated gradients"),
    )
    found: list[tuple[str, Scores, float]] = []
    for method, name in methods:
        start = time.perf_counter()
        values = [h for _, h in attribute_members(predictor.members, sequences, predictor.machine, method=method, output=output)]
        took = time.perf_counter() - start
        pairs = list(zip(values, sequences.first, strict=True))
        found.append((f"{name}, contribution of the base", [per_base(h, codes) for h, codes in pairs], took))
        found.append((f"{name}, magnitude", [per_base(h, codes, "magnitude") for h, codes in pairs], took))
    start = time.perf_counter()
    parts = [all_base_scores(member.model, sequences, member.tokenizer, predictor.machine) for member in predictor.members]
    attention = [np.sum(rows, axis=0) for rows in zip(*parts, strict=True)]
    return [*found, ("attention (2021)", attention, time.perf_counter() - start)]


def judge(name: str, scores: Scores, masks: list[Mask], took: float) -> Outcome:
    targets, values = np.concatenate(masks).astype(np.int64), np.concatenate(scores).astype(np.float32)
    offsets = np.concatenate(([0], np.cumsum([len(mask) for mask in masks])))
    intervals = bootstrap_intervals("token", targets, np.stack([-values, values], axis=1), offsets=offsets, rounds=ROUNDS)
    interval = intervals["auroc"]
    assert interval is not None
    each = np.array([roc_auc_score(mask, row) for mask, row in zip(masks, scores, strict=True)])
    drawn = each[np.random.default_rng(0).integers(0, len(each), (ROUNDS, len(each)))].mean(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Outcome(name, float(roc_auc_score(targets, values)), interval, float(each.mean()), (float(low), float(high)), took)


def _share_right(predictor: Predictor, sequences: Any) -> float:
    return float((predictor.predict(sequences).values.argmax(1) == choose_output(predictor.info, None)).mean())


def _document(sections: list[str]) -> str:
    command = " ".join(["python benchmarks/planted.py", *(f"'{word}'" if " " in word or "|" in word else word for word in sys.argv[1:])])
    return (
        "# Planted bases found by scores of bases\n\n"
        f"`{command}`, dnabert {__version__}. Which bases were planted is known from the simulation; how a score ranks them above the other"
        " bases of the sequences labelled 1 is its AUROC (0.5: not at all, 1: perfectly). In brackets bootstrap 95 % intervals over"
        f" sequences ({ROUNDS} rounds). Not every planted base matters (degenerate places of a motif), and of several elements a model may"
        " need only one: 1 cannot be reached. Contribution and magnitude are those of `dnabert attribute` (docs/attribute.md); attention is"
        " the score of 2021, beside them as it is.\n\n" + "\n".join(sections)
    )


if __name__ == "__main__":
    sys.exit(main())
