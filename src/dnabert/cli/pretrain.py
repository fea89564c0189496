"""``dnabert pretrain``."""

import csv
import logging
from pathlib import Path
from typing import Literal

from dnabert.cli.options import ConfigFile, Force, Out, Quiet, Settings, command_line
from dnabert.data.masking import MaskingConfig
from dnabert.device import DeviceName, DtypeName, choose_machine
from dnabert.dna.regions import open_text
from dnabert.errors import DataFileError
from dnabert.registry import resolve_model
from dnabert.settings import merge_settings
from dnabert.train.config import PresetName, PretrainConfig
from dnabert.train.config import preset as preset_sizes
from dnabert.train.pretrain import pretrain as run_pretraining

log = logging.getLogger(__name__)


def pretrain(
    genomes: list[Path],
    /,
    *,
    out: Out,
    preset: PresetName = "mini",
    kmer: int = 6,
    masking: Literal["span", "legacy"] | None = None,
    steps: int | None = None,
    split: Path | None = None,
    model: str | None = None,
    resume: bool = False,
    config: ConfigFile = None,
    settings: Settings = None,
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    seed: int | None = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Pre-train a model on genome files, with a part held out for validation.

    Args:
        genomes: FASTA (plain, gzip, bgzip) or 2bit files.
        preset: Sizes of the model.
        kmer: Length of a k-mer, 1 to 8.
        masking: span is leak-free; legacy is as published in 2021.
        steps: Optimiser steps.
        split: TSV with columns contig and split; contigs of train are read, those of valid validate, others are left out.
        model: Go on from this pre-trained model; its sizes and k count.
        resume: Go on from the state in --out.
        seed: All randomness comes from it.
    """
    defaults = PretrainConfig(model=preset_sizes(preset, kmer))
    if masking == "legacy":
        defaults = defaults.model_copy(update={"masking": MaskingConfig(kind="legacy", final_rate=0.2)})
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


def read_split(path: Path) -> dict[str, str]:
    """Split by contig name, from a TSV with the columns ``contig`` and ``split``.

    Raises:
        DataFileError: The columns are missing, or a line has another number of them.
    """
    with open_text(path) as handle:
        rows = csv.reader((line for line in handle if not line.startswith("#")), delimiter="\t")
        header = next(rows, [])
        if "contig" not in header or "split" not in header:
            raise DataFileError(f"{path}:1: needs the columns 'contig' and 'split', separated by tabs; found {', '.join(header) or 'none'}")
        contig, split = header.index("contig"), header.index("split")
        found = {}
        for row in rows:
            if len(row) != len(header):
                raise DataFileError(f"{path}:{rows.line_num}: {len(row)} columns, but the header has {len(header)}")
            found[row[contig]] = row[split]
    return found
