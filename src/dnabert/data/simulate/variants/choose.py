"""Which variants a simulated genome has."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dnabert.data.simulate.config import VariantConfig
from dnabert.data.simulate.elements import PlantedElement
from dnabert.data.simulate.motifs import Motif
from dnabert.data.simulate.tfbs.binding import find_bound_factors
from dnabert.data.simulate.tfbs.factors import FACTORS
from dnabert.data.simulate.variants.effects import (
    Variant,
    VariantClass,
    indel_effect,
    left_align,
    replacement,
    replacement_effects,
    with_variant,
)
from dnabert.data.simulate.windows import Flags
from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes, decode_bases, encode_bases, reverse_complement
from dnabert.errors import ConfigError

__all__ = ["Carrier", "WeakSite", "choose_variants"]

_SHARES: dict[VariantClass, float] = {"disrupts": 0.4, "strengthens": 0.15, "creates": 0.1}
"""Shares of the classes; the rest is neutral (our choice, stated in ``VariantConfig.num_variants``)."""

_NEUTRAL_INSIDE = 0.5
"""Share of the neutral variants that lie in an element, at a place that does not matter; the others lie in the background."""

_LEAST_LOSS_BITS = 2.0
_LEAST_GAIN_BITS = 1.0
_MOST_NEUTRAL_BITS = 0.25
"""Changes of the score from which on a variant disrupts or strengthens, and up to which it is neutral (our choice)."""

_MAX_INDEL_BP = 4
_MAX_TRIES = 200
_SCAN_FLANK_BP = 20
"""Bases to either side of a background variant in which no motif may be good enough: longer than any motif."""

_PARTNER_FLANK_BP = 30
"""Bases to either side of a variant that creates a site in which it must create no other: longer than a motif with its partner."""


@dataclass(frozen=True)
class Carrier:
    """An element that a variant may hit."""

    group: str
    """What kind of site it belongs to; variants are spread evenly over the groups."""
    contig: str
    site: str
    """Id of the site."""
    element: PlantedElement
    motif: Motif


@dataclass(frozen=True)
class WeakSite:
    """A place where one other base would make a motif good enough to be bound."""

    carrier: Carrier
    bound_bits: float


class _Book:
    """The variants chosen so far, no two at the same base, each with an unambiguous window around it."""

    def __init__(self, contigs: Mapping[str, Codes], config: VariantConfig) -> None:
        self.contigs = contigs
        self.variants: list[Variant] = []
        self._window_bp = config.window_bp
        self._used: dict[str, set[int]] = {name: set() for name in contigs}

    def add(self, variant: Variant) -> bool:
        """Whether the variant was taken: its bases are free, and its window lies in the contig and holds no N."""
        codes = self.contigs[variant.contig]
        start = variant.position - self._window_bp // 2
        end = start + self._window_bp
        places = range(variant.position, variant.end)
        if start < 0 or end > len(codes) or (codes[start:end] == AMBIGUOUS).any() or not self._used[variant.contig].isdisjoint(places):
            return False
        self._used[variant.contig].update(places)
        self.variants.append(variant)
        return True


def choose_variants(
    contigs: Mapping[str, Codes],
    carriers: Sequence[Carrier],
    weak_sites: Sequence[WeakSite],
    quiet: Mapping[str, Flags],
    config: VariantConfig,
    rng: np.random.Generator,
) -> list[Variant]:
    """The variants by contig and position, at most one in an element.

    Args:
        contigs: Base codes by contig.
        carriers: Elements that do something.
        weak_sites: Places at which a binding site could be created; without any there are more neutral variants instead.
        quiet: By contig, True at the bases of the background, where nothing is planted.
        config: How many.
        rng: Source of randomness.

    Raises:
        ConfigError: There are fewer elements than such variants are wanted.
    """
    wanted = {name: round(config.num_variants * share) for name, share in _SHARES.items()}
    if not weak_sites:
        wanted["creates"] = 0
    num_neutral = config.num_variants - sum(wanted.values())
    num_inside = round(num_neutral * _NEUTRAL_INSIDE)
    book = _Book(contigs, config)
    missing = Counter({"disrupts": wanted["disrupts"], "strengthens": wanted["strengthens"], "neutral": num_inside})
    _change_elements(book, _in_turn(carriers, rng), missing, config, rng)
    missing["creates"] = wanted["creates"] - _create_sites(book, weak_sites, wanted["creates"], rng)
    _change_background(book, quiet, num_neutral - num_inside, config, rng)
    if missing.total():
        name, count = missing.most_common(1)[0]
        raise ConfigError(
            f"variants.num_variants = {config.num_variants} is too many: {count} of the class {name!r} find no element any more; "
            "make it smaller, or plant more"
        )
    order = {name: index for index, name in enumerate(contigs)}
    ordered = sorted(book.variants, key=lambda variant: (order[variant.contig], variant.position))
    return [replace(variant, id=f"var{number:05d}") for number, variant in enumerate(ordered, start=1)]


def _in_turn(carriers: Sequence[Carrier], rng: np.random.Generator) -> list[Carrier]:
    """The carriers in random order, one of each group in turn."""
    groups: dict[str, list[Carrier]] = {}
    for index in rng.permutation(len(carriers)).tolist():
        groups.setdefault(carriers[index].group, []).append(carriers[index])
    ranked = [(rank, name, carrier) for name, group in groups.items() for rank, carrier in enumerate(group)]
    return [carrier for _, _, carrier in sorted(ranked, key=lambda item: item[:2])]


def _change_elements(
    book: _Book, carriers: Sequence[Carrier], missing: Counter[str], config: VariantConfig, rng: np.random.Generator
) -> None:
    """One variant for each carrier until none is missing any more; ``missing`` is counted down."""
    for carrier in carriers:
        names = sorted(name for name, count in missing.items() if count)
        if not names:
            return
        weights = np.array([missing[name] for name in names], dtype=np.float64)
        for index in rng.choice(len(names), len(names), replace=False, p=weights / weights.sum()).tolist():
            variant = _change_element(book.contigs[carrier.contig], carrier, names[index], config, rng)
            if variant is not None and book.add(variant):
                missing[names[index]] -= 1
                break


def _change_element(codes: Codes, carrier: Carrier, name: str, config: VariantConfig, rng: np.random.Generator) -> Variant | None:
    effects = replacement_effects(carrier.element, carrier.motif)
    if name == "disrupts":
        if rng.random() < config.indel_fraction:
            variant = _indel_in(codes, carrier, rng)
            if variant is not None:
                return variant
        return _replace_one(carrier, effects, effects <= -_LEAST_LOSS_BITS, "disrupts", rng)
    if name == "strengthens":
        return _replace_one(carrier, effects, effects >= _LEAST_GAIN_BITS, "strengthens", rng)
    same = np.eye(4, dtype=np.bool_)[encode_bases(carrier.element.sequence)]
    return _replace_one(carrier, effects, (np.abs(effects) <= _MOST_NEUTRAL_BITS) & ~same, "neutral", rng)


def _replace_one(
    carrier: Carrier, effects: np.ndarray, is_fit: Flags, variant_class: VariantClass, rng: np.random.Generator
) -> Variant | None:
    """One of the replacements that fit, at random; None if there is none."""
    fit = np.argwhere(is_fit)
    if not len(fit):
        return None
    place, code = fit[int(rng.integers(len(fit)))].tolist()
    where = replacement(carrier.element, place, code)
    return Variant("", carrier.contig, *where, float(effects[place, code]), variant_class, carrier.element.name, carrier.site)


def _indel_in(codes: Codes, carrier: Carrier, rng: np.random.Generator) -> Variant | None:
    """An insertion or deletion within the element that disrupts it; None if a few tries find none."""
    element = carrier.element
    for _ in range(10):
        position = int(rng.integers(element.start + 1, element.end - 1))
        num_deleted, inserted = _draw_indel(min(_MAX_INDEL_BP, element.end - position), rng)
        effect = indel_effect(codes, element, carrier.motif, position, num_deleted, inserted)
        if effect <= -_LEAST_LOSS_BITS:
            ref = decode_bases(codes[position : position + num_deleted])
            where = left_align(codes, position, ref, decode_bases(inserted))
            return Variant("", carrier.contig, *where, effect, "disrupts", element.name, carrier.site)
    return None


def _draw_indel(most_deleted: int, rng: np.random.Generator) -> tuple[int, Codes]:
    """Number of bases to delete, and bases to insert; one of the two is none."""
    if rng.random() < 0.5:
        return int(rng.integers(1, most_deleted + 1)), np.empty(0, dtype=np.uint8)
    return 0, rng.integers(0, len(BASES), int(rng.integers(1, _MAX_INDEL_BP + 1))).astype(np.uint8)


def _create_sites(book: _Book, weak_sites: Sequence[WeakSite], count: int, rng: np.random.Generator) -> int:
    """How many binding sites were created, one base each; at most ``count``."""
    created = 0
    for index in rng.permutation(len(weak_sites)).tolist():
        if created == count:
            break
        carrier, bound_bits = weak_sites[index].carrier, weak_sites[index].bound_bits
        effects = replacement_effects(carrier.element, carrier.motif)
        lacking = bound_bits - carrier.motif.bits(encode_bases(carrier.element.sequence))
        variant = _replace_one(carrier, effects, effects >= lacking, "creates", rng)
        created += variant is not None and _binds_one(book.contigs[carrier.contig], variant) and book.add(variant)
    return created


def _binds_one(codes: Codes, variant: Variant) -> bool:
    """Whether the factor of the variant's motif, and no other, binds with it and not without it."""
    first = max(variant.position - _PARTNER_FLANK_BP, 0)
    around = codes[first : variant.end + _PARTNER_FLANK_BP]
    changed = with_variant(around, variant.position - first, len(variant.ref), encode_bases(variant.alt))
    return find_bound_factors(changed) - find_bound_factors(around) == {variant.element}


