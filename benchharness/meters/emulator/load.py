"""What the emulated socket feeds, and its exact energy."""

from __future__ import annotations

from typing import Protocol

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds
from benchharness.meters.cpu_time import CpuTime
from benchharness.meters.emulator.truth import TruthPoint
from benchharness.meters.emulator.waveform import Curve

# A held power is the one that led up to a time: at a step, the one before it.
_JUST_BEFORE_S = 0.5e-9


class Load(Protocol):
    """Something that draws power. It is moved on in time and says exactly what it drew."""

    linear: bool
    source: str
    step_s: float  # how often it wants to be moved on

    def start(self, now_ns: int) -> TruthPoint:
        """Begin at ``now_ns`` with no energy."""
        ...

    def advance(self, now_ns: int) -> list[TruthPoint]:
        """Return the points since the last call; the last of them is at ``now_ns``."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class CpuLoad:
    """Draws what the machine's CPU use says: idle_w + (full_w - idle_w) * busy share."""

    linear = False

    def __init__(
        self, idle_w: float, full_w: float, sysroot: str = "/", step_s: float = 0.05
    ) -> None:
        self.step_s = step_s
        self._idle_w, self._full_w = idle_w, full_w
        self._cpu = CpuTime(sysroot)
        self.source = f"source cpu, idle_w {idle_w:g}, full_w {full_w:g}"

    def start(self, now_ns: int) -> TruthPoint:
        """Begin at ``now_ns`` with no energy."""
        self._busy_s = self._cpu.busy_s()
        self._point = TruthPoint(now_ns, self._idle_w, 0.0)
        return self._point

    def advance(self, now_ns: int) -> list[TruthPoint]:
        """Return one point: the power that held since the last one."""
        length_s = seconds(now_ns - self._point.t_ns)
        if length_s <= 0:
            return []
        room_s = length_s * self._cpu.cores
        busy_s = min(room_s, max(0.0, self._cpu.busy_s() - self._busy_s))
        power_w = self._idle_w + (self._full_w - self._idle_w) * busy_s / room_s
        # A tick longer than the interval is drawn in the next ones, so that none is lost.
        self._busy_s += busy_s
        self._point = TruthPoint(now_ns, power_w, self._point.energy_j + power_w * length_s)
        return [self._point]

    def close(self) -> None:
        """Close /proc/stat."""
        self._cpu.close()


class WaveformLoad:
    """Draws what a waveform says; its energy is the analytic integral, never a sum."""

    step_s = 1.0

    def __init__(self, waveform: Curve, name: str = "waveform") -> None:
        self._waveform = waveform
        self.linear = waveform.linear
        self.source = f"source {name}"

    def start(self, now_ns: int) -> TruthPoint:
        """Begin the waveform's time 0 at ``now_ns``."""
        self._start_ns = self._last_ns = now_ns
        return TruthPoint(now_ns, self._waveform.power_w(0.0), 0.0)

    def advance(self, now_ns: int) -> list[TruthPoint]:
        """Return a point at each break since the last call, and one at ``now_ns``."""
        if now_ns <= self._last_ns:
            return []
        after_s, until_s = self._elapsed_s(self._last_ns), self._elapsed_s(now_ns)
        points: list[TruthPoint] = []
        for found in self._waveform.breaks(after_s, until_s):
            t_ns = self._start_ns + round(found.t_s * NANOSECONDS_PER_SECOND)
            if self._last_ns < t_ns <= now_ns:
                energy_j = self._waveform.energy_j(self._elapsed_s(t_ns))
                points.append(TruthPoint(t_ns, found.before_w, energy_j))
                if self.linear and found.after_w != found.before_w:
                    points.append(TruthPoint(t_ns, found.after_w, energy_j))
        if not points or points[-1].t_ns < now_ns:
            power_w = self._waveform.power_w(until_s if self.linear else until_s - _JUST_BEFORE_S)
            points.append(TruthPoint(now_ns, power_w, self._waveform.energy_j(until_s)))
        self._last_ns = now_ns
        return points

    def close(self) -> None:
        """Nothing is held."""

    def _elapsed_s(self, t_ns: int) -> float:
        return seconds(t_ns - self._start_ns)


class Switched:
    """A load behind the plug's relay: while it is off, nothing is drawn."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.linear = load.linear
        self.source = load.source
        self.step_s = load.step_s
        self.on = True

    def start(self, now_ns: int) -> TruthPoint:
        """Begin at ``now_ns`` with no energy."""
        self._point = self._inner = self._load.start(now_ns)
        return self._point

    def advance(self, now_ns: int) -> list[TruthPoint]:
        """Return the points since the last call, as the relay let them pass."""
        points = []
        for inner in self._load.advance(now_ns):
            drawn_j = inner.energy_j - self._inner.energy_j if self.on else 0.0
            power_w = inner.power_w if self.on else 0.0
            self._inner = inner
            self._point = TruthPoint(inner.t_ns, power_w, self._point.energy_j + drawn_j)
            points.append(self._point)
        return points

    def switch(self, on: bool, now_ns: int) -> list[TruthPoint]:
        """Turn the relay; return the points up to now and, where power runs straight, the step."""
        points = self.advance(now_ns)
        self.on = on
        if self.linear:
            power_w = self._inner.power_w if on else 0.0
            self._point = TruthPoint(now_ns, power_w, self._point.energy_j)
            points.append(self._point)
        return points

    def close(self) -> None:
        """Give back what the load holds."""
        self._load.close()
