"""Counters that go back, jump, restart or stand still.

Seen in the field: a power cut sets a total to 0, or back to what flash last kept; a counter of the
day begins again at midnight; a register wraps; a message overtakes another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchharness.clock import seconds
from benchharness.energy.arrays import diff, median, quantile
from benchharness.energy.gate_powers import BoolArray, Rejections
from benchharness.energy.readings import FloatArray
from benchharness.energy.steps import counter_step_j
from benchharness.model import Capabilities

BACK_ONCE = "rejected: counter back for one reading"
AHEAD_ONCE = "rejected: counter ahead for one reading"
ALWAYS_BACK = "rejected: counter keeps going back"
RESTARTED = "repaired: counter restarted"
JUMPED = "repaired: counter jumped ahead"
STANDS_STILL = "counter stood still under load"

_MOST_REPAIRS = 100
_AROUND = 5  # readings on either side that say what the power was
_IMPLAUSIBLE = 100.0  # times the highest power of the trial
_STILL_STEPS = 5.0
_STILL_READINGS = 10
_STILL_LATENCIES = 3.0


@dataclass(frozen=True, slots=True)
class Stitch:
    """Where a counter was joined: between two readings, times in s after ``zero_ns``.

    What passed between them is taken as ``assumed_j``, known within ±``bound_j``.
    """

    before_s: float
    after_s: float
    assumed_j: float
    bound_j: float
    zero_ns: int = 0

    def since(self, zero_ns: int, lag_s: float = 0.0) -> Stitch:
        """Return it in seconds after another moment, ``lag_s`` earlier."""
        shift_s = seconds(self.zero_ns - zero_ns) - lag_s
        return replace(
            self,
            before_s=self.before_s + shift_s,
            after_s=self.after_s + shift_s,
            zero_ns=zero_ns,
        )


def stitched(
    t_s: FloatArray,
    powers: FloatArray,
    counter: FloatArray,
    capabilities: Capabilities,
    stitches: list[Stitch],
) -> Iterator[tuple[str, int]]:
    """Make ``counter`` rise, in place; yield (what was done, how often).

    A fall for a single reading is that reading's fault (it came late, or was wrong) if without it
    the counter goes on as the power says; else the counter was reset, and its later values are
    moved up. More than a hundred falls are no counter.
    """
    for _ in range(_MOST_REPAIRS + 1):
        there = np.flatnonzero(np.isfinite(counter))
        falls = np.flatnonzero(diff(counter[there]) < 0.0)
        if falls.size == 0:
            break
        if falls.size > _MOST_REPAIRS:
            counter[there] = np.nan
            yield ALWAYS_BACK, int(there.size)
            return
        yield _mend(t_s, powers, counter, there, int(falls[0]), stitches), 1
    yield from _jumps(t_s, powers, counter, capabilities, stitches)


def standing_still(
    t_s: FloatArray,
    powers: FloatArray,
    counter: FloatArray,
    step_j: float,
    capabilities: Capabilities,
) -> Rejections:
    """Reject a counter's values, but for the first, while it stands still and power flows.

    It stands still over ten readings or more in which, by the powers, it should have moved by five
    steps. If it catches up later, the values in between were stale; if not, it has none near the
    window's edge, and the powers give the energy. Without a step nothing can be said.
    """
    least_j = _STILL_STEPS * (step_j + (capabilities.pulse_j or 0.0))
    there = np.flatnonzero(np.isfinite(counter))
    usable = np.isfinite(powers)
    if least_j <= 0.0 or there.size < _STILL_READINGS or np.count_nonzero(usable) < _STILL_READINGS:
        return
    t = t_s[there]
    by_power_j = np.interp(t, t_s[usable], _integral(t_s[usable], powers[usable]))
    starts = np.flatnonzero(np.concatenate([[True], np.diff(counter[there]) != 0.0]))
    ends = np.append(starts[1:], there.size) - 1
    # Read often, a counter stands still between its updates; how often it moves otherwise tells.
    late_s = max(capabilities.latency_bound_s or 0.0, 2.0 * (capabilities.latency_s or 0.0))
    usual_s = median(diff(t[starts])) if starts.size > 2 else 0.0
    least_s = max(_STILL_LATENCIES * late_s, _STILL_STEPS * usual_s)
    still = (
        (ends - starts + 1 >= _STILL_READINGS)
        & (by_power_j[ends] - by_power_j[starts] > least_j)
        & (t[ends] - t[starts] > least_s)
    )
    wrong: BoolArray = np.zeros(counter.size, dtype=bool)
    wrong[there] = np.repeat(still, ends - starts + 1)
    wrong[there[starts]] = False
    yield STANDS_STILL, wrong


def _mend(
    t_s: FloatArray,
    powers: FloatArray,
    counter: FloatArray,
    there: np.ndarray,
    fall: int,
    stitches: list[Stitch],
) -> str:
    """Mend the fall after the value with the number ``fall``; return what was done."""
    high, low = int(there[fall]), int(there[fall + 1])
    before = int(there[fall - 1]) if fall > 0 else None
    after = int(there[fall + 2]) if fall + 2 < there.size else None
    if after is None:  # nothing later stands by the low value
        counter[low] = np.nan
        return BACK_ONCE
    rate_w = _rate(t_s, powers, counter, there, fall)

    def off_j(first: int, last: int) -> float:
        """Return how far the counter's way between two readings is from what power says."""
        return float(abs(counter[last] - counter[first] - rate_w * (t_s[last] - t_s[first])))

    ways = {RESTARTED: off_j(low, after) + (0.0 if before is None else off_j(before, high))}
    if counter[after] >= counter[high]:
        ways[BACK_ONCE] = off_j(high, after) + (0.0 if before is None else off_j(before, high))
    if before is None or counter[low] >= counter[before]:
        ways[AHEAD_ONCE] = off_j(low, after) + (0.0 if before is None else off_j(before, low))
    chosen = min(ways, key=lambda way: (ways[way], way == RESTARTED))
    if before is None and RESTARTED in ways and chosen == AHEAD_ONCE and len(ways) > 1:
        chosen = RESTARTED  # the first value of all: nothing speaks against it
    if chosen == RESTARTED:
        _stitch(t_s, powers, counter, (high, low), rate_w, stitches)
    else:
        counter[high if chosen == AHEAD_ONCE else low] = np.nan
    return chosen


