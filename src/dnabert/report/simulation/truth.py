"""The truth behind a simulated genome, as ``dnabert simulate`` writes it: what was planted where."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dnabert.report.records import read_record

__all__ = ["Contig", "Element", "Feature", "Promoter", "Site", "Truth", "read_truth"]


class Record(BaseModel):
    """A part of ``truth.json``; keys that a report has no use for are passed over."""

    model_config = ConfigDict(frozen=True)


class Contig(Record):
    """A contig and the set its windows belong to."""

    name: str
    length_bp: int
    split: Literal["train", "valid", "test"]


class Element(Record):
    """A planted element: 0-based, half-open, forward strand."""

    name: str
    start: int
    end: int
    strand: Literal["+", "-"]


class Site(Record):
    """A labelled window: 0-based, half-open, forward strand; read on ``strand``, counted from ``anchor``."""

    id: str
    contig: str
    strand: Literal["+", "-"]
    start: int
    end: int
    anchor: int
    kind: str = Field(validation_alias="class")
    elements: tuple[Element, ...]

    def offset(self, element: Element) -> int:
        """First base of an element, in reading direction from the anchor."""
        return element.start - self.anchor if self.strand == "+" else self.anchor - (element.end - 1)

    def span(self, element: Element) -> tuple[int, int]:
        """Start and end of an element within the window as it is read."""
        if self.strand == "+":
            return element.start - self.start, element.end - self.start
        return self.end - element.end, self.end - element.start

    @property
    def anchor_place(self) -> int:
        """Place of the anchor within the window as it is read."""
        return self.anchor - self.start if self.strand == "+" else self.end - 1 - self.anchor


class Promoter(Site):
    """A site with a transcription start."""

    anchor: int = Field(validation_alias="tss")


class Feature(Record):
    """A stretch that is no element."""

    kind: str


class Truth(Record):
    """What ``truth.json`` says of a simulated genome, as far as a report needs it."""

    seed: int
    contigs: tuple[Contig, ...]
    promoters: tuple[Promoter, ...]
    negatives: tuple[Site, ...]
    features: tuple[Feature, ...] = ()

    @property
    def sites(self) -> tuple[Site, ...]:
        """Promoters and negatives."""
        return (*self.promoters, *self.negatives)


def read_truth(simulation_dir: Path) -> Truth:
    """The truth of a simulation.

    Raises:
        DataFileError: ``truth.json`` is missing or damaged.
    """
    return read_record(simulation_dir / "truth.json", Truth, "simulate", "simulate again")
