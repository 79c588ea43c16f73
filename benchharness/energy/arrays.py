"""What NumPy does, exactly, without what its general forms cost a short array.

A trial of some twenty readings takes two dozen medians and three times as many differences, and a
campaign has thousands of trials.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_SHORT = 256  # values: a whole sort is the shorter way


def median(values: npt.NDArray[np.float64]) -> float:
    """Return the median of float64[n], n >= 1, none of them NaN."""
    middle, is_odd = divmod(values.size, 2)
    if values.size <= _SHORT:
        ordered = values.copy()
        ordered.sort()
        upper = float(ordered[middle])
        return upper if is_odd else 0.5 * (float(ordered[middle - 1]) + upper)
    parted = np.partition(values, middle)
    upper = float(parted[middle])
    return upper if is_odd else 0.5 * (float(parted[:middle].max()) + upper)


def diff(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return by how much each value of numbers[n] differs from the one before, numbers[n - 1]."""
    steps: npt.NDArray[Any] = values[1:] - values[:-1]
    return steps


def quantile(values: npt.NDArray[np.float64], q: float) -> float:
    """Return the quantile of float64[n], n >= 1, none of them NaN, on the line between neighbours.

    Definition 7 of Hyndman and Fan (1996).
    """
    ordered = values.copy()
    ordered.sort()
    place, share = divmod((values.size - 1) * q, 1.0)
    lower = float(ordered[int(place)])
    upper = float(ordered[min(int(place) + 1, values.size - 1)])
    # From the nearer side, so that both ends are exact.
    rise = upper - lower
    return lower + rise * share if share < 0.5 else upper - rise * (1.0 - share)


def value_range(values: npt.NDArray[np.float64]) -> float:
    """Return the largest of float64[n], n >= 1, less the smallest."""
    return float(values.max() - values.min())
