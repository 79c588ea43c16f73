"""The latency of a meter: what a known load did, and when the readings saw it.

The pulse is compared in two ways: with the on and off times that the burners stamped, and with
the busy time of the whole machine, which knows what else ran. What explains the readings better
is what they were caused by. Powers and counter are fitted apart, both after the gate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchharness.energy.readings import Samples
from benchharness.meters.check.findings import gated
from benchharness.meters.check.pulse import LONGEST_S, Recorded
from benchharness.stats.activity import Activity
from benchharness.stats.lag import FEWEST, Lag, Means, find_lag

POWER, COUNTER = "power", "counter"
_TOO_BUSY = 0.7  # of all cores, by other work
_SHARP_S = 1.0  # a half-width above it says too little of a latency
_LONGEST_LAG_S = 30.0
_FINEST_SPAN_S, _COARSEST_SPAN_S = 0.5, 4.0
_ENOUGH_STEPS = 5.0  # counter steps that an increment must span to tell a power


@dataclass(frozen=True, slots=True)
class Latency:
    """A latency that was found: by powers or by the counter, and both where both tell it.

    ``latency_s`` is the mean delay of readings, ``u_s`` its standard uncertainty; ``reading_u_s``
    is that of a single reading's delay: its age and averaging, and what powers and counter differ
    in, come on top. The latter is what an instrument's file keeps.

    Of a pulse-counting chip the time between two pulses is no part of it: that is another at each
    power, and the energy counts it for itself. ``pulses_s`` is what was taken off, known to
    ``pulses_u_s``, since it moves with the load.
    """

    channel: str
    lag: Lag
    other: Lag | None = None
    pulses_s: float = 0.0
    pulses_u_s: float = 0.0

    @property
    def latency_s(self) -> float:
        """Return the delay; below 0 is not possible, and 0 is then within the uncertainty."""
        return max(0.0, self.lag.lag_s - self.pulses_s)

    @property
    def u_s(self) -> float:
        """Return the standard uncertainty of the mean delay."""
        return math.hypot(self.lag.u_s, self.pulses_u_s)

    @property
    def reading_u_s(self) -> float:
        """Return the standard uncertainty of the delay of any one reading."""
        apart_s = 0.0 if self.other is None else abs(self.lag.lag_s - self.other.lag_s)
        return math.hypot(self.u_s, self.lag.spread_s, apart_s / math.sqrt(3.0))


@dataclass(frozen=True, slots=True)
class NoLatency:
    """Why a pulse has not told the latency, and what would."""

    reason: str
    remedy: str


def find_latency(recorded: Recorded) -> Latency | NoLatency:
    """Return the latency that the readings show, or why they do not show it."""
    power, counter = _samples(recorded)
    channels = {
        POWER: Means(power.t_s, power.t_s, power.value, True),
        COUNTER: _increments(counter, recorded.capabilities.energy_resolution_j),
    }
    most = max(len(means) for means in channels.values())
    if most < FEWEST:
        needed_s = recorded.duration_s * 1.2 * FEWEST / max(1, most)
        return NoLatency(
            f"{most} readings in {recorded.duration_s:.0f} s are too few to tell a latency",
            f"poll the plug, or take longer: --pulse {_rounded_up(needed_s)}"
            if most
            else "see that the meter is on",
        )
    found = {channel: _best(means, recorded) for channel, means in channels.items()}
    steps = {channel: lag for channel, lag in found.items() if lag is not None}
    clear = {channel: lag for channel, lag in steps.items() if lag.is_clear}
    if not clear:
        return _no_step(steps, _busy_at_rest(recorded))
    channel = _chosen(clear)
    lag = clear.pop(channel)
    if lag.half_width_s > _SHARP_S:
        longer_s = recorded.duration_s * (lag.half_width_s / (0.5 * _SHARP_S)) ** 2
        return NoLatency(
            f"the latency is not sharp: {lag.lag_s:.2f} ± {lag.half_width_s:.2f} s",
            f"take longer: --pulse {_rounded_up(longer_s)}"
            if longer_s <= 4.0 * LONGEST_S
            else "a meter with faster telemetry or finer steps would tell it",
        )
    sharp = (other for other in clear.values() if other.half_width_s <= _SHARP_S)
    pulses_s, pulses_u_s = _between_pulses(power, recorded.capabilities.pulse_j)
    if channel == COUNTER:  # it shows a pulse when it comes: half as late as their mean power
        pulses_s, pulses_u_s = 0.5 * pulses_s, 0.5 * pulses_u_s
    return Latency(channel, lag, next(sharp, None), pulses_s, pulses_u_s)


def _between_pulses(power: Samples, pulse_j: float | None) -> tuple[float, float]:
    """Return the mean time between two pulses and its standard uncertainty, in seconds.

    Which of the two powers of the load the fit has weighed more is not known: ± their difference.
    """
    flowing = power.value[power.value > 0.0]
    if not pulse_j or flowing.size == 0:
        return 0.0, 0.0
    between_s = pulse_j / flowing
    return float(np.mean(between_s)), float(np.std(between_s)) / math.sqrt(3.0)


def _chosen(clear: dict[str, Lag]) -> str:
    """Prefer the counter, which the energy is taken from where it is fine enough to be fitted."""
    if COUNTER in clear and clear[COUNTER].half_width_s <= _SHARP_S:
        return COUNTER
    return min(clear, key=lambda channel: clear[channel].u_s)


def _no_step(steps: dict[str, Lag], busy: float | None) -> NoLatency:
    if busy is not None and busy > _TOO_BUSY:
        return NoLatency(
            f"the machine was {100 * busy:.0f} % busy while the load was off, so that the load "
            "made no step",
            "end what else runs on this machine",
        )
    if not steps:
        return NoLatency(
            "the readings never changed while the load went on and off",
            "see that the meter measures this machine, and that its steps are fine enough",
        )
    lag = max(steps.values(), key=lambda lag: lag.step / lag.step_u if lag.step_u else 0.0)
    return NoLatency(
        f"the load's step is not above the noise: {lag.step:.2f} W, standard uncertainty "
        f"{lag.step_u:.2f} W",
        "see that the meter measures this machine, end what else runs, or take longer",
    )


def _busy_at_rest(recorded: Recorded) -> float | None:
    """Return the busy share of the machine while every burner slept, None if it is not known."""
    if len(recorded.busy) < 3:
        return None
    t, busy_s = np.array(recorded.busy).T
    burning = Activity.of_runs(recorded.runs_s).mean(t[:-1], t[1:])
    rest = burning < 0.01
    rest_s = float(np.sum(np.diff(t)[rest]))
    return float(np.sum(np.diff(busy_s)[rest])) / rest_s if rest_s > 0.0 else None


def _best(means: Means, recorded: Recorded) -> Lag | None:
    lags = [find_lag(means, cause, _LONGEST_LAG_S) for cause in _causes(recorded)]
    known = [lag for lag in lags if lag is not None]
    return max(known, key=lambda lag: lag.explained, default=None)


def _causes(recorded: Recorded) -> list[Activity]:
    causes = [Activity.of_runs(recorded.runs_s)]
    if len(recorded.busy) > 2:
        t, active = np.array(recorded.busy).T
        # Before it was looked at, the machine is taken to have been as busy as at first.
        first = (active[1] - active[0]) / (t[1] - t[0])
        early_s = 2.0 * _LONGEST_LAG_S
        causes.append(
            Activity(
                np.concatenate([[t[0] - early_s], t]),
                np.concatenate([[active[0] - first * early_s], active]),
            )
        )
    return causes


def _samples(recorded: Recorded) -> tuple[Samples, Samples]:
    """Return powers and counter that have passed the gate, in seconds from ``zero_ns``."""
    passed = gated(recorded.readings, recorded.capabilities)
    if passed is None:
        return Samples(np.empty(0), np.empty(0)), Samples(np.empty(0), np.empty(0))
    return passed.readings.powers(recorded.zero_ns), passed.readings.counters(recorded.zero_ns)


def _increments(counter: Samples, step_j: float | None) -> Means:
    """Return the mean powers between counter readings that are far enough apart to tell them."""
    rows: list[tuple[float, float, float]] = []
    span_s = _span_s(counter, step_j)
    if span_s is not None:
        start_s, before_j = float(counter.t_s[0]), float(counter.value[0])
        for t_s, energy_j in zip(counter.t_s.tolist(), counter.value.tolist(), strict=True):
            if t_s - start_s >= span_s:
                rows.append((start_s, t_s, (energy_j - before_j) / (t_s - start_s)))
                start_s, before_j = t_s, energy_j
    start, end, value = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Means(start, end, value, False)


def _span_s(counter: Samples, step_j: float | None) -> float | None:
    """Return how far apart counter readings must be, None where its step drowns the pulse."""
    if len(counter) < 2:
        return None
    mean_w = float(counter.value[-1] - counter.value[0]) / float(counter.t_s[-1] - counter.t_s[0])
    if mean_w <= 0.0:
        return None
    span_s = max(_FINEST_SPAN_S, _ENOUGH_STEPS * (step_j or 0.0) / mean_w)
    return span_s if span_s <= _COARSEST_SPAN_S else None


def _rounded_up(duration_s: float) -> int:
    return 30 * math.ceil(duration_s / 30.0)
