"""The embedded default for a machine without an instrument: power as a line in CPU use.

    P = idle_w + (full_w - idle_w) * busy / cores

Its integral is exact for that model to one tick of the kernel's accounting, so that the counter
and the power agree. The joules are *estimated*: two published figures for the board, nothing
that was measured here. Models of this kind err by a few per cent where they were fitted (Kaup et
al., PowerPi, LCN 2014) and by tens of per cent on another board, supply or instruction mix; the
instrument's ``gain`` says how far.
"""

from __future__ import annotations

from collections import deque

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, MonotonicClock, seconds
from benchharness.errors import MeterError
from benchharness.meters.base import Instrument
from benchharness.meters.checks import observe, reading_checks
from benchharness.meters.cpu_time import CpuTime
from benchharness.meters.options import OptionReader
from benchharness.model import (
    Capabilities,
    Check,
    CheckState,
    MeasurementClass,
    MeterEvent,
    Reading,
)

DEFAULT_PERIOD_S = 1.0
DEFAULT_GAIN_BOUND = 0.5
# Power over a shorter time is mostly the tick of the accounting (10 ms); the counter stands.
_SHORTEST_MEAN_S = 0.1
# A reading is due a little before its time, so that a caller at the same pace misses none.
_EARLY = 0.25


class EstimateMeter:
    """Estimates the board's power from the busy time of its cores."""

    def __init__(
        self, instrument: Instrument, clock: Clock | None = None, sysroot: str = "/"
    ) -> None:
        self.instrument = instrument
        self._clock = clock or MonotonicClock()
        self._sysroot = sysroot
        keys = OptionReader(instrument)
        idle_w = keys.number("idle_w", minimum=0.0)
        full_w = keys.number("full_w", minimum=0.0)
        if idle_w is None or full_w is None:
            key = "idle_w" if idle_w is None else "full_w"
            raise keys.error(key, "is missing", "write idle_w and full_w, the watts of the board")
        if full_w < idle_w:
            raise keys.error("full_w", f"{full_w:g} W is below idle_w, {idle_w:g} W")
        self._idle_w = idle_w
        self._full_w = full_w
        self._period_s = keys.number("period_s", minimum=0.1, maximum=60.0) or DEFAULT_PERIOD_S
        self._check_s = keys.number("check_s", minimum=0.1, maximum=3600.0) or 2.0
        gain_bound = keys.number("gain", minimum=0.0, maximum=2.0)
        self._gain_bound = DEFAULT_GAIN_BOUND if gain_bound is None else gain_bound
        keys.texts("boards")
        self._class = keys.measurement_class(MeasurementClass.ESTIMATED)
        if self._class is MeasurementClass.MEASURED:
            raise keys.error("class", "an estimate is not measured", 'write class = "estimated"')
        keys.done()
        self._cpu: CpuTime | None = None
        self._readings: deque[Reading] = deque()

    def open(self) -> None:
        """Open /proc/stat and take the first reading, which has a counter and no power yet."""
        if self._cpu is not None:
            return
        self._cpu = CpuTime(self._sysroot)
        self._start_ns = self._last_ns = self._clock.now_ns()
        self._start_busy_s = self._last_busy_s = self._cpu.busy_s()
        self._due_ns = self._start_ns + self._period_ns
        self._readings.clear()
        self._readings.append(Reading(self._start_ns, None, 0.0))

    def capabilities(self) -> Capabilities:
        """Return what the model can do; its steps are those of the kernel's accounting."""
        cpu = self._cpu
        step_j = None
        if cpu is not None:
            step_j = (self._full_w - self._idle_w) / cpu.cores * cpu.tick_s
        return Capabilities(
            measurement_class=self._class,
            has_power=True,
            has_counter=True,
            period_s=self._period_s,
            power_resolution_w=None if step_j is None else step_j / self._period_s,
            energy_resolution_j=step_j,
            floor_w=None,
            gain_bound=self._gain_bound,
            latency_bound_s=0.0 if cpu is None else cpu.tick_s,
        )

    def read(self) -> list[Reading]:
        """Return the readings since the last call, with a new one if one is due."""
        if self._cpu is not None:
            now_ns = self._clock.now_ns()
            if now_ns >= self._due_ns - round(_EARLY * self._period_ns):
                self._sample(now_ns)
                self._due_ns = max(self._due_ns + self._period_ns, now_ns)
        readings = list(self._readings)
        self._readings.clear()
        return readings

    def events(self) -> list[MeterEvent]:
        """Return nothing: a formula has no adventures."""
        return []

    def request(self) -> None:
        """Take a reading at this moment, for the next read()."""
        if self._cpu is not None:
            self._sample(self._clock.now_ns())

    def check(self) -> list[Check]:
        """Say that this is an estimate, and from what."""
        name = self.instrument.name
        opened_here = self._cpu is None
        try:
            self.open()
        except MeterError as error:
            return [Check(name, CheckState.ERROR, error.line(), "name another meter")]
        try:
            readings, _ = observe(self, self._check_s, self._clock)
            found = f"{self._idle_w:g} W idle, {self._full_w:g} W with every core busy"
            advice = "an estimate from published figures: connect a plug to measure"
            return [
                Check(f"{name}: model", CheckState.ADVICE, found, advice),
                *reading_checks(name, readings, self._check_s, self.capabilities()),
            ]
        finally:
            if opened_here:
                self.close()

    def close(self) -> None:
        """Close /proc/stat; may be called twice."""
        if self._cpu is not None:
            self._cpu.close()
            self._cpu = None

    @property
    def _period_ns(self) -> int:
        return round(self._period_s * NANOSECONDS_PER_SECOND)

    def _sample(self, now_ns: int) -> None:
        assert self._cpu is not None
        if now_ns <= self._last_ns:
            return
        busy_s = self._cpu.busy_s()
        per_busy_s = (self._full_w - self._idle_w) / self._cpu.cores
        elapsed_s = seconds(now_ns - self._start_ns)
        energy_j = self._idle_w * elapsed_s + per_busy_s * (busy_s - self._start_busy_s)
        power_w = None
        since_s = seconds(now_ns - self._last_ns)
        if since_s >= _SHORTEST_MEAN_S:
            # A tick that falls on the wrong side may show more than the cores have.
            share = min(1.0, (busy_s - self._last_busy_s) / (since_s * self._cpu.cores))
            power_w = self._idle_w + (self._full_w - self._idle_w) * share
        self._last_ns, self._last_busy_s = now_ns, busy_s
        self._readings.append(Reading(now_ns, power_w, energy_j))
