"""A new value against the level that came before it: is it what the level's own scatter gives?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchharness.stats.interval import LEVEL, mean_interval
from benchharness.stats.ratio import Ratio
from benchharness.stats.student import t_factor

FEWEST = 3


def against_level(value: float, level: Sequence[float], confidence: float = LEVEL) -> Ratio | None:
    """Return value/mean with a prediction interval: 1 is outside where the value is out of level.

    One more value of the level lies within t s √(1 + 1/n) of its mean (Hahn and Meeker, Statistical
    Intervals, 1991, section 4.8). None for fewer than three values, or a mean that is not above 0.
    """
    found = mean_interval(level)
    if len(level) < FEWEST or found.mean is None or found.sd is None or found.mean <= 0.0:
        return None
    n = len(level)
    half = t_factor(confidence, n - 1) * found.sd * math.sqrt(1.0 + 1.0 / n)
    ratio = value / found.mean
    return Ratio(ratio, (value - half) / found.mean, (value + half) / found.mean)
