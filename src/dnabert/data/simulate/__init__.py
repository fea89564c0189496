"""A genome with planted promoters: something to learn on, and the truth to check against, without any download."""

from dnabert.data.simulate.config import SimulationConfig
from dnabert.data.simulate.elements import Element, Motif, Placement, PlantedElement
from dnabert.data.simulate.genome import SimulatedGenome, Split, simulate_genome
from dnabert.data.simulate.promoters import ALL_MOTIFS
from dnabert.data.simulate.repeats import Feature
from dnabert.data.simulate.sites import Site
from dnabert.data.simulate.write import SIMULATION_FILES, write_simulation

__all__ = [
    "ALL_MOTIFS",
    "SIMULATION_FILES",
    "Element",
    "Feature",
    "Motif",
    "Placement",
    "PlantedElement",
    "SimulatedGenome",
    "SimulationConfig",
    "Site",
    "Split",
    "simulate_genome",
    "write_simulation",
]
