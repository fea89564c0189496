"""``dnabert report``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.choices import DtypeName
from dnabert.cli.options import Ambiguous, ConfigFile, Device, Force, Genome, Quiet, Settings, command_line


def report(
    data: Annotated[str | None, Parameter(name="INPUT", allow_leading_hyphen=True)] = None,
    /,
    *,
    model: str,
    out: Annotated[Path, Parameter(help="The new HTML file.")],
    positive_class: str | None = None,
    database: str = "none",
    genome: Genome = None,
    ambiguous: Ambiguous = "unk",
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Annotated[
        DtypeName,
        Parameter(help="Number type of the matrix products; auto is float32 but for the figures, which are as evaluate has them."),
    ] = "auto",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write one offline HTML page about a model: how good it is on labelled sequences, attention, motifs, a map, provenance.

    Args:
        data: Labelled sequences that the model has not seen, as for evaluate; without them, what the run's own files tell.
        model: Fine-tuned: run directory, ensemble, or hub id.
        positive_class: The class that motifs are of, and that is set against the rest; of two classes the second, without it.
        database: Known motifs to compare with: none, jaspar (vertebrates, on disk), or a MEME file. The first comparison takes minutes.
    """
    from dnabert.cli.jobs.report.config import ReportConfig
    from dnabert.cli.jobs.report.run import run_report, write_run_report
    from dnabert.errors import ConfigError
    from dnabert.settings import merge_settings

    chosen = merge_settings(ReportConfig(), config, settings or ())
    if data is None:
        asked = {"--positive-class": positive_class, "--genome": genome, "--database": None if database == "none" else database}
        for flag, value in {**asked, "--set or --config": settings or config}.items():
            if value:
                raise ConfigError(f"{flag} is for a report on labelled sequences: give them too, dnabert report DATA --model {model}")
        write_run_report(model, out, command=command_line(), force=force)
        return
    run_report(
        data,
        model,
        out,
        chosen,
        positive_class=positive_class,
        database=database,
        genome=genome,
        ambiguous=ambiguous,
        device=device,
        dtype=dtype,
        command=command_line(),
        force=force,
        quiet=quiet,
    )
