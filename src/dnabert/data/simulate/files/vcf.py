"""Variants of known effect as VCF."""

from dnabert.data.simulate.genome import SimulatedGenome

__all__ = ["variant_calls"]

_INFO_LINES = (
    '##INFO=<ID=EFFECT,Number=1,Type=Float,Description="True effect: change of the log2 odds of the motif, in bits">',
    '##INFO=<ID=CLASS,Number=1,Type=String,Description="disrupts, strengthens, creates or neutral">',
    '##INFO=<ID=ELEMENT,Number=1,Type=String,Description="Motif that the variant changes; absent in the background">',
    '##INFO=<ID=SITE,Number=1,Type=String,Description="Promoter, binding site or intron of the motif; absent in the background">',
)


def variant_calls(simulated: SimulatedGenome, heading: str) -> str:
    """The variants by contig and position; 1-based.

    Source: VCF 4.3.
    """
    lines = ["##fileformat=VCFv4.3"]
    for line in heading.splitlines():
        name, colon, value = line.removeprefix("# ").partition(": ")
        lines.append(f"##{name.replace(' ', '_')}={value}" if colon else f"##source={name}")
    lines += ["##reference=genome.fa", f"##simulated_genome=seed {simulated.seed}, config {simulated.config.model_dump_json()}"]
    lines += [f"##contig=<ID={name},length={len(codes)}>" for name, codes in simulated.contigs.items()]
    lines += [*_INFO_LINES, '##FILTER=<ID=PASS,Description="All filters passed">', "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for variant in simulated.variants:
        info = f"EFFECT={variant.effect_bits:.4f};CLASS={variant.variant_class}"
        if variant.element:
            info += f";ELEMENT={variant.element};SITE={variant.site}"
        lines.append(f"{variant.contig}\t{variant.position + 1}\t{variant.id}\t{variant.ref}\t{variant.alt}\t.\tPASS\t{info}")
    return "".join(f"{line}\n" for line in lines)
