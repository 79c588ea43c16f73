"""Energy as the difference of a cumulative counter at the window's edges.

The counter is an integral already: nothing between the edges is missed, and only its step and
the distance of the readings from the edges count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchharness.energy.budget import EDGES, LATENCY, QUANTISATION, Budget, Term, bound, two_steps
from benchharness.energy.observed import Candidate, Observed, Unavailable
from benchharness.energy.terms import common_terms

COUNTER = "counter difference"
_FEW_LATENCIES = 4.0


@dataclass(frozen=True, slots=True)
class _Edge:
    """The counter at an edge, and for how many seconds a change of power there is mistaken."""

    t_s: float  # where the counter is known: the edge, or the nearest reading inside
    energy_j: float
    mistaken_s: float
    first_s: float  # the readings it comes from
    last_s: float


def counter_difference(observed: Observed) -> Candidate | Unavailable:
    """Return E(end) - E(start).

    Between the readings around an edge the counter is interpolated. If the power steps by ΔP at
    the edge, a seconds after one reading and b seconds before the next, the line is off by
    ΔP a b / (a + b), a bound. Without a reading on the far side the mean power of the window is
    held out to the edge.
    """
    counter = observed.counter
    start, end = _edge(observed, 0.0), _edge(observed, observed.duration_s)
    if start is None or end is None or end.t_s <= start.t_s:
        return Unavailable(COUNTER, "no readings of the counter near both edges of the window")
    used = counter.between(start.first_s, end.last_s).value
    if np.any(np.diff(used) < 0.0):
        return Unavailable(COUNTER, "the counter went back: it was reset or wrapped around")
    difference_j = end.energy_j - start.energy_j
    energy_j = difference_j * observed.duration_s / (end.t_s - start.t_s)
    mean_w = energy_j / observed.duration_s
    terms = [
        *common_terms(observed, energy_j),
        two_steps(QUANTISATION, observed.capabilities.energy_resolution_j or 0.0),
        bound(EDGES, math.hypot(*(_edge_j(observed, edge, mean_w) for edge in (start, end)))),
        _latency(observed, mean_w),
    ]
    return Candidate(COUNTER, energy_j, Budget.of(terms), len(used))


def _edge(observed: Observed, edge_s: float) -> _Edge | None:
    before = observed.counter.before(edge_s, observed.gap_limit_s)
    after = observed.counter.after(edge_s, observed.gap_limit_s)
    if before is not None and after is not None:
        lead, lag = edge_s - before[0], after[0] - edge_s
        if lead + lag == 0.0:
            return _Edge(edge_s, before[1], 0.0, edge_s, edge_s)
        at_edge_j = (before[1] * lag + after[1] * lead) / (lead + lag)
        mistaken_s = lead * lag / (lead + lag)
        return _Edge(edge_s, at_edge_j, mistaken_s, before[0], after[0])
    nearest = after if edge_s == 0.0 else before  # the reading inside
    if nearest is None or not 0.0 <= nearest[0] <= observed.duration_s:
        return None
    return _Edge(nearest[0], nearest[1], abs(nearest[0] - edge_s), nearest[0], nearest[0])


def _edge_j(observed: Observed, edge: _Edge, mean_w: float) -> float:
    """Return the half-width in joules of an edge's error.

    The change of power at the edge is the range of the powers read around it; where the
    instrument has no powers, it is the window's mean: the power may have come from nothing.
    """
    reach_s = observed.gap_limit_s
    near = observed.power.between(edge.t_s - reach_s, edge.t_s + reach_s).value
    change_w = float(np.ptp(near)) if near.size > 1 else abs(mean_w)
    return edge.mistaken_s * change_w


def _latency(observed: Observed, mean_w: float) -> Term:
    """Return the term of a counter that lags by anything between 0 and a known bound.

    The two readings lag independently within it: power · L · √(2/12). The power is the window's
    mean; in a window of few latencies the counter may not show that yet, and the highest power
    read until L after the end stands for it.
    """
    latency_s = observed.capabilities.latency_bound_s or 0.0
    level_w = abs(mean_w)
    if observed.duration_s < _FEW_LATENCIES * latency_s:
        near = observed.power.between(0.0, observed.duration_s + latency_s).value
        level_w = max(level_w, float(near.max(initial=0.0)))
    return Term(LATENCY, latency_s * level_w / math.sqrt(6.0))
