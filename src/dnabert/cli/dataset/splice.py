"""``dnabert dataset splice``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from dnabert.choices import SpliceLevel
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

if TYPE_CHECKING:  # torch is imported when a model is asked, not before
    from dnabert.infer.predictor import Predictor


def splice(
    annotation: Annotated[Path, Parameter(name="ANNOTATION")],
    /,
    *,
    genome: GenomeFile,
    out: OutSet,
    length: Annotated[int | None, default_of_settings("400")] = None,
    level: Annotated[SpliceLevel | None, default_of_settings("sequence")] = None,
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
        length: Bases of a window, 4 or more; the paper has 400.
        level: sequence: one label for a window, donor, acceptor or none; token: one letter for each base, d, a or n.
        hard_negatives: A run trained on such a set: windows that it takes for sites, and that are none, join the negatives. One flag
            for each round: build, train, build again with the run, train again.
    """
    from dnabert.cli.dataset.build import Source, build_set, open_store, scorer_of
    from dnabert.data.datasets.splice import SpliceConfig, build_splice
    from dnabert.output import check_free
    from dnabert.settings import merge_settings

    check_free(out, force)
    flags = {"window_bp": length, "level": level, "splits.file": split}
    chosen = merge_settings(SpliceConfig(), config, settings or (), flags, FLAG_NAMES)
    models = _models_of_rounds(hard_negatives or [], chosen.window_bp)
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


def _models_of_rounds(runs: list[Path], window_bp: int) -> "dict[str, Predictor]":
    """The models of the rounds of hard negatives, by run.

    Args:
        runs: Their runs, in the order of the rounds.
        window_bp: Length of the windows that they will be asked about, in bases.

    Raises:
        CheckpointError: A run cannot be read, or does not tell splice sites from what is none.
        ConfigError: Two rounds have one model, or one was trained on windows of another length.
    """
    from dnabert.cli.dataset.build import splice_model
    from dnabert.errors import ConfigError

    models: dict[str, Predictor] = {}
    for run in runs:
        model = splice_model(run)
        for before, other in models.items():
            if other.sha256 == model.sha256:
                raise ConfigError(
                    f"--hard-negatives {run}: is the same model as --hard-negatives {before}; give the run of each round once"
                )
        for trained_bp in (member.info.window_bp for member in model.members):
            if trained_bp is not None and trained_bp != window_bp:
                raise ConfigError(
                    f"--hard-negatives {run}: was trained on windows of {trained_bp} bases, and these are to have {window_bp}, so that it"
                    f" would look for sites at another place; give --length {trained_bp}, or a run that was trained on {window_bp}"
                )
        models[str(run)] = model
    return models
