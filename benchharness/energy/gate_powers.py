"""Powers that no target draws. Each rule gives a reason and a mask of the readings to reject.

Seen in the field: spikes of 8 kW on a board of 10 W, and zeros at 3.5 W (issues Tasmota#749,
OpenBK7231T_App#336).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from benchharness.energy.readings import FloatArray
from benchharness.model import Capabilities

NEGATIVE = "negative power"
ABOVE_MAXIMUM = "above max_power_w"
SPIKE = "spike"
FALSE_ZERO = "zero beside readings above the floor"

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Rejections = Iterator[tuple[str, BoolArray]]

# How far above everything else a reading must stand to be a spike, and how rare and short it is.
SPIKE_FACTOR = 100.0
_SPIKE_FROM_W = 1.0
_SPIKE_SHARE = 0.02
_FEW_SPIKES = 3
_LONGEST_RUN = 2
# A figure of power is worth this many seconds of it at least, when the counter is asked.
_SNAPSHOT_S = 1.0
NO_PULSE_S = 10.0  # Tasmota says 0 W after this long without a pulse


def outside_bounds(powers: FloatArray, capabilities: Capabilities) -> Rejections:
    """Reject what is below 0 by more than a step, and above what the target can draw."""
    # Comparisons with NaN are false: a missing value is not rejected once more.
    yield NEGATIVE, powers < -(capabilities.power_resolution_w or 0.0)
    if capabilities.max_power_w is not None:
        yield ABOVE_MAXIMUM, powers > capabilities.max_power_w


def spikes(
    t_s: FloatArray,
    powers: FloatArray,
    counter: FloatArray,
    step_j: float,
    capabilities: Capabilities,
) -> Rejections:
    """Reject readings a hundred times above all others of the trial, at most two in a row.

    They are at most one in fifty of the readings (three of few, but no more than a quarter), and
    the counter may vouch for them: it does if it is fine enough to see a quarter of a second at
    such a power, and has seen it.
    """
    there = np.flatnonzero(np.isfinite(powers))
    if there.size < 3:
        return
    known = powers[there]
    few = max(1, min(known.size // 4, max(_FEW_SPIKES, int(_SPIKE_SHARE * known.size))))
    reference_w = float(np.partition(known, known.size - few - 1)[known.size - few - 1])
    level_w = max(reference_w, capabilities.floor_w or 0.0, _SPIKE_FROM_W)
    first, last = _runs(known > SPIKE_FACTOR * level_w)
    around = there[np.maximum(first - 1, 0)], there[np.minimum(last, there.size - 1)]
    late_s = 2.0 * (capabilities.latency_bound_s or 0.0)
    seen_j = counted(t_s, counter, around, late_s)[0]
    # Of a run of one or two, the higher is its first or its last reading.
    least_j = 0.25 * _SNAPSHOT_S * np.maximum(known[first], known[last - 1])
    vouched = (seen_j >= least_j) & (least_j > step_j + (capabilities.pulse_j or 0.0))
    yield (
        SPIKE,
        _of_runs(powers.size, there, first, last, (last - first <= _LONGEST_RUN) & ~vouched),
    )


def false_zeros(
    t_s: FloatArray,
    powers: FloatArray,
    counter: FloatArray,
    step_j: float,
    capabilities: Capabilities,
) -> Rejections:
    """Reject one or two readings of 0 W beside readings above the instrument's floor.

    At the ends of a recording, where there is only one neighbour, it is one reading. Such an
    instrument says 0 W when no pulse came in time, which at a power above its floor is not so.
    A longer run of zeros stands, with the floor as its uncertainty; so do zeros for which the
    counter vouches: it went on by clearly less than the power on both sides would have it.
    """
    floor_w = capabilities.floor_w or (capabilities.pulse_j or 0.0) / NO_PULSE_S
    if not floor_w:
        return
    there = np.flatnonzero(np.isfinite(powers))
    if there.size < 3:
        return
    known = powers[there]
    first, last = _runs(known <= 0.0)
    within = (first > 0) & (last < there.size)
    short = last - first <= np.where(within, _LONGEST_RUN, 1)
    first, last = first[short], last[short]
    # A neighbour that is not there is taken to be like the other one.
    left = np.where(first > 0, first - 1, np.minimum(last, there.size - 1))
    right = np.where(last < there.size, last, left)
    lower_w = np.minimum(known[left], known[right])
    mean_w = 0.5 * (known[left] + known[right])
    around = there[np.maximum(first - 1, 0)], there[np.minimum(last, there.size - 1)]
    seen_j, span_s = counted(t_s, counter, around, 0.0)
    uncertain_j = step_j + (capabilities.pulse_j or 0.0)
    vouched = seen_j + uncertain_j < 0.6 * mean_w * span_s
    yield FALSE_ZERO, _of_runs(powers.size, there, first, last, (lower_w > floor_w) & ~vouched)


def counted(
    t_s: FloatArray, counter: FloatArray, around: tuple[IntArray, IntArray], late_s: float
) -> tuple[FloatArray, FloatArray]:
    """Return by how many J a counter went on between pairs of readings, and in how many s.

    Both float64[m]; NaN where the counter has no value on one side. A counter that may be late is
    read ``late_s`` later.
    """
    places = np.arange(t_s.size)
    there = np.isfinite(counter)
    before = np.maximum.accumulate(np.where(there, places, -1))[around[0]]
    end = np.searchsorted(t_s, t_s[around[1]] + late_s, side="left")
    following = np.minimum.accumulate(np.where(there, places, t_s.size)[::-1])[::-1]
    after = following[np.minimum(end, t_s.size - 1)]
    known = (before >= 0) & (after < t_s.size)
    before, after = np.where(known, before, 0), np.where(known, after, 0)
    seen_j = np.where(known, counter[after] - counter[before], np.nan)
    return seen_j, np.where(known, t_s[after] - t_s[before], np.nan)


def _runs(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """Return first and last + 1 of every run of true values, int64[m] each."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2]


def _of_runs(
    size: int, there: IntArray, first: IntArray, last: IntArray, chosen: BoolArray
) -> BoolArray:
    """Return the mask of all readings, bool[size], that lie in the chosen runs of ``there``."""
    edges = np.zeros(there.size + 1, dtype=np.int64)
    edges[first[chosen]] += 1
    edges[last[chosen]] -= 1
    mask = np.zeros(size, dtype=bool)
    mask[there] = np.cumsum(edges)[:-1] > 0
    return mask
