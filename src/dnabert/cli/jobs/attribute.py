"""What ``dnabert attribute`` does: contributions into a file, and a figure of one sequence."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert import __version__
from dnabert.choices import AmbiguityPolicy, DeviceName, DtypeName
from dnabert.cli.progress import watched
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.device import choose_machine
from dnabert.dna.sequence import Codes, decode_bases
from dnabert.errors import ConfigError, OutputError
from dnabert.infer.attribution.config import AttributionConfig, AttributionPlotConfig
from dnabert.infer.attribution.files import write_contribution_arrays, write_contribution_table
from dnabert.infer.attribution.gradients import check_installed
from dnabert.infer.attribution.scores import attribute_members, choose_output, per_base, score_name, strands_read
from dnabert.infer.predictor import Predictor
from dnabert.output import check_free, check_not_inputs, provenance_lines
from dnabert.plot.bases.mutation_map import mutation_map_figure
from dnabert.plot.bases.saliency import attribution_figure, check_letters, saliency_figure
from dnabert.plot.export import FIGURE_ENDINGS, save_figure
from dnabert.registry import resolve_model

__all__ = ["run_attribution"]

log = logging.getLogger(__name__)

Found = Iterable[tuple[int, npt.NDArray[np.float32]]]


def run_attribution(
    source: str,
    model: str,
    out: Path,
    plot: Path | None,
    output_name: str | None,
    config: AttributionConfig,
    *,
    genome: Path | None,
    ambiguous: AmbiguityPolicy,
    device: DeviceName,
    dtype: DtypeName,
    command: str,
    force: bool,
    quiet: bool,
) -> None:
    """Read sequences, write contributions and the figure.

    Args:
        source: The input.
        model: The model, as the user names it.
        out: Where the contributions go.
        plot: Where the figure goes, or None.
        output_name: The class, label or value to explain, or None.
        config: How, and what is shown.
        genome: Genome of a BED input.
        ambiguous: What to do with N.
        device: Where to compute.
        dtype: Number type.
        command: The command line.
        force: Replace what is there.
        quiet: No progress bar.

    Raises:
        DnabertError: The input, the model, a setting or a place cannot be used.
    """
    check_not_inputs([out, plot], {"INPUT": source, "--genome": genome})
    _check_places(out, plot, force)
    _check_packages(config, plot)
    predictor = Predictor(resolve_model(model), choose_machine(device, dtype))
    output = choose_output(predictor.info, output_name)
    score = score_name(predictor.info, output)
    data = read_set(source, predictor.kmer, genome=genome, ambiguous=ambiguous, labels=False)
    shown = None if plot is None else _find(data, config.plot)
    room = min(member.tokenizer.max_tokens + member.tokenizer.kmer - 1 for member in predictor.members)
    num_cut = int((data.sequences.first.lengths > room).sum())
    if num_cut:
        log.warning("%d of %d sequences are longer than %d bases; what is beyond is not read and contributes 0", num_cut, len(data), room)
    found: Found = attribute_members(
        predictor.members,
        data.sequences,
        predictor.machine,
        method=config.method,
        output=output,
        strand=config.strand,
        steps=config.ig_steps,
    )
    kept: dict[int, npt.NDArray[np.float32]] = {}
    found = _keeping(watched(found, "sequences", len(data), quiet=quiet), shown, kept)
    facts = _facts(predictor, config, score, data.source)
    if out.suffix == ".npz":
        settings = {"config": config.model_dump(exclude={"plot"}), "trained_on": predictor.info.trained_on}
        write_contribution_arrays(out, data.sequences, found, {"dnabert": __version__, "command": command, **facts, **settings}, force)
    else:
        write_contribution_table(out, data.sequences, found, provenance_lines(command, **facts), force)
    if plot is not None and shown is not None:
        _draw(plot, kept[shown], data.sequences.first[shown], score, config.plot)
    log.info("%d sequences: contributions to the %s", len(data), score)


def _check_places(out: Path, plot: Path | None, force: bool) -> None:
    if str(out) != "-":
        if out.suffix not in (".npz", ".tsv"):
            raise OutputError(f"{out}: contributions are written as .npz or .tsv; end the name so, or give - for a TSV on stdout")
        check_free(out, force)
    if plot is not None:
        if plot.suffix.lower() not in FIGURE_ENDINGS:
            raise OutputError(f"{plot}: a figure is written as {', '.join(FIGURE_ENDINGS)}; end the name so")
        check_free(plot, force, "choose another --plot")


def _check_packages(config: AttributionConfig, plot: Path | None) -> None:
    """Stop before the work where it could not be done, or not be drawn."""
    check_installed(config.method)
    if plot is not None and config.plot.kind != "map":
        check_letters()


def _facts(predictor: Predictor, config: AttributionConfig, score: str, source: str) -> dict[str, str]:
    """Names and values of what the contributions were made with; what was left to the model is told as it was settled."""
    machine = predictor.machine
    return {
        "method": config.method,
        **({"ig_steps": str(config.ig_steps)} if config.method == "ig" else {}),
        "score": score,
        "strand": strands_read(predictor.members, config.strand),
        "device": machine.device.type,
        "dtype": str(machine.dtype).removeprefix("torch."),
        "input": source,
        "model_sha256": predictor.sha256,
    }


def _find(data: LabelledSet, config: AttributionPlotConfig) -> int:
    """Number of the sequence to show, after a look at what is to be shown of it."""
    names = data.sequences.ids
    if config.id and config.id not in names:
        raise ConfigError(f"plot.id {config.id}: {data.source} has no such id; its first are {', '.join(names[:3])}")
    shown = names.index(config.id) if config.id else 0
    length = len(data.sequences.first[shown])
    end = length if config.end is None else config.end
    if not config.start < end <= length:
        raise ConfigError(f"plot.start {config.start} and plot.end {end}: {names[shown]} has {length} bases; 0 <= start < end <= {length}")
    return shown


def _keeping(found: Found, wanted: int | None, kept: dict[int, npt.NDArray[np.float32]]) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    for index, values in found:
        if index == wanted:
            kept[index] = values
        yield index, values


def _draw(path: Path, values: npt.NDArray[np.float32], codes: Codes, score: str, config: AttributionPlotConfig) -> None:
    scores = per_base(values, codes)
    part = slice(config.start, config.end)
    letters, heights, changes = decode_bases(codes)[part], scores[part], (values - scores)[:, part]
    if config.kind == "map":
        figure = mutation_map_figure(changes, letters, score, config.start, config.bases_per_row)
    elif config.kind == "logo":
        figure = saliency_figure(heights, letters, score, config.start, config.bases_per_row)
    else:
        figure = attribution_figure(changes, heights, letters, score, config.start, config.bases_per_row)
    save_figure(figure, path)
