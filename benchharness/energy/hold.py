"""Energy as P dt, each power held for the telemetry interval: as published, and clipped.

AIoTwin deliverable D1.4, section 4.1: "it is assumed that power consumption remains constant
throughout each 30-second interval", E = P Δt with P in watts and Δt = 30 s (printed there as
E = P Δt / 3600 in "kWh"; W s / 3600 are Wh). Kept beside the figure so that results can be
compared with published ones.
"""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.arrays import diff, median
from benchharness.energy.budget import EDGES, Budget, Term, bound
from benchharness.energy.observed import Candidate, Observed, Unavailable
from benchharness.energy.readings import FloatArray
from benchharness.energy.sampling import sampling_term
from benchharness.energy.terms import power_terms

HOLD_AND_SUM = "hold-and-sum (D1.4)"
HOLD_PREVIOUS = "hold previous, clipped"

# A message this much earlier than due was asked for: the one before it holds only until then.
_EARLY = 0.9


def hold_and_sum(observed: Observed) -> Candidate | Unavailable:
    """Return the sum of P Δt over the messages that fall into [start, end), as published.

    Δt is the telemetry interval, whole for every message, also for the last one and after a
    lost one; only a message that comes early, because it was asked for, ends the interval of
    the one before. The number of whole intervals in a window of any length and phase is
    uncertain by Δt/√6 (the mean of f (1 - f) over the fraction f is 1/6); a known surplus or
    deficit of seconds counts in full, since the published method does not correct it.
    """
    # The published method takes messages at their stamps.
    stamped = observed.power.earlier(-observed.lag.mean_s)
    end_s = float(np.nextafter(observed.duration_s, 0.0))
    samples = stamped.between(0.0, end_s)
    if len(samples) == 0:
        return Unavailable(HOLD_AND_SUM, "no reading of power inside the window")
    interval_s = observed.period_s
    if len(stamped) > 1:
        interval_s = max(interval_s, median(diff(stamped.t_s)))
    upto = np.searchsorted(stamped.t_s, samples.t_s[-1], side="right")
    following = stamped.t_s[upto : upto + 1]
    gap_s = diff(np.concatenate([samples.t_s, following]))
    held_s = np.full(len(samples), interval_s)
    held_s[: gap_s.size] = np.where(gap_s < _EARLY * interval_s, gap_s, interval_s)
    energy_j = float(np.dot(samples.value, held_s))
    mean_w = float(samples.value.mean())
    surplus_s = float(held_s.sum()) - observed.duration_s
    edges_s = max(interval_s / math.sqrt(6.0), abs(surplus_s))
    terms = [
        sampling_term(observed, samples),
        Term(EDGES, abs(mean_w) * edges_s),
        *power_terms(observed, energy_j, samples, held_s),
    ]
    return Candidate(HOLD_AND_SUM, energy_j, Budget.of(terms), len(samples))


def hold_previous(observed: Observed) -> Candidate | Unavailable:
    """Return the integral of the previous reading held until the next, clipped to the window.

    What lies between the start and the first reading inside is given the power before the
    window: where the power steps at the start, all of that is wrong. And each change is seen
    half an interval late, by the difference from the trapezoids over the same readings. Both
    are bounds of the edge term.
    """
    inside = observed.inside
    if len(inside) == 0:
        return Unavailable(HOLD_PREVIOUS, "no reading of power inside the window")
    before = observed.power.before(0.0, observed.gap_limit_s)
    if before is None:
        return Unavailable(HOLD_PREVIOUS, "no reading of power soon enough before the window")
    held_s = diff(np.append(inside.t_s, observed.duration_s))
    lead_s = float(inside.t_s[0])
    energy_j = before[1] * lead_s + float(np.dot(inside.value, held_s))
    lead_j = lead_s * abs(float(inside.value[0]) - before[1])
    late_j = 0.5 * float(np.dot(diff(inside.value), held_s[:-1]))
    terms = [
        sampling_term(observed, inside),
        bound(EDGES, math.hypot(lead_j, late_j)),
        *power_terms(observed, energy_j, inside, _with_first(held_s, lead_s)),
    ]
    return Candidate(HOLD_PREVIOUS, energy_j, Budget.of(terms), len(inside) + 1)


def _with_first(held_s: FloatArray, lead_s: float) -> FloatArray:
    """Return the weights with the time before the first reading given to it."""
    return np.concatenate([held_s[:1] + lead_s, held_s[1:]])
