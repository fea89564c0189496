"""Settings of a set of splice sites, and its random streams."""

from enum import IntEnum
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from dnabert.data.datasets.example import SplitName
from dnabert.data.datasets.rules import MAX_BP, MAX_PER_POSITIVE, MAX_ROWS, refuse_unused
from dnabert.data.datasets.splits import SPLITS, SplitConfig

__all__ = ["HardNegativeConfig", "SpliceConfig", "Stream", "open_stream"]


class Stream(IntEnum):
    """What a stream of random numbers is for. Append only: the value is part of what a seed means."""

    LIMIT_POSITIVES = 0
    LIMIT_NEGATIVES = 1
    DECOYS = 2
    RANDOM_WINDOWS = 3
    EMPTY_TILES = 4
    INTERGENIC_TILES = 5
    HARD_NEGATIVES = 6


def open_stream(seed: int, purpose: Stream, split: SplitName = "train", *keys: int) -> np.random.Generator:
    """A generator that depends on the seed, the purpose, the split and the keys (0 or more), and on nothing else."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(purpose), SPLITS.index(split), *keys)))


class HardNegativeConfig(BaseModel):
    """How windows are collected that a trained model takes for splice sites."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    per_donor: float = Field(default=0.5, ge=0, le=MAX_PER_POSITIVE)
    """Windows wanted of each model, for each donor of the split."""
    threshold: float = Field(default=0.5, gt=0, lt=1)
    """A window is called a site where the probability of ``none`` is below 1 minus this, 0-1."""
    max_looked_at: int = Field(default=200_000, ge=1, le=MAX_ROWS)
    """Most windows of each split that each model is shown."""
    random_share: float = Field(default=0.1, ge=0, le=0.9)
    """Share of places of any kind among those windows, 0-0.9; the others are GT and AG in genes."""
    train_only: bool = False
    """Whether the training split alone gets hard negatives; else each split gets its own."""


class SpliceConfig(BaseModel):
    """How a set of splice sites is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    window_bp: int = Field(default=400, ge=4, le=MAX_BP)
    """Length of the windows, in bases. The first base of the intron of a donor, and the first base of the exon of an acceptor, is at the
    0-based index window_bp // 2, so that GT is at 200-201 of 400, and AG at 198-199."""
    level: Literal["sequence", "token"] = "sequence"
    """sequence: windows on the sites, labels ``acceptor``, ``donor``, ``none``. token: genes in pieces of ``window_bp``, a letter for each
    base."""
    splits: SplitConfig = SplitConfig()
    """How the genome is split."""
    min_intron_bp: int = Field(default=25, ge=4, le=MAX_BP)
    """Shorter introns, in bases, are no introns but gaps of an alignment: they give no sites, and no negatives either."""
    sources: tuple[str, ...] = ()
    """Column 2 of the transcripts that give sites; empty: all of them."""
    coding_only: bool = False
    """Whether only transcripts with a CDS give sites."""
    canonical_only: bool = False
    """Whether only introns that begin with GT and end with AG give sites."""
    skip_unknown_contigs: bool = False
    """Whether transcripts on contigs that the genome lacks are left out and counted; if not, they are an error."""
    also_avoid: tuple[Path, ...] = ()
    """More annotations (GTF or GFF3), whose sites are never negatives; contigs that the genome lacks are passed over."""
    negatives_per_positive: int = Field(default=1, ge=0, le=MAX_PER_POSITIVE)
    """sequence: decoys for each site, GT for a donor and AG for an acceptor, from the same gene. token: windows without a site for each
    window with one."""
    gc_decoys: bool = False
    """Whether the decoy of a donor that has GC has GC, too, and not GT."""
    random_per_donor: float = Field(default=0.5, ge=0, le=MAX_PER_POSITIVE)
    """sequence: windows at random places, on either strand, for each donor."""
    intergenic_share: float = Field(default=0.5, ge=0, le=1)
    """token: share of the windows without a site that lie between the genes, 0-1; the others, and what is missing, are from genes."""
    max_per_class: int | None = Field(default=None, ge=1, le=MAX_ROWS)
    """Most donors, most acceptors and most negatives (token: windows with and without sites), in all splits together, drawn at random;
    None: all. The paper's set has 10,000 of each. Hard negatives are not counted."""
    hard: HardNegativeConfig = HardNegativeConfig()
    """How hard negatives are collected, where trained models are given."""

    @model_validator(mode="after")
    def _settings_fit_the_level(self) -> Self:
        ignored = ("intergenic_share",) if self.level == "sequence" else ("gc_decoys", "random_per_donor", "hard")
        refuse_unused(self, ignored, f"level = {self.level}")
        return self
