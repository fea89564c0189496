"""Where a model is right and wrong on a simulated genome, by what was planted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from dnabert.plot.performance.comparison import share_figure
from dnabert.report.curves import wilson_interval
from dnabert.report.page import Block, Cell, Legend, Letters, Notice, Paragraph, Picture, Pictures, Section, Table
from dnabert.report.run_files import PredictionTable
from dnabert.report.simulation import Element, Site, Truth

__all__ = ["planted_section"]

_KINDS = {
    "TATA": "TATA box, initiator and boxes upstream, each at its place",
    "TATA-less": "no TATA box: initiator, DPE and GC boxes at their places",
    "decoy-TATA": "a TATA box alone, anywhere but at its place",
    "decoy-GC-box": "GC boxes at their place, with nothing to start from",
    "decoy-misplaced": "all elements of a promoter, each at a wrong place",
    "random": "background with the G+C share of a promoter, nothing planted",
}


@dataclass(frozen=True)
class _Judged:
    """A test site and what the model said of it."""

    site: Site
    is_promoter: bool
    prob: float

    @property
    def is_right(self) -> bool:
        return self.is_promoter == (self.prob > 0.5)


def planted_section(truth: Truth, table: PredictionTable | None, sequences: Mapping[str, str], title: str) -> Section:
    """Where the model is right and wrong, by what was planted, with examples.

    Args:
        truth: What was planted.
        table: Predictions on the test set; None if there are none.
        sequences: Test sequences by id, as the model reads them.
        title: Heading of the section.
    """
    judged = _judge(truth, table)
    if not judged:
        text = "This part is left out: the run's `predictions.tsv` is missing, or its ids are not those of the simulation."
        return Section(title, (Notice(text),))
    return Section(title, (*_kind_blocks(judged), *_example_blocks(judged, sequences)))


def _judge(truth: Truth, table: PredictionTable | None) -> list[_Judged]:
    if table is None or len(table.classes) != 2:
        return []
    sites = {site.id: site for site in truth.sites}
    promoters = {site.id for site in truth.promoters}
    probs = zip(table.ids, table.values[:, 1].tolist(), strict=True)
    return [_Judged(sites[name], name in promoters, prob) for name, prob in probs if name in sites]


def _kind_blocks(judged: Sequence[_Judged]) -> list[Block]:
    found = {one.site.kind: one.is_promoter for one in judged}
    order = [*_KINDS, *sorted(set(found) - set(_KINDS))]
    kinds = sorted(found, key=lambda kind: (not found[kind], order.index(kind)))
    called = np.array([sum(one.prob > 0.5 for one in judged if one.site.kind == kind) for kind in kinds])
    totals = np.array([sum(one.site.kind == kind for one in judged) for kind in kinds])
    low, high = wilson_interval(called, totals)
    groups = np.array([0 if found[kind] else 1 for kind in kinds])
    names = [f"{kind} (n = {total:,})" for kind, total in zip(kinds, totals, strict=True)]
    figure = share_figure(names, called / totals, low, high, groups, ("promoters", "not promoters"), "Share called promoter")
    rows: list[tuple[str | Cell, ...]] = [
        (
            Cell(kind, note=": ".join(part for part in ("promoter" if found[kind] else "not a promoter", _KINDS.get(kind, "")) if part)),
            f"{total:,}",
            Cell(f"{call / total:.1%}", note=f"{first:.1%} to {last:.1%}"),
        )
        for kind, total, call, first, last in zip(kinds, totals, called, low, high, strict=True)
    ]
    lead = (
        "Promoters should be called, the others not. Decoys show what the model goes by: if it only looked for the elements, misplaced"
        " ones would be called as often as promoters."
    )
    caption = "A perfect model has the promoters at 1 and all others at 0. Lines are 95% intervals (Wilson)."
    return [
        Paragraph(lead),
        Pictures((Picture.of(figure, "What is called a promoter, by kind of test sequence", caption, is_wide=True),)),
        Table(("Kind", ">Test sequences", ">Called promoter"), tuple(rows)),
    ]


def _example_blocks(judged: Sequence[_Judged], sequences: Mapping[str, str]) -> list[Block]:
    chosen = _choose_examples(judged)
    elements = list(dict.fromkeys(element.name for one in judged for element in one.site.elements))
    marks = {name: number for number, name in enumerate(sorted(elements))}
    rows: list[tuple[str | Cell, ...]] = []
    for reason, one in chosen:
        letters = sequences.get(one.site.id)
        shown = Cell("not in test.csv") if letters is None else Cell(letters=_letters(one.site, letters, marks))
        verdict = Cell(f"{one.prob:.3f}", strong=True, bar=one.prob, note="✓ right" if one.is_right else "✗ wrong")
        rows.append((Cell(one.site.kind, note=f"{one.site.id}; {reason}"), verdict, shown))
    legend = (*(Letters(name, number) for name, number in marks.items()), Letters("TSS", is_anchor=True))
    caption = (
        "The typical case of each kind (median score), and the two worst errors. Planted elements are coloured; the base on black is"
        " the TSS, or the base in its place."
    )
    head = Paragraph("What the model was shown, and what it said:")
    return [head, Legend(legend), Table(("Sequence", ">P(promoter)", "Bases, read 5′ to 3′"), tuple(rows), caption, stacks=True)]


def _choose_examples(judged: Sequence[_Judged]) -> list[tuple[str, _Judged]]:
    chosen: list[tuple[str, _Judged]] = []
    known = list(_KINDS)
    kinds = sorted({one.site.kind for one in judged}, key=lambda kind: (known.index(kind) if kind in known else len(known), kind))
    for kind in kinds:
        ranked = sorted((one for one in judged if one.site.kind == kind), key=lambda one: (one.prob, one.site.id))
        chosen.append(("typical", ranked[len(ranked) // 2]))
    for is_promoter, reason in ((True, "worst miss"), (False, "worst false alarm")):
        wrong = [one for one in judged if one.is_promoter == is_promoter and not one.is_right]
        if wrong:
            chosen.append((reason, max(wrong, key=lambda one: (abs(one.prob - 0.5), one.site.id))))
    return chosen


def _letters(site: Site, sequence: str, marks: Mapping[str, int]) -> tuple[Letters, ...]:
    """The sequence in pieces of one look; where two elements overlap, the earlier one is whole."""
    owner: list[Element | None] = [None] * len(sequence)
    for element in sorted(site.elements, key=site.span):
        start, end = site.span(element)
        for place in range(max(start, 0), min(end, len(sequence))):
            owner[place] = owner[place] or element
    anchor = site.anchor_place
    pieces = []
    for (element, is_anchor), group in groupby(range(len(sequence)), key=lambda place: (owner[place], place == anchor)):
        places = list(group)
        letters = sequence[places[0] : places[-1] + 1]
        mark, title = (None, "") if element is None else (marks[element.name], f"{element.name}, strand {element.strand}")
        pieces.append(Letters(letters, mark, title, is_anchor))
    return tuple(pieces)
