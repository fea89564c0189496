"""Scores of real variants beside what was measured of them: `python -m benchmarks.variants`, table in docs/results/variants.md.

1. ClinVar: pathogenic v benign near splice sites (not coding changes), in as many of each at every distance from a site, and in 5' UTRs.
2. MFASS: SNVs that lose an exon (STRONG_LOF) v others, and the measured change of inclusion.
3. Kircher: effects of the saturation mutagenesis of promoters and enhancers, each experiment apart.

Models: --splice (donor, acceptor, none; windows at the annotated sites), --promoter (centred windows), --zero-shot (pre-trained). Beside
them the baselines: closeness to the site (or TSS), the change of G+C, and a convolutional network (--splice-cnn, --promoter-cnn) that was
trained on the rows of the model and reads the windows of the model; `python -m benchmarks.variants.train` makes one. MFASS is kept to
contigs of the valid and test split. All figures of a set are over all of its variants: those that a contestant did not score rank lowest,
or count as no change where effects have a sign. What is missing is left out with a reason; intervals are of 1,000 bootstrap resamplings.
`--rehearse` takes a few records of each.
"""

import argparse
import os
import random
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.variants.figures import UNSCORED, add_result
from benchmarks.variants.networks import SavedNetwork, load_network, same_rows
from benchmarks.variants.rows import Evaluation
from benchmarks.variants.scores import Placement, score_by_model, score_by_network
from benchmarks.variants.sets import all_sets, thinned
from dnabert.device import choose_machine
from dnabert.errors import DnabertError
from dnabert.infer.variants.config import VariantConfig
from dnabert.output import write_text
from dnabert.registry import resolve_model

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[3] / "shared" / "data")
DOCUMENT = Path(__file__).parents[2] / "docs" / "results" / "variants.md"


@dataclass(frozen=True)
class Contestants:
    """What scores the variants.

    Attributes:
        models: By kind of set, splice or promoter.
        networks: The network beside the model, by kind of set.
        zero_shot: A pre-trained model, for all sets.
        zero_shot_window: Bases of its windows.
    """

    models: dict[str, str]
    networks: dict[str, SavedNetwork]
    zero_shot: str | None
    zero_shot_window: int


def evaluate(evaluation: Evaluation, contestants: Contestants, work: Path, data: Path) -> None:
    if not evaluation.rows:
        print(f"{evaluation.name}: no variant of it is in the data", file=sys.stderr)
        return
    add_result(evaluation, "closeness to the site", [-row.distance for row in evaluation.rows])
    if evaluation.is_signed:
        add_result(evaluation, "loss of G+C", [-row.gc_change for row in evaluation.rows])
    else:
        add_result(evaluation, "change of G+C", [abs(row.gc_change) for row in evaluation.rows])
    kind, genome = evaluation.kind, data / "human/lrg_hg38.fa.gz"
    folder = work / "".join(letter if letter.isalnum() else "_" for letter in evaluation.name)
    placement = Placement(genome, None, VariantConfig())
    if kind == "splice":
        placement = Placement(genome, data / "human/lrg_hg38.gtf.gz", VariantConfig(anchor="splice"))
    model, network = contestants.models.get(kind), contestants.networks.get(kind)
    if model is None:
        print(f"{evaluation.name}: no --{kind} model is given", file=sys.stderr)
    elif network is not None:
        machine = choose_machine("auto", "float32")  # as dnabert variants does
        add_result(evaluation, network.name, score_by_network(evaluation, network, model, placement, machine, folder / "network"))
    if model is not None:
        add_result(evaluation, f"{kind} model", score_by_model(evaluation, model, placement, folder / "model"))
    if contestants.zero_shot is not None:
        placement = Placement(genome, None, VariantConfig(zero_shot=True, window_bp=contestants.zero_shot_window))
        add_result(evaluation, "zero-shot", score_by_model(evaluation, contestants.zero_shot, placement, folder / "zero_shot"))


def document(evaluations: Sequence[Evaluation], contestants: Contestants, command: str) -> str:
    lines = ["# Variants: scores beside what was measured", "", f"`{command}`", ""]
    for kind, model in contestants.models.items():
        lines.append(f"- {kind}: `{model}`")
        if kind in contestants.networks:
            lines.append(f"- {kind}, {_network_line(contestants.networks[kind], resolve_model(model))}")
    lines += [f"- zero-shot: `{contestants.zero_shot}`"] if contestants.zero_shot else []
    lines += ["", "Higher is better everywhere; intervals are 95 %, of 1,000 bootstrap resamplings of the variants.", "", UNSCORED, ""]
    for each in evaluations:
        positives = f", {int(sum(row.truth for row in each.rows))} positive" if not each.is_signed else ""
        lines += [f"## {each.name}", "", f"{len(each.rows)} variants{positives}.", "", f"| | {each.metric_name} | 95 % |", "|---|---|---|"]
        lines += [f"| {name} | {value:.3f} | {low:.3f} to {high:.3f} |" for name, value, low, high in each.results] + [""]
    return "\n".join(lines)


def _network_line(network: SavedNetwork, model: Path) -> str:
    """What a network is, and whether it compares with the model."""
    rows = {True: "the rows of the model", False: "OTHER rows than the model", None: "rows of which nothing is known"}
    return f"{network.name}: `{network.directory}`, trained on {rows[same_rows(network.directory, model)]}, reads the windows of the model"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.variants", description="Real variants beside what was measured of them.")
    parser.add_argument("--splice", help="a model of donor, acceptor, none")
    parser.add_argument("--promoter", help="a model of promoters")
    parser.add_argument("--splice-cnn", type=Path, metavar="RUN", help="the network beside --splice")
    parser.add_argument("--promoter-cnn", type=Path, metavar="RUN", help="the network beside --promoter")
    parser.add_argument("--zero-shot", help="a pre-trained model")
    parser.add_argument("--zero-shot-window", type=int, default=128, help="bases of its windows (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=Path("runs/variants"), help="where scored files go (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=DOCUMENT, help="the document (default: %(default)s)")
    parser.add_argument("--rehearse", action="store_true", help="a few records of each set")
    options = parser.parse_args()
    if not (DATA / "variants").is_dir():
        print(f"{DATA}: is not here; set DNABERT_DATA to the folder that holds variants/ and human/", file=sys.stderr)
        return 0
    models = {kind: getattr(options, kind) for kind in ("splice", "promoter") if getattr(options, kind)}
    folders = {kind: getattr(options, f"{kind}_cnn") for kind in ("splice", "promoter") if getattr(options, f"{kind}_cnn")}
    for kind in folders:
        if kind not in models:
            parser.error(f"--{kind}-cnn reads the windows of a model: give --{kind} too")
    try:
        networks = {kind: load_network(folder) for kind, folder in folders.items()}
        contestants = Contestants(models, networks, options.zero_shot, options.zero_shot_window)
        rng = random.Random(1)
        command = shlex.join(["python", "-m", "benchmarks.variants", *sys.argv[1:]])
        done = []
        for evaluation in all_sets(DATA, rng):
            if options.rehearse:
                thinned(evaluation, rng)
            evaluate(evaluation, contestants, options.work, DATA)
            done.append(evaluation)
            write_text(options.out, document(done, contestants, command))
    except DnabertError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
