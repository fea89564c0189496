"""``dnabert variants``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.cli.options import Address, ConfigFile, Device, Dtype, EngineFlag, Force, Quiet, Resume, Settings, Workers, command_line


def variants(
    input_: Annotated[Path | None, Parameter(name="INPUT")] = None,
    /,
    *,
    model: Annotated[list[str], Parameter(negative="", help="Run directory, ensemble or packaged name; may be given several times.")],
    genome: Annotated[Path, Parameter(help="The genome: FASTA, plain or bgzip, or 2bit.")],
    out: Annotated[Path, Parameter(help="The new file: .vcf, .vcf.gz or .bcf, these with an index; with --mutagenesis a .tsv.")],
    tsv: Path | None = None,
    zero_shot: Annotated[bool | None, Parameter(negative="")] = None,
    annotation: Path | None = None,
    mutagenesis: str | None = None,
    plot: Path | None = None,
    candidates: Path | None = None,
    engine: EngineFlag = "local",
    address: Address = "local",
    workers: Workers = None,
    resume: Resume = False,
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Dtype = "float32",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Score every alternate allele of a VCF: INFO DNABERT_REF, DNABERT_ALT, DNABERT_DIFF, DNABERT_LOGOR (bits; above 0: made less likely).

    Args:
        input_: VCF (plain or bgzip) or BCF. With --mutagenesis it may be left out; its variants are marked.
        tsv: The scores as a table too, a line for each allele, model and class.
        zero_shot: Score by the hidden k-mers of a pre-trained model: DNABERT_LLR (bits; below 0: less likely).
        annotation: GTF or GFF3: windows at its sites, as in training (--set anchor=splice or anchor=tss).
        mutagenesis: Every base of contig:start-end (1-based) changed into every other; --out is a table of them.
        plot: With --mutagenesis: the 4 x L map, .png, .svg or .pdf.
        candidates: A table of the variants in high-attention regions that change the answer.
    """
    from dnabert.cli.jobs.variants import run_variants
    from dnabert.cli.jobs.variants_plan import VariantJob
    from dnabert.cluster.choose import EngineConfig, check_resume, open_engine
    from dnabert.errors import ConfigError
    from dnabert.infer.variants.config import VariantConfig
    from dnabert.settings import merge_settings

    if mutagenesis is not None and engine != "local":
        raise ConfigError(f"--engine {engine}: --mutagenesis maps its region in this process; leave out --engine")
    check_resume(engine, resume)
    chosen = merge_settings(VariantConfig(), config, settings or (), {"zero_shot": zero_shot})
    job = VariantJob(
        models=tuple(model),
        genome=genome,
        out=out,
        source=input_,
        tsv=tsv,
        annotation=annotation,
        mutagenesis=mutagenesis,
        plot=plot,
        candidates=candidates,
        resume=resume,
        device=device,
        dtype=dtype,
        command=command_line(),
        force=force,
        quiet=quiet,
    )
    with open_engine(engine, address, EngineConfig(workers=workers), device) as chosen_engine:
        run_variants(job, chosen, chosen_engine)