def _jumps(
    t_s: FloatArray,
    powers: FloatArray,
    counter: FloatArray,
    capabilities: Capabilities,
    stitches: list[Stitch],
) -> Iterator[tuple[str, int]]:
    """Join a counter that went on by more than any power could have made it."""
    most_w = capabilities.max_power_w
    if most_w is None:
        known = powers[np.isfinite(powers)]
        # One reading in fifty may be a spike; the others, and what three in a row say, are what the
        # target draws.
        most_w = _IMPLAUSIBLE * quantile(known, 0.98) if known.size else None
        if most_w is not None and known.size >= 3:
            lasting_w = np.minimum(np.minimum(known[:-2], known[1:-1]), known[2:])
            most_w = max(most_w, 2.0 * float(lasting_w.max()))
    there = np.flatnonzero(np.isfinite(counter))
    if not most_w or there.size < 2:
        return
    late_s = 2.0 * max(capabilities.latency_bound_s or 0.0, capabilities.latency_s or 0.0)
    step_j = counter_step_j(t_s, counter, capabilities) + (capabilities.pulse_j or 0.0)
    slack_j = most_w * late_s + 2.0 * step_j
    interval_s, rise_j = diff(t_s[there]), diff(counter[there])
    too_much = rise_j > most_w * interval_s + slack_j
    # Two readings close together: the first came late, and both intervals are theirs.
    late = interval_s[1:] < 0.5 * median(interval_s)
    both_s, both_j = interval_s[1:] + interval_s[:-1], rise_j[1:] + rise_j[:-1]
    too_much[1:] &= ~late | (both_j > most_w * both_s + slack_j)
    ahead = np.flatnonzero(too_much)
    if ahead.size > _MOST_REPAIRS:
        counter[there] = np.nan
        yield ALWAYS_BACK, int(there.size)
        return
    for place in ahead.tolist():
        rate_w = _rate(t_s, powers, counter, there, place)
        pair = int(there[place]), int(there[place + 1])
        _stitch(t_s, powers, counter, pair, min(rate_w, most_w), stitches)
        yield JUMPED, 1


def _stitch(
    t_s: FloatArray,
    powers: FloatArray,
    counter: FloatArray,
    pair: tuple[int, int],
    rate_w: float,
    stitches: list[Stitch],
) -> None:
    """Move all values from ``pair[1]`` on, so that the counter goes on from ``pair[0]``.

    Between the two passed anything from nothing (the power was cut) to the highest power near
    them all the time; where the counter began again at 0, at least what it shows.
    """
    high, low = pair
    near = powers[max(0, high - _AROUND) : low + _AROUND + 1]
    near = near[np.isfinite(near)]
    most_w = max(rate_w, quantile(near, 0.9) if near.size else 0.0)
    most_j = most_w * (t_s[low] - t_s[high])
    least_j = float(counter[low]) if 0.0 <= counter[low] <= most_j else 0.0
    assumed_j = 0.5 * (least_j + most_j)
    counter[low:] += counter[high] + assumed_j - counter[low]
    stitches.append(Stitch(float(t_s[high]), float(t_s[low]), assumed_j, 0.5 * (most_j - least_j)))


def _rate(
    t_s: FloatArray, powers: FloatArray, counter: FloatArray, there: np.ndarray, place: int
) -> float:
    """Return the power around a value of the counter: of the powers, else of its own way."""
    near = there[max(0, place - _AROUND) : place + _AROUND + 2]
    known = powers[near[0] : near[-1] + 1]
    known = known[np.isfinite(known)]
    if known.size:
        return max(0.0, median(known))
    ways = diff(counter[near]) / diff(t_s[near])
    ways = ways[ways >= 0.0]
    return median(ways) if ways.size else 0.0


def _integral(t_s: FloatArray, powers: FloatArray) -> FloatArray:
    """Return what the lower of each two powers adds up to, float64[n], from 0."""
    lower_j = np.minimum(powers[1:], powers[:-1]) * diff(t_s)
    total: FloatArray = np.concatenate([[0.0], np.cumsum(lower_j)])
    return total
