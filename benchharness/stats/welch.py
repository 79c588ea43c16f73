"""Whether two means differ: Welch's test, and Holm's correction for many of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchharness.stats.critical import p_value
from benchharness.stats.sample import Spread


def welch_p(first: Spread, second: Spread) -> float:
    """Return the two-sided p of equal means, variances not pooled (Welch 1947).

    Uncertainties that repetition does not show count as known variances. Where one side has few
    values it is that of Cochran and Cox, as the interval's t is (stats.critical).
    """
    difference = first.mean - second.mean
    variance = first.variance + second.variance
    if variance == 0.0:
        return 1.0 if difference == 0.0 else 0.0
    return p_value(
        difference / math.sqrt(variance),
        [(first.trial_variance, first.trial_nu), (second.trial_variance, second.trial_nu)],
        first.common_variance + second.common_variance,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted for how many there are (Holm 1979), in their order."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted
