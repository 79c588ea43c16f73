"""A load that is known, and a meter that is read meanwhile: what a latency is found from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, seconds
from benchharness.errors import MeterError
from benchharness.meters.base import Meter
from benchharness.meters.check.load import PulseLoad
from benchharness.meters.check.pattern import pulse_pattern
from benchharness.meters.check.watch import Say, say_nothing
from benchharness.meters.cpu_time import CpuTime
from benchharness.model import Capabilities, Reading

SHORTEST_S, USUAL_S, LONGEST_S = 20.0, 60.0, 900.0
_READINGS = 60  # for the usual duration; 25 are the fewest that can be fitted
_PAUSE_S = 0.05
_LEAD_S = 1.5  # burners start up
_TAIL_S = 3.0  # readings that lag still come
ASK_S = 0.5  # mean time between requests of our own, so that their phase against the plug varies


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
    capabilities: Capabilities


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
    busy: list[tuple[float, float]] = []
    meter.read()  # what came before is not of this pulse
    start_ns = clock.now_ns()
    zero_ns = start_ns + round(_LEAD_S * NANOSECONDS_PER_SECOND)
    total_s = _LEAD_S + duration_s + _TAIL_S
    ask_s = draw.expovariate(1.0 / ASK_S)
    cpu = _cpu_time()
    try:
        with PulseLoad(pattern_s, zero_ns) as load:
            while (now_s := seconds(clock.now_ns() - start_ns)) < total_s:
                if cpu is not None:
                    busy_s = cpu.busy_s() / cpu.cores
                    busy.append((seconds(clock.now_ns() - zero_ns), busy_s))
                if now_s >= ask_s:
                    meter.request()
                    ask_s = now_s + draw.expovariate(1.0 / ASK_S)
                clock.sleep_s(_PAUSE_S)
                readings += meter.read()
                meter.events()  # the check has told of them
                say(now_s, total_s, readings[-1] if readings else None)
            runs_s = load.runs_s(zero_ns)
    finally:
        if cpu is not None:
            cpu.close()
    return Recorded(readings, runs_s, busy, zero_ns, duration_s, meter.capabilities())


def _cpu_time() -> CpuTime | None:
    try:
        return CpuTime()
    except MeterError:
        return None
