"""Labelled sets as CSV tables, one for each of training, validation and test, which never share a contig."""

import csv
import io
from collections.abc import Iterable

from dnabert.data.simulate.elements import Strand
from dnabert.data.simulate.genome import SimulatedGenome, Split
from dnabert.data.simulate.tfbs.sites import centred_on

__all__ = ["binding_table", "factor_table", "promoter_table", "splice_table", "variant_table"]

_COLUMNS = ("sequence", "label", "id", "contig", "start", "end", "strand", "class")
_VARIANT_COLUMNS = ("sequence1", "sequence2", *_COLUMNS[1:], "position", "ref", "alt", "element", "site")

_Row = tuple[str, str, str, int, int, Strand, str]
"""Label, id, contig, start, end, strand, class."""


def promoter_table(simulated: SimulatedGenome, split: Split) -> str:
    """Promoters (1) and windows that are none (0)."""
    sites = simulated.sites(split)
    return _table(simulated, [(str(s.label), s.id, s.contig, s.start, s.end, s.strand, s.site_class) for s in sites])


def binding_table(simulated: SimulatedGenome, split: Split) -> str:
    """All binding sites, decoys and unbound windows, labelled with the factors that bind there, separated by ``;``, or ``none``."""
    sites = [site for site in simulated.binding_sites if simulated.split_of[site.contig] == split]
    return _table(simulated, [(s.label, s.id, s.contig, s.start, s.end, s.strand, s.site_class) for s in sites])


def factor_table(simulated: SimulatedGenome, factor: str, split: Split) -> str:
    """The peaks of one factor (1) and as many decoys and background windows of its own (0)."""
    rows: list[_Row] = []
    for site in simulated.binding_sites:
        if simulated.split_of[site.contig] != split or (site.factor != factor and factor not in site.bound_by):
            continue
        peak = next((peak for peak in site.peaks if peak.factor == factor), None)
        window = centred_on(site, peak) if peak else site
        label, site_class = ("1", "bound") if peak else ("0", site.site_class)
        rows.append((label, site.id, site.contig, window.start, window.end, window.strand, site_class))
    return _table(simulated, rows)


def splice_table(simulated: SimulatedGenome, split: Split) -> str:
    """Windows with a donor or an acceptor in the middle, and windows with neither."""
    windows = [window for window in simulated.splice_windows if simulated.split_of[window.contig] == split]
    return _table(simulated, [(w.label, w.id, w.contig, w.start, w.end, w.strand, w.site_class) for w in windows])


def variant_table(simulated: SimulatedGenome, split: Split) -> str:
    """Sequences without and with every variant, labelled with its effect in bits; both begin at the same base of the genome."""
    window_bp = simulated.config.variants.window_bp
    rows = []
    for variant in simulated.variants:
        if simulated.split_of[variant.contig] != split:
            continue
        start = variant.position - window_bp // 2
        end = start + window_bp
        before, after = simulated.sequence(variant.contig, start, variant.position), simulated.sequence(variant.contig, variant.end, end)
        place = (variant.contig, start, end, "+", variant.variant_class)
        facts = (variant.position, variant.ref, variant.alt, variant.element, variant.site)
        sequences = (before + variant.ref + after, before + variant.alt + after)
        rows.append((*sequences, f"{variant.effect_bits:.4f}", variant.id, *place, *facts))
    return _csv(_VARIANT_COLUMNS, rows)


def _table(simulated: SimulatedGenome, rows: Iterable[_Row]) -> str:
    return _csv(_COLUMNS, [(simulated.sequence(*row[2:6]), *row) for row in rows])


def _csv(columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
