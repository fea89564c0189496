"""All that was planted, as JSON: one record a line, so that the file can be searched and compared line by line."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from dnabert.data.simulate.genes.planting import Gene
from dnabert.data.simulate.genes.windows import SpliceWindow
from dnabert.data.simulate.genome import ALL_MOTIFS, SimulatedGenome
from dnabert.data.simulate.landscape.repeats import Feature
from dnabert.data.simulate.promoters.sites import Site
from dnabert.data.simulate.tfbs.factors import FACTORS, Factor
from dnabert.data.simulate.tfbs.sites import BindingSite
from dnabert.data.simulate.variants.effects import Variant

__all__ = ["truth_json"]


def truth_json(simulated: SimulatedGenome, heading: str) -> str:
    """The truth about a simulated genome."""
    contigs = [{"name": name, "length_bp": len(codes), "split": simulated.split_of[name]} for name, codes in simulated.contigs.items()]
    facts = {
        "provenance": [line.removeprefix("# ") for line in heading.splitlines()],
        "seed": simulated.seed,
        "config": simulated.config.model_dump(),
        "coordinates": "0-based, half-open, forward strand",
    }
    records: dict[str, Iterable[object]] = {
        "contigs": contigs,
        "motifs": [{"name": motif.name, "probs_acgt": motif.probs} for motif in ALL_MOTIFS],
        "factors": [_factor_record(factor) for factor in FACTORS],
        "promoters": map(_site_record, simulated.promoters),
        "negatives": map(_site_record, simulated.negatives),
        "binding_sites": map(_record, simulated.binding_sites),
        "genes": map(_record, simulated.genes),
        "splice_windows": map(_record, simulated.splice_windows),
        "variants": map(_record, simulated.variants),
        "features": map(_record, simulated.features),
    }
    parts = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items()]
    for name, items in records.items():
        lines = ",\n".join(map(json.dumps, items))
        parts.append(f"{json.dumps(name)}: [\n{lines}\n]" if lines else f"{json.dumps(name)}: []")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _record(item: BindingSite | Gene | SpliceWindow | Variant | Feature) -> dict[str, object]:
    return {"class" if name in ("site_class", "variant_class") else name: value for name, value in asdict(item).items()}


def _factor_record(factor: Factor) -> dict[str, object]:
    return {
        "name": factor.name,
        "motif": factor.motif.name,
        "bound_bits": factor.bound_bits,
        "partner": factor.partner.name if factor.partner else None,
        "partner_bits": factor.partner_bits if factor.partner else None,
        "gap_probs": [{"gap_bp": gap_bp, "prob": prob} for gap_bp, prob in factor.gap_probs],
    }


def _site_record(site: Site) -> dict[str, object]:
    position_name = "tss" if site.label else "anchor"
    return {
        "id": site.id,
        "contig": site.contig,
        position_name: site.anchor,
        "strand": site.strand,
        "start": site.start,
        "end": site.end,
        "class": site.site_class,
        "elements": [asdict(element) for element in site.elements],
    }
