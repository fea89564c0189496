"""What ``dnabert motifs`` does: scores of the positives, motifs out of them, and the folder that holds all of it."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.choices import DeviceName, DtypeName
from dnabert.cli.jobs.motif_input import SHUFFLE, MotifInput, choose_class, choose_explained, read_motif_input
from dnabert.cli.progress import watched
from dnabert.device import choose_machine
from dnabert.errors import ConfigError, requires_extra
from dnabert.infer.attention.config import AttentionConfig
from dnabert.infer.attention.sets import check_readable, score_sequences
from dnabert.infer.attribution.scores import attribute_members, check_attributable, per_base, score_name
from dnabert.infer.predictor import Predictor
from dnabert.motif.choices import MotifMethod, PositiveRule, ScoreSource
from dnabert.motif.compare import SIGNIFICANT_Q, Database, Match, best_match, compare, jaspar_database, read_meme_database
from dnabert.motif.discover import discover_motifs
from dnabert.motif.files import meme_text, sites_text, table_text
from dnabert.motif.found import Discovery
from dnabert.motif.modisco import check_lengths, discover_with_modisco
from dnabert.motif.settings import MotifSettings
from dnabert.motif.steps.islands import smoothed
from dnabert.output import check_free, new_directory, provenance, provenance_lines, write_json, write_text
from dnabert.plot.bases.logo import logo_figure
from dnabert.plot.export import save_figure
from dnabert.registry import resolve_model
from dnabert.report.motifs import MotifReport, match_logos, write_motif_report

__all__ = ["MotifJob", "find_motifs", "run_motifs"]

log = logging.getLogger(__name__)

_SMOOTH_BP = 5
"""Bases over which contributions are averaged: single bases within a site may tell nothing, and would break it up."""
_SENTENCES = {
    "viz": "Stretches that score high in the positives and occur there more often than in the negatives, merged and aligned (DNABERT-viz).",
    "modisco": "Stretches that raise the model's score, clustered by how alike their contributions are (TF-MoDISco).",
}


@dataclass(frozen=True)
class MotifJob:
    """What is asked for; the fields are the flags.

    Attributes:
        source: One labelled file, or None.
        positives: File of the positives, or None.
        negatives: File of the negatives, ``shuffle``, or None.
        positive_class: The positive class, or None.
        by: What divides positives from negatives.
        scores: What scores the bases.
        method: How motifs are found.
        database: ``jaspar``, ``none``, or a MEME file.
        settings: All else.
        genome: Genome of BED files, or None.
    """

    source: str | None
    positives: str | None
    negatives: str | None
    positive_class: str | None
    by: PositiveRule
    scores: ScoreSource
    method: MotifMethod
    database: str
    settings: MotifSettings
    genome: Path | None = None


def run_motifs(
    job: MotifJob, model: str, out: Path, *, device: DeviceName, dtype: DtypeName, command: str, force: bool, quiet: bool
) -> None:
    """Read, search, compare, write.

    Args:
        job: What is asked for.
        model: The model, as the user names it.
        out: The new folder.
        device: Where to compute.
        dtype: Number type.
        command: The command line.
        force: Replace what is there.
        quiet: No progress bar.

    Raises:
        DnabertError: The input, the model, a setting or a place cannot be used.
    """
    check_free(out, force)
    if job.method == "modisco" and job.scores == "attention":
        raise ConfigError("TF-MoDISco clusters contributions of all four bases, which attention does not tell; give --from attribution")
    _check_installed(job)
    database = _database(job.database)
    predictor = Predictor(resolve_model(model), choose_machine(device, dtype))
    _check_model(job, predictor)
    settings = job.settings
    data = read_motif_input(
        predictor,
        job.source,
        job.positives,
        job.negatives,
        job.positive_class,
        job.by,
        job.method,
        settings.max_sequences,
        settings.seed,
        job.genome,
    )
    found = find_motifs(job, predictor, data, quiet=quiet)
    for step in found.steps:
        log.info("%s: %d%s", step.name, step.count, f" ({step.note})" if step.note else "")
    if found.hint:
        log.warning("no motif was found: %s", found.hint)
    matches = _matches(found, database)
    _write(out, job, predictor, data, found, matches, database, command, force)
    for motif in found.motifs[:5]:
        best = best_match(matches, motif.name)
        like = "" if database is None else f", no match at q < {SIGNIFICANT_Q:g}"
        if best is not None:
            like = f", like {best.name} ({best.id}, q = {best.q:.2g})"
        log.info("%s: %s, %d sites%s", motif.name, motif.consensus, len(motif.sites), like)
    log.info("%s: motifs.meme, motifs.tsv, sites.bed, logos/, diagnostics.json, report.html", out)


def _check_installed(job: MotifJob) -> None:
    """Stop before the work where a package is missing that would be missed after it.

    Raises:
        DnabertError: The message names the line that installs it.
    """
    needed = [
        ("logomaker", "logomaker", "interpret", "the logos of dnabert motifs", True),
        ("memelite", "memelite", "interpret", "--database (none leaves the comparison out)", job.database != "none"),
        ("pyjaspar", "pyjaspar", "jaspar", "--database jaspar (none leaves the comparison out)", job.database == "jaspar"),
        ("modiscolite", "modisco-lite", "interpret", "--method modisco", job.method == "modisco"),
        ("tangermeme", "tangermeme", "interpret", f"--negatives {SHUFFLE}", job.negatives == SHUFFLE),
        ("tangermeme", "tangermeme", "interpret", "--set attribution=gradient", _attributes_by(job, "gradient")),
        ("captum", "captum", "interpret", "--set attribution=ig", _attributes_by(job, "ig")),
    ]
    for module, package, extra, purpose, is_needed in needed:
        if is_needed and find_spec(module) is None:
            raise requires_extra(package, extra, purpose)


def _attributes_by(job: MotifJob, method: str) -> bool:
    return job.scores == "attribution" and job.settings.attribution == method


def _database(name: str) -> Database | None:
    if name == "none":
        return None
    return jaspar_database() if name == "jaspar" else read_meme_database(Path(name))


def _check_model(job: MotifJob, predictor: Predictor) -> None:
    """Stop before any work where the model cannot tell what is asked."""
    if job.scores == "attention":
        check_readable(predictor.members, AttentionConfig(layer=job.settings.layer))
    else:
        check_attributable(predictor.info.head)
        choose_explained(predictor, job.positive_class)


def find_motifs(job: MotifJob, predictor: Predictor, data: MotifInput, *, quiet: bool = True) -> Discovery:
    """Motifs of the positives.

    Args:
        job: What is asked for.
        predictor: The model.
        data: Positives and negatives.
        quiet: No progress bar.
    """
    settings = _resolved(job, predictor)
    both, smooth_bp = bool(settings.both_strands), settings.smooth_bp or 1
    positives = list(data.positives.first)
    if job.method == "modisco":
        check_lengths(positives)  # before contributions, which take long
        return discover_with_modisco(list(_contributions(job, predictor, data, quiet)), positives, settings)
    if job.scores == "attention":
        config = AttentionConfig(layer=settings.layer, strand="both" if both else "forward")
        scored = score_sequences(predictor.members, data.positives, predictor.machine, config)
        scores: Iterator[npt.NDArray[np.floating]] = (smoothed(one.scores, smooth_bp) for one in scored)
    else:
        rows = zip(_contributions(job, predictor, data, quiet), positives, strict=True)
        # What lowers the score is no part of a motif of the positives.
        scores = (smoothed(np.maximum(per_base(row, codes), 0), smooth_bp) for row, codes in rows)
    return discover_motifs(scores, positives, list(data.negatives), settings)


def _resolved(job: MotifJob, predictor: Predictor) -> MotifSettings:
    """The settings, with what is unset filled in."""
    settings = job.settings
    both = not any(member.info.stranded for member in predictor.members) if settings.both_strands is None else settings.both_strands
    smooth_bp = settings.smooth_bp or (1 if job.scores == "attention" else _SMOOTH_BP)
    return settings.model_copy(update={"both_strands": both, "smooth_bp": smooth_bp})


def _contributions(job: MotifJob, predictor: Predictor, data: MotifInput, quiet: bool) -> Iterator[npt.NDArray[np.float32]]:
    """Contributions to the score of the positive class, or to the value of a regression, (4, L), one positive after the other."""
    found = attribute_members(
        predictor.members,
        data.positives,
        predictor.machine,
        method=job.settings.attribution,
        output=choose_explained(predictor, job.positive_class),
        strand="both" if _resolved(job, predictor).both_strands else "forward",
    )
    return (row for _, row in watched(found, "contributions", len(data.positives), quiet=quiet))


def _matches(found: Discovery, database: Database | None) -> dict[str, list[Match]]:
    if database is None or not found.motifs:
        return {}
    log.info(
        "%s: %d motifs to compare with; the first comparison on a machine compiles for a minute or two", database.name, len(database.motifs)
    )
    return compare({motif.name: motif.probs for motif in found.motifs}, database)


def _write(
    out: Path,
    job: MotifJob,
    predictor: Predictor,
    data: MotifInput,
    found: Discovery,
    matches: Mapping[str, list[Match]],
    database: Database | None,
    command: str,
    force: bool,
) -> None:
    """The folder, whole or not at all."""
    settings = _resolved(job, predictor)
    name = database.name if database else ""
    facts = {
        "model_sha256": predictor.sha256,
        "positives": f"{len(data.positives)} sequences of {job.source or job.positives}, by {job.by}",
        "negatives": f"{len(data.negatives)} sequences: {data.negatives_name}",
        "scores": f"attention, layer {job.settings.layer}" if job.scores == "attention" else f"attribution, {job.settings.attribution}",
        "database": name,
        **_choices(job, predictor),
    }
    lines = provenance_lines(command, **facts)
    record = provenance(command, data.inputs, job.settings.seed)
    with new_directory(out, force) as folder:
        write_text(folder / "motifs.meme", meme_text(found.motifs, found.background, found.both_strands, lines))
        write_text(folder / "motifs.tsv", table_text(found.motifs, matches, lines))
        write_text(folder / "sites.bed", sites_text(found, data.positives.ids, list(data.positives.first), lines, data.regions))
        (folder / "logos").mkdir()
        for motif in found.motifs:
            figure = logo_figure(match_logos(motif, None)[0])
            for ending in ("svg", "png"):
                save_figure(figure, folder / "logos" / f"{motif.name}.{ending}")
        diagnostics = {
            "steps": [asdict(step) for step in found.steps],
            "hint": found.hint,
            "both_strands": found.both_strands,
            "settings": settings.model_dump(mode="json"),
            **facts,
            "provenance": record,
        }
        write_json(folder / "diagnostics.json", diagnostics)
        rows = [(key.replace("_", " "), value) for key, value in facts.items() if value]
        rows += [("input, SHA-256", f"{path}: {digest}") for path, digest in data.inputs.items()]
        chosen = tuple((key, "unset" if value is None else str(value)) for key, value in settings.model_dump().items())
        report = MotifReport(found, matches, name, _SENTENCES[job.method], tuple(rows), chosen, command)
        write_motif_report(folder / "report.html", report)


def _choices(job: MotifJob, predictor: Predictor) -> dict[str, str]:
    """What was left to be chosen, as it was: positive class, the output that contributions are of, strands, number type, device."""
    machine, info = predictor.machine, predictor.info
    is_divided = job.source is not None or job.by == "prediction"
    explained = score_name(info, choose_explained(predictor, job.positive_class)) if job.scores == "attribution" else ""
    return {
        "positive_class": info.labels[choose_class(predictor, job.positive_class)] if is_divided else "",
        "explained": explained,
        "strand": "both" if _resolved(job, predictor).both_strands else "forward",
        "dtype": str(machine.dtype).removeprefix("torch."),
        "device": str(machine.device),
    }
