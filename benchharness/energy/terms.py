"""The terms of a budget that several estimators share, in joules.

What is known of pulse-counting plugs stands in their datasheets (HLW8012, BL0937) and in the
firmware that reads them: a power is a snapshot of recent pulses rounded to a step, it lags, and
without a pulse for some seconds it is given as 0 W.
"""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.arrays import diff, median, value_range
from benchharness.energy.budget import (
    CLOCK,
    FLOOR,
    GAIN,
    GAPS,
    LATENCY,
    QUANTISATION,
    TRUNCATION,
    Term,
    bound,
    step,
)
from benchharness.energy.observed import PULSE_STEP_W, Observed
from benchharness.energy.readings import FloatArray, Samples

# Stamps of one clock by several processes: scheduling delays them, rarely by more than this.
CLOCK_BOUND_S = 1e-3
_FEW_LEVELS = 1000.0


def power_terms(
    observed: Observed, energy_j: float, used: Samples, weights_s: FloatArray
) -> list[Term]:
    """Return the terms of an energy that is the sum of powers ``used`` times ``weights_s``."""
    return [
        *common_terms(observed, energy_j),
        power_quantisation(observed, used, weights_s),
        power_truncation(observed, weights_s),
        power_latency(observed, used),
        power_floor(observed, used, weights_s),
        gaps(observed, energy_j),
    ]


def common_terms(observed: Observed, energy_j: float) -> list[Term]:
    """Return gain and clock, which every method has."""
    mean_power_w = energy_j / observed.duration_s
    return [
        bound(GAIN, observed.gain_bound * energy_j),
        # Two stamps, each within the bound.
        bound(CLOCK, math.sqrt(2.0) * CLOCK_BOUND_S * mean_power_w),
    ]


def power_quantisation(observed: Observed, used: Samples, weights_s: FloatArray) -> Term:
    """Return the rounding of powers to a step d.

    The rounding error belongs to the level, not to the reading: a constant power has one error
    for all its readings, which no number of readings averages down. With the share w of the
    time spent at each level that was read, u = T d/√12 · √(Σ w²).
    """
    resolution_w = observed.power_step_w
    total_s = float(weights_s.sum())
    if not resolution_w or total_s <= 0.0:
        return Term(QUANTISATION, 0.0)
    shares = _by_level(np.round(used.value / resolution_w), weights_s) / total_s
    return step(QUANTISATION, resolution_w).scaled(total_s * math.sqrt(float((shares**2).sum())))


def _by_level(level: FloatArray, weights_s: FloatArray) -> FloatArray:
    """Return the seconds spent at each level that was read, in order of the levels."""
    lowest = float(level.min())
    if float(level.max()) - lowest > _FEW_LEVELS + level.size:
        place = np.unique(level, return_inverse=True)[1].ravel()
    else:  # whole numbers close together need no sorting
        place = (level - lowest).astype(np.int64)
    seconds_at = np.asarray(np.bincount(place, weights=weights_s), dtype=np.float64)
    return seconds_at[np.bincount(place) > 0]


def power_truncation(observed: Observed, weights_s: FloatArray) -> Term:
    """Return the term of powers that firmware may cut instead of round.

    What reads a pulse chip divides in whole numbers: its power is low by half a step on average,
    if it does, at every level alike. Rounding and cutting are half a step apart.
    """
    if not observed.capabilities.pulse_j:
        return Term(TRUNCATION, 0.0)
    return bound(TRUNCATION, 0.5 * PULSE_STEP_W * float(weights_s.sum()))


def power_latency(observed: Observed, used: Samples) -> Term:
    """Return the effect of a delay that is known to some uncertainty only.

    Where no reading is used that may show what lies outside the window, all are shifted alike, and
    the error is the delay's times the change of power over the window. Else readings at either
    edge may show the other side of it, each by as much as a single delay scatters, times the step
    in power at the start. How large that step is may show only after the window.
    """
    pulses = bound(LATENCY, _shown_too_long_j(observed, used))
    return Term(LATENCY, math.hypot(_delay(observed, used).u, pulses.u))


def _shown_too_long_j(observed: Observed, used: Samples) -> float:
    """Return by how much a pulse chip's powers may add up to too much, in joules.

    The power of one pulse is shown until the next one comes: a high one for long if little
    follows. What was shown for a time D stands against what D has then turned out to be.
    """
    if not observed.capabilities.pulse_j:
        return 0.0
    changed = np.concatenate([[True], diff(used.value) != 0.0])
    t_s, shown_w = used.t_s[changed], used.value[changed]
    return abs(float(np.dot(diff(shown_w), diff(t_s))))


def _delay(observed: Observed, used: Samples) -> Term:
    lag, end_s = observed.lag, observed.duration_s
    if lag.mean_s == 0.0 and lag.u_s == 0.0:
        return Term(LATENCY, 0.0)
    if used.t_s[0] >= lag.mean_s and used.t_s[-1] <= end_s - lag.mean_s:
        return Term(LATENCY, lag.u_s * abs(float(used.value[-1] - used.value[0])))
    before = observed.power.before(-lag.mean_s, observed.gap_limit_s)
    start_w = float(used.value[0]) if before is None else before[1]
    late = observed.power.between(end_s - lag.mean_s, end_s + lag.mean_s).value
    levels_w = [median(used.value), *late.tolist()]
    step_w = max(abs(level_w - start_w) for level_w in levels_w)
    misplaced_s = math.sqrt(2.0) * max(lag.mean_s, math.sqrt(3.0) * lag.u_s)
    return bound(LATENCY, min(misplaced_s, end_s) * step_w)


def power_floor(observed: Observed, used: Samples, weights_s: FloatArray) -> Term:
    """Return the term of readings of 0 W from an instrument with a floor.

    Such a reading says that no pulse came in time: the power lay between 0 and the floor.
    """
    blind_s = float(weights_s[used.value <= 0.0].sum())
    return bound(FLOOR, observed.floor_w * blind_s)


def gaps(observed: Observed, energy_j: float) -> Term:
    """Return the term of time that no reading vouches for.

    There the power is known only to lie within its range in the window, or within ±50 % of the
    mean where that range is smaller.
    """
    inside = observed.inside.value
    range_w = value_range(inside) if inside.size else 0.0
    mean_w = abs(energy_j) / observed.duration_s
    return bound(GAPS, observed.coverage.uncovered_s * max(range_w, mean_w) / 2.0)
