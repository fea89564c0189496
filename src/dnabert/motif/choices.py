"""The words between which a user of ``dnabert motifs`` chooses; no imports of weight, so that ``--help`` can list them at once."""

from typing import Literal

__all__ = ["MotifMethod", "PositiveRule", "ScoreSource"]

MotifMethod = Literal["viz", "modisco"]
"""viz: the DNABERT-viz procedure of 2021, by enrichment; modisco: TF-MoDISco, by clustering attributions."""

PositiveRule = Literal["label", "prediction"]
"""Positives are those that are labelled so, or those that the model takes for such."""

ScoreSource = Literal["attention", "attribution"]
"""Scores of bases: what [CLS] attends to, or what raises the model's score."""
