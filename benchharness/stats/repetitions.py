"""How many repetitions a comparison needs."""

from __future__ import annotations

import math
from statistics import NormalDist

from benchharness.stats.interval import LEVEL


def repetitions_for(variation: float, relative_width: float, level: float = LEVEL) -> int:
    """Return n = ceil(4 z² cv² / W²) for an interval of full relative width W, at least 2.

    ``variation`` is the standard deviation over the mean. Raises ValueError for W <= 0.
    """
    if relative_width <= 0.0:
        raise ValueError(f"the width of an interval must be positive, not {relative_width}")
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    return max(2, math.ceil(4.0 * z**2 * variation**2 / relative_width**2))
