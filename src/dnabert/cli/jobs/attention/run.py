"""``dnabert attention`` from start to end: scores into a file, and a figure of them."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dnabert.choices import AmbiguityPolicy, DeviceName, DtypeName
from dnabert.cli.jobs.attention.results import TRACKS, AttentionResults, record_of
from dnabert.cli.progress import watched
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.rows.parse import is_bed
from dnabert.device import choose_machine
from dnabert.errors import ConfigError, DataFileError, OutputError, SequenceError
from dnabert.infer.attention.config import AttentionConfig
from dnabert.infer.attention.readers import AttentionReader
from dnabert.infer.attention.sets import LandscapeSum, Scored, check_readable, is_flat, score_sequences, unequal_length
from dnabert.output import check_free, check_not_inputs
from dnabert.plot.export import FIGURE_ENDINGS, save_figure
from dnabert.registry import resolve_model
from dnabert.report.attention_page import write_attention_page

__all__ = ["run_attention"]

log = logging.getLogger(__name__)

_TABLES = (".tsv", ".npz")
_FIGURES = (".html", *FIGURE_ENDINGS)
_MAX_LABELS = 8


def run_attention(
    source: str,
    model: str,
    out: Path,
    plot: Path | None,
    config: AttentionConfig,
    *,
    genome: Path | None,
    ambiguous: AmbiguityPolicy,
    device: DeviceName,
    dtype: DtypeName,
    command: str,
    force: bool,
    quiet: bool,
) -> None:
    """Read sequences, write their scores and the figure.

    Args:
        source: The input.
        model: The model, as the user names it.
        out: Where the scores go.
        plot: Where the figure goes, or None.
        config: What is read and shown.
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
    _check_places(source, out, plot, config, genome, force)
    predictor = AttentionReader(resolve_model(model), choose_machine(device, dtype))
    check_readable(predictor.members, config)
    if config.probabilities:
        _check_answers(predictor)
    with_labels = plot is not None and config.plot.by_label
    data = read_set(source, predictor.kmer, genome=genome, ambiguous=ambiguous, labels=with_labels)
    work = AttentionResults(predictor, data, config, command)
    order = work.written_order(out)
    kind = None if plot is None else _kind_of(plot, data, config, predictor)
    shown = None if kind is None else _shown(data, config, all_of_them=kind in ("mean", "html"))
    sums: dict[str, LandscapeSum] = {}
    flat = [0]

    def noted() -> Iterator[Scored]:
        sequences = data.sequences if order == list(range(len(data))) else data.sequences.take(order)
        scored = score_sequences(predictor.members, sequences, predictor.machine, config)
        for number, found in zip(order, watched(scored, "sequences", len(data), quiet=quiet), strict=True):
            flat[0] += is_flat(found.scores) and len(found.scores) > predictor.kmer
            if kind == "mean":
                label = data.labels[number] if data.labels is not None else ""
                sums.setdefault(label, LandscapeSum()).add(found.scores, data.sequences.ids[number])
            yield found

    work.write(out, noted(), order, force)
    log.info("%d sequences, %d ambiguous bases, %d skipped", len(data), data.num_ambiguous, data.num_skipped)
    if flat[0]:
        log.warning(
            "%d of %d sequences have the same score at every base: this attention says nothing of them; try another --layer or --heads,"
            " or dnabert attribute",
            flat[0],
            len(data),
        )
    if plot is None or kind is None or shown is None:
        return
    if kind == "html":
        write_attention_page(plot, work.page(shown))
    else:
        save_figure(work.mean_figure(sums) if kind == "mean" else work.figure_of_one(kind, shown), plot)


