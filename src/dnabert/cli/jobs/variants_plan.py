"""The flags of ``dnabert variants``, and which of them go together."""

from dataclasses import dataclass
from pathlib import Path

from dnabert.choices import DeviceName, DtypeName
from dnabert.errors import ConfigError, OutputError
from dnabert.infer.packed_vcf import VCF_ENDINGS, check_ending
from dnabert.infer.shards import ShardStore
from dnabert.infer.variants.config import VariantConfig
from dnabert.output import check_free, check_not_inputs
from dnabert.plot.export import FIGURE_ENDINGS

__all__ = ["VariantJob", "check_flags"]


@dataclass(frozen=True)
class VariantJob:
    """The flags of ``dnabert variants``, as its help describes them."""

    models: tuple[str, ...]
    genome: Path
    out: Path
    source: Path | None = None
    tsv: Path | None = None
    annotation: Path | None = None
    mutagenesis: str | None = None
    plot: Path | None = None
    candidates: Path | None = None
    resume: bool = False
    device: DeviceName = "auto"
    dtype: DtypeName = "float32"
    command: str = ""
    force: bool = False
    quiet: bool = True

    @property
    def parts(self) -> Path:
        """Where finished blocks are kept until all are done."""
        return Path(f"{self.out}.parts")

    def may_replace(self, path: Path) -> bool:
        """Whether a result may take the place of a file: with ``--force``, or of one that was put there by the run that goes on."""
        return self.force or (self.resume and ShardStore(self.parts).may_replace(path, is_named_by_run=path == self.out))


def check_flags(job: VariantJob, config: VariantConfig) -> None:
    """Stop before the work where flags do not go together, or a result could not be written.

    Args:
        job: The flags.
        config: The settings.

    Raises:
        ConfigError: Flags contradict each other, or one is missing.
        OutputError: A result could not be written.
    """
    if config.anchor == "none" and job.annotation is not None:
        raise ConfigError(f"--annotation {job.annotation}: say what windows are placed by: --set anchor=splice, or --set anchor=tss")
    if config.anchor != "none" and job.annotation is None:
        raise ConfigError(f"anchor={config.anchor} needs the sites: give a GTF or GFF3 file with --annotation")
    if config.zero_shot and job.candidates is not None:
        raise ConfigError("--candidates reads the attention of a fine-tuned model; leave out --zero-shot, or --candidates")
    outputs = [path for path in (job.out, job.tsv, job.candidates, job.plot) if path is not None]
    for path in outputs:
        if outputs.count(path) > 1:
            raise OutputError(f"{path}: is named for two results; choose another")
    indices = [Path(f"{job.out}{ending}") for ending in (".tbi", ".csi")]
    check_not_inputs([*outputs, *indices], {"INPUT": job.source, "--genome": job.genome, "--annotation": job.annotation})
    if job.mutagenesis is None:
        if job.source is None:
            raise ConfigError("no variants: give a VCF or BCF file, or a region with --mutagenesis contig:start-end")
        if job.plot is not None:
            raise ConfigError("--plot is the map of --mutagenesis contig:start-end; leave it out")
        check_ending(job.out)
        if job.parts.is_dir() and not (job.resume or job.force):
            raise OutputError(f"{job.parts}: left by a run that did not end: go on with it with --resume, or start anew with --force")
    else:
        if job.tsv is not None or job.candidates is not None or job.resume:
            raise ConfigError("--tsv, --candidates and --resume are for scoring a VCF, and --mutagenesis maps a region; leave them out")
        if job.out.name.lower().endswith((*VCF_ENDINGS, ".gz")):
            raise OutputError(f"{job.out}: the map of a region is a table of plain text: end the name in .tsv")
        if job.plot is not None and job.plot.suffix.lower() not in FIGURE_ENDINGS:
            raise OutputError(f"{job.plot}: a figure is written as .png, .svg or .pdf: end the name so")
    for path in outputs:
        if str(path) != "-":
            check_free(path, job.may_replace(path))
