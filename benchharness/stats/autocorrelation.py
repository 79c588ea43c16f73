"""Whether a run depends on the run before it: autocorrelation of values in run order.

The test for neighbours is von Neumann's ratio, the mean square of successive differences over
the variance (von Neumann, Annals of Mathematical Statistics 12, 1941). For independent normal
values it lies around 2 with the variance 4 (n-2) / (n² - 1); it is taken as a symmetric beta
distribution between 0 and 4 (as Bartels, Journal of the American Statistical Association 77, 1982,
does for ranks), whose probabilities are Student's t. At 5 % that says so of 4.8 to 5.1 % of
independent normal series from 5 values on, and of fewer lognormal ones (docs/statistics.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.stats.student import two_sided_p

FEWEST = 5  # with fewer, no order of the values is rare enough to say anything


@dataclass(frozen=True, slots=True)
class Neighbours:
    """How alike successive runs are: ``r`` at lag 1, and how often chance gives one as far out."""

    n: int
    r: float
    p: float


def autocorrelation(values: Sequence[float], lag: int = 1) -> float | None:
    """Return the sample autocorrelation at ``lag``; None for fewer than lag + 2 or equal values.

    The sum over n - lag products is divided by that over all n (Box and Jenkins), so it lies
    within ±1 and is near -1/n, not 0, where nothing is related. Raises ValueError for a lag < 1.
    """
    if lag < 1:
        raise ValueError(f"a lag must be 1 or more, not {lag}")
    n = len(values)
    if n < lag + 2:
        return None
    mean = math.fsum(values) / n
    off = [value - mean for value in values]
    total = math.fsum(x * x for x in off)
    if total <= n * (1e-15 * mean) ** 2:
        return None
    return math.fsum(off[i] * off[i + lag] for i in range(n - lag)) / total


def neighbours(values: Sequence[float]) -> Neighbours | None:
    """Return the test of successive values; None for fewer than five, or where all are equal."""
    n = len(values)
    r = autocorrelation(values)
    if n < FEWEST or r is None:
        return None
    mean = math.fsum(values) / n
    total = math.fsum((value - mean) ** 2 for value in values)
    changes = math.fsum((values[i + 1] - values[i]) ** 2 for i in range(n - 1))
    return Neighbours(n, r, _chance(changes / total, n))


def _chance(ratio: float, n: int) -> float:
    """Return the two-sided p of von Neumann's ratio, both sums not divided by their numbers."""
    nu = (n * n - 1.0) / (n - 2.0) - 1.0
    place = min(1.0, abs(ratio - 2.0) / 2.0)
    if place >= 1.0:
        return 0.0
    return two_sided_p(place * math.sqrt(nu / (1.0 - place * place)), nu)
