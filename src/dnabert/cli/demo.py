"""``dnabert demo``."""

from pathlib import Path

from dnabert.cli.options import ConfigFile, Device, Dtype, Force, OutDirectory, Quiet, Settings, command_line


def demo(
    *,
    out: OutDirectory = Path("runs/demo"),
    seed: int | None = None,
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a genome with planted promoters, pre-train, fine-tune, predict, evaluate, and tell it all in report.html.

    Args:
        seed: All randomness comes from it; without it, 42.
    """
    from dnabert.cli.jobs.demo import DemoConfig, tell_story
    from dnabert.device import choose_machine
    from dnabert.settings import merge_settings

    flags = {"pretrain.seed": seed, "finetune.seed": seed}
    chosen = merge_settings(DemoConfig(), config, settings or (), flags)
    tell_story(out, chosen, choose_machine(device, dtype), 42 if seed is None else seed, force=force, quiet=quiet, command=command_line())
