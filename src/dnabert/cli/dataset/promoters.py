"""``dnabert dataset promoters``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.choices import PromoterKind, PromoterNegatives
from dnabert.cli.dataset.options import (
    FLAG_NAMES,
    AssemblyName,
    DropNearDuplicates,
    GenomeFile,
    OutSet,
    Seed,
    SplitFile,
    default_of_settings,
)
from dnabert.cli.options import ConfigFile, Force, Quiet, Settings


def promoters(
    tss: Annotated[Path, Parameter(name="TSS")],
    /,
    *,
    genome: GenomeFile,
    out: OutSet,
    kind: Annotated[PromoterKind | None, default_of_settings("300")] = None,
    negatives: Annotated[PromoterNegatives | None, default_of_settings("matched")] = None,
    split: SplitFile = None,
    drop_near_duplicates: DropNearDuplicates = None,
    assembly: AssemblyName = None,
    seed: Seed = 42,
    config: ConfigFile = None,
    settings: Settings = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Build a promoter set: windows about transcription start sites, and what is none.

    Args:
        tss: Transcription start sites: BED (0-based; one base each, with strand), GTF or GFF3.
        kind: core: 70 bases; 300: 300 bases; scan: 10 kb about each site, cut into windows of 1001 bases.
        negatives: matched: genomic windows like the promoters in G+C and repeats, at least 1 kb from any start site of the files;
            tata: genomic windows with a TATA box; substitution: promoters with 12 of 20 parts made random; paper: the last two, by
            class, as in 2021.
    """
    from dnabert.cli.dataset.build import Source, build_set, open_store
    from dnabert.data.datasets.promoters import PromoterConfig, build_promoters
    from dnabert.output import check_free
    from dnabert.settings import merge_settings

    check_free(out, force)
    flags = {"kind": kind, "negatives": negatives, "splits.file": split}
    chosen = merge_settings(PromoterConfig(), config, settings or (), flags, FLAG_NAMES)
    store, name = open_store(genome, assembly, [tss])
    build_set(
        build_promoters(store, tss, chosen, seed),
        chosen,
        Source(store, name, [tss, chosen.splits.file, chosen.repeats, *chosen.also_avoid]),
        out,
        drop_near_duplicates=drop_near_duplicates,
        seed=seed,
        force=force,
    )
