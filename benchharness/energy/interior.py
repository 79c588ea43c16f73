"""Energy from the readings inside the window alone, held out to its known edges.

The harness knows when the window began and ended better than any reading does. Readings outside
show another power (idle), so they are left out, and a step at an edge costs no bias. Where the
readings at an edge follow a trend that stands out of their noise, the trend is continued to the
edge in place of the last value: linear power is exact then.
"""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.budget import EDGES, Budget, bound
from benchharness.energy.observed import Candidate, Observed, Unavailable
from benchharness.energy.readings import Samples
from benchharness.energy.sampling import ENOUGH, hold_weights, local_variance, sampling_term
from benchharness.energy.terms import power_terms

INTERIOR_HOLD = "interior hold"
# A trend is continued if it gains this many standard deviations (and steps) from one reading to
# the next, as a line through the readings leaves them, and no farther than this many intervals.
_CLEAR_TREND = 4.0
_CLEAR_STEPS = 2.0
_FARTHEST = 1.5
_NEAR_AN_EDGE = 3  # second differences that must bear the trend out


def interior_hold(observed: Observed) -> Candidate | Unavailable:
    """Return trapezoids between the readings inside, the first and last held to the edges.

    Readings that may still show what came before the window, or already what came after it, are
    left out where enough others remain. The spread of the readings counts with the seconds
    that each one stands for; the edge term is the area under the slope between the first (last)
    two readings, continued to the edge, or what is uncertain of it where it is counted.
    """
    if len(observed.inside) == 0:
        return Unavailable(INTERIOR_HOLD, "no reading of power inside the window")
    used = _settled(observed)
    weights_s = hold_weights(used.t_s, observed.duration_s)
    beyond_j, uncertain_j = _at_edges(used, observed)
    energy_j = float(np.dot(used.value, weights_s)) + beyond_j
    terms = [
        sampling_term(observed, used),
        bound(EDGES, uncertain_j),
        *power_terms(observed, energy_j, used, weights_s),
    ]
    return Candidate(INTERIOR_HOLD, energy_j, Budget.of(terms), len(used))


def _settled(observed: Observed) -> Samples:
    scatter_s = observed.lag.reach_s - observed.lag.mean_s
    settled = observed.power.between(scatter_s, observed.duration_s - scatter_s)
    return settled if len(settled) >= ENOUGH else observed.inside


def interior_line(observed: Observed) -> Samples | None:
    """Return the readings that :func:`interior_hold` uses, and the powers it has at the edges.

    From 0 to the window's duration; the area under the line is the energy. None without readings.
    """
    if len(observed.inside) == 0:
        return None
    used = _settled(observed)
    (start_w, _), (end_w, _) = _trends(used, observed)
    t_s = np.concatenate([[0.0], used.t_s, [observed.duration_s]])
    power_w = np.concatenate([used.value[:1] + start_w, used.value, used.value[-1:] + end_w])
    return Samples(t_s, power_w)


def _at_edges(used: Samples, observed: Observed) -> tuple[float, float]:
    """Return what trends add to the energy beyond the outer readings, and its half-width in J."""
    (start_w, start_j), (end_w, end_j) = _trends(used, observed)
    beyond_s = observed.duration_s - float(used.t_s[-1])
    added_j = 0.5 * (float(used.t_s[0]) * start_w + beyond_s * end_w)
    return added_j, math.hypot(start_j, end_j)


def _trends(used: Samples, observed: Observed) -> list[tuple[float, float]]:
    """Return for both edges by how many W a trend changes the power there, and its half-width in J.

    The half-width is of the area between the outer reading and the edge.
    """
    if len(used) < 2:
        return [(0.0, 0.0), (0.0, 0.0)]
    t, p = used.t_s, used.value
    variance = local_variance(used) if len(used) > ENOUGH else np.array([math.inf])
    overall = float(variance.mean())
    step_w = observed.capabilities.power_resolution_w or 0.0
    found = []
    for gap_s, (outer, inner), near in (
        (float(t[0]), (0, 1), variance[:_NEAR_AN_EDGE]),
        (observed.duration_s - float(t[-1]), (-1, -2), variance[-_NEAR_AN_EDGE:]),
    ):
        gain_w, interval_s = float(p[outer] - p[inner]), float(abs(t[outer] - t[inner]))
        at_edge_w = gap_s * gain_w / interval_s
        half_j = 0.5 * gap_s * abs(at_edge_w)
        noise_w = math.sqrt(max(overall, float(near.max())))
        clear_w = _CLEAR_TREND * noise_w + _CLEAR_STEPS * step_w
        if abs(gain_w) > clear_w and gap_s <= _FARTHEST * interval_s:
            found.append((at_edge_w, half_j * clear_w / abs(gain_w)))
        else:
            found.append((0.0, half_j))
    return found
