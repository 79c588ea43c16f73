"""Energy as the difference of a cumulative counter at the window's edges.

The counter is an integral already: nothing between the edges is missed, and only its step and
the distance of the readings from the edges count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from benchharness.energy.arrays import diff, value_range
from benchharness.energy.budget import (
    EDGES,
    FLOOR,
    GAPS,
    LATENCY,
    QUANTISATION,
    Budget,
    Term,
    bound,
    two_steps,
)
from benchharness.energy.gate_counter import Stitch
from benchharness.energy.observed import Candidate, Observed, Unavailable
from benchharness.energy.readings import Samples
from benchharness.energy.sampling import hold_weights
from benchharness.energy.terms import common_terms

COUNTER = "counter difference"
_FEW_LATENCIES = 4.0


@dataclass(frozen=True, slots=True)
class _Edge:
    """The counter at an edge, for how long what power is mistaken there, and what is not seen."""

    t_s: float  # where the counter is known: the edge, or the nearest reading inside
    energy_j: float
    mistaken_s: float
    unknown_w: float  # NaN: the powers do not say
    unseen_j: float  # what the powers beside it do not show, and may lie on either side of it
    first_s: float  # the readings it comes from
    last_s: float


def counter_difference(observed: Observed) -> Candidate | Unavailable:
    """Return E(end) - E(start).

    Between the readings around an edge the counter is interpolated with a kink: a line, less what
    the step in power at the edge, as read on both sides, takes from it. Without a reading on the
    far side the mean power of the window is held out to the edge. A counter that was reset inside
    the window counts if the reset fell between two readings near each other.
    """
    counter = observed.counter
    start, end = _edge(observed, 0.0), _edge(observed, observed.duration_s)
    if start is None or end is None or end.t_s <= start.t_s:
        return Unavailable(COUNTER, "no readings of the counter near both edges of the window")
    used = counter.between(start.first_s, end.last_s).value
    if (diff(used) < 0.0).any():
        return Unavailable(COUNTER, "the counter went back: it was reset or wrapped around")
    stitches = _within(observed.stitches, start.first_s, end.last_s)
    longest_s = max((stitch.after_s - stitch.before_s for stitch in stitches), default=0.0)
    if longest_s > observed.gap_limit_s:
        why = f"the counter was reset in {longest_s:.1f} s without a reading of it"
        return Unavailable(COUNTER, why)
    difference_j = end.energy_j - start.energy_j
    energy_j = difference_j * observed.duration_s / (end.t_s - start.t_s)
    mean_w = energy_j / observed.duration_s
    terms = [
        *common_terms(observed, energy_j),
        # Each part between resets is a difference of two rounded values.
        two_steps(QUANTISATION, observed.counter_step_j).scaled(math.sqrt(1.0 + len(stitches))),
        bound(EDGES, math.hypot(*(_held_out_j(edge, mean_w) for edge in (start, end)))),
        _latency(observed, mean_w),
        bound(FLOOR, observed.floor_w * _blind_s(observed, mean_w)),
        bound(GAPS, sum(stitch.bound_j for stitch in stitches)),
    ]
    return Candidate(COUNTER, energy_j, Budget.of(terms), len(used))


def at_edges_j(observed: Observed) -> tuple[float, float] | None:
    """Return the counter at the window's start and end, J; None where it has no readings near.

    As :func:`counter_difference` takes it: the two differ by the energy of the window.
    """
    start, end = _edge(observed, 0.0), _edge(observed, observed.duration_s)
    if start is None or end is None or end.t_s <= start.t_s:
        return None
    mean_w = (end.energy_j - start.energy_j) / (end.t_s - start.t_s)
    beyond_s = observed.duration_s - end.t_s
    return start.energy_j - mean_w * start.t_s, end.energy_j + mean_w * beyond_s


def _blind_s(observed: Observed, mean_w: float) -> float:
    """Return for how long the counter stood still because nothing above the floor was there.

    That is when powers say 0 W; without powers, all the time if it hardly moved.
    """
    inside = observed.inside
    if len(inside) == 0:
        return observed.duration_s if mean_w < observed.floor_w else 0.0
    return float(hold_weights(inside.t_s, observed.duration_s)[inside.value <= 0.0].sum())


def _within(stitches: tuple[Stitch, ...], first_s: float, last_s: float) -> list[Stitch]:
    return [stitch for stitch in stitches if stitch.after_s > first_s and stitch.before_s < last_s]


def _edge(observed: Observed, edge_s: float) -> _Edge | None:
    before = observed.counter.before(edge_s, observed.gap_limit_s)
    after = observed.counter.after(edge_s, observed.gap_limit_s)
    if before is not None and after is not None:
        lead, lag = edge_s - before[0], after[0] - edge_s
        if lead + lag == 0.0:
            return _Edge(edge_s, before[1], 0.0, 0.0, 0.0, edge_s, edge_s)
        at_edge_j = (before[1] * lag + after[1] * lead) / (lead + lag)
        # Where power steps by ΔP at the edge, a line is wrong by ΔP a b / (a + b).
        mistaken_s = lead * lag / (lead + lag)
        beside = _beside(observed, edge_s)
        at_edge_j = min(max(at_edge_j - mistaken_s * beside.step_w, before[1]), after[1])
        unseen_j = _unseen_j(observed, beside, after[1] - before[1], lead, lag)
        edge = (edge_s, at_edge_j, mistaken_s, beside.unknown_w, unseen_j)
        return _Edge(*edge, before[0], after[0])
    nearest = after if edge_s == 0.0 else before  # the reading inside
    if nearest is None or not 0.0 <= nearest[0] <= observed.duration_s:
        return None
    distance_s = abs(nearest[0] - edge_s)
    near = observed.power.between(edge_s - observed.gap_limit_s, edge_s + observed.gap_limit_s)
    unknown_w = value_range(near.value) if len(near) > 1 else math.nan
    return _Edge(nearest[0], nearest[1], distance_s, unknown_w, 0.0, nearest[0], nearest[0])


@dataclass(frozen=True, slots=True)
class _Beside:
    """The powers before and after an edge, how unsure their step is; NaN: too little to tell."""

    earlier_w: float = math.nan
    later_w: float = math.nan
    unknown_w: float = math.nan

    @property
    def step_w(self) -> float:
        """By how much power rises at the edge; 0 where nothing is known of it."""
        return 0.0 if math.isnan(self.unknown_w) else self.later_w - self.earlier_w


def _unseen_j(
    observed: Observed, beside: _Beside, counted_j: float, lead_s: float, lag_s: float
) -> float:
    """Return the half-width of what the counter counted about an edge and no power shows.

    A burst between the two readings, say, which the line divides in proportion to the time on
    either side and which may lie on one of them alone. What the steps of counter and powers
    explain is nothing unseen.
    """
    if math.isnan(beside.unknown_w):
        return 0.0
    whole_s = lead_s + lag_s
    rest_j = abs(counted_j - beside.earlier_w * lead_s - beside.later_w * lag_s)
    steps_j = observed.counter_step_j + observed.power_step_w * whole_s
    return max(0.0, rest_j - steps_j) * max(lead_s, lag_s) / whole_s


def _beside(observed: Observed, edge_s: float) -> _Beside:
    """Return the power on both sides of an edge.

    From the nearest powers on both sides that do not show the other one; unsure by the range of
    the powers on each side.
    """
    reach_s, scatter_s = observed.gap_limit_s, observed.lag.mean_s
    if len(observed.power) == 0:
        return _beside_by_slopes(observed, edge_s)
    earlier = observed.power.between(edge_s - reach_s - scatter_s, edge_s - scatter_s)
    later = observed.power.between(edge_s + scatter_s, edge_s + reach_s + scatter_s)
    if len(earlier) == 0 or len(later) == 0:
        return _Beside()
    unknown_w = math.hypot(_range_w(observed, earlier), _range_w(observed, later))
    return _Beside(float(earlier.value[-1]), float(later.value[0]), unknown_w)


def _beside_by_slopes(observed: Observed, edge_s: float) -> _Beside:
    """Return the same for an instrument without powers, from its counter on both sides.

    What the counter's step leaves open, and half the step in power, is unsure.
    """
    slopes, unsure = [], []
    reach_s, scatter_s = observed.gap_limit_s, observed.counter_lag.mean_s
    for first_s, last_s in ((-reach_s, 0.0), (0.0, reach_s)):
        shift_s = edge_s + (scatter_s if last_s > 0.0 else -scatter_s)
        side = observed.counter.between(first_s + shift_s, last_s + shift_s)
        if len(side) < 2:
            return _Beside()
        span_s = float(side.t_s[-1] - side.t_s[0])
        slopes.append(float(side.value[-1] - side.value[0]) / span_s)
        unsure.append(observed.counter_step_j / span_s)
    return _Beside(slopes[0], slopes[1], math.hypot(0.5 * (slopes[1] - slopes[0]), *unsure))


def _range_w(observed: Observed, side: Samples) -> float:
    """Return the range of powers on one side, but for their own step; of one alone, all of it."""
    range_w = value_range(side.value) if len(side) > 1 else abs(float(side.value[0]))
    return max(range_w, observed.power_step_w)


def _held_out_j(edge: _Edge, mean_w: float) -> float:
    """Return an edge's half-width; without powers, as if power had come from nothing."""
    unknown_w = abs(mean_w) if math.isnan(edge.unknown_w) else edge.unknown_w
    return max(edge.mistaken_s * unknown_w, edge.unseen_j)


