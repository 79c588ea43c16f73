"""One trial in virtual time, as the harness runs it: rest, window, rest; readings at the edges.

Every call of the driver is watched: what it raises is kept, and ends the trial.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds
from benchharness.conformance.rig import Bench, Shape
from benchharness.energy.readings import Window
from benchharness.model import Capabilities, MeterEvent, Reading

T = TypeVar("T")


class DriverFailed(Exception):  # noqa: N818 - it ends a trial and is never shown
    """A call of the driver raised something; the trial is over."""


@dataclass(slots=True)
class Observation:
    """What a trial gave. ``read_ns`` has the time of the read() that returned each reading."""

    readings: list[Reading] = field(default_factory=list)
    read_ns: list[int] = field(default_factory=list)
    events: list[MeterEvent] = field(default_factory=list)
    capabilities: Capabilities | None = None
    window: Window | None = None
    idle: list[Window] = field(default_factory=list)
    failure: str | None = None  # the call, and what it raised
    end_ns: int = 0


def observe_trial(bench: Bench, shape: Shape, rng: random.Random) -> Observation:
    """Open the meter, go through the trial, close it."""
    return _Trial(bench, shape, rng).run()


class _Trial:
    def __init__(self, bench: Bench, shape: Shape, rng: random.Random) -> None:
        self._bench = bench
        self._shape = shape
        self._seen = Observation()
        # The harness's own pace has nothing to do with the instrument's.
        self._tick_ns = bench.zero_ns + round(rng.random() * shape.tick_s * NANOSECONDS_PER_SECOND)

    def run(self) -> Observation:
        try:
            self._go()
        except DriverFailed:
            pass
        finally:
            self._seen.end_ns = self._bench.time.now_ns()
            try:
                self._call("close", self._bench.meter.close)
                self._take()
            except DriverFailed:
                pass
        return self._seen

    def _go(self) -> None:
        shape, meter, seen = self._shape, self._bench.meter, self._seen
        self._call("open", meter.open)
        span = shape.span
        self._until(shape.lead_s)
        seen.idle.append(self._stretch(span.start_s))
        seen.window = self._stretch(span.end_s)
        seen.idle.append(self._stretch(shape.end_s))
        self._bench.time.sleep_s(shape.tick_s)
        self._take()
        seen.capabilities = self._call("capabilities", meter.capabilities)

    def _stretch(self, end_s: float) -> Window:
        """Ask for a reading at both edges of a stretch that ends at ``end_s``."""
        start_ns = self._bench.time.now_ns()
        self._call("request", self._bench.meter.request)
        self._until(end_s)
        end_ns = self._bench.time.now_ns()
        self._call("request", self._bench.meter.request)
        return Window(start_ns, end_ns)

    def _until(self, t_s: float) -> None:
        """Let time pass to ``t_s`` of the load, reading at each tick of the harness."""
        time = self._bench.time
        end_ns = self._bench.zero_ns + round(t_s * NANOSECONDS_PER_SECOND)
        while time.now_ns() < end_ns:
            if time.now_ns() >= self._tick_ns:
                self._take()
                self._tick_ns += round(self._shape.tick_s * NANOSECONDS_PER_SECOND)
            time.sleep_s(seconds(min(end_ns, max(self._tick_ns, time.now_ns())) - time.now_ns()))

    def _take(self) -> None:
        meter, seen = self._bench.meter, self._seen
        readings = self._call("read", meter.read)
        seen.readings += readings
        seen.read_ns += [self._bench.time.now_ns()] * len(readings)
        seen.events += self._call("events", meter.events)

    def _call(self, name: str, call: Callable[[], T]) -> T:
        self._bench.refresh()
        try:
            return call()
        except Exception as error:
            # Whatever a driver raises is a finding about it, not an error of the bench.
            if self._seen.failure is None:
                self._seen.failure = f"{name}(): {type(error).__name__}: {error}"
            raise DriverFailed from error
