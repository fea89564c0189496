"""What to simulate: sizes and rates. The seed is given apart, so that one config makes many genomes of one kind."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["MAX_GAP_BP", "NEGATIVE_DISTANCE_BP", "SITE_SPACING_BP", "SimulationConfig"]

NEGATIVE_DISTANCE_BP = 1000
"""Least distance of a negative window from every transcription start site (TSS) of its contig."""

SITE_SPACING_BP = 1300
"""Least distance between the anchors of two planted sites: a window beside a TSS keeps ``NEGATIVE_DISTANCE_BP`` from
it, however the two are oriented."""

MAX_GAP_BP = 800
"""Longest run of N: shorter than what two sites leave between their widest windows, so that a gap always finds room."""


class SimulationConfig(BaseModel):
    """Sizes and rates of a simulated genome and its labelled promoter sets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_contigs: int = Field(default=6, ge=3)
    """Contigs, named ``sim1``, ``sim2``, ...; at least one each for training, validation and test."""

    contig_bp: int = Field(default=600_000, ge=10_000)
    """Length of every contig, in bases."""

    num_promoters: int = Field(default=1000, ge=3)
    """Promoters in the whole genome, spread evenly over the contigs; there are as many negatives."""

    num_valid_contigs: int = Field(default=1, ge=1)
    """Contigs whose windows are the validation set: the last ones before the test contigs."""

    num_test_contigs: int = Field(default=1, ge=1)
    """Contigs whose windows are the test set: the last ones."""

    tata_fraction: float = Field(default=0.4, ge=0, le=1)
    """Share of promoters with a TATA box, 0-1."""

    decoy_fraction: float = Field(default=0.5, ge=0, le=1)
    """Share of negatives that carry promoter elements in the wrong place or company, 0-1: the higher, the harder the
    task. The rest are GC-matched random windows."""

    upstream_bp: int = Field(default=249, ge=34, le=249)
    """Bases of a labelled window before the TSS, in reading direction: the TSS is the window's base ``upstream_bp``.
    Source: Prom-300 (-249..+50, TSS = 0) and Prom-core (-34..+35) of Ji et al. 2021, section 2.3."""

    downstream_bp: int = Field(default=50, ge=35, le=249)
    """Bases of a labelled window after the TSS, in reading direction."""

    markov_order: int = Field(default=4, ge=3, le=5)
    """Bases that the next background base depends on."""

    gc_fraction: float = Field(default=0.37, ge=0.3, le=0.55)
    """Mean G+C share of the background outside CpG islands, 0-1; with its islands the default genome has about 0.43."""

    repeat_fraction: float = Field(default=0.2, ge=0, le=0.5)
    """Share of the bases covered by interspersed repeats, 0-1 (copies may overlap, so a little less is seen)."""

    microsatellites_per_mb: float = Field(default=100, ge=0, le=1000)
    """Short tandem repeats per million bases."""

    gaps_per_contig: int = Field(default=2, ge=0)
    """Runs of N in every contig, 50-800 bases each."""

    species_seed: int = Field(default=0, ge=0)
    """Seed of what all genomes of one species share: background statistics and repeat families. Genomes with the same
    species seed and different seeds are strangers with the same grammar."""

    @property
    def window_bp(self) -> int:
        """Length of a labelled window, in bases."""
        return self.upstream_bp + 1 + self.downstream_bp

    @property
    def promoters_per_contig(self) -> list[int]:
        """Promoters on each contig, in contig order; they differ by one at most."""
        quotient, remainder = divmod(self.num_promoters, self.num_contigs)
        return [quotient + (index < remainder) for index in range(self.num_contigs)]

    @property
    def contig_names(self) -> list[str]:
        """Names of the contigs, in order."""
        return [f"sim{index + 1}" for index in range(self.num_contigs)]

    @property
    def max_promoters(self) -> int:
        """The largest ``num_promoters`` that fits the contigs."""
        return self.num_contigs * max(0, (self.contig_bp // SITE_SPACING_BP - 2) // 2)

    @model_validator(mode="after")
    def _check(self) -> Self:
        held_out = self.num_valid_contigs + self.num_test_contigs
        if held_out >= self.num_contigs:
            raise ValueError(
                f"num_valid_contigs + num_test_contigs = {held_out} leaves no contig for training: "
                f"it must be below num_contigs = {self.num_contigs}"
            )
        if self.num_promoters < self.num_contigs:
            raise ValueError(
                f"num_promoters = {self.num_promoters} leaves contigs without a promoter: "
                f"it must be at least num_contigs = {self.num_contigs}"
            )
        if self.num_promoters > self.max_promoters:
            raise ValueError(
                f"num_promoters = {self.num_promoters} does not fit {self.num_contigs} contigs of {self.contig_bp} bp: "
                f"at most {self.max_promoters} do (one planted site per {SITE_SPACING_BP} bp); make contig_bp larger"
            )
        max_gaps = self.contig_bp // (4 * MAX_GAP_BP)
        if self.gaps_per_contig > max_gaps:
            raise ValueError(
                f"gaps_per_contig = {self.gaps_per_contig} is too many for contigs of {self.contig_bp} bp: at most {max_gaps} fit"
            )
        return self
