"""``dnabert simulate``."""

import logging

from dnabert.cli.options import ConfigFile, Force, OutDirectory, Quiet, Settings, command_line

log = logging.getLogger(__name__)


def simulate(
    *,
    out: OutDirectory,
    seed: int = 42,
    config: ConfigFile = None,
    settings: Settings = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a genome with planted promoters, binding sites, genes and variants, labelled sets split by contig, and the truth.

    FASTA, TSS and elements (BED), genes (GTF), peaks (narrowPeak), variants of known effect (VCF), and tables for promoters (train,
    valid, test.csv), tfbs/, splice/ and variants/. Counts are settings, and 0 leaves a kind out: --set genes.num_genes=0.

    Args:
        seed: All randomness comes from it; the same seed gives the same bytes.
    """
    from dnabert.data.simulate import complete, simulate_genome, simulation_files, write_simulation
    from dnabert.output import check_free, provenance_lines
    from dnabert.settings import merge_settings

    chosen = merge_settings(complete(), config, settings or ())
    for name in simulation_files(chosen):  # before the work
        check_free(out / name, force)
    simulated = simulate_genome(chosen, seed)
    files = write_simulation(simulated, out, provenance_lines(command_line(), seed=str(seed)), force=force)
    tops = dict.fromkeys(path.relative_to(out).parts[0] + ("/" if len(path.relative_to(out).parts) > 1 else "") for path in files)
    log.info("%s: %s", out, ", ".join(tops))
