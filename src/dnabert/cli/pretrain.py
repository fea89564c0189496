"""``dnabert pretrain``."""

import logging
from pathlib import Path

from dnabert.choices import MaskingKind, PresetName
from dnabert.cli.options import ConfigFile, Device, Dtype, Force, OutDirectory, Quiet, Resume, Settings, command_line

log = logging.getLogger(__name__)


def pretrain(
    genomes: list[Path],
    /,
    *,
    out: OutDirectory,
    preset: PresetName | None = None,
    kmer: int | None = None,
    masking: MaskingKind | None = None,
    steps: int | None = None,
    split: Path | None = None,
    model: str | None = None,
    resume: Resume = False,
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    seed: int | None = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Pre-train a model on genome files, with a part held out for validation.

    Args:
        genomes: FASTA (plain, gzip, bgzip) or 2bit files.
        preset: Sizes of the model; without it, mini.
        kmer: Length of a k-mer, 1 to 8; without it, 6.
        masking: span is leak-free; legacy is as published in 2021.
        steps: Optimiser steps.
        split: TSV with columns contig and split; contigs of train are read, those of valid validate, others are left out.
        model: Go on from this pre-trained model; its sizes and k count.
        seed: All randomness comes from it.
    """
    from dnabert.data.genome import read_split
    from dnabert.device import choose_machine
    from dnabert.registry import resolve_model
    from dnabert.settings import merge_settings
    from dnabert.train.config import PretrainConfig
    from dnabert.train.config import preset as preset_sizes
    from dnabert.train.pretrain import pretrain as run_pretraining

    defaults = PretrainConfig(model=preset_sizes(preset or "mini", kmer or 6))
    if model is not None and (preset or kmer):
        log.warning("--preset and --kmer are for models from random weights; sizes and k are those of %s", model)
    flags = {"steps": steps, "seed": seed, "masking.kind": masking}
    result = run_pretraining(
        genomes,
        out,
        merge_settings(defaults, config, settings or (), flags),
        choose_machine(device, dtype),
        split=None if split is None else read_split(split),
        start_from=None if model is None else resolve_model(model),
        resume=resume,
        force=force,
        command=command_line(),
        quiet=quiet,
    )
    shown = ", ".join(f"{name} {value:.4f}" for name, value in result.figures.items() if isinstance(value, float))
    log.info("%s: %d steps; validation: %s", result.run, result.steps, shown or "none")
