"""Metering chips, and what firmware makes of them: a power figure and a counter.

A pulse chip (HLW8012, BL0937) gives one pulse for each fixed amount of energy; its frequency is
proportional to power (HLW8012 datasheet: F = 48 V1 V2 f_osc / (128 Vref^2)). What is modelled of
Tasmota (xnrg_01_hlw8012.ino and xdrv_03_energy.ino, version 14):

- energy per pulse: 12530 us at 1000.0 W, 12.53 J; for the BL0937 0.1362 of it, 1.7066 J;
- every 200 ms: power from the mean length of the pulses of those 200 ms, else from the last
  pulse's length, cut to 0.1 W; no pulse for 10 s is 0 W, after one more look;
- the first pulse after such a silence only starts the measurement: it is not counted. Below
  one pulse in 10 s (1.253 W, 0.171 W) power is 0 W and the counter stands still;
- the counter takes in the pulses of the last second, once a second.

Left out: the whole-number arithmetic of the counter (the BL0937's pulses count up to 0.9 % low),
microseconds of interrupt jitter, the watchdog of plugs whose voltage pin is not wired, and noise
of the chip (its datasheet: +-0.3 % over 1000:1). ESPHome counts pulses per update interval and
drops single ones; that is not modelled.

A serial chip (CSE7766, HLW8032) measures by itself: the mean power of the last second, and a
counter without visible steps. Below about 5 W its power is doubtful; how much so is assumed here.
"""

from __future__ import annotations

import math
import random
from collections import deque
from typing import Protocol

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds
from benchharness.errors import UnknownNameError
from benchharness.meters.emulator.segments import crossing_ns
from benchharness.meters.emulator.truth import TruthPoint

PULSE_J = {"hlw8012": 12.53, "bl0937": 12.53 * 0.1362}
CHIPS = ("ideal", "hlw8012", "bl0937", "cse7766")

_SLOT_NS = 200_000_000
_SILENCE_NS = 10 * NANOSECONDS_PER_SECOND
_FIRMWARE_STEP_W = 0.1
_DOUBTFUL_BELOW_W = 5.0
_DOUBTFUL_SD_W = 0.1


class Chip(Protocol):
    """A chip and the firmware's reading of it. It is fed the true load and never sees a clock."""

    pulse_j: float | None  # the energy of a pulse; None without pulses
    gain: float  # the relative error of its scale; it may be changed while it runs

    def start(self, point: TruthPoint, *, linear: bool) -> None:
        """Begin at a point of the true load."""
        ...

    def feed(self, point: TruthPoint) -> None:
        """Take in the true load up to ``point``."""
        ...

    def tick(self, now_ns: int) -> None:
        """Bring the counter up to date, as firmware does once a second; fed up to ``now_ns``."""
        ...

    def power_w(self, now_ns: int) -> float:
        """Return the power that the firmware shows, in watts."""
        ...

    def counted_j(self) -> float:
        """Return the energy that it had counted at the last tick, in joules."""
        ...


