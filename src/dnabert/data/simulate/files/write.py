"""A simulated genome as files: which there are, and their writing."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

from dnabert.data.simulate.config import SimulationConfig
from dnabert.data.simulate.files.annotation import elements_bed, gene_gtf, narrow_peaks, tss_bed
from dnabert.data.simulate.files.sequences import contig_table, fasta, fasta_index
from dnabert.data.simulate.files.tables import binding_table, factor_table, promoter_table, splice_table, variant_table
from dnabert.data.simulate.files.truth import truth_json
from dnabert.data.simulate.files.vcf import variant_calls
from dnabert.data.simulate.genome import SimulatedGenome, Split
from dnabert.data.simulate.tfbs.factors import FACTORS
from dnabert.errors import OutputError
from dnabert.output import check_free, write_bytes

__all__ = ["simulation_files", "write_simulation"]

_Writer = Callable[[SimulatedGenome], str]


def simulation_files(config: SimulationConfig) -> tuple[str, ...]:
    """The files that :func:`write_simulation` writes, in its order; names with folders, separated by ``/``."""
    return tuple(_writers(config, ""))


def write_simulation(simulated: SimulatedGenome, out_dir: Path, heading: str = "", *, force: bool = False) -> list[Path]:
    """The paths of the files written, in the order of :func:`simulation_files`.

    Each file is written under a temporary name and then renamed; the same genome and heading give the same bytes.

    Args:
        simulated: The genome.
        out_dir: Directory to write to; made if missing.
        heading: Lines about version and command, each opened by ``#``, for the BED, GTF, VCF and peak files and ``truth.json``.
        force: Replace files that exist.

    Raises:
        OutputError: A file exists and ``force`` is false, ``out_dir`` is a file, or it cannot be written to.
    """
    if out_dir.exists() and not out_dir.is_dir():
        raise OutputError(f"{out_dir}: is a file, and a directory is wanted; choose another name")
    writers = _writers(simulated.config, heading)
    for name in writers:
        check_free(out_dir / name, force)
    for name, writer in writers.items():
        write_bytes(out_dir / name, writer(simulated).encode())
    return [out_dir / name for name in writers]


def _writers(config: SimulationConfig, heading: str) -> dict[str, _Writer]:
    """What makes the content of each file, by name."""
    splits: tuple[Split, ...] = get_args(Split)
    writers: dict[str, _Writer] = {
        "genome.fa": fasta,
        "genome.fa.fai": fasta_index,
        "contigs.tsv": partial(contig_table, heading=heading),
        "tss.bed": partial(tss_bed, heading=heading),
        "elements.bed": partial(elements_bed, heading=heading),
        **{f"{split}.csv": partial(promoter_table, split=split) for split in splits},
    }
    factors = _factors_with_peaks(config)
    if factors:
        writers |= {f"peaks/{name}.narrowPeak": partial(narrow_peaks, heading=heading, factor=name) for name in factors}
        writers |= {f"tfbs/{split}.csv": partial(binding_table, split=split) for split in splits}
        writers |= {f"tfbs/{name}/{split}.csv": partial(factor_table, factor=name, split=split) for name in factors for split in splits}
    if config.genes.num_genes:
        writers["annotation.gtf"] = partial(gene_gtf, heading=heading)
        writers |= {f"splice/{split}.csv": partial(splice_table, split=split) for split in splits}
    if config.variants.num_variants:
        writers["variants.vcf"] = partial(variant_calls, heading=heading)
        writers |= {f"variants/{split}.csv": partial(variant_table, split=split) for split in splits}
    writers["truth.json"] = partial(truth_json, heading=heading)
    return writers


def _factors_with_peaks(config: SimulationConfig) -> list[str]:
    """Names of the factors that bind anywhere, in the order of ``FACTORS``."""
    names: set[str] = set()
    for factor, count in zip(FACTORS, config.tfbs.num_bound, strict=True):
        if count:
            names |= {factor.name, factor.partner_factor}
    return [factor.name for factor in FACTORS if factor.name in names]
