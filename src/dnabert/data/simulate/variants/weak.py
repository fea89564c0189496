"""Places that one other base would turn into a binding site."""

from collections.abc import Mapping, Sequence

import numpy as np

from dnabert.data.simulate.elements import PlantedElement, Strand
from dnabert.data.simulate.tfbs.factors import FACTORS, Factor
from dnabert.data.simulate.tfbs.sites import BindingSite
from dnabert.data.simulate.variants.choose import Carrier, WeakSite
from dnabert.dna.sequence import Codes, decode_bases, reverse_complement

__all__ = ["find_weak_sites"]

_MOST_LACKING_BITS = 4.5
_LEAST_LACKING_BITS = 1.5
"""How far below the threshold a motif may score to be of use: what one base may add, and less than a weak one lacks (our choice)."""


def find_weak_sites(contigs: Mapping[str, Codes], sites: Sequence[BindingSite]) -> list[WeakSite]:
    """The best motif of every factor that binds alone in every window that nothing binds, where it is a little too weak.

    Args:
        contigs: Base codes by contig.
        sites: Binding sites, decoys and unbound windows; factors of which none is bound are left out.
    """
    bound = {name for site in sites for name in site.bound_by}
    windows = [site for site in sites if not site.bound_by]
    alone = [factor for factor in FACTORS if factor.partner is None and factor.name in bound]
    if not windows or not alone:
        return []
    forward = np.stack([contigs[site.contig][site.start : site.end] for site in windows])
    found = []
    for factor in alone:
        plus = factor.motif.scan(forward)
        minus = factor.motif.scan(np.ascontiguousarray(forward[:, ::-1] ^ 1))[:, ::-1]  # by the leftmost base of the forward strand
        for row, site in enumerate(windows):
            strand: Strand = "+" if plus[row].max() >= minus[row].max() else "-"
            scores = plus[row] if strand == "+" else minus[row]
            lacking = factor.bound_bits - float(scores.max())
            if _LEAST_LACKING_BITS <= lacking <= _MOST_LACKING_BITS:
                found.append(_weak_site(contigs[site.contig], site, factor, site.start + int(scores.argmax()), strand))
    return found


def _weak_site(codes: Codes, site: BindingSite, factor: Factor, start: int, strand: Strand) -> WeakSite:
    end = start + factor.motif.length_bp
    instance = codes[start:end] if strand == "+" else reverse_complement(codes[start:end])
    element = PlantedElement(factor.name, start, end, strand, decode_bases(instance))
    return WeakSite(Carrier("weak", site.contig, site.id, element, factor.motif), factor.bound_bits)
