"""``dnabert motifs``."""

from typing import Annotated

from cyclopts import Parameter

from dnabert.choices import DtypeName
from dnabert.cli.options import ConfigFile, Device, Force, Genome, OutDirectory, Quiet, Settings, command_line
from dnabert.motif.choices import MotifMethod, PositiveRule, ScoreSource


def motifs(
    input_: Annotated[str | None, Parameter(name="INPUT", allow_leading_hyphen=True)] = None,
    /,
    *,
    model: str,
    out: OutDirectory,
    positives: str | None = None,
    negatives: str | None = None,
    positive_class: str | None = None,
    by: PositiveRule = "label",
    source: Annotated[ScoreSource | None, Parameter(name="--from")] = None,
    method: MotifMethod = "viz",
    database: str = "jaspar",
    genome: Genome = None,
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Annotated[
        DtypeName, Parameter(help="Number type of the matrix products; in bfloat16 small contributions are lost.")
    ] = "float32",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write the motifs that a model reads: matrices (MEME), table, sites (BED), logos, report.html, and the numbers of each step.

    Stretches of positives that score high are tested for occurring more often there than in negatives, merged, and aligned (DNABERT-viz).

    Args:
        input_: One labelled file (CSV, TSV, FASTA, or BED with --genome) in place of --positives.
        model: A fine-tuned model: run directory, ensemble, or hub id.
        positives: FASTA, CSV, TSV, or BED with --genome; motifs are looked for in these.
        negatives: A file as for --positives; or shuffle, for dinucleotide shuffles of the positives. A labelled INPUT may hold them.
        positive_class: The class that is positive; of two classes the second, without it. Of several values, the one that is explained.
        by: label: as the file says; prediction: what the model takes for the class.
        source: Scores of bases: attention (as in 2021) or attribution, what raises the model's score. Without it, attention for viz.
        method: viz is the procedure of 2021; modisco is TF-MoDISco on attributions, which needs no negatives.
        database: Known motifs to compare with: jaspar (vertebrates, on disk), a MEME file, or none.
    """
    from dnabert.cli.jobs.motifs import MotifJob, run_motifs
    from dnabert.motif.settings import MotifSettings
    from dnabert.settings import merge_settings

    job = MotifJob(
        source=input_,
        positives=positives,
        negatives=negatives,
        positive_class=positive_class,
        by=by,
        scores=source or ("attribution" if method == "modisco" else "attention"),
        method=method,
        database=database,
        settings=merge_settings(MotifSettings(), config, settings or ()),
        genome=genome,
    )
    run_motifs(job, model, out, device=device, dtype=dtype, command=command_line(), force=force, quiet=quiet)
