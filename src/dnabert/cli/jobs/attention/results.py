"""Attention scores of one set by one model or several, as files and figures."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dnabert import __version__
from dnabert.data.labelled import LabelledSet
from dnabert.data.sequences import SequenceSet
from dnabert.dna.regions import Genome
from dnabert.dna.sequence import decode_bases
from dnabert.infer.attention.config import AttentionConfig
from dnabert.infer.attention.files import regions_of, write_archive, write_table
from dnabert.infer.attention.readers import AttentionReader
from dnabert.infer.attention.scores import attention_maps, check_heads, check_layer, head_scores
from dnabert.infer.attention.sets import LandscapeSum, Scored, score_sequences
from dnabert.infer.attention.tracks import genome_order, merge_runs, write_bedgraph, write_bigwig
from dnabert.output import provenance_lines, write_json
from dnabert.plot.bases.attention import attention_maps_figure, head_rows_figure
from dnabert.plot.bases.landscape import MeanLine, mean_landscape_figure, sequence_landscape_figure
from dnabert.report.attention_page import AttentionPage, Track

__all__ = ["TRACKS", "AttentionResults", "record_of"]

log = logging.getLogger(__name__)

_BIGWIG = (".bw", ".bigwig")
TRACKS = (".bedgraph", ".bg", *_BIGWIG)
"""Endings of tracks along a genome."""


def record_of(out: Path) -> Path | None:
    """The file beside a bigWig that says with what it was made; None for other forms, which say it themselves."""
    return out.with_name(f"{out.name}.json") if out.suffix.lower() in _BIGWIG else None


class AttentionResults:
    """Scores of one set, as files and figures.

    Args:
        predictor: The model or models.
        data: The sequences.
        config: What is read and shown.
        command: The command line.
    """

    def __init__(self, predictor: AttentionReader, data: LabelledSet, config: AttentionConfig, command: str) -> None:
        self.predictor, self.data, self.config, self.command = predictor, data, config, command
        self.model = predictor.members[0].model
        """The model, where there is one only."""
        self.heads = check_heads(self.model, config.heads or None)

    @property
    def facts(self) -> dict[str, str]:
        """Names and values of what the scores were made with."""
        config, machine = self.config, self.predictor.machine
        layer = str(config.layer) if len(self.predictor.members) > 1 else str(check_layer(self.model, config.layer))
        return {
            "model sha256": self.predictor.sha256,
            "trained on": self.predictor.info.trained_on,
            "input": self.data.source,
            "attention": (
                f"{config.method}, layer {layer}, heads {','.join(map(str, config.heads)) or 'all'}, strand {config.strand},"
                f" {'L2-normalised' if config.normalise else 'not normalised'}"
            ),
            "device": machine.device.type,
            "dtype": str(machine.dtype).removeprefix("torch."),
        }

    @property
    def _record(self) -> dict[str, Any]:
        """What stands in JSON beside arrays and tracks."""
        settings = self.config.model_dump(mode="json")
        return {"dnabert": __version__, "command": self.command, **self.facts, "settings": settings}

    def written_order(self, out: Path) -> list[int]:
        """Numbers of the sequences in the order in which they are to be read: that of the genome for a track, else that of the input."""
        if out.suffix.lower() not in TRACKS:
            return list(range(len(self.data)))
        assert self.data.genome is not None
        with Genome(self.data.genome) as genome:
            return genome_order(regions_of(self.data), genome)

    def write(self, out: Path, scored: Iterable[Scored], order: list[int], force: bool) -> None:
        """The scores, in the form that the name of the file says.

        Args:
            out: Where to.
            scored: Scores of the sequences, in the order of ``order``.
            order: As :meth:`written_order`.
            force: Replace what is there.
        """
        ending, data = out.suffix.lower(), self.data
        head = provenance_lines(self.command, **{name.replace(" ", "_"): value for name, value in self.facts.items()})
        heads = self.heads if self.config.per_head else None
        if ending == ".npz":
            facts = {**self._record, "kmers": [member.model.config.kmer for member in self.predictor.members]}
            facts |= {"heads": heads} if heads else {}
            write_archive(out, data.sequences, scored, len(heads) if heads else None, self._probabilities(), facts, force)
        elif ending in TRACKS:
            self._write_track(out, scored, order, head, force)
        else:
            write_table(out, data.sequences, scored, heads, head, force)

    def _write_track(self, out: Path, scored: Iterable[Scored], order: list[int], head: str, force: bool) -> None:
        assert self.data.genome is not None
        regions = regions_of(self.data)
        with Genome(self.data.genome) as genome:
            runs = merge_runs((regions[number] for number in order), scored, genome)
            record = record_of(out)
            if record is None:
                write_bedgraph(out, runs, head, force)
            else:
                write_bigwig(out, runs, genome.lengths, int(self.data.sequences.first.offsets[-1]), force)
                write_json(record, self._record)

    def _probabilities(self) -> dict[str, Any]:
        if not self.config.probabilities:
            return {}
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
        if info.head.task in ("token", "masked_lm"):
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
