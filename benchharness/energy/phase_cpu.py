"""The energy of each phase from its seconds and its CPU seconds, where readings cannot tell.

E_phase = P_idle t + (E - P_idle T) cpu_phase / cpu_total: what is drawn at rest goes by time, what
is drawn above it by CPU use (the linear model of power that Fan, Weber and Barroso 2007 found to
hold for whole servers). How much it may be wrong is assumed: a CPU second of one phase may cost
``MODEL_BOUND`` more or less than one of another, since memory, disk and radio draw power too.
"""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.budget import bound
from benchharness.energy.phase_cpu_seconds import cpu_by_phase
from benchharness.energy.phase_intervals import Intervals
from benchharness.energy.phase_parts import CPU_USE, NoPart, Part
from benchharness.energy.readings import FloatArray, Samples

MODEL_BOUND = 0.5  # as ASSUMED_MODEL_BOUND of an estimating meter


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
    # What one phase has too much another lacks: the total stays.
    u_shares = cpu_u_s / cpu_total_s
    return [
        Part(
            base_w * t + dynamic_j * share,
            math.hypot(
                idle_u_w * (t - window_s * share),
                total_u_j * share,
                dynamic_j * u_share,
                bound("model", MODEL_BOUND * dynamic_j * factor).u,
            ),
            CPU_USE,
        )
        for t, share, u_share, factor in zip(
            t_s.tolist(),
            shares.tolist(),
            u_shares.tolist(),
            _of_the_model(shares).tolist(),
            strict=True,
        )
    ]


def _of_the_model(shares: FloatArray) -> FloatArray:
    """Return how much of the dynamic energy moves with the joules of a CPU second, float64[n].

    Where each phase's may differ by itself, a phase of share s has, in quadrature, s (1 - s) from
    its own and s s_k from each other's, since all of them together are known.
    """
    others = np.maximum(float((shares**2).sum()) - shares**2, 0.0)
    return np.asarray(shares * np.sqrt((1.0 - shares) ** 2 + others), dtype=np.float64)
