"""What ``dnabert variants`` does: plan blocks of records, have them scored, put the files together; or map a region."""

import logging
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dnabert.checkpoint import ModelInfo
from dnabert.choices import DeviceName, DtypeName
from dnabert.cli.progress import watched
from dnabert.device import choose_machine
from dnabert.dna.readers.variants import read_header
from dnabert.dna.regions import Genome, Region
from dnabert.dna.sequence import decode_bases
from dnabert.errors import ConfigError, OutputError
from dnabert.infer.packed_vcf import check_ending, open_variant_output
from dnabert.infer.shards import Engine, LocalEngine, Shard, ShardStore
from dnabert.infer.variants.answers import ModelScorer
from dnabert.infer.variants.config import VariantConfig
from dnabert.infer.variants.files import (
    CANDIDATE_COLUMNS,
    TABLE_COLUMNS,
    ModelColumns,
    annotated_line,
    candidate_lines,
    header_text,
    read_blocks,
    read_line_blocks,
    survey_file,
    table_lines,
    unique_names,
)
from dnabert.infer.variants.job import Block, BlockWorker, Scorer, VariantTask, block_shard, load_scorers, read_result
from dnabert.infer.variants.reference import ReferenceBases
from dnabert.infer.variants.region_map import (
    MAP_COLUMNS,
    Change,
    change_line,
    check_figure,
    choose_output,
    map_figure,
    map_values,
    marks_of,
    parse_region,
    region_changes,
)
from dnabert.infer.variants.windows import Sites, read_sites, site_index
from dnabert.output import check_free, open_output, provenance_lines, sha256_of_file
from dnabert.plot.export import FIGURE_ENDINGS, save_figure
from dnabert.registry import resolve_model

__all__ = ["VariantJob", "run_variants"]

log = logging.getLogger(__name__)


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


def run_variants(job: VariantJob, config: VariantConfig, engine: Engine | None = None) -> None:
    """Score a VCF, or map a region.

    Args:
        job: The flags.
        config: The settings.
        engine: Where blocks are scored; None is this process.

    Raises:
        DnabertError: The input, a model, a setting or a place cannot be used.
    """
    _check_flags(job, config)
    directories = tuple(resolve_model(name) for name in job.models)
    scorers = load_scorers(directories, choose_machine(job.device, job.dtype), config)
    for scorer in scorers:
        if config.grid_bp >= scorer.length:
            raise ConfigError(
                f"grid_bp={config.grid_bp} moves windows of {scorer.length} bases off their variants; give less than a window"
            )
    if config.anchor != "none":
        for scorer in scorers:
            site_index(config, scorer.length)
    models = _columns(directories, scorers)
    with Genome(job.genome) as genome:
        sites = None if job.annotation is None else read_sites(job.annotation, config.anchor, genome.names)
        if sites is not None:
            log.info("%s: %d sites", job.annotation, len(sites))
        if job.mutagenesis is not None:
            _map_region(job, config, scorers, models, ReferenceBases(genome), sites)
            return
        machine = choose_machine(job.device, job.dtype)  # settled here: workers elsewhere compute as this process would
        task = VariantTask(
            tuple(directory.resolve() for directory in directories),
            job.genome.resolve(),
            None if job.annotation is None else job.annotation.resolve(),
            config,
            cast(DeviceName, machine.device.type),
            cast(DtypeName, str(machine.dtype).removeprefix("torch.")),
            job.candidates is not None,
        )
        _score_file(job, config, models, scorers, genome, task, engine or LocalEngine())


def _check_flags(job: VariantJob, config: VariantConfig) -> None:
    """Stop before the work where flags do not go together, or a result could not be written."""
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
        if job.plot is not None and job.plot.suffix.lower() not in FIGURE_ENDINGS:
            raise OutputError(f"{job.plot}: a figure is written as .png, .svg or .pdf: end the name so")
    for path in outputs:
        if str(path) != "-":
            check_free(path, job.force)


def _columns(directories: Sequence[Path], scorers: Sequence[Scorer]) -> list[ModelColumns]:
    names = unique_names(directory.resolve().name for directory in directories)
    found = []
    for name, directory, scorer in zip(names, directories, scorers, strict=True):
        kind = "value" if isinstance(scorer, ModelScorer) and not scorer.has_odds else "odds" if scorer.has_odds else "llr"
        info = _info(scorer)
        facts = {
            "Path": str(directory),
            "SHA256": scorer.sha256,
            "Window": f"{scorer.length} bp",
            "Strand": scorer.direction,
            "TrainedOn": info.trained_on,
        }
        found.append(
            ModelColumns(name, tuple(unique_names(scorer.outputs) if len(scorer.outputs) > 1 else ("",)), scorer.output_names, kind, facts)
        )
    return found


def _info(scorer: Scorer) -> ModelInfo:
    return scorer.predictor.info if isinstance(scorer, ModelScorer) else scorer.saved.info


