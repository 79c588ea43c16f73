"""The step that a counter really has: the stated one, or a coarser one that its readings show."""

from __future__ import annotations

import numpy as np

from benchharness.energy.arrays import diff, median
from benchharness.energy.readings import FloatArray
from benchharness.model import Capabilities

# A counter that moves less often than this many latencies moves by steps, not by updates.
_FEW_UPDATES = 3.0
_ENOUGH_MOVES = 3


def counter_step_j(t_s: FloatArray, counter_j: FloatArray, capabilities: Capabilities) -> float:
    """Return the step in joules, 0 if none is stated or seen.

    ``t_s`` float64[n] in seconds, ``counter_j`` float64[n] with NaN where there is no value. A
    total that firmware keeps as a 32-bit float coarsens as it grows: at 1,000 kWh it moves by
    220 J (2^-14 kWh), whatever decimals are shown. Where moves are rarer than readings and
    updates explain, the smallest of them is the step.
    """
    stated_j = capabilities.energy_resolution_j or 0.0
    there = np.isfinite(counter_j)
    t, c = t_s[there], counter_j[there]
    moves_j = diff(c)
    moved = moves_j > 0.0
    if np.count_nonzero(moved) < _ENOUGH_MOVES:
        return stated_j
    between_s = median(diff(t[1:][moved]))
    update_s = max(
        median(diff(t)),
        capabilities.latency_bound_s or 0.0,
        2.0 * (capabilities.latency_s or 0.0),
    )
    if between_s <= _FEW_UPDATES * update_s:
        return stated_j
    return max(stated_j, float(moves_j[moved].min()))
