"""From which iteration on a series is steady: the end of a warm-up, if there is one.

A series is parted at the changes in its mean, as by Barrett, Bolz-Tereick, Killick, Mount and
Tratt, Virtual Machine Warmup Blows Hot and Cold (OOPSLA 2017, section 5): the last part is what
it comes to, those before it that are as good as equal belong to it, and it is steady only if that
lasts for the last quarter of the series without a slope. Single slow iterations (a collection of
garbage, an interrupt) are no change of the mean and are pulled in to the fence of Tukey before;
nothing is left out of a result because of that. Changes are tested as if iterations were
independent: from 100 on, those that depend on the one before are taken as means of five (White,
Cobb and Spratt, Winter Simulation Conference 2000), and the index is a multiple of five then.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

from benchharness.stats.autocorrelation import neighbours
from benchharness.stats.change_points import change_points
from benchharness.stats.drift import drift

FEWEST = 20  # iterations; below it a warm-up cannot be told from chance
LAST_SHARE = 0.25  # the last 500 of 2000 iterations, in the paper
TOLERANCE = 0.01  # parts whose means are this close are one steady state
_SURE = 0.99
_BATCH = 5
_FEWEST_LAST = 6
_DEPENDENT = 0.05
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
    batch = _BATCH if n >= _BATCH * FEWEST and _remembers(pulled[n // 2 :]) else 1
    start = batch * _start(_batch_means(pulled, batch), tolerance)
    longest = batch * _longest(n // batch)
    # The first iterations after a start are often slow alone: no spike, but what warm-up means.
    while start <= longest and pulled[start] != values[start]:
        start += 1
    return start if start <= longest else None


def _start(values: Sequence[float], tolerance: float) -> int:
    """Return from where on the values keep one level without a slope, or where too few are left."""
    start = _last_level(values, tolerance)
    while start <= _longest(len(values)) and _still_moves(values[start:], tolerance):
        start += max(1, (len(values) - start) // 10)
    return start


def _longest(n: int) -> int:
    """Return the latest start that leaves a quarter, and enough for a slope."""
    return n - max(_FEWEST_LAST, math.ceil(LAST_SHARE * n))


def _remembers(values: Sequence[float]) -> bool:
    found = neighbours(values)
    return found is not None and found.r > 0.0 and found.p < _DEPENDENT


def _batch_means(values: Sequence[float], size: int) -> list[float]:
    """Return means of so many values each; the last may have fewer, and is left out then."""
    return [math.fsum(values[i : i + size]) / size for i in range(0, len(values) - size + 1, size)]


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
