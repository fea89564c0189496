"""The words between which a user of ``dnabert attribute`` chooses; no imports of weight, so that ``--help`` can list them at once."""

from typing import Literal

__all__ = ["AttributionMethod", "AttributionPlot", "BaseScore"]

AttributionMethod = Literal["ism", "gradient", "ig"]
"""ism: every base is changed to the other three; gradient: the slope at the sequence; ig: mean slope on the way to it."""

AttributionPlot = Literal["both", "map", "logo"]
"""map: 4 x L mutation map; logo: letters as high as what they contribute; both: one above the other."""

BaseScore = Literal["observed", "magnitude"]
"""observed: what the base that is there contributes, with its sign; magnitude: how much the choice of the base matters."""
