"""The truth behind a simulated genome, and what a report tells of it."""

from dnabert.report.simulation.section import frequent_base_share, simulation_section
from dnabert.report.simulation.truth import Element, Site, Truth, read_truth

__all__ = ["Element", "Site", "Truth", "frequent_base_share", "read_truth", "simulation_section"]
