"""``dnabert ensemble``."""

from dnabert.cli.options import Force, Out, Quiet
from dnabert.infer.ensemble import make_ensemble
from dnabert.registry import resolve_model


def ensemble(runs: list[str], /, *, out: Out, force: Force = False, quiet: Quiet = False) -> None:
    """Copy fine-tuned runs of the same task, of any k, into one model whose answer is the mean of theirs.

    Args:
        runs: Run directories.
    """
    make_ensemble([resolve_model(run) for run in runs], out, force)
