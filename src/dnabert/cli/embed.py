"""``dnabert embed``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.cli.options import (
    Address,
    ConfigFile,
    Device,
    Dtype,
    EngineFlag,
    Force,
    Genome,
    InputFile,
    Quiet,
    Resume,
    Settings,
    Workers,
    command_line,
)
from dnabert.infer.embedding.choices import EmbeddingMap, EmbeddingPool


def embed(
    input_: InputFile,
    /,
    *,
    model: str,
    out: Annotated[Path, Parameter(help="The new file: .npz, .parquet or .h5ad.")],
    pool: EmbeddingPool | None = None,
    layer: Annotated[int | None, Parameter(allow_leading_hyphen=True)] = None,
    map_: Annotated[EmbeddingMap | None, Parameter(name="--map")] = None,
    plot: Path | None = None,
    neighbours: int | None = None,
    kmer_contexts: str | None = None,
    genome: Genome = None,
    engine: EngineFlag = "local",
    address: Address = "local",
    workers: Workers = None,
    resume: Resume = False,
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write the vectors of sequences, k-mers or bases, of a pre-trained or a fine-tuned model (never of its untrained pooler).

    Args:
        input_: FASTA, CSV or TSV with a column 'sequence', BED with --genome, or - for stdin; labels colour the map.
        model: Run directory, packaged name or hub id.
        pool: mean, max: over the k-mers; cls: the vector of [CLS]; token, base: one for each k-mer or base. Without it, mean.
        layer: 0 is what goes into the first block, 1 what comes out of it, and so on. Without it the last, -1.
        map_: Two coordinates for each sequence, drawn to --plot and written to .h5ad.
        plot: The map: .png, .svg or .pdf.
        neighbours: Nearest neighbours of each sequence (cosine), as OUT.neighbours.tsv.
        kmer_contexts: k-mers, such as TATAAA,GGGCGG, whose vectors in their contexts are clustered: OUT.contexts.tsv and .png.
    """
    from dnabert.cli.jobs.embed import EmbedJob, run_embedding
    from dnabert.cluster.choose import EngineConfig, check_resume, open_engine
    from dnabert.errors import ConfigError
    from dnabert.infer.embedding.config import EmbedConfig
    from dnabert.settings import merge_settings

    check_resume(engine, resume)
    if engine == "ranks" and (input_ == "-" or Path(input_).is_fifo()):
        raise ConfigError(f"--engine ranks: each rank reads the input, and {input_} can be read only once; give a file")
    flags = {
        "pool": pool,
        "layer": layer,
        "map": map_,
        "neighbours": neighbours,
        "kmer_contexts": None if kmer_contexts is None else [part.strip() for part in kmer_contexts.split(",")],
    }
    chosen = merge_settings(EmbedConfig(), config, settings or (), flags)
    job = EmbedJob(
        source=input_,
        model=model,
        out=out,
        plot=plot,
        genome=genome,
        resume=resume,
        device=device,
        dtype=dtype,
        command=command_line(),
        force=force,
        quiet=quiet,
    )
    with open_engine(engine, address, EngineConfig(workers=workers), device) as chosen_engine:
        run_embedding(job, chosen, chosen_engine)
