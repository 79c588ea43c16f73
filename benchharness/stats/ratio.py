"""The ratio of two means with Fieller's interval (Fieller 1954)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchharness.stats.critical import critical_t
from benchharness.stats.interval import LEVEL
from benchharness.stats.sample import Spread


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of means. ``low`` and ``high`` are None where there is no interval.

    ``high`` is infinite where the mean below may be as near to 0 as one likes: then the two are
    told apart, or not, but by how much at most is not known. From 0 to infinity says nothing.
    """

    ratio: float
    low: float | None
    high: float | None

    @property
    def says_nothing(self) -> bool:
        """Say whether any ratio would be inside, or whether there is no interval."""
        return self.low is None or (self.low <= 0.0 and self.high == math.inf)

    @property
    def is_bounded(self) -> bool:
        """Say whether there are two finite ends."""
        return self.low is not None and self.high is not None and math.isfinite(self.high)


def ratio_of_means(above: Spread, below: Spread, level: float = LEVEL) -> Ratio | None:
    """Return above/below with the values of R for which above - R below is not far from 0.

    Variances are not pooled; t is that of stats.critical at the ratio found: Welch's, or Cochran's
    where one side has few values. None for a mean below of 0. Where the mean below cannot be told
    from 0, Fieller's set has no upper end. Of it, what is above 0 is returned, which is all that a
    quantity that cannot be negative has: so above/below says of the two what below/above says.
    """
    if below.mean == 0.0:
        return None
    ratio = above.mean / below.mean
    square = ratio * ratio
    t2 = (
        critical_t(
            level,
            [
                (above.trial_variance, above.trial_nu),
                (square * below.trial_variance, below.trial_nu),
            ],
            above.common_variance + square * below.common_variance,
        )
        ** 2
    )
    # (above - R below)² <= t² (var above + R² var below), a quadratic a R² - 2 b R + c <= 0
    a = below.mean**2 - t2 * below.variance
    b = above.mean * below.mean
    c = above.mean**2 - t2 * above.variance
    # b² - a c, without a difference of two large fourth powers.
    inner = t2 * (
        below.mean**2 * above.variance
        + above.mean**2 * below.variance
        - t2 * above.variance * below.variance
    )
    root = math.sqrt(max(0.0, inner))
    if a <= 0.0:
        if b <= 0.0:
            return Ratio(ratio, None, None)
        return Ratio(ratio, max(0.0, c) / (b + root), math.inf)
    return Ratio(ratio, (b - root) / a, (b + root) / a)
