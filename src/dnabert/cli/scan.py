"""``dnabert scan``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.cli.options import Address, ConfigFile, Device, Dtype, EngineFlag, Force, Quiet, Settings, Workers, command_line
from dnabert.infer.scan.choices import ScanPreset, ScanStrand


def scan(
    genome: Path,
    /,
    *,
    model: str,
    out: Annotated[Path, Parameter(help="What the names of the new files begin with: OUT.bw, OUT.bed, OUT.json.")],
    regions: Path | None = None,
    window: int | None = None,
    stride: int | None = None,
    threshold: Annotated[float | None, Parameter(allow_leading_hyphen=True)] = None,
    strand: ScanStrand | None = None,
    class_: Annotated[list[str] | None, Parameter(name="--class", negative="")] = None,
    preset: ScanPreset | None = None,
    engine: EngineFlag = "local",
    address: Address = "local",
    workers: Workers = None,
    resume: Annotated[
        bool, Parameter(negative="", help="Go on from the pieces of a scan that was interrupted, with the same command.")
    ] = False,
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Score windows along a genome: tracks (bigWig) and merged calls (BED) with p and q from shuffled windows.

    Args:
        genome: FASTA, plain or bgzip, or 2bit.
        model: Run directory, ensemble, packaged name or hub id.
        regions: BED file: only these are scanned.
        window: Bases of a window; without it the longest training sequence of the model.
        stride: Bases from one window to the next; without it a sixth of a window (token models: half).
        threshold: Lowest score of a call; without it 0.5.
        strand: both takes the mean of both strands, separate gives tracks and calls of each; without it both for models trained without
            regard to strand, else separate.
        class_: A class, label or value that gets a track; may be given several times.
        preset: prom-scan: the best of all windows within 1001 bases, every 50, as in 2021.
    """
    from dnabert.cli.jobs.scan import run_scan
    from dnabert.cluster.choose import EngineConfig, check_resume, open_engine
    from dnabert.infer.scan.config import preset as preset_of
    from dnabert.settings import merge_settings

    check_resume(engine, resume)
    flags = {"window_bp": window, "stride_bp": stride, "threshold": threshold, "strand": strand, "classes": class_}
    names = {"window_bp": "--window", "stride_bp": "--stride", "classes": "--class"}
    chosen = merge_settings(preset_of(preset), config, settings or (), flags, names)
    with open_engine(engine, address, EngineConfig(workers=workers), device) as chosen_engine:
        run_scan(
            genome,
            model,
            out,
            regions,
            chosen,
            resume=resume,
            device=device,
            dtype=dtype,
            command=command_line(),
            force=force,
            quiet=quiet,
            engine=chosen_engine,
        )
