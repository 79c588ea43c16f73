"""From which iteration on a series is steady: the end of a warm-up, if there is one.

A series is parted at the changes in its mean, as by Barrett, Bolz-Tereick, Killick, Mount and
Tratt, Virtual Machine Warmup Blows Hot and Cold (OOPSLA 2017, section 5): the last part is what
it comes to, those before it that are as good as equal belong to it, and it is steady only if that
lasts for the last quarter of the series without a slope. Single slow iterations (a collection of
garbage, an interrupt) are no change of the mean and are pulled in to the fence of Tukey before;
nothing is left out of a result because of that. Iterations are taken to be independent: where
each depends on the one before, more series are said never to be steady than are not.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

from benchharness.stats.change_points import change_points
from benchharness.stats.drift import drift

FEWEST = 20  # iterations; below it a warm-up cannot be told from chance
LAST_SHARE = 0.25  # the last 500 of 2000 iterations, in the paper
TOLERANCE = 0.01  # parts whose means are this close are one steady state
_SURE = 0.99
_FENCE = 3.0  # of the range between the quartiles, for far outliers (Tukey 1977)
_NEAR = 25  # iterations on either side that say what is usual


def steady_from(values: Sequence[float], tolerance: float = TOLERANCE) -> int | None:
    """Return the index from which on the iterations are steady, None if they never are.

    None, too, for fewer than 20. ``tolerance`` is relative to the mean of the last part.
    """
    n = len(values)
    if n < FEWEST:
        return None
    fences = [_fence(values, i) for i in range(n)]
    pulled = [min(high, max(low, v)) for v, (low, high) in zip(values, fences, strict=True)]
    start = _last_level(pulled, tolerance)
    longest = n - math.ceil(LAST_SHARE * n)
    while start <= longest and _still_moves(pulled[start:], tolerance):
        start += max(1, (n - start) // 10)
    # The first iterations after a start are often slow alone: no spike, but what warm-up means.
    while start <= longest and pulled[start] != values[start]:
        start += 1
    return start if start <= longest else None


def _last_level(values: Sequence[float], tolerance: float) -> int:
    """Return where the last part begins, with those before it that are as good as equal."""
    edges = [0, *(change.index for change in change_points(values)), len(values)]
    parts = list(itertools.pairwise(edges))
    means = [math.fsum(values[start:end]) / (end - start) for start, end in parts]
    begin = parts[-1][0]
    for (start, _), mean in zip(reversed(parts), reversed(means), strict=True):
        if abs(mean - means[-1]) > tolerance * abs(means[-1]):
            break
        begin = start
    return begin


def _still_moves(values: Sequence[float], tolerance: float) -> bool:
    """Say whether values rise or fall, surely and by more than the tolerance."""
    found = drift([list(enumerate(values))], _SURE)
    return found is not None and found.is_clear and abs(found.total) > tolerance


def _fence(values: Sequence[float], place: int) -> tuple[float, float]:
    """Return what is usual near a place: beyond it a value is far out."""
    near = values[max(0, place - _NEAR) : place + _NEAR + 1]
    low, _, high = statistics.quantiles(near, n=4, method="inclusive")
    reach = _FENCE * (high - low)
    return low - reach, high + reach
