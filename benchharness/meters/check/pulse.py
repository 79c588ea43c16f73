"""The latency of a meter, from a load that is known: what the board did, and when readings saw it.

The pulse is compared in two ways: with the on and off times that the burners stamped, and with
the busy time of the whole machine, which knows what else ran. What explains the readings better
is what they were caused by. Powers and counter are fitted apart.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, seconds
from benchharness.errors import MeterError
from benchharness.meters.base import Meter
from benchharness.meters.check.load import PulseLoad
from benchharness.meters.check.pattern import pulse_pattern
from benchharness.meters.check.watch import Say, say_nothing
from benchharness.meters.cpu_time import CpuTime
from benchharness.model import MeterEvent, Reading

if TYPE_CHECKING:
    from benchharness.stats.activity import Activity
    from benchharness.stats.lag import Lag, Means

POWER, COUNTER = "power", "counter"
SHORTEST_S, USUAL_S, LONGEST_S = 20.0, 60.0, 900.0
_READINGS = 60  # for the usual duration; 25 are the fewest that can be fitted
_PAUSE_S = 0.05
_LEAD_S = 1.5  # burners start up
_TAIL_S = 3.0  # readings that lag still come
_ASK_S = 0.7  # mean time between requests of our own, so that their phase against the plug varies
_CLEAR = 5.0  # a step of so many standard uncertainties is no chance
_SHARP_S = 1.0  # a half-width above it says too little of a latency
_LONGEST_LAG_S = 30.0
_FINEST_SPAN_S, _COARSEST_SPAN_S = 0.5, 4.0
_ENOUGH_STEPS = 5.0  # counter steps that an increment must span to tell a power


@dataclass(frozen=True, slots=True)
class Recorded:
    """Everything that a pulse is judged from; times in ns on CLOCK_MONOTONIC.

    ``runs_s`` are the on and off times of all burners in seconds from ``zero_ns``; ``busy`` are
    (seconds from ``zero_ns``, busy share-seconds of the machine), empty where it does not tell.
    """

    readings: Sequence[Reading]
    runs_s: Sequence[tuple[float, float]]
    busy: Sequence[tuple[float, float]]
    zero_ns: int
    duration_s: float
    energy_step_j: float | None = None
    events: Sequence[MeterEvent] = ()


@dataclass(frozen=True, slots=True)
class Latency:
    """A latency that was found: by powers or by the counter, and both where both tell it.

    ``latency_s`` is the mean delay of readings, ``u_s`` its standard uncertainty; ``reading_u_s``
    is that of a single reading's delay: its age and averaging, and what powers and counter differ
    in, come on top. The latter is what an instrument's file keeps.
    """

    channel: str
    lag: Lag
    other: Lag | None = None

    @property
    def latency_s(self) -> float:
        """Return the delay; below 0 is not possible, and 0 is then within the uncertainty."""
        return max(0.0, self.lag.lag_s)

    @property
    def u_s(self) -> float:
        """Return the standard uncertainty of the mean delay."""
        return self.lag.u_s

    @property
    def reading_u_s(self) -> float:
        """Return the standard uncertainty of the delay of any one reading."""
        apart_s = 0.0 if self.other is None else abs(self.lag.lag_s - self.other.lag_s)
        return math.hypot(self.lag.u_s, self.lag.spread_s, apart_s / math.sqrt(3.0))


@dataclass(frozen=True, slots=True)
class NoLatency:
    """Why a pulse has not told the latency, and what would."""

    reason: str
    remedy: str


def usual_duration_s(period_s: float | None) -> float:
    """Return how long a pulse takes unless the user says: 60 readings, a minute at least."""
    return min(LONGEST_S, max(USUAL_S, _READINGS * (period_s or 1.0)))


def record_pulse(
    meter: Meter, duration_s: float, clock: Clock, *, seed: int = 1, say: Say = say_nothing
) -> Recorded:
    """Load the machine on and off for ``duration_s`` while an open meter is read.

    Requests of our own come at random times besides the driver's. Raises UnfitError if no load
    can be made. The burners are gone when this returns or raises.
    """
    pattern_s = pulse_pattern(duration_s, seed)
    draw = random.Random(seed)  # noqa: S311 - times of requests, no secret
    readings: list[Reading] = []
    events: list[MeterEvent] = []
    busy: list[tuple[float, float]] = []
    meter.read()  # what came before is not of this pulse
    start_ns = clock.now_ns()
    zero_ns = start_ns + round(_LEAD_S * NANOSECONDS_PER_SECOND)
    total_s = _LEAD_S + duration_s + _TAIL_S
    ask_s = draw.expovariate(1.0 / _ASK_S)
    cpu = _cpu_time()
    try:
        with PulseLoad(pattern_s, zero_ns) as load:
            while (now_s := seconds(clock.now_ns() - start_ns)) < total_s:
                if cpu is not None:
                    busy_s = cpu.busy_s() / cpu.cores
                    busy.append((seconds(clock.now_ns() - zero_ns), busy_s))
                if now_s >= ask_s:
                    meter.request()
                    ask_s = now_s + draw.expovariate(1.0 / _ASK_S)
                clock.sleep_s(_PAUSE_S)
                readings += meter.read()
                events += meter.events()
                say(now_s, total_s, readings[-1] if readings else None)
            runs_s = load.runs_s(zero_ns)
    finally:
        if cpu is not None:
            cpu.close()
    step_j = meter.capabilities().energy_resolution_j
    return Recorded(readings, runs_s, busy, zero_ns, duration_s, step_j, events)


def find_latency(recorded: Recorded) -> Latency | NoLatency:
    """Return the latency that the readings show, or why they do not show it."""
    from benchharness.stats.lag import FEWEST

    channels = {POWER: _powers(recorded), COUNTER: _increments(recorded)}
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
    clear = {channel: lag for channel, lag in steps.items() if lag.step > _CLEAR * lag.step_u}
    if not clear:
        return _no_step(steps)
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
    return Latency(channel, lag, next(sharp, None))


def _chosen(clear: dict[str, Lag]) -> str:
    """Prefer the counter, which the energy is taken from where it is fine enough to be fitted."""
    if COUNTER in clear and clear[COUNTER].half_width_s <= _SHARP_S:
        return COUNTER
    return min(clear, key=lambda channel: clear[channel].u_s)


def _no_step(steps: dict[str, Lag]) -> NoLatency:
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


def _best(means: Means, recorded: Recorded) -> Lag | None:
    from benchharness.stats.lag import find_lag

    lags = [find_lag(means, cause, _LONGEST_LAG_S) for cause in _causes(recorded)]
    known = [lag for lag in lags if lag is not None]
    return max(known, key=lambda lag: lag.explained, default=None)


def _causes(recorded: Recorded) -> list[Activity]:
    import numpy as np

    from benchharness.stats.activity import Activity

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


def _powers(recorded: Recorded) -> Means:
    import numpy as np

    from benchharness.stats.lag import Means

    known = [(r.t_ns, r.power_w) for r in recorded.readings if r.power_w is not None]
    t = np.array([seconds(t_ns - recorded.zero_ns) for t_ns, _ in known], dtype=np.float64)
    return Means(t, t, np.array([power for _, power in known], dtype=np.float64), True)


def _increments(recorded: Recorded) -> Means:
    """Return the mean powers between counter readings that are far enough apart to tell them."""
    import numpy as np

    from benchharness.stats.lag import Means

    known = [
        (seconds(r.t_ns - recorded.zero_ns), r.energy_j)
        for r in recorded.readings
        if r.energy_j is not None
    ]
    rows: list[tuple[float, float, float]] = []
    span_s = _span_s(known, recorded.energy_step_j)
    if span_s is not None:
        kept = known[:1]
        for t_s, energy_j in known[1:]:
            if energy_j < kept[-1][1]:
                kept = [(t_s, energy_j)]  # it was reset or went round
            elif t_s - kept[-1][0] >= span_s:
                start_s, before_j = kept[-1]
                rows.append((start_s, t_s, (energy_j - before_j) / (t_s - start_s)))
                kept.append((t_s, energy_j))
    start, end, value = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Means(start, end, value, False)


def _span_s(known: Sequence[tuple[float, float]], step_j: float | None) -> float | None:
    """Return how far apart counter readings must be, None where its step drowns the pulse."""
    if len(known) < 2:
        return None
    rises = [max(0.0, b[1] - a[1]) for a, b in itertools.pairwise(known)]
    mean_w = sum(rises) / (known[-1][0] - known[0][0])
    if mean_w <= 0.0:
        return None
    span_s = max(_FINEST_SPAN_S, _ENOUGH_STEPS * (step_j or 0.0) / mean_w)
    return span_s if span_s <= _COARSEST_SPAN_S else None


def _cpu_time() -> CpuTime | None:
    try:
        return CpuTime()
    except MeterError:
        return None


def _rounded_up(duration_s: float) -> int:
    return 30 * math.ceil(duration_s / 30.0)
