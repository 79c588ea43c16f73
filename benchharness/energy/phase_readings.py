"""The energy of each phase from the power readings that see nothing but that phase.

A reading shows what the power was up to ``reach_s`` before its stamp (the instrument's delay, half
the time over which it averages, since a delay is that of its middle, and for a pulse chip the time
between pulses), so that it speaks of one phase alone if that phase has
lasted for so long. The mean of these readings times the seconds of the phase is its energy; the
seconds that no such reading sees are taken to be like those that are seen.

Enough is ``LEAST_READINGS``, since fewer leave a Student factor above 2.8, from occurrences that
hold ``LEAST_SHARE`` of the phase's seconds: readings of its longest occurrences alone would tell
the power of these only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchharness.energy.arrays import diff
from benchharness.energy.gate_powers import NO_PULSE_S
from benchharness.energy.lag import instrument_lag
from benchharness.energy.observed import PULSE_STEP_W
from benchharness.energy.phase_intervals import IndexArray, Intervals
from benchharness.energy.phase_parts import READINGS, NoPart, Part
from benchharness.energy.readings import FloatArray, Samples
from benchharness.model import Capabilities

LEAST_READINGS = 5
LEAST_SHARE = 0.5
# Of the plugs whose firmware is known each reading is the mean of a second; faster ones are late
# by less, and average no longer than that.
AVERAGING_S = 1.0
_BLOCKS = 12  # that readings of a few long occurrences are divided in: neighbours are alike


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """The readings that see one phase only: powers float64[m], and the interval of each."""

    power_w: FloatArray
    interval: IndexArray


def parts_by_readings(
    powers: Samples, capabilities: Capabilities, intervals: Intervals
) -> list[Part | NoPart]:
    """Return the energy of each phase, or why readings do not tell it.

    ``powers`` are those that passed the gate, at their stamps in seconds since the window's start.
    """
    lengths_s = diff(intervals.edges_s())
    durations_s = intervals.durations_s
    seen = _seeing_one(powers, capabilities, intervals)
    phase_of = intervals.phase[seen.interval]
    parts: list[Part | NoPart] = []
    for place in range(len(intervals.names)):
        own = phase_of == place
        chosen = _Seen(seen.power_w[own], seen.interval[own])
        looked_at = np.unique(chosen.interval)
        share = float(lengths_s[looked_at].sum()) / durations_s[place]
        if chosen.power_w.size < LEAST_READINGS or share < LEAST_SHARE:
            parts.append(NoPart(_too_few(chosen.power_w.size, share)))
        else:
            parts.append(_part(chosen, float(durations_s[place]), capabilities))
    return parts


def _seeing_one(powers: Samples, capabilities: Capabilities, intervals: Intervals) -> _Seen:
    edges_s = intervals.edges_s()
    inside = (powers.t_s > 0.0) & (powers.t_s <= edges_s[-1])
    t_s, power_w = powers.t_s[inside], powers.value[inside]
    # A stamp on an edge speaks of what came before it.
    interval = np.searchsorted(edges_s, t_s, side="left") - 1
    # Neighbours of one phase are as one: how long has this phase lasted?
    changes = np.concatenate([[True], diff(intervals.phase) != 0])
    since_s = np.maximum.accumulate(np.where(changes, edges_s[:-1], -math.inf))
    alone = t_s - _reach_s(capabilities, power_w) >= since_s[interval]
    return _Seen(power_w[alone], interval[alone].astype(np.int64))


def _reach_s(capabilities: Capabilities, power_w: FloatArray) -> FloatArray:
    """Return how far back each reading may look, float64[n]: see energy.lag.power_lag."""
    lag = instrument_lag(capabilities)
    whole_s = lag.reach_s + min(0.5 * AVERAGING_S, lag.mean_s)
    reach_s = np.full(power_w.shape, whole_s)
    if not capabilities.pulse_j:
        return reach_s
    with np.errstate(divide="ignore"):
        pulse_s = np.where(power_w > 0.0, capabilities.pulse_j / power_w, NO_PULSE_S)
    return np.asarray(reach_s + 2.0 * np.minimum(pulse_s, NO_PULSE_S))


def _too_few(count: int, share: float) -> str:
    readings = "1 reading sees" if count == 1 else f"{count} readings see"
    if count < LEAST_READINGS:
        return f"{readings} this phase alone, of the {LEAST_READINGS} that it takes"
    return f"readings see this phase alone in {100.0 * share:.0f} % of its time only"


def _part(seen: _Seen, duration_s: float, capabilities: Capabilities) -> Part:
    power_w = seen.power_w
    mean_w = float(power_w.mean())
    u_w, nu = _standard_error(seen)
    # One level of power has one rounding error, however often it is read.
    step_w = capabilities.power_resolution_w or 0.0
    if capabilities.pulse_j:
        step_w = max(step_w, PULSE_STEP_W)
    rounding_w = step_w / math.sqrt(12.0 * len(np.unique(power_w)))
    together_w = math.hypot(u_w, rounding_w)
    share = (u_w / together_w) ** 4 / nu if together_w > 0.0 else 0.0
    nu_together = 1.0 / share if share > 0.0 else math.inf
    return Part(mean_w * duration_s, together_w * duration_s, READINGS, nu_together)


def _standard_error(seen: _Seen) -> tuple[float, float]:
    """Return that of the mean in watts, with its degrees of freedom.

    Readings of one occurrence are alike: the spread of the occurrences about the mean counts. A
    few long ones are divided in blocks (batch means). Where that is less than independent readings
    would give, the latter count.
    """
    power_w = seen.power_w
    n = power_w.size
    from_mean = power_w - power_w.mean()
    alone_w = math.sqrt(float((from_mean**2).sum()) / (n * (n - 1)))
    block = _blocks(seen.interval)
    count = int(block[-1]) + 1
    if count < 2 or count == n:
        return alone_w, n - 1.0
    sums = np.bincount(block, weights=from_mean)
    blocks_w = math.sqrt(count / (count - 1.0) * float((sums**2).sum())) / n
    return (blocks_w, count - 1.0) if blocks_w > alone_w else (alone_w, n - 1.0)


def _blocks(interval: IndexArray) -> IndexArray:
    """Return the block of each reading, int64[n] from 0 rising; intervals are in order."""
    starts = np.concatenate([[True], diff(interval) != 0])
    occurrences = int(starts.sum())
    if occurrences < LEAST_READINGS:
        place = np.arange(interval.size) - np.maximum.accumulate(
            np.where(starts, np.arange(interval.size), 0)
        )
        length = max(1, -(-interval.size // _BLOCKS))
        starts = starts | (place % length == 0)
    return np.asarray(np.cumsum(starts) - 1, dtype=np.int64)
