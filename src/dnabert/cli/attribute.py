"""``dnabert attribute``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.choices import DtypeName, StrandMode
from dnabert.cli.options import Ambiguous, ConfigFile, Device, Force, Genome, InputFile, OutTable, Quiet, Settings, command_line
from dnabert.infer.attribution.choices import AttributionMethod


def attribute(
    input_: InputFile,
    /,
    *,
    model: str,
    out: Annotated[OutTable, Parameter(help="The new file: .npz or .tsv; - is a TSV on stdout.")],
    method: AttributionMethod | None = None,
    output: Annotated[str | None, Parameter(name="--class")] = None,
    strand: StrandMode | None = None,
    plot: Path | None = None,
    genome: Genome = None,
    ambiguous: Ambiguous = "unk",
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Annotated[DtypeName, Parameter(help="Number type of the matrix products; bfloat16 loses small contributions.")] = "float32",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write what each base contributes to the model's answer: 4 numbers for a base, what A, C, G or T would contribute in its place.

    Args:
        input_: FASTA, CSV or TSV with a column 'sequence', BED with --genome, or - for stdin.
        model: Fine-tuned: run directory, ensemble (the mean of its members), or hub id.
        method: ism changes every base (the most faithful); gradient is the fastest; ig adds up to the answer. Without it, ism.
        output: The class, label or value to explain; of two classes the second, without it.
        strand: both is the mean over both strands; auto takes both for models trained without regard to strand. Without it, auto.
        plot: A figure of one sequence: .png, .svg or .pdf (--set plot.id=NAME, plot.kind=both|map|logo, plot.start=0, plot.end=80).
    """
    from dnabert.cli.jobs.attribute import run_attribution
    from dnabert.infer.attribution.config import AttributionConfig
    from dnabert.settings import merge_settings

    chosen = merge_settings(AttributionConfig(), config, settings or (), {"method": method, "strand": strand})
    run_attribution(
        input_,
        model,
        out,
        plot,
        output,
        chosen,
        genome=genome,
        ambiguous=ambiguous,
        device=device,
        dtype=dtype,
        command=command_line(),
        force=force,
        quiet=quiet,
    )
