"""The energy of a window up to a time inside it: how its joules came together.

The shape is that of the readings: of powers and counter that one which tells a time inside the
window better. Powers that are read seldom miss what is between them, and a counter of coarse steps
does not move for long. The scale is that of the figure, so that all of the window has the energy
that was reported for it.
"""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.arrays import diff
from benchharness.energy.counter import at_edges_j
from benchharness.energy.gate import gate
from benchharness.energy.interior import interior_hold, interior_line
from benchharness.energy.observed import Candidate, Observed, observe
from benchharness.energy.readings import FloatArray, Readings, Samples, Window
from benchharness.model import Capabilities

LEAST_READINGS = 3  # up to a time inside: fewer may all lie in one phase
SMALL_SHARE = 0.01  # of the window: whatever was used in it is next to nothing of the whole
# A line between two readings of a counter, at any time between them: ∫ √(s (1 - s) / 3) ds.
_BETWEEN = math.pi / (8.0 * math.sqrt(3.0))


def energy_until(
    readings: Readings,
    capabilities: Capabilities,
    window: Window,
    total_j: float,
    times_s: FloatArray,
) -> FloatArray | None:
    """Return the joules from the window's start up to ``times_s``, float64[n]; None without any.

    Times are in seconds since the start; before it there are none, after the end there are
    ``total_j``. Inside, but for the first ``SMALL_SHARE`` of the window, it is NaN up to a time
    with fewer than ``LEAST_READINGS`` before it. ``readings`` are raw: they pass the gate first.
    """
    gated = gate(readings, capabilities)
    observed = observe(gated.readings, window, capabilities, (), gated.stitches)
    line = _better(observed)
    if line is None or line.value[-1] == 0.0:
        return None
    joules = np.interp(times_s, line.t_s, line.value) * (total_j / line.value[-1])
    seen = np.searchsorted(line.t_s[1:-1], times_s, side="right")
    inside = (times_s > SMALL_SHARE * observed.duration_s) & (times_s < observed.duration_s)
    unknown = inside & (seen < LEAST_READINGS)
    return np.asarray(np.where(unknown, np.nan, joules))


def _better(observed: Observed) -> Samples | None:
    """Return the line that is surer half-way through the window."""
    powers, counter = _by_powers(observed), _by_counter(observed)
    if powers is None or counter is None:
        return powers or counter
    whole = interior_hold(observed)
    # Known at both ends, a sum of chance errors is half as unsure in the middle as it is in all.
    powers_u_j = 0.5 * whole.own_u_j if isinstance(whole, Candidate) else math.inf
    steps_j = diff(counter.value)
    between_j = _BETWEEN * math.sqrt(float((steps_j**2).mean()))
    counter_u_j = math.hypot(observed.counter_step_j / math.sqrt(12.0), between_j)
    return powers if powers_u_j <= counter_u_j else counter


def _by_powers(observed: Observed) -> Samples | None:
    """Return the area under the line that interior hold integrates, from 0."""
    line = interior_line(observed)
    if line is None:
        return None
    steps_j = 0.5 * (line.value[1:] + line.value[:-1]) * diff(line.t_s)
    return Samples(line.t_s, np.concatenate([[0.0], np.cumsum(steps_j)]))


def _by_counter(observed: Observed) -> Samples | None:
    edges_j = at_edges_j(observed)
    if edges_j is None:
        return None
    inside = observed.counter.between(0.0, observed.duration_s)
    t_s = np.concatenate([[0.0], inside.t_s, [observed.duration_s]])
    values = np.concatenate([edges_j[:1], inside.value, edges_j[-1:]])
    return Samples(t_s, np.maximum.accumulate(values - values[0]))
