"""The energy of a window up to a time inside it: how its joules came together.

The shape is that of the readings, powers where there are any and else the counter; the scale is
that of the figure, so that all of the window has the energy that was reported for it.
"""

from __future__ import annotations

import numpy as np

from benchharness.energy.arrays import diff
from benchharness.energy.counter import at_edges_j
from benchharness.energy.gate import gate
from benchharness.energy.interior import interior_line
from benchharness.energy.observed import Observed, observe
from benchharness.energy.readings import FloatArray, Readings, Samples, Window
from benchharness.model import Capabilities


def energy_until(
    readings: Readings,
    capabilities: Capabilities,
    window: Window,
    total_j: float,
    times_s: FloatArray,
) -> FloatArray | None:
    """Return the joules from the window's start up to ``times_s``, float64[n]; None without any.

    Times are in seconds since the start; before it there are none, after the end there are
    ``total_j``. ``readings`` are raw: they pass the gate first.
    """
    gated = gate(readings, capabilities)
    observed = observe(gated.readings, window, capabilities, (), gated.stitches)
    line = _by_powers(observed) or _by_counter(observed)
    if line is None or line.value[-1] == 0.0:
        return None
    return np.asarray(np.interp(times_s, line.t_s, line.value) * (total_j / line.value[-1]))


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
