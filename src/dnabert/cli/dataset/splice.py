"""``dnabert dataset splice``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.choices import SpliceLevel
from dnabert.cli.dataset.options import AssemblyName, DropNearDuplicates, GenomeFile, OutSet, Seed, SplitFile
from dnabert.cli.options import ConfigFile, Force, Quiet, Settings


def splice(
    annotation: Annotated[Path, Parameter(name="ANNOTATION")],
    /,
    *,
    genome: GenomeFile,
    out: OutSet,
    length: int | None = None,
    level: SpliceLevel | None = None,
    hard_negatives: Annotated[list[Path] | None, Parameter(negative="")] = None,
    split: SplitFile = None,
    drop_near_duplicates: DropNearDuplicates = None,
    assembly: AssemblyName = None,
    seed: Seed = 42,
    config: ConfigFile = None,
    settings: Settings = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Build a set of splice sites: donors, acceptors, and what is neither.

    Args:
        annotation: Transcripts with exons: GTF or GFF3.
        length: Bases of a window; 400 as in the paper.
        level: sequence: one label for a window, donor, acceptor or none; token: one letter for each base, d, a or n.
        hard_negatives: A run trained on such a set: windows that it takes for sites, and that are none, join the negatives. One flag
            for each round: build, train, build again with the run, train again.
    """
    from dnabert.cli.dataset.build import Source, build_set, open_store, scorer_of, splice_model
    from dnabert.data.datasets.splice import SpliceConfig, build_splice
    from dnabert.output import check_free
    from dnabert.settings import merge_settings

    check_free(out, force)
    flags = {"window_bp": length, "level": level, "splits.file": split}
    chosen = merge_settings(SpliceConfig(), config, settings or (), flags)
    models = {str(run): splice_model(run) for run in hard_negatives or ()}
    store, name = open_store(genome, assembly, [annotation])
    build_set(
        build_splice(store, annotation, chosen, seed, [scorer_of(model) for model in models.values()]),
        chosen,
        Source(
            store,
            name,
            [annotation, chosen.splits.file, *chosen.also_avoid],
            {path: model.sha256 for path, model in models.items()},
        ),
        out,
        task="token" if chosen.level == "token" else "classify",
        drop_near_duplicates=drop_near_duplicates,
        seed=seed,
        force=force,
    )
