"""What each base of a sequence contributes to a model's answer.

A contribution is hypothetical: ``h[b, p]`` says how far the score with base b at place p lies above the mean over the four bases there, all
other bases as they are. It is positive where b raises the score; the four at one place add up to 0; that of the base that is there,
``h[observed, p]``, is what the base contributes. ``ism`` measures it, by changing every base; ``gradient`` takes the slope at the sequence
for the change; ``ig`` takes the mean slope on the way from even odds (1/4 of each base everywhere) to the sequence, so that the observed
contributions add up to the score of the sequence minus that of even odds.

The score is the log-odds of a class (natural logarithm; of two classes the difference of their logits), of a label, or a value in its unit:
probabilities near 0 and 1 hardly move, log-odds do.

Legend: L bases, B rows of a batch, K outputs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnabert.checkpoint import ModelInfo, SavedModel
from dnabert.choices import StrandMode
from dnabert.data.sequences import SequenceSet
from dnabert.device import Machine
from dnabert.dna.sequence import AMBIGUOUS, Codes, reverse_complement
from dnabert.errors import ConfigError
from dnabert.forward import TOKENS_PER_BATCH
from dnabert.infer.attribution.choices import AttributionMethod, BaseScore
from dnabert.infer.attribution.gradients import gradient_contributions
from dnabert.infer.attribution.mutants import ROW_OF_CODE, Score, saturated_scores
from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer

__all__ = [
    "attribute",
    "attribute_members",
    "check_attributable",
    "choose_output",
    "output_score",
    "per_base",
    "score_name",
    "strands_read",
]

Floats = npt.NDArray[np.float32]


def attribute(
    model: Dnabert,
    sequences: SequenceSet,
    tokenizer: KmerTokenizer,
    machine: Machine,
    *,
    method: AttributionMethod,
    output: int,
    strand: Literal["forward", "both"] = "forward",
    steps: int = 50,
    scale: float = 1.0,
    tokens_per_batch: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, Floats]]:
    """Contributions of all four bases at every place, sequence by sequence in input order.

    Args:
        model: A model with one answer for a sequence; it is left as it was.
        sequences: The sequences.
        tokenizer: The model's; what is beyond its window is not read.
        machine: Where to compute. In bfloat16 small contributions drown in rounding.
        method: ``ism``, ``gradient`` or ``ig``.
        output: Number of the class, label or value, from 0.
        strand: ``both`` is the mean of what is said of the sequence and of its reverse complement, in the places of the sequence.
        steps: ig: points on the path.
        scale: Multiplied to the contributions: regress: what one unit of the output is.
        tokens_per_batch: Tokens of a batch, padding included; None chooses by the device.
        progress: Called with the number of sequences done after each.

    Yields:
        Number of the sequence; its contributions, rows A, C, G, T, (4, L). gradient and ig give 0 where the base is ambiguous (ism puts
        each base there), and all give 0 beyond the window.

    Raises:
        ConfigError: The model has not one answer for a sequence, or the sequences are pairs.
        DnabertError: gradient and ig: tangermeme or captum is not installed.
    """
    check_attributable(model.head_config)
    if sequences.second is not None:
        raise ConfigError("attribution reads single sequences, and these are pairs; give the sequences one by one")
    room = tokenizer.max_tokens + tokenizer.kmer - 1
    both = strand == "both"

    def windows() -> Iterator[Codes]:
        for codes in sequences.first:
            yield codes[:room]
            if both:
                yield reverse_complement(codes[:room])

    score = output_score(model.head_config, output)
    budget = tokens_per_batch or TOKENS_PER_BATCH[machine.device.type]
    home = next(model.parameters()).device
    try:
        model.to(machine.device)  # once, not for each batch
        found: Iterator[Floats]
        if method == "ism":
            found = map(_centred, saturated_scores(model, windows(), machine, score, budget))
        else:
            found = gradient_contributions(model, windows(), machine, score, budget, method, steps)
        for index, codes in enumerate(sequences.first):
            values = next(found)
            if both:
                # In the order A, C, G, T the complement is the row from the end.
                values = (0.5 * (values + next(found)[::-1, ::-1])).astype(np.float32)
            whole = np.zeros((4, len(codes)), dtype=np.float32)
            whole[:, : values.shape[1]] = scale * values
            if progress:
                progress(1)
            yield index, whole
    finally:
        model.to(home)


def attribute_members(
    members: Sequence[SavedModel],
    sequences: SequenceSet,
    machine: Machine,
    *,
    method: AttributionMethod,
    output: int,
    strand: StrandMode = "auto",
    steps: int = 50,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, Floats]]:
    """As :func:`attribute`, of saved models: the mean of what the members of an ensemble say, values in the unit of the labels.

    Args:
        members: Models for the same task, of any k.
        sequences: The sequences.
        machine: Where to compute.
        method: ``ism``, ``gradient`` or ``ig``.
        output: Number of the class, label or value, from 0.
        strand: ``auto`` reads both strands where a member was trained without regard to strand.
        steps: ig: points on the path.
        progress: Called with the number of sequences done after each.

    Raises:
        ConfigError: As :func:`attribute`.
        DnabertError: As :func:`attribute`.
    """
    streams = []
    for number, member in enumerate(members):
        scales = member.info.target_scale
        streams.append(
            attribute(
                member.model,
                sequences,
                member.tokenizer,
                machine,
                method=method,
                output=output,
                strand="both" if reads_both(member.info, strand) else "forward",
                steps=steps,
                scale=scales[output] if scales else 1.0,
                progress=progress if number == 0 else None,
            )
        )
    for found in zip(*streams, strict=True):
        yield found[0][0], np.mean([values for _, values in found], axis=0, dtype=np.float32)


def reads_both(info: ModelInfo, strand: StrandMode) -> bool:
    """Whether a model is read on both strands: if that is asked for, or left to its training, which took no regard to strand."""
    return strand == "both" or (strand == "auto" and not info.stranded)


def strands_read(members: Sequence[SavedModel], strand: StrandMode) -> str:
    """What ``auto`` comes to, for the record: ``forward``, ``both``, or how many members of an ensemble read both.

    Args:
        members: The models.
        strand: What was asked for.
    """
    count = sum(reads_both(member.info, strand) for member in members)
    if count in (0, len(members)):
        return "both" if count else "forward"
    return f"both ({count} of {len(members)} members), forward (the others)"


def per_base(contributions: Floats, codes: Codes, kind: BaseScore = "observed") -> Floats:
    """One number for each base.

    Args:
        contributions: Rows A, C, G, T, (4, L).
        codes: Base codes of the sequence, (L,).
        kind: ``observed``: contribution of the base that is there, 0 where it is ambiguous; ``magnitude``: Euclidean length of the column.

    Returns:
        Scores, (L,).
    """
    if kind == "magnitude":
        lengths: Floats = np.linalg.norm(contributions, axis=0).astype(np.float32)
        return lengths
    known = codes < AMBIGUOUS
    rows = ROW_OF_CODE[np.where(known, codes, 0)]
    return np.where(known, contributions[rows, np.arange(len(codes))], 0).astype(np.float32)


def output_score(head: HeadConfig, output: int) -> Score:
    """What is explained: from logits (B, K) to log-odds of a class or label, or to a value, (B,)."""

    def score(logits: Tensor) -> Tensor:
        if head.task != "classify" or logits.shape[1] == 1:
            return logits[:, output]
        others = torch.cat((logits[:, :output], logits[:, output + 1 :]), dim=1)
        return logits[:, output] - torch.logsumexp(others, dim=1)

    return score


def score_name(info: ModelInfo, output: int) -> str:
    """What contributions are of, with the unit."""
    name = info.labels[output] if info.labels else str(output)
    kind = {"regress": "value", "multilabel": "log-odds of label"}.get(info.head.task, "log-odds of class")
    return f"{kind} {name}"


def check_attributable(head: HeadConfig) -> None:
    """Stop where there is no one answer for a sequence that could be explained.

    Raises:
        ConfigError: It is a pair, token, pre-trained or chunked model.
    """
    way_out = "use a model fine-tuned with --task classify, multilabel or regress"
    if head.task in ("token", "pair", "masked_lm"):
        reason = {
            "token": "answers for every base",
            "pair": "reads two sequences",
            "masked_lm": "is pre-trained and has no task",
        }[head.task]
        raise ConfigError(f"attribution explains one answer for one sequence, and this model {reason}; {way_out}")
    if head.chunk_pooling is not None:
        reason = "cuts long sequences into several (chunk_pooling)"
        raise ConfigError(f"attribution reads one window, and this model {reason}; {way_out} without it")


def choose_output(info: ModelInfo, name: str | None) -> int:
    """Number of the output to explain.

    Args:
        info: What the model is for.
        name: Its name; None takes the second of two classes, or the only label or value.

    Raises:
        ConfigError: There is no such output, or there are several and none is named; the message names them.
    """
    check_attributable(info.head)
    labels = info.labels or tuple(str(number) for number in range(info.head.num_outputs))
    kind = {"classify": "class", "multilabel": "label", "regress": "value"}[info.head.task]
    if name is not None:
        if name not in labels:
            raise ConfigError(f"--class {name}: the model knows no such {kind}; it has {', '.join(labels)}")
        return labels.index(name)
    if info.head.task == "classify" and len(labels) == 2:
        return 1
    if len(labels) > 1:
        raise ConfigError(f"the model has {len(labels)} outputs; say which {kind} to explain with --class: {', '.join(labels)}")
    return 0


def _centred(scores: Floats) -> Floats:
    centred: Floats = scores - scores.mean(axis=0, keepdims=True)
    return centred
