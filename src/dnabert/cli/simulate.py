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
    """Write a genome with planted promoters and decoys: FASTA, BED, labelled sets split by contig, and truth.json.

    Args:
        seed: All randomness comes from it; the same seed gives the same bytes.
    """
    from dnabert.data.simulate import SimulationConfig, simulate_genome, write_simulation
    from dnabert.output import provenance_lines
    from dnabert.settings import merge_settings

    chosen = merge_settings(SimulationConfig(), config, settings or ())
    simulated = simulate_genome(chosen, seed)
    files = write_simulation(simulated, out, provenance_lines(command_line(), seed=str(seed)), force=force)
    log.info("%s: %s", out, ", ".join(path.name for path in files))
