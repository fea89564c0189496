"""``dnabert dataset tfbs``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.choices import SummitRule, TfbsMode, TfbsNegatives
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


def tfbs(
    peaks: Annotated[list[Path], Parameter(name="PEAKS")],
    /,
    *,
    genome: GenomeFile,
    out: OutSet,
    mode: Annotated[TfbsMode | None, default_of_settings("auto")] = None,
    negatives: Annotated[TfbsNegatives | None, default_of_settings("matched")] = None,
    summit: Annotated[SummitRule | None, default_of_settings("required")] = None,
    split: SplitFile = None,
    drop_near_duplicates: DropNearDuplicates = None,
    assembly: AssemblyName = None,
    seed: Seed = 42,
    config: ConfigFile = None,
    settings: Settings = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Build a set of binding sites: windows on the summits of peaks, and what is not bound.

    Args:
        peaks: Peaks of one or several factors: narrowPeak, or BED with --summit center; a factor is named by its file.
        mode: Several files: multilabel makes one set with the bound factors as labels, separate one set for each file; binary makes one
            set of all with the labels 1 and 0; auto is binary for one file, multilabel for several.
        negatives: matched: genomic windows off all peaks, alike in G+C and repeats; shuffle: dinucleotide shuffles of the bound windows.
        summit: What to do with a peak that has no summit: required stops, center takes its middle.
    """
    from dnabert.cli.dataset.build import Source, build_set, open_store
    from dnabert.data.datasets.tfbs import TfbsConfig, build_tfbs, factor_names
    from dnabert.output import check_free
    from dnabert.settings import merge_settings

    flags = {"mode": mode, "negatives": negatives, "summit": summit, "splits.file": split}
    chosen = merge_settings(TfbsConfig(), config, settings or (), flags, FLAG_NAMES)
    if chosen.mode == "separate":
        sets = [(out / name, [path]) for name, path in zip(factor_names(peaks), peaks, strict=True)]
    else:
        sets = [(out, peaks)]
    for place, _ in sets:
        check_free(place, force)
    store, assembly_name = open_store(genome, assembly, peaks)
    others = [chosen.splits.file, chosen.signal, chosen.repeats, *chosen.avoid]
    for place, files in sets:
        draft = build_tfbs(store, files, chosen, seed)
        build_set(
            draft,
            chosen,
            Source(store, assembly_name, [*files, *others]),
            place,
            task="multilabel" if draft.facts["mode"] == "multilabel" else "classify",
            drop_near_duplicates=drop_near_duplicates,
            seed=seed,
            force=force,
        )