def _change_background(book: _Book, quiet: Mapping[str, Flags], count: int, config: VariantConfig, rng: np.random.Generator) -> None:
    """Neutral variants in the background, which neither make nor break a motif of any factor."""
    names = list(book.contigs)
    added = tries = 0
    while added < count:
        tries += 1
        if tries > _MAX_TRIES * count:
            raise ConfigError(
                f"variants.num_variants = {config.num_variants} is too many: {count - added} neutral ones find no place in the background; "
                "make it smaller, or contig_bp larger"
            )
        name = names[int(rng.integers(len(names)))]
        codes = book.contigs[name]
        position = int(rng.integers(_SCAN_FLANK_BP, len(codes) - _SCAN_FLANK_BP - _MAX_INDEL_BP))
        if rng.random() < config.indel_fraction:
            num_deleted, inserted = _draw_indel(_MAX_INDEL_BP, rng)
        else:
            num_deleted, inserted = 1, ((codes[position : position + 1] + rng.integers(1, 4)) % 4).astype(np.uint8)
        if not quiet[name][position - 1 : position + num_deleted + 1].all():
            continue
        first = position - _SCAN_FLANK_BP
        around = codes[first : position + num_deleted + _SCAN_FLANK_BP]
        if (around == AMBIGUOUS).any() or _has_motif(around) or _has_motif(with_variant(around, _SCAN_FLANK_BP, num_deleted, inserted)):
            continue
        where = left_align(codes, position, decode_bases(codes[position : position + num_deleted]), decode_bases(inserted))
        added += book.add(Variant("", name, *where, 0.0, "neutral", "", ""))


def _has_motif(codes: Codes) -> bool:
    """Whether a motif of a factor is good enough on either strand."""
    return any(
        float(factor.motif.scan(strand).max()) >= factor.bound_bits for factor in FACTORS for strand in (codes, reverse_complement(codes))
    )
