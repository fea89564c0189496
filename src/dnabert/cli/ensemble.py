"""``dnabert ensemble``."""

from dnabert.cli.options import Force, OutDirectory, Quiet


def ensemble(runs: list[str], /, *, out: OutDirectory, force: Force = False, quiet: Quiet = False) -> None:
    """Copy fine-tuned runs of the same task, of any k, into one model whose answer is the mean of theirs.

    Args:
        runs: Run directories.
    """
    from dnabert.infer.ensemble import make_ensemble
    from dnabert.registry import resolve_model

    make_ensemble([resolve_model(run) for run in runs], out, force)