def with_edges(observed: Observed, counter: Candidate) -> Candidate:
    """Return the counter's energy with the delay term of the powers at its edges.

    A late counter leaves out what was used in the delay before the end and counts what was used
    in that before the start: at the powers there, which may be far above the window's mean. If the
    delay is longer than its mean, the power before the edge counts, if shorter, the one after. The
    choice between the methods goes by the mean all the same: that a window ends in a burst makes
    the powers, which may have missed it, no better.
    """
    lag = observed.counter_lag
    reach_s = lag.mean_s + observed.period_s
    levels_w = []
    for edge_s in (0.0, observed.duration_s):
        for start_s, end_s in ((edge_s - reach_s, edge_s), (edge_s, edge_s + reach_s)):
            near = observed.power.between(start_s, end_s).value
            mean_w = abs(counter.energy_j) / observed.duration_s
            levels_w.append(float(near.max()) if near.size else mean_w)
    at_edges = Term(LATENCY, lag.single_u_s * math.hypot(*levels_w) / math.sqrt(2.0))
    known = [term for term in counter.budget.terms if term.name == LATENCY]
    if known and at_edges.u <= known[0].u:
        return counter
    return replace(counter, budget=Budget.of([*counter.budget.without(LATENCY).terms, at_edges]))


def _latency(observed: Observed, mean_w: float) -> Term:
    """Return the term of a counter that lags, at each edge independently: power · u · √2.

    The power is the window's mean; in a window of few latencies the counter may not show that
    yet, and the highest power read until the delay's reach after the end stands for it.
    """
    lag = observed.counter_lag
    level_w = abs(mean_w)
    if observed.duration_s < _FEW_LATENCIES * lag.reach_s:
        near = observed.power.between(0.0, observed.duration_s + lag.mean_s).value
        level_w = max(level_w, float(near.max(initial=0.0)))
    return Term(LATENCY, math.sqrt(2.0) * lag.single_u_s * level_w)
