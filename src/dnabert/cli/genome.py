"""``dnabert genome get`` and ``dnabert genome info``."""

import logging
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from dnabert.cli.options import Force, Quiet, command_line
from dnabert.data.download.providers import ProviderName

__all__ = ["app", "get", "info"]

log = logging.getLogger(__name__)

_ALL_N = "%s: holds no A, C, G or T at all: N only; nothing can be learnt or predicted from it"

app = App(name="genome", help="Genomes: fetched and indexed, or described.", help_format="plaintext")


@app.command
def get(
    name: str,
    /,
    *,
    provider: ProviderName = "auto",
    out: Path | None = None,
    annotation: Annotated[bool, Parameter(negative="")] = False,
    annotation_from: str | None = None,
    sha256: str | None = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Fetch a genome once, as indexed bgzip FASTA beside a genome.json that says what it is; writes its path to stdout.

    A transfer that breaks off goes on where it stopped; what is here already is checked, not fetched again.

    Args:
        name: Name that a provider has given (hg38, GRCh38.p14), a URL, or a FASTA or 2bit file. Names need  pip install 'dnabert[genomes]'.
        provider: Whom to ask; auto asks UCSC, Ensembl, GENCODE and NCBI one after the other.
        out: The folder to keep it in; without it, one in the cache ($DNABERT_CACHE).
        annotation: Fetch the gene annotation too; of a file, the GTF or GFF3 beside it.
        annotation_from: URL or path of the annotation to take instead.
        sha256: What the SHA-256 of the file must be, as it comes from the provider: 64 digits 0-9 and a-f.
    """
    from dnabert.data.download.install import get_genome

    stored = get_genome(
        name,
        provider=provider,
        out=out,
        annotation=annotation,
        annotation_from=annotation_from,
        sha256=sha256,
        force=force,
        quiet=quiet,
    )
    facts = stored.record
    log.info(
        "%s: %s, %s contigs, %s bases (%s N), SHA-256 %s%s",
        stored.fasta,
        facts["assembly"] or "no known assembly",
        f"{facts['contigs']:,}",
        f"{facts['bases']:,}",
        f"{facts['n']:,}",
        facts["fasta"]["sha256"],
        "" if stored.is_new else "; was here already",
    )
    if facts["n"] + facts["other_ambiguous"] == facts["bases"]:
        log.warning(_ALL_N, stored.fasta)
    print(stored.fasta)
    if stored.annotation is not None:
        print(stored.annotation)


@app.command
def info(
    file: Path,
    /,
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    all_: Annotated[bool, Parameter(name="--all", negative="")] = False,
    out: Path | None = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Say what a genome file is made of: contigs, N, soft-masked bases, G+C, checksum, and the assembly if it is a known one.

    Args:
        file: FASTA (plain, gzip, bgzip) or 2bit file.
        json: JSON instead of text; it holds every contig.
        all_: Every contig, not only the first 30.
        out: Write every contig as a TSV too.
    """
    from dnabert.cli.jobs.genome_report import content_lines, write_content, write_json_content
    from dnabert.data.download.contents import describe_genome
    from dnabert.output import check_free

    if out is not None:
        check_free(out, force)
    content = describe_genome(file)
    if not content.totals.num_known:
        log.warning(_ALL_N, file)
    if out is not None:
        write_content(content, out, command_line(), force)
    if json:
        write_json_content(content, command_line())
    else:
        print("\n".join(content_lines(content, None if all_ else 30)))
