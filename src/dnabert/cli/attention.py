"""``dnabert attention``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.choices import DtypeName
from dnabert.cli.options import Ambiguous, ConfigFile, Device, Force, Genome, InputFile, OutTable, Quiet, Settings, command_line
from dnabert.infer.attention.choices import AttentionMethod, ReadStrand


def attention(
    input_: InputFile,
    /,
    *,
    model: str,
    out: Annotated[OutTable, Parameter(help="The new file: .tsv, .npz, or for BED .bedGraph or .bw; - is a TSV on stdout.")],
    layer: int | None = None,
    heads: str | None = None,
    method: AttentionMethod | None = None,
    strand: ReadStrand | None = None,
    per_head: Annotated[bool, Parameter(negative="")] = False,
    plot: Path | None = None,
    genome: Genome = None,
    ambiguous: Ambiguous = "unk",
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Annotated[DtypeName, Parameter(help="Number type of the matrix products; bfloat16 is faster and less exact.")] = "float32",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write one attention score for each base (the score of 2021: the CLS row, summed over heads, averaged over k-mers).

    Args:
        input_: FASTA, CSV or TSV with a column 'sequence', BED with --genome, or - for stdin.
        model: Fine-tuned or pre-trained: run directory, packaged name or hub id; or an ensemble (scores are summed).
        layer: The layer, from 0; without it the last, -1.
        heads: The heads that are summed, from 0, such as 0,3; without it all.
        method: cls is the score of 2021; rollout follows attention through the layers. Without it, cls.
        strand: both takes the mean of a sequence and its reverse complement; without it, forward.
        per_head: A column for each head too (.tsv, .npz); they add up to the score.
        plot: A figure: .html to point at, or .png, .svg, .pdf (--set plot.kind=maps|heads|landscape|mean, plot.id=NAME, plot.anchor=34).
    """
    from dnabert.cli.jobs.attention.run import run_attention
    from dnabert.infer.attention.config import AttentionConfig
    from dnabert.settings import merge_settings

    flags = {
        "layer": layer,
        "heads": None if heads is None else [part.strip() for part in heads.split(",")],
        "method": method,
        "strand": strand,
        "per_head": per_head or None,
    }
    chosen = merge_settings(AttentionConfig(), config, settings or (), flags)
    run_attention(
        input_,
        model,
        out,
        plot,
        chosen,
        genome=genome,
        ambiguous=ambiguous,
        device=device,
        dtype=dtype,
        command=command_line(),
        force=force,
        quiet=quiet,
    )
