"""The CPU seconds of each phase: as it says itself, and what is left by the samples of a probe.

A probe samples ten times a second, and a phase may begin anywhere between two samples: of the CPU
time between them a line gives each phase a share by time. Where a busy phase follows one at rest,
that takes from the one and gives to the other, always the same way. So the errors of the edges of
a phase add up in a row. A phase that tells its own CPU seconds has them exactly; its time, its
CPU seconds and the samples within it are taken out before the line is drawn through the rest.
"""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.arrays import diff
from benchharness.energy.phase_intervals import Intervals
from benchharness.energy.readings import FloatArray, Samples


def cpu_by_phase(cpu: Samples, intervals: Intervals) -> tuple[FloatArray, FloatArray] | None:
    """Return the CPU seconds of each phase and their standard uncertainties, float64[names] each.

    ``cpu`` is cumulative, in seconds since the window's start. None where fewer than two samples
    fall into the window.
    """
    edges_s = intervals.edges_s()
    if len(cpu.between(0.0, float(edges_s[-1]))) < 2:
        return None
    stamped = np.isfinite(intervals.cpu_s)
    own_s = np.where(stamped, intervals.cpu_s, 0.0)
    rest, free_edges_s = _rest(cpu, edges_s, stamped, own_s)
    left_s = diff(np.interp(free_edges_s, rest.t_s, rest.value))
    edges_u_s = _edges_u_s(rest, free_edges_s)
    u_s = np.where(stamped, 0.0, edges_u_s[1:] + edges_u_s[:-1])
    return intervals.sums(own_s + left_s), intervals.sums(u_s)


def _rest(
    cpu: Samples, edges_s: FloatArray, stamped: np.ndarray, own_s: FloatArray
) -> tuple[Samples, FloatArray]:
    """Return the CPU seconds that no phase tells itself, over the time that is left.

    The samples are cumulative; the edges, float64[n + 1], are on the same clock, which stands
    still in phases that tell theirs.
    """
    end_s = float(edges_s[-1])
    told_s = np.concatenate([[0.0], np.cumsum(own_s)])
    free_s = np.concatenate([[0.0], np.cumsum(np.where(stamped, 0.0, diff(edges_s)))])
    place = np.searchsorted(edges_s, cpu.t_s, side="right") - 1
    within = (place >= 0) & (place < stamped.size)
    counts = ~(within & stamped[np.clip(place, 0, stamped.size - 1)])
    t_s, value = cpu.t_s[counts], cpu.value[counts]
    if not t_s.size or t_s[0] > 0.0:
        t_s, value = np.append(0.0, t_s), np.append(np.interp(0.0, cpu.t_s, cpu.value), value)
    if t_s[-1] < end_s:
        t_s, value = np.append(t_s, end_s), np.append(value, np.interp(end_s, cpu.t_s, cpu.value))
    beyond_s = t_s - np.clip(t_s, 0.0, end_s)
    left = np.maximum.accumulate(value - np.interp(t_s, edges_s, told_s))
    return Samples(np.interp(t_s, edges_s, free_s) + beyond_s, left), free_s


def _edges_u_s(rest: Samples, edges_s: FloatArray) -> FloatArray:
    """Return the standard uncertainty of the CPU seconds up to each edge.

    Between two samples it lies between theirs: like a bridge, surest at both ends.
    """
    after = np.clip(np.searchsorted(rest.t_s, edges_s, side="right"), 1, len(rest) - 1)
    between_s = np.maximum(rest.t_s[after] - rest.t_s[after - 1], np.finfo(np.float64).tiny)
    share = np.clip((edges_s - rest.t_s[after - 1]) / between_s, 0.0, 1.0)
    step_s = rest.value[after] - rest.value[after - 1]
    return np.asarray(step_s * np.sqrt(share * (1.0 - share)) / math.sqrt(3.0), dtype=np.float64)
