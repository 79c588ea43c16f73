"""Values that stand far from the others, and spreads that are wide. Flagged, never deleted."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchharness.stats.interval import MeanInterval

MAD_LIMIT = 14.826  # ten standard deviations of normal values, by the median absolute deviation
WIDE_VARIATION = 0.10


def outliers(values: Sequence[float]) -> list[bool]:
    """Return for each value whether |x - median| / MAD exceeds ``MAD_LIMIT``.

    Where more than half of the values are equal, the MAD is 0 and says nothing: none is flagged.
    """
    if len(values) < 3:
        return [False] * len(values)
    median = statistics.median(values)
    distances = [abs(value - median) for value in values]
    mad = statistics.median(distances)
    if mad == 0.0:
        return [False] * len(values)
    return [distance / mad > MAD_LIMIT for distance in distances]


def variation(interval: MeanInterval) -> float | None:
    """Return sd over mean, None where there is no spread or the mean is not positive."""
    if interval.sd is None or interval.mean is None or interval.mean <= 0.0:
        return None
    return interval.sd / interval.mean
