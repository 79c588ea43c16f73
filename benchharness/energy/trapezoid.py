"""Energy by the trapezoidal rule, clipped to the window."""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.arrays import diff
from benchharness.energy.budget import EDGES, Budget, bound
from benchharness.energy.observed import Candidate, Observed, Unavailable
from benchharness.energy.sampling import hold_weights, sampling_term
from benchharness.energy.terms import power_terms

TRAPEZOID = "trapezoid, clipped"


def trapezoid(observed: Observed) -> Candidate | Unavailable:
    """Return the integral of the line through the readings over the window.

    At the edges the line runs to the nearest reading outside. Where the power steps at the
    edge, the area between the line and the step is wrong by up to half the change over the
    distance to the first reading inside; linear power is exact.
    """
    inside = observed.inside
    before = observed.power.before(0.0, observed.gap_limit_s)
    after = observed.power.after(observed.duration_s, observed.gap_limit_s)
    if len(inside) == 0:
        return Unavailable(TRAPEZOID, "no reading of power inside the window")
    if before is None or after is None:
        side = "before" if before is None else "after"
        return Unavailable(TRAPEZOID, f"no reading of power soon enough {side} the window")
    start_w = _at(0.0, before, (float(inside.t_s[0]), float(inside.value[0])))
    end_w = _at(observed.duration_s, (float(inside.t_s[-1]), float(inside.value[-1])), after)
    t = np.concatenate([[0.0], inside.t_s, [observed.duration_s]])
    p = np.concatenate([[start_w], inside.value, [end_w]])
    energy_j = float(np.dot(0.5 * (p[1:] + p[:-1]), diff(t)))
    edges_j = [
        0.5 * t[1] * abs(p[1] - before[1]),
        0.5 * (observed.duration_s - t[-2]) * abs(p[-2] - after[1]),
    ]
    terms = [
        sampling_term(observed, inside),
        bound(EDGES, math.hypot(*edges_j)),
        *power_terms(observed, energy_j, inside, hold_weights(inside.t_s, observed.duration_s)),
    ]
    return Candidate(TRAPEZOID, energy_j, Budget.of(terms), len(inside) + 2)


def _at(t_s: float, left: tuple[float, float], right: tuple[float, float]) -> float:
    """Return the power at ``t_s`` on the line between two readings (t, W)."""
    if right[0] == left[0]:
        return right[1]
    share = (t_s - left[0]) / (right[0] - left[0])
    return left[1] + share * (right[1] - left[1])
