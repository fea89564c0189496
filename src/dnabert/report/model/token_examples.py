"""Example sequences of a token model: true and called class of every base, in colours.

Legend: L bases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from dnabert.report.page import Block, Cell, Legend, Letters, Notice, Section, Table

__all__ = ["TokenExample", "token_section"]


@dataclass(frozen=True)
class TokenExample:
    """A stretch of a sequence.

    Attributes:
        name: Its id.
        letters: Its bases, L of them.
        true: True class numbers, (L,).
        called: Class numbers that the model gives, (L,).
        start: Number of the first base in its sequence.
        length_bp: Bases of the whole sequence.
    """

    name: str
    letters: str
    true: npt.NDArray[np.int64]
    called: npt.NDArray[np.int64]
    start: int
    length_bp: int


def token_section(
    examples: Sequence[TokenExample], class_names: Sequence[str], background: int, title: str = "What it says, base by base"
) -> Section:
    """A table of the examples.

    Args:
        examples: The stretches.
        class_names: Names of the classes.
        background: Number of the class that is left plain, the most frequent one.
        title: Heading of the section.
    """
    if not examples:
        return Section(title, (Notice(f"No example is shown: every place is labelled “{class_names[background]}”."),))
    marks = {number: place for place, number in enumerate(number for number in range(len(class_names)) if number != background)}
    legend: list[Letters] = [Letters(class_names[number], mark) for number, mark in marks.items()]
    rows: list[tuple[str | Cell, ...]] = []
    for example in examples:
        end = example.start + len(example.letters)
        note = f"bases {example.start:,} to {end - 1:,} of {example.length_bp:,}"
        wrong = int((example.true != example.called).sum())
        rows.append(
            (
                Cell(example.name, note=f"{note}; {wrong:,} wrong"),
                Cell(letters=_letters(example.letters, example.true, marks, class_names)),
                Cell(letters=_letters(example.letters, example.called, marks, class_names)),
            )
        )
    caption = f"Bases that are left plain are “{class_names[background]}”. A k-mer's label is set at its first base."
    blocks: tuple[Block, ...] = (
        Legend(tuple(legend)),
        Table(("Sequence", "True classes", "What the model says"), tuple(rows), caption, stacks=True),
    )
    return Section(title, blocks)


def _letters(letters: str, classes: npt.NDArray[np.int64], marks: dict[int, int], names: Sequence[str]) -> tuple[Letters, ...]:
    pieces = []
    for number, group in groupby(range(len(classes)), key=lambda place: int(classes[place])):
        places = list(group)
        pieces.append(Letters(letters[places[0] : places[-1] + 1], marks.get(number), names[number] if number in marks else ""))
    # Of k-mer labels the last bases have none.
    return (*pieces, Letters(letters[len(classes) :])) if len(classes) < len(letters) else tuple(pieces)