class PulseChip:
    """Pulses, one for each ``pulse_j`` that the chip believes it sees.

    ``phase`` is the share of a pulse that it has gathered when it starts. ``step_w`` is the step
    to which the firmware cuts power; 0 for none.
    """

    def __init__(
        self,
        pulse_j: float,
        gain: float = 0.0,
        phase: float = 0.0,
        step_w: float = _FIRMWARE_STEP_W,
    ) -> None:
        self.pulse_j: float | None = pulse_j
        self.gain = gain
        self._each_j = pulse_j
        self._gathered_j = phase * pulse_j
        self._step_w = step_w
        self._counted = self._shown = 0
        # Time of each recent pulse and, unless it came after a silence, the time since the last.
        self._pulses: deque[tuple[int, int | None]] = deque()

    def start(self, point: TruthPoint, *, linear: bool) -> None:
        """Begin at a point of the true load."""
        self._start_ns = point.t_ns
        self._linear = linear
        self._last = point
        self._last_pulse_ns: int | None = None

    def feed(self, point: TruthPoint) -> None:
        """Take in the true load up to ``point``; each pulse comes at its exact moment."""
        last, self._last = self._last, point
        drawn_j = point.energy_j - last.energy_j
        scale = 1.0 + self.gain
        wanted_j = (self._each_j - self._gathered_j) / scale
        while 0 < drawn_j >= wanted_j:
            t_ns = crossing_ns(
                last.t_ns,
                point.t_ns,
                last.power_w,
                point.power_w,
                drawn_j,
                wanted_j,
                linear=self._linear,
            )
            self._pulse(t_ns)
            self._gathered_j -= self._each_j
            wanted_j = (self._each_j - self._gathered_j) / scale
        self._gathered_j += drawn_j * scale

    def tick(self, now_ns: int) -> None:
        """Count the pulses so far."""
        self._shown = self._counted
        self._forget(now_ns)

    def power_w(self, now_ns: int) -> float:
        """Return the power as of the firmware's last look, which it takes every 200 ms."""
        look_ns = now_ns - (now_ns - self._start_ns) % _SLOT_NS
        seen = [pulse for pulse in self._pulses if pulse[0] <= look_ns]
        if not seen or self._silent_ns(seen[-1][0]) < look_ns:
            return 0.0
        lengths = [
            length for t_ns, length in seen if t_ns > look_ns - _SLOT_NS and length is not None
        ]
        if not lengths:
            length = seen[-1][1]
            if length is None:
                return 0.0
            lengths = [length]
        return self._cut(self._each_j * len(lengths) / seconds(sum(lengths)))

    def counted_j(self) -> float:
        """Return the energy of the pulses that were counted at the last tick."""
        return self._shown * self._each_j

    def _pulse(self, t_ns: int) -> None:
        before_ns, self._last_pulse_ns = self._last_pulse_ns, t_ns
        if before_ns is None or self._silent_ns(before_ns) <= t_ns:
            self._pulses.append((t_ns, None))
            return
        self._counted += 1
        self._pulses.append((t_ns, t_ns - before_ns))

    def _silent_ns(self, pulse_ns: int) -> int:
        """Return the first look that finds no pulse for 10 s."""
        slots = (pulse_ns + _SILENCE_NS - self._start_ns) // _SLOT_NS + 1
        return self._start_ns + slots * _SLOT_NS

    def _cut(self, power_w: float) -> float:
        if self._step_w <= 0:
            return power_w
        return math.floor(power_w / self._step_w + 1e-6) * self._step_w

    def _forget(self, now_ns: int) -> None:
        """Keep what the last look and the ones to come can need."""
        while len(self._pulses) > 1 and self._pulses[1][0] <= now_ns - 2 * _SLOT_NS:
            self._pulses.popleft()


class SerialChip:
    """A chip that measures by itself: the mean power of the last tick's interval, and its sum.

    ``noise_w`` is the standard deviation of power below 5 W; 0 is the ideal chip.
    """

    def __init__(self, gain: float = 0.0, noise_w: float = 0.0, seed: int = 0) -> None:
        self.pulse_j: float | None = None
        self.gain = gain
        self._noise_w = noise_w
        self._random = random.Random(seed)  # noqa: S311 - noise, not a secret
        self._seen_j = self._shown_j = 0.0

    def start(self, point: TruthPoint, *, linear: bool) -> None:  # noqa: ARG002 - as the protocol
        """Begin at a point of the true load."""
        self._last = point
        self._tick_ns = point.t_ns
        self._power_w = point.power_w * (1.0 + self.gain)

    def feed(self, point: TruthPoint) -> None:
        """Take in the true load up to ``point``."""
        self._seen_j += (point.energy_j - self._last.energy_j) * (1.0 + self.gain)
        self._last = point

    def tick(self, now_ns: int) -> None:
        """Take the mean since the last tick, and the sum."""
        power_w = (self._seen_j - self._shown_j) / seconds(now_ns - self._tick_ns)
        if self._noise_w > 0 and power_w < _DOUBTFUL_BELOW_W:
            power_w = max(0.0, self._random.gauss(power_w, self._noise_w))
        self._power_w, self._shown_j, self._tick_ns = power_w, self._seen_j, now_ns

    def power_w(self, now_ns: int) -> float:  # noqa: ARG002 - as the protocol
        """Return the mean power between the last two ticks."""
        return self._power_w

    def counted_j(self) -> float:
        """Return the energy up to the last tick."""
        return self._shown_j


def make_chip(name: str, gain: float = 0.0, seed: int = 0) -> Chip:
    """Return a chip by its name, one of CHIPS; ``seed`` sets a pulse chip's phase, or the noise.

    Raises UnknownNameError.
    """
    if name in PULSE_J:
        phase = random.Random(seed).random()  # noqa: S311 - not a secret
        return PulseChip(PULSE_J[name], gain, phase)
    if name not in CHIPS:
        raise UnknownNameError("chip", name, CHIPS)
    return SerialChip(gain, _DOUBTFUL_SD_W if name == "cse7766" else 0.0, seed)