def _check_places(source: str, out: Path, plot: Path | None, config: AttentionConfig, genome: Path | None, force: bool) -> None:
    """Stop before the work where a result could not be written, or not in this form."""
    ending = out.suffix.lower()
    check_not_inputs([out, plot], {"INPUT": source, "--genome": genome})
    if str(out) != "-":
        if ending not in (*_TABLES, *TRACKS):
            raise OutputError(f"{out}: scores are written as .tsv, .npz, .bedGraph or .bw: end the name so, or give - for a TSV on stdout")
        check_free(out, force)
        if (record := record_of(out)) is not None:
            check_free(record, force)
    if ending in TRACKS and not (is_bed(source) and genome):
        raise DataFileError(f"{source}: {out.name} is a track along a genome, which needs regions: give a BED file and its --genome")
    if ending in TRACKS and config.per_head:
        raise ConfigError(f"{out}: a track holds one score for each base: leave out --per-head, or write .tsv or .npz")
    if config.probabilities and ending != ".npz":
        raise ConfigError(f"probabilities are written to .npz, not to {out}: write .npz, or use dnabert predict")
    if plot is not None:
        if plot.suffix.lower() not in _FIGURES:
            raise OutputError(f"{plot}: a figure is written as .html, .png, .svg or .pdf: end the name so")
        if plot.suffix.lower() != ".html" and config.method == "rollout" and config.plot.kind in ("maps", "heads"):
            raise ConfigError(
                f"plot.kind={config.plot.kind} is for --method cls: rollout mixes the heads in every layer; use plot.kind=landscape"
            )
        check_free(plot, force, "choose another --plot")
        if str(plot) == str(out):
            raise OutputError(f"{plot}: is --out too; choose another --plot")


def _check_answers(predictor: AttentionReader) -> None:
    """Stop before the work where there are no probabilities of whole sequences."""
    if predictor.is_pretrained:
        raise ConfigError(f"{predictor.members[0].directory}: is pre-trained and answers nothing: leave out probabilities=true")
    if predictor.info.head.task == "token":
        raise ConfigError("probabilities of a token model are one for each base: use dnabert predict")


def _kind_of(plot: Path, data: LabelledSet, config: AttentionConfig, predictor: AttentionReader) -> str:
    """html, maps, heads, landscape or mean; stops where the sequences are not fit for it."""
    if plot.suffix.lower() == ".html":
        return "html"
    kind = config.plot.kind
    if kind == "auto":
        apart = len(predictor.members) == 1 and config.method == "cls"  # else there are no heads to show
        of_one = bool(config.plot.id) or len(data) == 1
        kind = "maps" if of_one and apart else "landscape" if of_one else "mean"
    if kind == "mean":
        lengths = data.sequences.first.lengths
        other = np.flatnonzero(lengths != lengths[0])
        if len(other):
            index = int(other[0])
            raise SequenceError(unequal_length(data.sequences.ids[index], int(lengths[index]), int(lengths[0])))
        labels = len(set(data.labels or ()))
        if labels > _MAX_LABELS:
            raise ConfigError(f"plot.by_label: {labels} labels are more than the {_MAX_LABELS} curves that can be told apart; leave it out")
    if kind in ("maps", "heads") and len(predictor.members) > 1:
        raise ConfigError(
            f"plot.kind={kind} shows heads of one model, and an ensemble has {len(predictor.members)}: give one of them, such as"
            f" {predictor.members[0].directory}, or --set plot.kind=landscape"
        )
    return kind


def _shown(data: LabelledSet, config: AttentionConfig, *, all_of_them: bool) -> list[int]:
    """Places of the sequences that the figure is of."""
    wanted = config.plot.id
    if wanted:
        if wanted not in data.sequences.ids:
            raise ConfigError(f"plot.id: no sequence is called {wanted!r}; the first is called {data.sequences.ids[0]!r}")
        chosen = [data.sequences.ids.index(wanted)]
    elif all_of_them or len(data) == 1:
        chosen = list(range(len(data)))
    else:
        raise ConfigError(f"this figure is of one sequence, and there are {len(data)}: name one with --set plot.id={data.sequences.ids[0]}")
    shortest = min(int(data.sequences.first.lengths[index]) for index in chosen)
    if config.plot.anchor is not None and config.plot.anchor >= shortest:
        raise ConfigError(
            f"plot.anchor is {config.plot.anchor}, and a sequence has {shortest} bases: 0 to {shortest - 1} can be the anchor"
        )
    return chosen
