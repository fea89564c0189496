"""Where a promoter model looks, on average: `python benchmarks/tata_landscape.py --model RUN`, docs/results/tata.md and its figure.

The promoters with a TATA box of the GUE test set, aligned at their start site (the paper's figure: a peak at -30), and the negatives
beside them: the attention score of 2021, and the magnitude of contributions (gradient, and in-silico mutagenesis of the first --mutated
promoters), each averaged base by base. The goal: the peak lies at -35 to -25.

The data are in DNABERT_DATA, else ../shared/data.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.sequences import SequenceSet
from dnabert.device import choose_machine
from dnabert.infer.attention.scores import all_base_scores
from dnabert.infer.attribution.choices import AttributionMethod
from dnabert.infer.attribution.scores import attribute_members, choose_output, per_base
from dnabert.infer.predictor import Predictor
from dnabert.output import write_text
from dnabert.plot.export import save_figure
from dnabert.plot.style import GREY, PALETTE, styled
from dnabert.registry import resolve_model

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[2] / "shared" / "data")
DOCUMENT = Path(__file__).parents[1] / "docs" / "results" / "tata.md"
FIGURE = "tata-landscape.png"
GOAL = (-35, -25)
ROUNDS = 1000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Landscape:
    """A score, averaged.

    Attributes:
        name: What is averaged.
        positives: Scores of the promoters, (N, L).
        negatives: Those of the others, (M, L).
    """

    name: str
    positives: Floats
    negatives: Floats

    @property
    def difference(self) -> Floats:
        """Mean of the promoters above that of the others, (L,)."""
        found: Floats = self.positives.mean(0) - self.negatives.mean(0)
        return found


def peak(values: Floats, anchor: int) -> int:
    """Position of the highest value, from the start site."""
    return int(values.argmax()) - anchor


@dataclass(frozen=True)
class Peak:
    """Where a curve is highest.

    Attributes:
        place: Position from the start site.
        low: Lower end of its 95 % interval over resampled sequences.
        high: Upper end.
        inside: Share of the resamplings with it within the goal, 0-1.
    """

    place: int
    low: int
    high: int
    inside: float

    def __str__(self) -> str:
        return f"**{self.place:+d}** ({self.low:+d} to {self.high:+d}; {self.inside:.0%})"


def peaks(landscape: Landscape, anchor: int, rng: np.random.Generator) -> tuple[Peak, Peak]:
    """Peak of the promoters' mean, and of what it has above that of the negatives."""
    own, above = [], []
    for _ in range(ROUNDS):
        means = [rows[rng.integers(0, len(rows), len(rows))].mean(0) for rows in (landscape.positives, landscape.negatives)]
        own.append(peak(means[0], anchor))
        above.append(peak(means[0] - means[1], anchor))
    return _peak_of(landscape.positives.mean(0), own, anchor), _peak_of(landscape.difference, above, anchor)


def _peak_of(values: Floats, drawn: Sequence[int], anchor: int) -> Peak:
    low, high = np.percentile(drawn, [2.5, 97.5])
    inside = float(np.mean([GOAL[0] <= place <= GOAL[1] for place in drawn]))
    return Peak(peak(values, anchor), int(low), int(high), inside)


def scores_of(predictor: Predictor, sequences: SequenceSet, name: str) -> Floats:
    """Scores of all bases, (N, L), in float32."""
    if name == "attention":
        parts = [all_base_scores(one.model, sequences, one.tokenizer, predictor.machine) for one in predictor.members]
        return np.stack([np.sum(rows, axis=0) for rows in zip(*parts, strict=True)]).astype(np.float64)
    method: AttributionMethod = "ism" if name == "ism" else "gradient"
    output = choose_output(predictor.info, None)
    found = dict(attribute_members(predictor.members, sequences, predictor.machine, method=method, output=output))
    rows = [per_base(found[number], codes, "magnitude") for number, codes in enumerate(sequences.first)]
    return np.stack(rows).astype(np.float64)


NAMES = {"attention": "Attention score (2021)", "gradient": "Gradient, magnitude (log-odds)", "ism": "Mutagenesis, magnitude (log-odds)"}


