"""A genome with promoters, binding sites, genes and variants planted in it: something to learn on, and the truth, without any download."""

from dnabert.data.simulate.config import GeneConfig, SimulationConfig, TfbsConfig, VariantConfig, complete
from dnabert.data.simulate.elements import Element, Placement, PlantedElement
from dnabert.data.simulate.files.write import simulation_files, write_simulation
from dnabert.data.simulate.genes.planting import Gene
from dnabert.data.simulate.genes.windows import SpliceWindow
from dnabert.data.simulate.genome import ALL_MOTIFS, SimulatedGenome, Split, simulate_genome
from dnabert.data.simulate.landscape.repeats import Feature
from dnabert.data.simulate.motifs import Motif
from dnabert.data.simulate.promoters.sites import Site
from dnabert.data.simulate.tfbs.factors import FACTORS, Factor
from dnabert.data.simulate.tfbs.sites import BindingSite
from dnabert.data.simulate.variants.effects import Variant

__all__ = [
    "ALL_MOTIFS",
    "FACTORS",
    "BindingSite",
    "Element",
    "Factor",
    "Feature",
    "Gene",
    "GeneConfig",
    "Motif",
    "Placement",
    "PlantedElement",
    "SimulatedGenome",
    "SimulationConfig",
    "Site",
    "SpliceWindow",
    "Split",
    "TfbsConfig",
    "Variant",
    "VariantConfig",
    "complete",
    "simulate_genome",
    "simulation_files",
    "write_simulation",
]
