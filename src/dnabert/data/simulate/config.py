"""What to simulate: sizes and rates. The seed is given apart, so that one config makes many genomes of one kind."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dnabert.data.simulate.room import MAX_GAP_BP, SITE_SPACING_BP, TFBS_ARM_BP, most_gene_bp, unbound_arm_bp

__all__ = ["GeneConfig", "SimulationConfig", "TfbsConfig", "VariantConfig", "complete", "share_out"]


class TfbsConfig(BaseModel):
    """Binding sites of five invented transcription factors, and their labelled sets."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    num_bound: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    """Bound sites of TF1 to TF5 in the whole genome, spread evenly over the contigs; 0 plants none of that factor. TF5 binds beside
    TF1, so that each of its sites is one more of TF1."""

    decoy_fraction: float = Field(default=0.5, ge=0, le=1)
    """Decoys per peak, 0-1: motifs that are too weak or in two halves, or that lack their partner at its distance. The other negatives
    of a factor are windows of the background with the G+C share of its peaks."""

    window_bp: int = Field(default=101, ge=41, le=501)
    """Length of a labelled window, in bases, with the summit of the peak in its middle. Source: 101 of Alipanahi et al. 2015."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if min(self.num_bound) < 0:
            raise ValueError(f"num_bound = {list(self.num_bound)} has a negative number: each must be at least 0")
        return self


class GeneConfig(BaseModel):
    """Genes with introns, and the labelled windows of their splice sites."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    num_genes: int = Field(default=0, ge=0)
    """Genes in the whole genome; each begins at the TSS of a promoter of its own."""

    decoy_fraction: float = Field(default=0.5, ge=0, le=1)
    """Share of the windows without a splice site in whose middle a strong donor or acceptor sequence was planted without what stands
    beside a true one, 0-1. Half of the others have the GT or AG of chance in their middle, the rest anything."""

    window_bp: int = Field(default=400, ge=120, le=1000)
    """Length of a labelled window, in bases, an even number; the intron begins or ends in its middle, so that GT stands at 0-based
    window_bp / 2 and AG at window_bp / 2 - 2. Source: 400 of Ji et al. 2021, section 2.3."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.window_bp % 2:
            raise ValueError(f"window_bp = {self.window_bp} is odd: a splice window has as many bases on either side, make it even")
        return self


class VariantConfig(BaseModel):
    """Variants of known effect on what was planted."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    num_variants: int = Field(default=0, ge=0)
    """Variants in the whole genome: 40 % disrupt an element, 15 % strengthen one, 10 % create a binding site, the rest are neutral."""

    indel_fraction: float = Field(default=0.1, ge=0, le=1)
    """Share of the disrupting and neutral variants that insert or delete 1-4 bases, 0-1; the rest replace one base."""

    window_bp: int = Field(default=201, ge=41, le=1001)
    """Length of the sequence around a variant in the labelled tables, in bases of the genome."""


class SimulationConfig(BaseModel):
    """Sizes and rates of a simulated genome and its labelled sets. As it stands it plants promoters only; see :func:`complete`."""

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

    tfbs: TfbsConfig = TfbsConfig()
    """Binding sites of transcription factors."""

    genes: GeneConfig = GeneConfig()
    """Genes and their splice sites."""

    variants: VariantConfig = VariantConfig()
    """Variants of known effect."""

    species_seed: int = Field(default=0, ge=0)
    """Seed of what all genomes of one species share: background statistics and repeat families. Genomes with the same
    species seed and different seeds are strangers with the same grammar."""

    @property
    def window_bp(self) -> int:
        """Length of a labelled promoter window, in bases."""
        return self.upstream_bp + 1 + self.downstream_bp

    @property
    def promoters_per_contig(self) -> list[int]:
        """Promoters on each contig, in contig order; they differ by one at most."""
        return share_out(self.num_promoters, self.num_contigs)

    @property
    def contig_names(self) -> list[str]:
        """Names of the contigs, in order."""
        return [f"sim{index + 1}" for index in range(self.num_contigs)]

    @property
    def max_promoters(self) -> int:
        """The largest ``num_promoters`` that fits the contigs, with nothing else planted."""
        return self.num_contigs * max(0, (self.contig_bp // SITE_SPACING_BP - 2) // 2)

    @property
    def needed_bp(self) -> int:
        """Bases that the fullest contig may need for all that is planted in it."""
        num_bound = [share_out(count, self.num_contigs)[0] for count in self.tfbs.num_bound]  # the first contig has the most
        num_decoys = [round(count * self.tfbs.decoy_fraction) for count in num_bound]
        num_more = num_bound[4] + num_decoys[4]  # peaks of TF1 that TF5 brings, at most
        num_decoys[0] = round((num_bound[0] + num_more) * self.tfbs.decoy_fraction)
        num_genes = share_out(self.genes.num_genes, self.num_contigs)[0]
        return (
            SITE_SPACING_BP * (2 * self.promoters_per_contig[0] + 1)
            + 2 * TFBS_ARM_BP * sum(num_bound + num_decoys)
            + 2 * unbound_arm_bp(self.tfbs.window_bp) * (sum(num_bound) + num_more)
            + num_genes * most_gene_bp(self.downstream_bp, self.genes.window_bp, self.genes.decoy_fraction)
        )

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
        if self.genes.num_genes > self.num_promoters:
            raise ValueError(
                f"genes.num_genes = {self.genes.num_genes} is more than num_promoters = {self.num_promoters}: "
                "each gene begins at a promoter of its own"
            )
        if self.needed_bp > self.contig_bp:
            raise ValueError(
                f"contig_bp = {self.contig_bp} is too short for what is planted, which may need {self.needed_bp} bp of a contig: "
                "make it larger, or num_promoters, tfbs.num_bound or genes.num_genes smaller"
            )
        max_gaps = self.contig_bp // (4 * MAX_GAP_BP)
        if self.gaps_per_contig > max_gaps:
            raise ValueError(
                f"gaps_per_contig = {self.gaps_per_contig} is too many for contigs of {self.contig_bp} bp: at most {max_gaps} fit"
            )
        return self


def complete() -> SimulationConfig:
    """The setting in which everything is planted: promoters, binding sites, genes and variants."""
    return SimulationConfig(
        contig_bp=1_200_000,
        tfbs=TfbsConfig(num_bound=(360, 360, 300, 360, 300)),
        genes=GeneConfig(num_genes=300),
        variants=VariantConfig(num_variants=1200),
    )


def share_out(count: int, num_contigs: int) -> list[int]:
    """So many things on each contig, in contig order; the numbers differ by one at most, and the first contig has most.

    Examples:
        >>> share_out(11, 4)
        [3, 3, 3, 2]
    """
    quotient, remainder = divmod(count, num_contigs)
    return [quotient + (index < remainder) for index in range(num_contigs)]
