"""The energy of each phase from its seconds and its CPU seconds, where readings cannot tell.

E_phase = P_idle t + (E - P_idle T) cpu_phase / cpu_total: what is drawn at rest goes by time, what
is drawn above it by CPU use (the linear model of power that Fan, Weber and Barroso 2007 found to
hold for whole servers). How much it may be wrong is assumed: a CPU second of one phase may cost
``MODEL_BOUND`` more or less than one of another, since memory, disk and radio draw power too.
"""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.arrays import diff
from benchharness.energy.budget import bound
from benchharness.energy.phase_intervals import Intervals
from benchharness.energy.phase_parts import CPU_USE, NoPart, Part
from benchharness.energy.readings import FloatArray, Samples

MODEL_BOUND = 0.5  # as ASSUMED_MODEL_BOUND of an estimating meter


def cpu_by_phase(cpu: Samples, intervals: Intervals) -> tuple[FloatArray, FloatArray] | None:
    """Return the CPU seconds of each phase and their standard uncertainties, float64[names] each.

    ``cpu`` is cumulative, in seconds since the window's start, and is taken to rise evenly between
    two samples. None where fewer than two samples fall into the window.
    """
    edges_s = intervals.edges_s()
    if len(cpu.between(0.0, float(edges_s[-1]))) < 2:
        return None
    at_edges = np.interp(edges_s, cpu.t_s, cpu.value)
    cpu_s = intervals.sums(diff(at_edges))
    # At an edge between two samples it lies between theirs: like a bridge, surest at both ends.
    after = np.clip(np.searchsorted(cpu.t_s, edges_s, side="right"), 1, len(cpu) - 1)
    between_s = cpu.t_s[after] - cpu.t_s[after - 1]
    share = np.clip((edges_s - cpu.t_s[after - 1]) / between_s, 0.0, 1.0)
    variance = (cpu.value[after] - cpu.value[after - 1]) ** 2 * share * (1.0 - share) / 3.0
    return cpu_s, np.sqrt(intervals.sums(variance[1:] + variance[:-1]))


def parts_by_cpu(
    total_j: float,
    total_u_j: float,
    idle_w: float | None,
    idle_u_w: float,
    cpu: Samples | None,
    intervals: Intervals,
) -> list[Part] | NoPart:
    """Return the energy of each phase, or why CPU use does not tell it.

    ``total_u_j`` and ``idle_u_w`` are standard uncertainties without the meter's gain.
    """
    if idle_w is None:
        return NoPart("the idle power of the device is not known")
    found = None if cpu is None else cpu_by_phase(cpu, intervals)
    if found is None:
        return NoPart("its CPU time in the window is not known")
    cpu_s, cpu_u_s = found
    cpu_total_s = float(cpu_s.sum())
    if cpu_total_s <= 0.0:
        return NoPart("it used no CPU time in the window")
    t_s = intervals.durations_s
    window_s = float(t_s.sum())
    # A window below the idle power has nothing to divide by CPU use.
    base_w = min(idle_w, total_j / window_s)
    dynamic_j = total_j - base_w * window_s
    shares = cpu_s / cpu_total_s
    # d share / d cpu, with the total moving along.
    u_shares = cpu_u_s / cpu_total_s * (1.0 - shares)
    return [
        Part(
            base_w * t + dynamic_j * share,
            math.hypot(
                idle_u_w * (t - window_s * share),
                total_u_j * share,
                dynamic_j * u_share,
                bound("model", MODEL_BOUND * dynamic_j * share * (1.0 - share)).u,
            ),
            CPU_USE,
        )
        for t, share, u_share in zip(t_s.tolist(), shares.tolist(), u_shares.tolist(), strict=True)
    ]
