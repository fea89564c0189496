"""Attention for a report: mean landscapes of each kind, and single sequences; scores are added up as they come."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dnabert.cli.jobs.report.examples import Chosen, best_stretch, choose_examples
from dnabert.cli.jobs.report.question import Question
from dnabert.cli.progress import watched
from dnabert.dna.sequence import decode_bases
from dnabert.infer.attention.config import AttentionConfig
from dnabert.infer.attention.sets import LandscapeSum, Scored, is_flat, score_sequences
from dnabert.report.model.attention import AttentionFound, Example, attention_section
from dnabert.report.page import Notice, Section

__all__ = ["attention_part"]

Rows = npt.NDArray[np.int64]

_TITLE = "What it attends to"


def attention_part(question: Question) -> Section:
    """The section; what keeps it from being shown, where something does."""
    head = question.predictor.info.head
    if head.task in ("pair", "token"):
        reason = (
            "A pair model reads two sequences at once, and attention scores are of one"
            if head.task == "pair"
            else "This model answers for every base or k-mer by itself: what [CLS] attends to says nothing of its answers"
        )
        return Section(_TITLE, (Notice(f"Attention is left out. {reason}."),))
    rows = question.rows[question.readable[question.rows]]
    if not len(rows):
        text = "Attention is left out: all sequences are longer than the model reads at once. Cut them, or fine-tune with chunk_pooling."
        return Section(_TITLE, (Notice(text, is_warning=True),))
    return attention_section(_read(question, rows), question.config.anchor, question.config.anchor_name, _TITLE)


def _read(question: Question, rows: Rows) -> AttentionFound:
    config, sequences = question.config, question.data.sequences
    lengths = sequences.first.lengths[rows]
    equal = bool((lengths == lengths[0]).all())
    chosen = {
        one.row: one
        for one in choose_examples(
            question.predictor.info.head.task, question.names, question.evaluation.targets, question.placed[1], rows, config.examples
        )
    }
    members = [set(kind.rows.tolist()) for kind in question.kinds]
    sums = [LandscapeSum() for _ in question.kinds]
    examples: dict[int, Example] = {}
    flat = 0
    for row, found in zip(rows.tolist(), _scores(question, rows), strict=True):
        flat += is_flat(found.scores)
        for own, total in zip(members, sums, strict=True):
            if equal and row in own:
                total.add(found.scores, sequences.ids[row])
        if row in chosen:
            examples[row] = _example(chosen[row], question, found)
    landscapes = [(kind.name, total.result) for kind, total in zip(question.kinds, sums, strict=True) if equal and total.result.count]
    notes = _notes(question, rows, flat, lengths if not equal else None)
    if flat == len(rows):
        landscapes, examples = [], {}
    ordered = tuple(examples[row] for row in chosen if row in examples)
    return AttentionFound(tuple(landscapes), ordered, _sentence(question), tuple(notes), len(rows), len(question.data))


def _scores(question: Question, rows: Rows) -> Iterator[Scored]:
    predictor = question.predictor
    config = AttentionConfig(layer=question.config.layer, strand="both" if question.strand_read == "both" else "forward")
    scored = score_sequences(predictor.members, question.data.sequences.take(rows), predictor.machine, config)
    yield from watched(scored, "attention", len(rows), quiet=question.quiet)


def _example(one: Chosen, question: Question, found: Scored) -> Example:
    start, end = best_stretch(found.scores, question.config.example_bp)
    codes = question.data.sequences.first[one.row]
    return Example(
        question.data.sequences.ids[one.row],
        one.why,
        one.answer,
        decode_bases(codes[start:end]),
        found.scores[start:end],
        start,
        len(codes),
    )


def _notes(
    question: Question,
    rows: Rows,
    flat: int,
    lengths: Rows | None,
) -> list[str]:
    head = question.predictor.info.head
    notes = []
    if head.pooling != "cls":
        notes.append(
            f"This model answers from the {head.pooling} of its k-mers, not from [CLS]: what [CLS] attends to says little of its answers."
            " Fine-tune with `--pooling cls`, or use `dnabert attribute`."
        )
    if head.chunk_pooling:
        notes.append("This model reads long sequences window by window. Each window has a [CLS] of its own; their scores are joined.")
    beyond = len(question.rows) - len(rows)
    if beyond:
        notes.append(f"{beyond:,} sequences are longer than the model reads at once, and are not read here.")
    if flat == len(rows):
        notes.append(
            "All bases have the same score in every sequence: this attention says nothing of them. Try another layer, `--set layer=0`, or"
            " `dnabert attribute`; `dnabert evaluate` tells whether the model has learnt its task."
        )
    elif flat:
        notes.append(f"{flat:,} of {len(rows):,} sequences have the same score at every base.")
    if lengths is not None:
        notes.append(
            f"The mean landscape is left out: the sequences have {lengths.min():,} to {lengths.max():,} bases, and can be laid over each"
            " other only where all have the same length. Cut them about what they have in common, such as the TSS."
        )
    return notes


def _sentence(question: Question) -> str:
    layer = "the last layer" if question.config.layer == -1 else f"layer {question.config.layer}"
    text = (
        f"What [CLS], the token that the model answers from, attends to in {layer}: summed over heads, averaged over the k-mers that cover"
        " a base, divided by the Euclidean length of the sequence's scores (Ji et al. 2021)."
    )
    count = len(question.predictor.members)
    text += f" Scores of {count} models are summed." if count > 1 else ""
    return text + (" The mean of both strands." if question.strand_read == "both" else "")
