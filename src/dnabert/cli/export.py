"""``dnabert export``."""

from typing import Annotated

from cyclopts import Parameter

from dnabert.choices import StoredDtype
from dnabert.cli.options import Force, OutDirectory, Quiet


def export(
    *,
    model: str,
    out: OutDirectory,
    dtype: Annotated[StoredDtype, Parameter(help="Number type of the stored weights; bfloat16 takes half the room.")] = "float32",
    note: str = "",
    licence: Annotated[str, Parameter(name="--license")] = "",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a model to give away: weights, configuration and tokenizer that transformers loads too, and a model card.

    Args:
        model: Run directory, packaged name or hub id.
        note: A paragraph of the model card: what to know before use.
        licence: SPDX identifier of the licence of the weights, for the model card.
    """
    from dnabert.checkpoint import load_model, save_model, weights_file
    from dnabert.output import new_directory, sha256_of_file, write_text
    from dnabert.registry import resolve_model
    from dnabert.report.model_card import CARD, CURVE, model_card, write_curve
    from dnabert.report.run_files import read_run

    source = resolve_model(model)
    saved, run = load_model(source), read_run(source)
    with new_directory(out, force) as folder:
        save_model(folder, saved.model, saved.info, dtype)
        weights = weights_file(folder)
        facts = {
            "file": f"{weights.name}, {weights.stat().st_size / 1e6:.1f} MB, {dtype}",
            "SHA-256": f"`{sha256_of_file(weights)}`",
        }
        write_curve(run, folder / CURVE)
        write_text(folder / CARD, model_card(out.name, saved, run, facts, note=note, licence=licence))
