"""What ``dnabert variants`` does: plan blocks of records, have them scored, put the files together; or map a region."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

from dnabert.choices import DeviceName, DtypeName
from dnabert.cli.jobs.variants_plan import VariantJob, check_flags
from dnabert.cli.progress import watched
from dnabert.device import choose_machine
from dnabert.dna.readers.variants import check_regular, read_header
from dnabert.dna.regions import Genome, Region
from dnabert.dna.sequence import decode_bases
from dnabert.errors import ConfigError
from dnabert.infer.packed_vcf import open_variant_output
from dnabert.infer.shards import Engine, LocalEngine, Shard, ShardStore, tell_unused, threads_of
from dnabert.infer.variants.answers import ModelScorer
from dnabert.infer.variants.config import VariantConfig
from dnabert.infer.variants.files import (
    CANDIDATE_COLUMNS,
    TABLE_COLUMNS,
    ModelColumns,
    annotated_line,
    candidate_lines,
    check_keys,
    header_text,
    is_scored,
    read_blocks,
    read_line_blocks,
    table_lines,
    unique_names,
)
from dnabert.infer.variants.job import (
    Block,
    BlockWorker,
    Scorer,
    VariantTask,
    block_shard,
    load_scorers,
    members_of,
    model_facts,
    read_result,
)
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
from dnabert.infer.vcf_survey import survey_file
from dnabert.output import open_output, provenance_lines, sha256_of_file
from dnabert.plot.export import save_figure
from dnabert.registry import resolve_model

__all__ = ["run_variants"]

log = logging.getLogger(__name__)


def run_variants(job: VariantJob, config: VariantConfig, engine: Engine | None = None) -> None:
    """Score a VCF, or map a region.

    Args:
        job: The flags.
        config: The settings.
        engine: Where blocks are scored; None is this process.

    Raises:
        DnabertError: The input, a model, a setting or a place cannot be used.
    """
    check_flags(job, config)
    if job.source is not None:
        check_regular(job.source)
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
    if job.mutagenesis is None:
        check_keys(models)
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


def _columns(directories: Sequence[Path], scorers: Sequence[Scorer]) -> list[ModelColumns]:
    names = unique_names(directory.resolve().name for directory in directories)
    found = []
    for name, directory, scorer in zip(names, directories, scorers, strict=True):
        kind = "value" if isinstance(scorer, ModelScorer) and not scorer.has_odds else "odds" if scorer.has_odds else "llr"
        facts = {
            "Path": str(directory),
            "SHA256": scorer.sha256,
            "Window": f"{scorer.length} bp",
            "Strand": scorer.direction,
            "TrainedOn": members_of(scorer)[0].info.trained_on,
        }
        found.append(
            ModelColumns(name, tuple(unique_names(scorer.outputs) if len(scorer.outputs) > 1 else ("",)), scorer.output_names, kind, facts)
        )
    return found


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
    threads = threads_of(engine, machine.device.type)
    place = [machine.device.type, str(machine.dtype), str(task.find_candidates), str(threads)]
    facts = [*(fact for scorer in scorers for fact in model_facts(scorer)), genome_sha, annotation_sha, *place]
    store = ShardStore(job.parts)
    if not job.resume:
        store.clear()
    is_packed = job.out.suffix.lower() != ".vcf"
    if is_packed and not survey.is_sorted:
        log.warning("%s: is not sorted by position, and so is %s, which gets no index; sort it first:  bcftools sort", source, job.out)

    def shards() -> Iterator[Shard[Block]]:
        return (block_shard(block, facts, config) for block in read_blocks(source, config.block_records))

    if not engine.assembles:
        for _ in engine.run(task, shards(), store):
            pass
        return
    if job.resume:
        tell_unused(store, (shard.key for shard in shards()), threads)
    if is_scored(survey.full_header):
        log.warning(
            "%s: holds scores of an earlier run, which are left out; for those of several models in one file, give --model several times",
            source,
        )
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
    counts: list[Counter[str]] = [Counter() for _ in models]
    num_candidates = 0
    with ExitStack() as stack:  # the tables are put in their places when the scored file, with its index, is in its own
        tables = [path for path in (job.tsv, job.candidates) if path is not None]
        table = None if job.tsv is None else stack.enter_context(open_output(job.tsv, job.may_replace(job.tsv)))
        chosen = None if job.candidates is None else stack.enter_context(open_output(job.candidates, job.may_replace(job.candidates)))
        stack.enter_context(_noting(store, tables))
        scored = stack.enter_context(open_variant_output(job.out, is_packed and survey.is_sorted, survey.longest_bp))
        scored.write(header_text(survey.full_header, models, several, lines, ReferenceBases(genome)))
        if table is not None:
            table.write(head + "\t".join(TABLE_COLUMNS) + "\n")
        if chosen is not None:
            chosen.write(head + "\t".join(CANDIDATE_COLUMNS) + "\n")
        num_blocks = -(-survey.num_records // config.block_records)
        keys = watched(engine.run(task, shards(), store), "variants", num_blocks, quiet=job.quiet)
        for key, block in zip(keys, read_line_blocks(source, config.block_records), strict=True):
            for (_, columns), row in zip(block, read_result(store.read(key)), strict=True):
                for count, column in zip(counts, zip(*row, strict=True), strict=True):
                    count.update(each if isinstance(each, str) else "scored" for each in column)
                scored.write(annotated_line(columns, row, models, several))
                if table is not None:
                    table.writelines(table_lines(columns, row, models))
                if chosen is not None:
                    found_lines = list(candidate_lines(columns, row, models, config.candidates.min_change))
                    num_candidates += len(found_lines)
                    chosen.writelines(found_lines)
    store.clear()
    _tell(survey.num_records, models, counts, num_candidates if chosen is not None else None, source)


@contextmanager
def _noting(store: ShardStore, paths: Sequence[Path]) -> Iterator[None]:
    """Note after the block, if it ends without an error, that these files are about to appear."""
    yield
    if paths:
        store.publish(paths)


def _tell(
    num_records: int, models: Sequence[ModelColumns], counts: Sequence[Counter[str]], num_candidates: int | None, source: Path
) -> None:
    """Say what was scored and why the rest was not: once, or for each model where they differ."""
    differ = any(count != counts[0] for count in counts)
    for model, count in zip(models, counts, strict=True) if differ else [(models[0], counts[0])]:
        by = f"{model.name}: " if differ else ""
        reasons = ", ".join(f"{reason} {number}" for reason, number in sorted(count.items()) if reason != "scored")
        scored, alleles = count["scored"], count.total()
        why = reasons and f" ({reasons})"
        log.info("%s%d records, %d alleles: %d scored, %d not%s", by, num_records, alleles, scored, alleles - scored, why)
        if not scored:
            log.warning("%s%s: no allele was scored (%s); is it of this genome?", by, source, reasons)
    if num_candidates is not None:
        log.info("%d candidates", num_candidates)


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
