"""The ratio of two variants by their logarithms: for values whose spread is a factor.

exp of the difference of the mean logarithms is the ratio of geometric means, with Welch's
interval on the logarithms. For lognormal values that is exact, and it is the ratio of medians;
it is the ratio of means only where both have the same spread of logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchharness.stats.critical import critical_t
from benchharness.stats.interval import LEVEL
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample, Spread, spread


def log_ratio(above: Sequence[float], below: Sequence[float], level: float = LEVEL) -> Ratio | None:
    """Return the ratio of geometric means, above over below.

    None where a value is not above 0, and with fewer than two values of either.
    """
    first, second = _of_logarithms(above), _of_logarithms(below)
    if first is None or second is None:
        return None
    difference = first.mean - second.mean
    variance = first.variance + second.variance
    parts = [(first.trial_variance, first.trial_nu), (second.trial_variance, second.trial_nu)]
    half = critical_t(level, parts) * math.sqrt(variance)
    return Ratio(math.exp(difference), math.exp(difference - half), math.exp(difference + half))


def _of_logarithms(values: Sequence[float]) -> Spread | None:
    if any(value <= 0.0 for value in values):
        return None
    return spread(Sample("", tuple(math.log(value) for value in values)))