def _score_file(
    job: VariantJob,
    config: VariantConfig,
    models: Sequence[ModelColumns],
    scorers: Sequence[Scorer],
    genome: Genome,
    task: VariantTask,
    engine: Engine,
) -> None:
    source = job.source
    assert source is not None
    header = read_header(source)
    survey = survey_file(source, header, genome)
    genome_sha = sha256_of_file(job.genome)
    annotation_sha = "" if job.annotation is None else sha256_of_file(job.annotation)
    machine = choose_machine(job.device, job.dtype)
    place = [machine.device.type, str(machine.dtype), str(task.find_candidates)]
    made_of = [f"{scorer.sha256} {scorer.length} {scorer.direction} {_info(scorer).model_dump_json()}" for scorer in scorers]
    facts = [*made_of, genome_sha, annotation_sha, *place]
    store = ShardStore(job.parts)
    if job.parts.is_dir() and not job.resume:
        shutil.rmtree(job.parts)
    is_packed = job.out.suffix.lower() != ".vcf"
    if is_packed and not survey.is_sorted:
        log.warning("%s: is not sorted by position, and so is %s, which gets no .tbi index; sort it first:  bcftools sort", source, job.out)
    shards: Iterator[Shard[Block]] = (block_shard(block, facts, config) for block in read_blocks(source, config.block_records))
    if not engine.assembles:
        for _ in engine.run(task, shards, store):
            pass
        return
    several = len(models) > 1
    lines = {"Command": job.command, "Genome": f"{job.genome} sha256 {genome_sha}", "Settings": config.model_dump_json()}
    if job.annotation is not None:
        lines["Annotation"] = f"{job.annotation} sha256 {annotation_sha}"
    head = provenance_lines(
        job.command,
        **{f"model_{model.name}": f"sha256 {model.facts['SHA256']}, window {model.facts['Window']}" for model in models},
        genome=lines["Genome"],
        annotation=lines.get("Annotation", ""),
        input=str(source),
    )
    counts: Counter[str] = Counter()
    num_candidates = 0
    with ExitStack() as stack:
        scored = stack.enter_context(open_variant_output(job.out, is_packed and survey.is_sorted))
        table = None if job.tsv is None else stack.enter_context(open_output(job.tsv, job.force))
        chosen = None if job.candidates is None else stack.enter_context(open_output(job.candidates, job.force))
        scored.write(header_text(header.text, models, several, lines))
        if table is not None:
            table.write(head + "\t".join(TABLE_COLUMNS) + "\n")
        if chosen is not None:
            chosen.write(head + "\t".join(CANDIDATE_COLUMNS) + "\n")
        num_blocks = -(-survey.num_records // config.block_records)
        keys = watched(engine.run(task, shards, store), "variants", num_blocks, quiet=job.quiet)
        for key, block in zip(keys, read_line_blocks(source, config.block_records), strict=True):
            for (_, columns), row in zip(block, read_result(store.read(key)), strict=True):
                counts.update(each if isinstance(each, str) else "scored" for found in row for each in found[:1])
                scored.write(annotated_line(columns, row, models, several))
                if table is not None:
                    table.writelines(table_lines(columns, row, models))
                if chosen is not None:
                    found_lines = list(candidate_lines(columns, row, models, config.candidates.min_change))
                    num_candidates += len(found_lines)
                    chosen.writelines(found_lines)
    shutil.rmtree(job.parts, ignore_errors=True)
    _tell(survey.num_records, counts, num_candidates if chosen is not None else None, source)


def _tell(num_records: int, counts: Counter[str], num_candidates: int | None, source: Path) -> None:
    skipped = counts.total() - counts["scored"]
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()) if reason != "scored")
    log.info(
        "%d records, %d alleles: %d scored, %d not%s", num_records, counts.total(), counts["scored"], skipped, reasons and f" ({reasons})"
    )
    if num_candidates is not None:
        log.info("%d candidates", num_candidates)
    if not counts["scored"]:
        log.warning("%s: no allele was scored (%s); is it of this genome?", source, reasons)


def _map_region(
    job: VariantJob,
    config: VariantConfig,
    scorers: Sequence[Scorer],
    models: Sequence[ModelColumns],
    bases: ReferenceBases,
    sites: Sites | None,
) -> None:
    assert job.mutagenesis is not None
    region = parse_region(job.mutagenesis, bases.genome.names)
    output = 0
    if job.plot is not None:
        check_figure(region)
        output = choose_output(models, config.show_class)
    sequence = decode_bases(bases.genome.codes(region))
    marks = [] if job.source is None else marks_of(job.source, region, bases)
    worker = BlockWorker(scorers, bases, sites, config)
    kept: list[Change] = []
    num_skipped = 0
    head = provenance_lines(
        job.command,
        **{f"model_{model.name}": f"sha256 {model.facts['SHA256']}, window {model.facts['Window']}" for model in models},
        genome=str(job.genome),
        region=str(Region(region.contig, region.start + 1, region.end)),  # 1-based
    )
    with open_output(job.out, job.force) as handle:
        handle.write(head + "\t".join(MAP_COLUMNS) + "\n")
        for change in region_changes(region, bases, worker.score, config.block_records):
            handle.writelines(change_line(change, region, sequence, models, marks))
            num_skipped += isinstance(change.found[0], str)
            if job.plot is not None:
                kept.append(change)
    log.info("%d bases, %d changes not scored, %d variants marked", len(sequence), num_skipped, len(marks))
    if job.plot is not None:
        units = {"odds": "log2-odds of class {} (bits)", "value": "value {}", "llr": "log-likelihood (bits)"}
        name = units[models[0].kind].format(models[0].class_names[output])
        values = map_values(kept, len(sequence), 0, output)
        save_figure(map_figure(values, sequence, region, name, marks, config.bases_per_row), job.plot)