@styled
def draw(landscapes: Sequence[Landscape], anchor: int) -> Figure:
    """A panel for each score: both means, and the goal as a band."""
    figure = Figure(figsize=(6.2, 2.0 * len(landscapes) + 0.6), layout="constrained")
    panels = figure.subplots(len(landscapes), 1, squeeze=False, sharex=True).ravel()
    for axes, landscape in zip(panels, landscapes, strict=True):
        places = np.arange(landscape.positives.shape[1]) - anchor
        axes.axvspan(GOAL[0] - 0.5, GOAL[1] + 0.5, color=GREY, alpha=0.25, linewidth=0, label=f"{GOAL[0]} to {GOAL[1]}")
        axes.axvline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)), label="start site")
        axes.plot(places, landscape.positives.mean(0), color=PALETTE[0], linewidth=1.3, label="promoters with TATA")
        axes.plot(places, landscape.negatives.mean(0), color=PALETTE[1], linewidth=1.1, linestyle="--", label="negatives")
        axes.set_ylabel(landscape.name.replace(", ", ",\n").replace(" (", "\n("))
        axes.set_ylim(bottom=0)
        axes.margins(x=0.01)
    panels[-1].set_xlabel("Position from the start site (bases)")
    panels[-1].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0f}" if value else "0"))
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=4)
    return figure


def document(predictor: Predictor, landscapes: Sequence[Landscape], anchor: int, command: str) -> str:
    """The page."""
    rng = np.random.default_rng(0)
    lines = [
        "# TATA promoters: where the model looks",
        "",
        f"`{command}` (SHA-256 `{predictor.sha256[:12]}`, k = {predictor.kmer}). Promoters with a TATA box of the GUE test set, aligned at",
        "the start site, and the negatives of the same set; scores averaged base by base. In brackets the 95 % interval of a peak's place",
        f"over {ROUNDS} resamplings of the sequences, and the share of them with it within the goal, {GOAL[0]} to {GOAL[1]}.",
        "",
        f"![Mean scores along TATA promoters](../images/{FIGURE})",
        "",
        "| score | promoters | negatives | peak of the promoters' mean | peak of what it has above the negatives' |",
        "|---|---|---|---|---|",
    ]
    for one in landscapes:
        own, above = peaks(one, anchor, rng)
        lines.append(f"| {one.name} | {len(one.positives)} | {len(one.negatives)} | {own} | {above} |")
    lines += [
        "",
        "A negative's score is high where a change would make a promoter of it, so magnitudes of negatives peak at the same places; what",
        "the promoters have above them is of use for attention alone, which is high at the first bases of any window.",
    ]
    return "\n".join([*lines, ""])


def split(data: LabelledSet, most: int | None) -> tuple[SequenceSet, SequenceSet]:
    """The first promoters and the first negatives, at most so many of each."""
    labels = np.asarray(data.labels)
    positives, negatives = (np.flatnonzero(labels == wanted)[:most].tolist() for wanted in ("1", "0"))
    return data.sequences.take(positives), data.sequences.take(negatives)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python benchmarks/tata_landscape.py", description="Mean landscapes of TATA promoters.")
    parser.add_argument("--model", required=True, help="a model of promoters with TATA")
    parser.add_argument("--task", default="prom_300_tata", help="folder of GUE (default: %(default)s)")
    parser.add_argument("--anchor", type=int, default=249, help="0-based index of the start site (default: %(default)s)")
    parser.add_argument("--most", type=int, help="promoters, and negatives, at most (default: all)")
    parser.add_argument(
        "--mutated", type=int, default=40, help="the same for in-silico mutagenesis; 0 leaves it out (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, default=DOCUMENT, help="(default: %(default)s)")
    options = parser.parse_args()
    table = DATA / "gue" / options.task / "test.csv.gz"
    if not table.is_file():
        print(f"{table}: is not here; set DNABERT_DATA to the folder that holds gue/", file=sys.stderr)
        return 0
    predictor = Predictor(resolve_model(options.model), choose_machine("auto", "float32"))
    data = read_set(table, predictor.kmer)
    landscapes = []
    for name, title in NAMES.items():
        most = options.mutated if name == "ism" else options.most
        if most == 0:
            continue
        landscapes.append(Landscape(title, *(scores_of(predictor, part, name) for part in split(data, most))))
        print(f"{title}: done", file=sys.stderr)
    save_figure(draw(landscapes, options.anchor), options.out.parent.parent / "images" / FIGURE)
    command = shlex.join(["python", "benchmarks/tata_landscape.py", *sys.argv[1:]])
    write_text(options.out, document(predictor, landscapes, options.anchor, command))
    print(options.out.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
