"""A meter of a load that is known exactly, on the machine's own clock; it may fail on demand."""

from __future__ import annotations

import time

from benchharness.errors import MeterError
from benchharness.meters.base import Instrument
from benchharness.model import Capabilities, Check, MeasurementClass, MeterEvent, Reading

PERIOD_NS = 50_000_000


class FlatMeter:
    """``power_w`` all the time, told twenty times a second with a counter; stamps are exact."""

    def __init__(self, power_w: float = 10.0, fails_after_s: float | None = None) -> None:
        self.instrument = Instrument("flat", "flat", "flat.toml")
        self.power_w = power_w
        self.fails_after_s = fails_after_s
        self.opened = 0
        self._asked: list[int] = []
        self._start_ns = self._next_ns = 0

    def open(self) -> None:
        self.opened += 1
        self._start_ns = self._next_ns = time.monotonic_ns()

    def capabilities(self) -> Capabilities:
        return Capabilities(
            MeasurementClass.MEASURED, has_power=True, has_counter=True, period_s=PERIOD_NS / 1e9,
            power_resolution_w=0.001, energy_resolution_j=1e-6, gain_bound=0.01,
            latency_bound_s=0.0,
        )  # fmt: skip

    def read(self) -> list[Reading]:
        now_ns = time.monotonic_ns()
        if self.fails_after_s is not None and now_ns - self._start_ns > self.fails_after_s * 1e9:
            raise MeterError("was unplugged", where="flat")
        times_ns, self._asked = self._asked, []
        while self._next_ns <= now_ns:
            times_ns.append(self._next_ns)
            self._next_ns += PERIOD_NS
        return [self._reading(t_ns) for t_ns in sorted(set(times_ns))]

    def events(self) -> list[MeterEvent]:
        return []

    def request(self) -> None:
        self._asked.append(time.monotonic_ns())

    def check(self) -> list[Check]:
        return []

    def close(self) -> None:
        self.opened -= 1

    def _reading(self, t_ns: int) -> Reading:
        return Reading(t_ns, self.power_w, (t_ns - self._start_ns) / 1e9 * self.power_w)
