"""What whole genomes take, by arithmetic from the rates that were measured: `python -m benchmarks.scale`, into docs/results/scale.md.

Rates are those of benchmarks/results/cpu.json (`python -m benchmarks.speed --only scan variants engines`): windows a second of
`dnabert scan` and SNVs a second of `dnabert variants`, `mini`, windows of 300 bases, one machine. Times of larger models are in proportion
to the operations of a window, as if they were computed at the same share of the machine's speed; they are not measured.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.cases.common.arithmetic import encoder_flops
from benchmarks.speed.results import Report, Results, read_results
from dnabert.model.config import ModelConfig, base, mini, small
from dnabert.output import write_text

RESULTS = Path("benchmarks/results/cpu.json")
DOCUMENT = Path("docs/results/scale.md")
KMER, WINDOW_BP = 6, 300

GENOME_BP = 2_937_655_681
"""Bases of the primary chromosomes of GRCh38 that are no N: 3,088,286,401 less 150,630,720 N (Genome Reference Consortium)."""
GENOMES = 100_000
VARIANTS_OF_ONE = 4_500_000
"""Places in which a genome differs from the reference: 4.1 to 5.0 million (1000 Genomes Project, Nature 2015)."""
VARIANTS_OF_ALL = 900_000_000
"""Different short variants of 100,000 genomes: 759 million were found in 76,156 (gnomAD 3.1); what more genomes bring is assumed."""


@dataclass(frozen=True)
class Rates:
    """What one machine does in a second.

    Attributes:
        windows: Windows of a scan.
        variants: SNVs far apart, both windows.
        cores: Cores of the machine.
        machine: Its name.
    """

    windows: float
    variants: float
    cores: int
    machine: str


def rates_of(results: Results) -> Rates:
    """Medians of what was measured.

    Raises:
        SystemExit: Scan or variants were not measured.
    """
    found: dict[str, Report] = {report.key: report for report in results.reports}
    missing = [key for key in ("scan", "variants") if key not in found]
    if missing:
        raise SystemExit(f"{RESULTS}: holds no {' and '.join(missing)}; run python -m benchmarks.speed --only scan variants engines")
    windows = next(one for one in found["scan"].findings.figures if one.unit == "windows/s")
    snvs = next(one for one in found["variants"].findings.figures if one.unit == "SNVs/s")
    machine = found["scan"].machine
    return Rates(windows.spread.median, snvs.spread.median, machine.threads, machine.cpu)


def duration(seconds: float) -> str:
    """In the unit that is easiest to read."""
    for size, unit in ((365.25 * 86400, "years"), (86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}" if seconds < 100 * size else f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.1f} seconds"


def cost_of(sizes: ModelConfig) -> float:
    """Operations of a window, as a multiple of those of mini."""
    tokens = WINDOW_BP - KMER + 3
    return encoder_flops(sizes, 1, tokens, read=1) / encoder_flops(mini(KMER), 1, tokens, read=1)


def genome_rows(rates: Rates, price: float) -> list[str]:
    """Scans of a human genome: model, stride, strands, windows, time on this machine, core hours, cost."""
    rows = []
    for name, sizes in (("mini", mini(KMER)), ("small", small(KMER)), ("base", base(KMER))):
        for stride, strands in ((50, 2), (50, 1), (150, 2), (300, 1)):
            windows = strands * GENOME_BP / stride
            seconds = windows * cost_of(sizes) / rates.windows
            hours = seconds * rates.cores / 3600
            source = "" if name == "mini" else "*"
            cells = (
                f"{name}{source}",
                stride,
                strands,
                f"{windows / 1e6:,.0f}",
                duration(seconds),
                f"{hours:,.0f}",
                f"{hours * price:,.0f}",
            )
            rows.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return rows


def cohort_rows(rates: Rates, price: float) -> list[str]:
    """A cohort's variants: what is scored, how many, time, core hours, cost."""
    rows = []
    for name, count in (
        ("one genome", VARIANTS_OF_ONE),
        (f"{GENOMES:,} genomes, each apart", GENOMES * VARIANTS_OF_ONE),
        (f"{GENOMES:,} genomes, each different variant once", VARIANTS_OF_ALL),
    ):
        seconds = count / rates.variants
        hours = seconds * rates.cores / 3600
        rows.append(f"| {name} | {count / 1e6:,.1f} | {duration(seconds)} | {hours:,.0f} | {hours * price:,.0f} |")
    return rows


def document(rates: Rates, price: float, command: str) -> str:
    """The page."""
    lines: Sequence[str] = [
        "# What whole genomes take",
        "",
        f"`{command}`: arithmetic, from {rates.windows:,.0f} windows and {rates.variants:,.0f} SNVs a second of `mini` (windows of"
        f" {WINDOW_BP} bases; medians of [benchmarks.md](../benchmarks.md)) on {rates.cores} cores of {rates.machine}.",
        "Shards share nothing, so n machines take one n-th of the time; what Ray adds to a window is in benchmarks.md.",
        f"Cost: {price:g} for a core hour, in any currency; change it with `--price`.",
        "No GPU was at hand: `benchmarks/gpu/` measures one.",
        "",
        "## A human genome, scanned",
        "",
        f"{GENOME_BP:,} bases that are no N.",
        "",
        "| model | stride | strands | million windows | this machine | core hours | cost |",
        "|---|---|---|---|---|---|---|",
        *genome_rows(rates, price),
        "",
        "\\* in proportion to the operations of a window; not measured.",
        "",
        f"## The variants of {GENOMES:,} genomes",
        "",
        "`mini`, centred windows, one strand; two windows for each SNV.",
        "",
        "| what is scored | million | this machine | core hours | cost |",
        "|---|---|---|---|---|",
        *cohort_rows(rates, price),
        "",
        "So merge first (`bcftools merge`, or a list of sites), score each variant once, and annotate each genome from that file",
        "(`bcftools annotate`): the price of a cohort is that of its different variants.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description="What whole genomes take, by arithmetic.")
    parser.add_argument("--results", type=Path, default=RESULTS, help="measured rates (default: %(default)s)")
    parser.add_argument("--price", type=float, default=0.04, help="of a core hour (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=DOCUMENT, help="(default: %(default)s)")
    options = parser.parse_args()
    text = document(rates_of(read_results(options.results)), options.price, shlex.join(["python", "-m", "benchmarks.scale", *sys.argv[1:]]))
    write_text(options.out, text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
