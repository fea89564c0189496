"""Example sequences of a token model for a report."""

import numpy as np

from dnabert.cli.jobs.report.question import Question
from dnabert.data.targets import IGNORED, make_targets
from dnabert.dna.sequence import decode_bases
from dnabert.report.model.token_examples import TokenExample, token_section
from dnabert.report.page import Section

__all__ = ["token_part"]


def token_part(question: Question) -> Section:
    """Stretches about the labelled places of the first sequences that have any."""
    info, member, sequences = question.predictor.info, question.predictor.members[0], question.data.sequences
    targets = make_targets(question.data, "token", info.labels, info.head.token_level, member.model.config.kmer)
    assert targets.offsets is not None
    values = np.asarray(targets.values, np.int64)
    background = int(np.bincount(values[values != IGNORED], minlength=len(info.labels)).argmax())
    half = question.config.example_bp // 2
    examples: list[TokenExample] = []
    for row in range(len(question.data)):
        if len(examples) == question.config.examples:
            break
        said = question.evaluation.predictions.of(row).argmax(axis=1)
        true = values[targets.offsets[row] : targets.offsets[row + 1]][: len(said)]
        places = np.flatnonzero((true != background) & (true != IGNORED))
        if len(places):
            start = max(0, int(places[0]) - half)
            end = min(len(true), start + question.config.example_bp)
            codes = sequences.first[row]
            letters = decode_bases(codes[start : len(codes) if end == len(true) else end])
            examples.append(TokenExample(sequences.ids[row], letters, true[start:end], said[start:end], start, len(codes)))
    return token_section(examples, question.names, background)
