"""From which iteration on a series is steady: the end of a warm-up, if there is one.

A series is parted at the changes in its mean, as by Barrett, Bolz-Tereick, Killick, Mount and
Tratt, Virtual Machine Warmup Blows Hot and Cold (OOPSLA 2017, section 5): the last part is what
it comes to, those before it that are as good as equal belong to it, and it is steady only if that
lasts for the last quarter of the series. Single slow iterations (a collection of garbage, an
interrupt) are no change of the mean and are pulled in to the fence of Tukey before; nothing is
left out of a result because of that. Iterations are taken to be independent within a part.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

from benchharness.stats.change_points import change_points

FEWEST = 20  # iterations; below it a warm-up cannot be told from chance
LAST_SHARE = 0.25  # the last 500 of 2000 iterations, in the paper
TOLERANCE = 0.01  # parts whose means are this close are one steady state
_FENCE = 3.0  # of the range between the quartiles, for far outliers (Tukey 1977)
_NEAR = 25  # iterations on either side that say what is usual


def steady_from(values: Sequence[float], tolerance: float = TOLERANCE) -> int | None:
    """Return the index from which on the iterations are steady, None if they never are.

    None, too, for fewer than 20. ``tolerance`` is relative to the mean of the last part.
    """
    n = len(values)
    if n < FEWEST:
        return None
    pulled = _pulled_in(values)
    edges = [0, *(change.index for change in change_points(pulled)), n]
    parts = list(itertools.pairwise(edges))
    means = [math.fsum(pulled[start:end]) / (end - start) for start, end in parts]
    start = n
    for (begin, _), mean in zip(reversed(parts), reversed(means), strict=True):
        if abs(mean - means[-1]) > tolerance * abs(means[-1]):
            break
        start = begin
    return start if n - start >= LAST_SHARE * n else None


def _pulled_in(values: Sequence[float]) -> list[float]:
    """Return the values with those far from their neighbours moved to the fence."""
    found = []
    for i, value in enumerate(values):
        near = values[max(0, i - _NEAR) : i + _NEAR + 1]
        low, _, high = statistics.quantiles(near, n=4, method="inclusive")
        reach = _FENCE * (high - low)
        found.append(min(high + reach, max(low - reach, value)))
    return found
