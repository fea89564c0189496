"""What the model attends to: mean landscapes of kinds of sequences, and single sequences with their letters.

Legend: L bases.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.infer.attention.sets import Landscape
from dnabert.plot.bases.landscape import MeanLine, mean_landscape_figure, sequence_landscape_figure
from dnabert.report.page import Block, Notice, Paragraph, Picture, Pictures, Section
from dnabert.report.wording import plural

__all__ = ["AttentionFound", "Example", "attention_section"]

_SCORE = "Attention score (L2-normalised)"


@dataclass(frozen=True)
class Example:
    """One sequence and its scores.

    Attributes:
        name: Its id.
        why: Why this one is shown, such as ``typical of promoter``.
        answer: What is true, and what the model says.
        letters: Its bases, or the stretch of them that is shown, L of them.
        scores: Their scores, (L,).
        start: Number of the first base that is shown.
        length_bp: Bases of the whole sequence.
    """

    name: str
    why: str
    answer: str
    letters: str
    scores: npt.NDArray[np.float32]
    start: int
    length_bp: int


@dataclass(frozen=True)
class AttentionFound:
    """Attention of a set.

    Attributes:
        landscapes: Name and mean landscape of each kind of sequences; empty where there is none to show.
        examples: Single sequences.
        how: How the scores come about, a sentence.
        notes: What is to be minded, or was left out.
        num_read: Sequences read.
        num_all: Sequences there are.
    """

    landscapes: tuple[tuple[str, Landscape], ...]
    examples: tuple[Example, ...]
    how: str
    notes: tuple[str, ...]
    num_read: int
    num_all: int


def attention_section(found: AttentionFound, anchor: int | None, anchor_name: str, title: str = "What it attends to") -> Section:
    """Landscapes and examples.

    Args:
        found: The scores.
        anchor: The base that positions are counted from, 0-based; None counts from the first.
        anchor_name: What is there.
        title: Heading of the section.
    """
    text = found.how
    if found.num_read < found.num_all:
        text += f" {found.num_read:,} of {plural(found.num_all, 'sequence')} were read, drawn at random."
    blocks: list[Block] = [Paragraph(text), *(Notice(note) for note in found.notes)]
    if found.landscapes:
        blocks.append(Pictures((_landscape(found, anchor, anchor_name),)))
    if found.examples:
        blocks.append(Pictures(tuple(_example(example, anchor, anchor_name) for example in found.examples)))
    if found.landscapes or found.examples:
        blocks.append(
            Paragraph(
                "Attention says where a model looks, not what it does with it: a base may have a high score and no effect on the answer."
                " `dnabert attribute --method ism` measures effects."
            )
        )
    return Section(title, tuple(blocks))


def _landscape(found: AttentionFound, anchor: int | None, anchor_name: str) -> Picture:
    lines = [
        MeanLine(f"{name} (n = {landscape.count:,})", landscape.mean, landscape.low, landscape.high) for name, landscape in found.landscapes
    ]
    peaks = [f"{name}: {_place(int(np.argmax(landscape.mean)), anchor)}" for name, landscape in found.landscapes]
    counted = f"from the {anchor_name}" if anchor is not None else "from the first base, 0"
    return Picture.of(
        mean_landscape_figure(lines, f"Mean {_SCORE[0].lower()}{_SCORE[1:]}", anchor, anchor_name),
        "Mean attention along the sequences",
        f"Sequences are laid over each other, their first bases at one place; positions count {counted}. Bands are 95% intervals of the"
        f" mean (1.96 standard errors). Highest at: {'; '.join(peaks)}.",
        is_wide=True,
    )


def _place(place: int, anchor: int | None) -> str:
    return f"{place}" if anchor is None else f"{place - anchor:+d}".replace("+0", "0").replace("-", "−")


def _example(example: Example, anchor: int | None, anchor_name: str) -> Picture:
    whole = len(example.letters) == example.length_bp
    # Of a stretch the anchor moves with its start; where it lies outside, positions count from the first base that is shown.
    moved = None if anchor is None or not 0 <= anchor - example.start < len(example.letters) else anchor - example.start
    caption = f"{example.answer}."
    if not whole:
        end = example.start + len(example.letters)
        caption += f" Bases {example.start:,} to {end - 1:,} of {example.length_bp:,} are shown, where the scores are highest in sum."
        caption += "" if moved is not None else f" Position 0 is base {example.start:,}."
    if moved is not None:
        caption += f" The dashed line is the {anchor_name}."
    figure = sequence_landscape_figure(example.scores, example.letters, example.name, _SCORE, moved, anchor_name)
    return Picture.of(figure, f"{example.name}, {example.why}", caption, is_wide=len(example.letters) > 50)
