"""What ``dnabert demo`` does: the main job on a simulated genome, from nothing to a report."""

import logging
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dnabert.checkpoint import load_model
from dnabert.cli.jobs.report.config import ReportConfig
from dnabert.cli.jobs.report.run import read_model
from dnabert.cli.results import evaluate_run, write_predictions
from dnabert.data.corpus import CorpusConfig
from dnabert.data.labelled import read_set
from dnabert.data.simulate import SimulationConfig, simulate_genome, write_simulation
from dnabert.device import Machine
from dnabert.infer.baselines import gc_baseline, kmer_baseline
from dnabert.infer.predictor import Predictor
from dnabert.model.config import HeadConfig, mini
from dnabert.motif.settings import MotifSettings
from dnabert.output import provenance, provenance_lines, start_run
from dnabert.registry import resolve_model
from dnabert.report.demo import write_demo_report
from dnabert.report.model.page import write_reading
from dnabert.train.config import FinetuneConfig, FinetuneOptimConfig, OptimConfig, PretrainConfig
from dnabert.train.finetune import finetune
from dnabert.train.pretrain import pretrain

log = logging.getLogger(__name__)


class DemoConfig(BaseModel):
    """What the demo does; small enough for two cores and a few minutes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    simulation: SimulationConfig = SimulationConfig(upstream_bp=34, downstream_bp=35)
    """The genome; windows are core promoters (70 bp)."""
    start_from: str = "dnabert-6-mini"
    """The pre-trained model to begin with; empty: random weights of the sizes in pretrain.model."""
    pretrain: PretrainConfig = PretrainConfig(
        model=mini(6),
        corpus=CorpusConfig(max_tokens=65),
        optim=OptimConfig(lr=3e-4, warmup=0.1),
        steps=60,
        batch_size=64,
        eval_every=20,
        valid_windows=256,
        log_every=10,
        save_every=60,
    )
    """Brief pre-training on the genome at hand, on top of what the model has seen."""
    compare_random: bool = True
    """Fine-tune the same sizes from random weights too, to show what pre-training is worth."""
    finetune: FinetuneConfig = FinetuneConfig(
        head=HeadConfig(task="classify"),
        optim=FinetuneOptimConfig(lr=5e-4),  # few sequences, few steps: more than the default
        epochs=5,
        patience=0,
        log_every=10,
        save_every=1000,
    )
    """Fine-tuning on the promoters of the training contigs."""
    report: ReportConfig = ReportConfig(
        anchor_name="TSS",
        class_names=("not promoter", "promoter"),
        # A TATA box begins 4 bases from the end of a core promoter: a wider window would leave the sequence.
        motifs=MotifSettings(window_bp=10, mean_factor=2),
    )
    """What is read in the model at the end; anchor unset is the TSS, motifs_in empty the training set."""


def tell_story(out: Path, chosen: DemoConfig, machine: Machine, seed: int, *, force: bool, quiet: bool, command: str) -> None:
    """Simulate, pre-train, fine-tune, predict, evaluate, read the model, and write ``report.html`` and ``model-report.html``.

    Args:
        out: The new directory.
        chosen: What to do.
        machine: Where to compute.
        seed: Seed of the simulation.
        force: Replace what is there.
        quiet: No progress bars.
        command: The command line, for the record.

    Raises:
        OutputError: The place is taken or cannot be written.
    """
    begin = time.perf_counter()
    facts = {**provenance(command, {}, seed), "config": chosen.model_dump(mode="json"), "fingerprint": ""}
    start_run(out, facts, force=force)
    genome, pretrained, finetuned = out / "simulation", out / "pretrained", out / "finetuned"

    log.info("1/6 simulating a genome with planted promoters")
    write_simulation(simulate_genome(chosen.simulation, seed), genome, provenance_lines(command, seed=str(seed)))

    begin_with = resolve_model(chosen.start_from) if chosen.start_from else None
    what = chosen.start_from or "random weights"
    log.info("2/6 pre-training: %d steps on the unlabelled genome, from %s", chosen.pretrain.steps, what)
    result = pretrain(
        [genome / "genome.fa"],
        pretrained,
        chosen.pretrain,
        machine,
        start_from=begin_with,
        command=command,
        quiet=quiet,
        cache=out / "cache",
    )
    log.info("    hidden bases predicted: %.1f %% (chance 25 %%)", 100 * (result.figures["hidden_base_accuracy"] or 0))

    sizes = load_model(pretrained).model.config
    kmer = sizes.kmer
    train, valid, test = (read_set(genome / f"{split}.csv", kmer) for split in ("train", "valid", "test"))
    log.info("3/6 fine-tuning on %d labelled sequences", len(train))
    tuned = finetune(train, valid, finetuned, chosen.finetune, machine, start_from=pretrained, command=command, quiet=quiet)

    log.info("4/6 predicting and evaluating %d sequences of contigs that were never seen", len(test))
    metrics = evaluate_run(finetuned, tuned, valid, test, machine, command)
    unlabelled = read_set(genome / "test.csv", kmer, labels=False)
    predictor = Predictor(finetuned, machine)
    write_predictions(out / "predictions.tsv", unlabelled, predictor.predict(unlabelled.sequences), predictor, command, force=True)
    baselines = {
        "4-mer counts, logistic regression": kmer_baseline(train, test),
        "GC content, logistic regression": gc_baseline(train, test),
    }
    if begin_with is not None and chosen.compare_random:
        log.info("    the same from random weights")
        untaught = out / "finetuned-from-random"
        finetune(train, valid, untaught, chosen.finetune, machine, sizes=sizes, command=command, quiet=quiet)
        baselines = {"DNABERT from random weights": Predictor(untaught, machine).evaluate(test, rounds=0).metrics, **baselines}

    log.info("5/6 reading the model: what it attends to, motifs, a map")
    reading = read_model(predictor, test, _report_config(chosen, genome), name=finetuned.name, command=command, quiet=quiet)

    log.info("6/6 writing the report")
    write_reading(out / "model-report.html", reading, command)
    write_demo_report(out / "report.html", pretrained, finetuned, genome, baselines=baselines, reading=reading, command=command)
    log.info("done in %.0f s: test AUROC %.3f; open %s", time.perf_counter() - begin, metrics["auroc"] or 0, out / "report.html")


def _report_config(chosen: DemoConfig, genome: Path) -> ReportConfig:
    """The settings of the report, with what only this genome tells."""
    anchor = chosen.simulation.upstream_bp if chosen.report.anchor is None else chosen.report.anchor
    motifs_in = chosen.report.motifs_in or str(genome / "train.csv")
    return chosen.report.model_copy(update={"anchor": anchor, "motifs_in": motifs_in})
