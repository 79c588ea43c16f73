"""Energy from the readings inside the window alone, held out to its known edges.

The harness knows when the window began and ended better than any reading does. Readings outside
show another power (idle), so they are left out, and a step at an edge costs no bias.
"""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.budget import EDGES, Budget, bound
from benchharness.energy.observed import Candidate, Observed, Unavailable
from benchharness.energy.readings import Samples
from benchharness.energy.sampling import ENOUGH, hold_weights, sampling_term
from benchharness.energy.terms import power_terms

INTERIOR_HOLD = "interior hold"


def interior_hold(observed: Observed) -> Candidate | Unavailable:
    """Return trapezoids between the readings inside, the first and last held to the edges.

    Readings that may still show what came before the window, or already what came after it, are
    left out where enough others remain. The spread of the readings counts with the seconds
    that each one stands for; the edge term is the area under the slope between the first (last)
    two readings, continued to the edge.
    """
    if len(observed.inside) == 0:
        return Unavailable(INTERIOR_HOLD, "no reading of power inside the window")
    used = _settled(observed)
    weights_s = hold_weights(used.t_s, observed.duration_s)
    energy_j = float(np.dot(used.value, weights_s))
    terms = [
        sampling_term(observed, used),
        bound(EDGES, _edges_j(used, observed.duration_s)),
        *power_terms(observed, energy_j, used, weights_s),
    ]
    return Candidate(INTERIOR_HOLD, energy_j, Budget.of(terms), len(used))


def _settled(observed: Observed) -> Samples:
    scatter_s = observed.lag.reach_s - observed.lag.mean_s
    settled = observed.power.between(scatter_s, observed.duration_s - scatter_s)
    return settled if len(settled) >= ENOUGH else observed.inside


def _edges_j(used: Samples, duration_s: float) -> float:
    if len(used) < 2:
        return 0.0
    t, p = used.t_s, used.value
    first_j = 0.5 * t[0] ** 2 * (p[1] - p[0]) / (t[1] - t[0])
    last_j = 0.5 * (duration_s - t[-1]) ** 2 * (p[-1] - p[-2]) / (t[-1] - t[-2])
    return math.hypot(first_j, last_j)
