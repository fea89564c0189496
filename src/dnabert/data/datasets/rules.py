"""What the settings of all data sets have in common: how large a value may be, and what is said of those that have no meaning."""

from collections.abc import Iterable

from pydantic import BaseModel

from dnabert.data.genome import GenomeStore
from dnabert.errors import RegionError
from dnabert.settings import as_typed

__all__ = ["MAX_BP", "MAX_PER_POSITIVE", "MAX_ROWS", "find_contig", "refuse_unused"]

MAX_BP = 10_000_000
"""Longest window or distance that a setting may ask for, in bases: no element of a genome is larger, and positions stay far from those
that an integer of 64 bits cannot hold."""
MAX_PER_POSITIVE = 1000
"""Most negatives for each positive that a setting may ask for."""
MAX_ROWS = 1_000_000_000
"""Most rows that a setting may ask for."""


def refuse_unused(config: BaseModel, names: Iterable[str], choice: str) -> None:
    """Nothing, if some settings are as they are by default; for the validators of a configuration.

    Args:
        config: The configuration.
        names: The settings.
        choice: What they have no meaning for.

    Raises:
        ValueError: One of them was changed.
    """
    changed = _changed(config, names)
    if changed:
        raise ValueError(f"{changed[0]} has no meaning for {choice}; leave it out")


def _changed(config: BaseModel, names: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            found += [f"{name}.{text}" for text in _changed(value, type(value).model_fields)]
        elif value != type(config).model_fields[name].default:
            found.append(f"{name} = {as_typed(value)}")
    return found


def find_contig(store: GenomeStore, name: str, where: str, source: str) -> str:
    """The genome's own name of a contig of an annotation.

    Args:
        store: The genome.
        name: The contig as the annotation names it.
        where: ``file:line``, for messages.
        source: The annotation.

    Raises:
        RegionError: The genome lacks it; the message names the setting that leaves such entries out.
    """
    try:
        return store.names.find(name, where, source)
    except RegionError as error:
        if store.names.knows(name):
            raise
        raise RegionError(f"{error}; --set skip_unknown_contigs=true leaves them out and counts them") from error
