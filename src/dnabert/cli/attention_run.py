"""What ``dnabert attention`` does: scores into a file, and a figure of them."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dnabert import __version__
from dnabert.choices import AmbiguityPolicy, DeviceName, DtypeName
from dnabert.cli.progress import watched
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.sequences import SequenceSet
from dnabert.device import choose_machine
from dnabert.dna.regions import Genome
from dnabert.dna.sequence import decode_bases
from dnabert.errors import ConfigError, DataFileError, OutputError, SequenceError
from dnabert.infer.attention.config import AttentionConfig
from dnabert.infer.attention.files import merge_runs, regions_of, write_archive, write_bedgraph, write_bigwig, write_table
from dnabert.infer.attention.scores import attention_maps, check_heads, check_layer, head_scores
from dnabert.infer.attention.sets import LandscapeSum, Scored, check_readable, is_flat, score_sequences, unequal_length
from dnabert.infer.predictor import Predictor
from dnabert.output import check_free, provenance_lines
from dnabert.plot.bases.attention import attention_maps_figure, head_rows_figure
from dnabert.plot.bases.landscape import MeanLine, mean_landscape_figure, sequence_landscape_figure
from dnabert.plot.export import FIGURE_ENDINGS, save_figure
from dnabert.registry import resolve_model
from dnabert.report.attention_page import AttentionPage, Track, write_attention_page

__all__ = ["run_attention"]

log = logging.getLogger(__name__)

_TABLES = (".tsv", ".npz")
_TRACKS = (".bedgraph", ".bg", ".bw", ".bigwig")
_FIGURES = (".html", *FIGURE_ENDINGS)
_BED = (".bed", ".bed.gz", ".narrowpeak", ".narrowpeak.gz", ".broadpeak", ".broadpeak.gz")
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
    predictor = Predictor(resolve_model(model), choose_machine(device, dtype))
    check_readable(predictor.members, config)
    with_labels = plot is not None and config.plot.by_label
    data = read_set(source, predictor.kmer, genome=genome, ambiguous=ambiguous, labels=with_labels)
    work = _Work(predictor, data, config, command)
    kind = None if plot is None else _kind_of(plot, data, config, predictor)
    shown = None if kind is None else _shown(data, config, all_of_them=kind in ("mean", "html"))
    sums: dict[str, LandscapeSum] = {}
    flat = [0]

    def noted() -> Iterator[Scored]:
        scored = score_sequences(predictor.members, data.sequences, predictor.machine, config)
        for number, found in enumerate(watched(scored, "sequences", len(data), quiet=quiet)):
            flat[0] += is_flat(found.scores) and len(found.scores) > predictor.kmer
            if kind == "mean":
                label = data.labels[number] if data.labels is not None else ""
                sums.setdefault(label, LandscapeSum()).add(found.scores, data.sequences.ids[number])
            yield found

    work.write(out, noted(), force)
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
    if str(out) != "-":
        if ending not in (*_TABLES, *_TRACKS):
            raise OutputError(f"{out}: scores are written as .tsv, .npz, .bedGraph or .bw: end the name so, or give - for a TSV on stdout")
        check_free(out, force)
    if ending in _TRACKS and not (source.lower().endswith(_BED) and genome):
        raise DataFileError(f"{source}: {out.name} is a track along a genome, which needs regions: give a BED file and its --genome")
    if ending in _TRACKS and config.per_head:
        raise ConfigError(f"{out}: a track holds one score for each base: leave out --per-head, or write .tsv or .npz")
    if config.probabilities and ending != ".npz":
        raise ConfigError(f"probabilities are written to .npz, not to {out}: write .npz, or use dnabert predict")
    if plot is not None:
        if plot.suffix.lower() not in _FIGURES:
            raise OutputError(f"{plot}: a figure is written as .html, .png, .svg or .pdf: end the name so")
        check_free(plot, force, "choose another --plot")
        if str(plot) == str(out):
            raise OutputError(f"{plot}: is --out too; choose another --plot")


def _kind_of(plot: Path, data: LabelledSet, config: AttentionConfig, predictor: Predictor) -> str:
    """html, maps, heads, landscape or mean; stops where the sequences are not fit for it."""
    if plot.suffix.lower() == ".html":
        return "html"
    kind = config.plot.kind
    if kind == "auto":
        kind = "maps" if (config.plot.id or len(data) == 1) and len(predictor.members) == 1 else "landscape" if config.plot.id else "mean"
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


class _Work:
    """Scores of one set by one predictor, as files and figures."""

    def __init__(self, predictor: Predictor, data: LabelledSet, config: AttentionConfig, command: str) -> None:
        self.predictor, self.data, self.config, self.command = predictor, data, config, command
        self.model = predictor.members[0].model
        """The model, where there is one only."""
        self.heads = check_heads(self.model, config.heads or None)

    @property
    def facts(self) -> dict[str, str]:
        config = self.config
        layer = str(config.layer) if len(self.predictor.members) > 1 else str(check_layer(self.model, config.layer))
        return {
            "model sha256": self.predictor.sha256,
            "trained on": self.predictor.info.trained_on,
            "input": self.data.source,
            "attention": (
                f"{config.method}, layer {layer}, heads {','.join(map(str, config.heads)) or 'all'}, strand {config.strand},"
                f" {'L2-normalised' if config.normalise else 'not normalised'}"
            ),
        }

    def write(self, out: Path, scored: Iterable[Scored], force: bool) -> None:
        """The scores, in the form that the name of the file says."""
        ending, data = out.suffix.lower(), self.data
        head = provenance_lines(self.command, **{name.replace(" ", "_"): value for name, value in self.facts.items()})
        heads = self.heads if self.config.per_head else None
        if ending == ".npz":
            facts: dict[str, Any] = {
                "dnabert": __version__,
                "command": self.command,
                **self.facts,
                "settings": self.config.model_dump(mode="json"),
            }
            facts["kmers"] = [member.model.config.kmer for member in self.predictor.members]
            facts |= {"heads": heads} if heads else {}
            write_archive(out, data.sequences, scored, self._probabilities(), facts)
        elif ending in _TRACKS:
            assert data.genome is not None
            with Genome(data.genome) as genome:
                runs = merge_runs(regions_of(data), scored, genome)
                if ending in (".bw", ".bigwig"):
                    write_bigwig(out, runs, genome.lengths)
                else:
                    write_bedgraph(out, runs, head, force)
        else:
            write_table(out, data.sequences, scored, heads, head, force)

    def _probabilities(self) -> dict[str, Any]:
        if not self.config.probabilities:
            return {}
        if self.predictor.info.head.task == "token":
            raise ConfigError("probabilities of a token model are one for each base: use dnabert predict")
        predicted = self.predictor.predict(self.data.sequences, self.config.strand).values
        return {"predictions": predicted, "labels": np.array(self.predictor.info.labels)}

    def figure_of_one(self, kind: str, shown: list[int]) -> Figure:
        """The figure of one sequence: maps, heads or landscape."""
        sequences = self.data.sequences.take(shown)
        name, letters = sequences.ids[0], decode_bases(sequences.first[0])
        config, member = self.config, self.predictor.members[0]
        layer = check_layer(self.model, config.layer)
        if kind == "maps":
            heads = config.heads or None
            maps = attention_maps(self.model, sequences.first[0], member.tokenizer, self.predictor.machine, layer, heads)
            return attention_maps_figure(maps[:, 1:-1, 1:-1], [f"head {head}" for head in self.heads], f"{name}, layer {layer}")
        if kind == "heads":
            apart = config.model_copy(update={"per_head": True, "method": "cls"})
            (found,) = score_sequences(self.predictor.members, sequences, self.predictor.machine, apart)
            assert found.heads is not None
            names = [f"head {head}" for head in self.heads]
            return head_rows_figure(found.heads, names, letters, f"{name}, layer {layer}", _score_name(config))
        (found,) = score_sequences(self.predictor.members, sequences, self.predictor.machine, config)
        return sequence_landscape_figure(found.scores, letters, name, _score_name(config), config.plot.anchor)

    def mean_figure(self, sums: dict[str, LandscapeSum]) -> Figure:
        """The mean landscape, a line for each label."""
        lines = []
        for label in sorted(sums):
            found = sums[label].result
            name = f"label {label} (n = {found.count:,})" if label else f"{found.count:,} sequences"
            lines.append(MeanLine(name, found.mean, found.low, found.high))
        return mean_landscape_figure(lines, _score_name(self.config, "mean "), self.config.plot.anchor)

    def page(self, shown: list[int]) -> AttentionPage:
        """The page to point at; of one model all layers and heads, of several or of rollout the score alone."""
        config = self.config
        if len(shown) > config.plot.max_sequences:
            log.info("the page shows the first %d of %d sequences (plot.max_sequences)", config.plot.max_sequences, len(shown))
        sequences = self.data.sequences.take(shown[: config.plot.max_sequences])
        apart = len(self.predictor.members) == 1 and config.method == "cls"
        scores = self._all_heads(sequences) if apart else self._scores_alone(sequences)
        answers = self._answers(sequences)
        tracks = tuple(
            Track(name, decode_bases(sequences.first[number]), scores[number], answers[number]) for number, name in enumerate(sequences.ids)
        )
        count = self.model.config.num_layers
        names = tuple(f"{layer}{' (last)' if layer == count - 1 else ''}" for layer in range(count))
        return AttentionPage(
            tracks=tracks,
            layer_names=names if apart else ("as chosen",),
            head_names=tuple(f"head {head}" for head in range(self.model.config.num_heads)) if apart else (),
            layer=check_layer(self.model, config.layer) if apart else 0,
            heads=self.heads if apart else (0,),
            normalise=config.normalise,
            anchor=config.plot.anchor,
            method=_sentence(config, len(self.predictor.members)),
            facts={"dnabert": __version__, **{name: value for name, value in self.facts.items() if value}},
            command=self.command,
        )

    def _all_heads(self, sequences: SequenceSet) -> list[Any]:
        member, layers = self.predictor.members[0], range(self.model.config.num_layers)
        total: list[Any] = [0.0] * len(sequences)
        strands = (False, True) if self.config.strand == "both" else (False,)
        for reverse in strands:
            read = head_scores(member.model, sequences, member.tokenizer, self.predictor.machine, layers=layers, reverse=reverse)
            for number, found in read:
                total[number] = total[number] + found / len(strands)
        return total

    def _scores_alone(self, sequences: SequenceSet) -> list[Any]:
        plain = self.config.model_copy(update={"per_head": False, "normalise": False})
        return [found.scores[None, None] for found in score_sequences(self.predictor.members, sequences, self.predictor.machine, plain)]

    def _answers(self, sequences: SequenceSet) -> list[str]:
        info = self.predictor.info
        if info.head.task == "token":
            return [""] * len(sequences)
        predicted = self.predictor.predict(sequences, self.config.strand).values
        if info.head.task == "classify":
            return [f"{info.labels[int(row.argmax())]}, probability {row.max():.3f}" for row in predicted]
        return [", ".join(f"{label} {value:.3g}" for label, value in zip(info.labels, row, strict=True)) for row in predicted]


def _score_name(config: AttentionConfig, before: str = "") -> str:
    what = f"{before}{config.method if config.method == 'rollout' else 'attention'} score".capitalize()
    return f"{what} (L2-normalised)" if config.normalise else what


def _sentence(config: AttentionConfig, members: int) -> str:
    if config.method == "rollout":
        text = "What reaches [CLS] from each base through the layers (attention rollout, Abnar & Zuidema 2020)"
    else:
        text = "What [CLS] attends to, averaged over the k-mers that cover a base, summed over heads (Ji et al. 2021)"
    text += ", divided by the Euclidean length of the sequence's scores" if config.normalise else ""
    text += f", summed over {members} models" if members > 1 else ""
    return text + (", mean of both strands." if config.strand == "both" else ".")
