"""The repeated values of one variant, as a comparison needs them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from benchharness.stats.interval import mean_interval


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one variant.

    ``common_u`` is a standard uncertainty that every value shares, so that repeating does not
    show it, and that differs from variant to variant, so that it does not cancel in a ratio:
    the rounding of a coarse meter. The gain of one meter cancels and does not belong here.
    ``window_u`` is the standard uncertainty that the meter gives a single value at random, which
    the spread of the values has in it already, and which longer windows would shrink;
    ``lasting_u`` is the part of ``common_u`` that longer windows keep; ``window_s`` is how long
    they are, None where longer ones change nothing. ``meter_share`` is what the meter adds to the
    mean itself at 95 %, with its gain, which a ratio does not have.
    """

    label: str
    values: tuple[float, ...]
    common_u: float = 0.0
    window_u: float = 0.0
    lasting_u: float = 0.0
    window_s: float | None = None
    meter_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean with the variance of its comparison: between trials and common, kept apart."""

    mean: float
    trial_variance: float  # of the mean
    trial_nu: float
    common_variance: float

    @property
    def variance(self) -> float:
        """Return both variances together."""
        return self.trial_variance + self.common_variance


@lru_cache(maxsize=1024)
def spread(sample: Sample) -> Spread | None:
    """Return mean and variances, None for fewer than two values: they have no spread."""
    interval = mean_interval(sample.values)
    if interval.mean is None or interval.variance_of_mean is None:
        return None
    return Spread(
        interval.mean, interval.variance_of_mean, float(interval.n - 1), sample.common_u**2
    )


def effective_nu(parts: Sequence[tuple[float, float]], known_variance: float = 0.0) -> float:
    """Return Welch-Satterthwaite degrees of freedom of a sum of (variance, nu) parts.

    ``known_variance`` has infinite degrees of freedom. Without any variance: infinity.
    """
    total = math.fsum(variance for variance, _ in parts) + known_variance
    if total == 0.0:
        return math.inf
    share = math.fsum((variance / total) ** 2 / nu for variance, nu in parts)
    return math.inf if share == 0.0 else 1.0 / share
