"""The mean of repeated values and its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.stats.student import t_factor

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean over ``n`` values. One value has no spread: ``sd``, ``low`` and ``high`` are None."""

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None

    @property
    def variance_of_mean(self) -> float | None:
        """Return sd²/n."""
        return None if self.sd is None else self.sd**2 / self.n


def mean_interval(values: Sequence[float], level: float = LEVEL) -> MeanInterval:
    """Return mean, standard deviation (n - 1) and Student's t interval.

    The t interval is right for few values where the percentile bootstrap is too narrow.
    """
    n = len(values)
    if n == 0:
        return MeanInterval(0, None, None, None, None)
    mean = math.fsum(values) / n
    if n == 1:
        return MeanInterval(1, mean, None, None, None)
    sd = math.sqrt(math.fsum([(value - mean) ** 2 for value in values]) / (n - 1))
    half = t_factor(level, n - 1) * sd / math.sqrt(n)
    return MeanInterval(n, mean, sd, mean - half, mean + half)
