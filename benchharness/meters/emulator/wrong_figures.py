"""What goes wrong in the figures that an emulated device shows, and in its own clock."""

from __future__ import annotations

import math

from benchharness.clock import seconds
from benchharness.meters.emulator.channel import Dice
from benchharness.meters.emulator.device import ns
from benchharness.meters.emulator.faults import Episode, FaultLog, Faults

# What a device writes where it has no number.
NO_NUMBER = "unknown"


class WrongFigures:
    """Changes the power and the counter that are shown; the chip behind them is sound."""

    def __init__(self, faults: Faults, seed: int = 0, log: FaultLog | None = None) -> None:
        self.faults = faults
        self.log = log if log is not None else FaultLog()
        self._dice = Dice(seed)
        self._offset_j = 0.0
        self._noted: set[Episode] = set()

    def start(self, now_ns: int) -> None:
        """Begin the time of ``WHAT@WHEN``."""
        self._start_ns = now_ns
        at = [(ns(e.at_s), "reset", e) for e in self.faults.reset]
        at += [(ns(e.at_s), "jump-back", e) for e in self.faults.jump_back]
        self._waiting = sorted(at, key=lambda item: item[0])

    def gain(self, now_ns: int) -> float:
        """Return by how much the gain has drifted since the start."""
        return self.faults.drift * seconds(now_ns - self._start_ns) / 3600.0

    def tick(self, total_j: float, now_ns: int) -> None:
        """Do what has become due to the counter, whose sound value is ``total_j``."""
        while self._waiting and self._waiting[0][0] <= now_ns - self._start_ns:
            _, kind, episode = self._waiting.pop(0)
            shown_j = self.counter_j(total_j)
            to_j = episode.value if kind == "reset" else max(0.0, shown_j - episode.value)
            self._offset_j = to_j - total_j
            self.log.note(now_ns, kind, f"{shown_j:.6g} J to {to_j:.6g} J")

    def counter_j(self, total_j: float) -> float:
        """Return the counter as it is shown."""
        return max(0.0, total_j + self._offset_j)

    def power(self, power_w: float, now_ns: int) -> float | str:
        """Return the power as it is shown once: watts, NaN, or text that is no number."""
        faults, falls = self.faults, self._dice.falls
        shown: float | str = power_w
        if falls("spike", faults.spike):
            shown = self._wrong("spike", now_ns, faults.spike_w)
        if falls("zero", faults.zero):
            shown = self._wrong("zero", now_ns, 0.0)
        if falls("negative", faults.negative):
            shown = self._wrong("negative", now_ns, -max(1.0, power_w))
        if falls("nan", faults.nan):
            shown = self._wrong("nan", now_ns, math.nan)
        if falls("text", faults.text):
            self.log.note(now_ns, "text")
            return NO_NUMBER
        return shown

    def clock_offset_s(self, now_ns: int) -> float:
        """Return by how much the device's own clock is wrong."""
        offset_s = 0.0
        for jump in self.faults.clock_jump:
            if ns(jump.at_s) <= now_ns - self._start_ns:
                offset_s += jump.value
                if jump not in self._noted:
                    self._noted.add(jump)
                    self.log.note(self._start_ns + ns(jump.at_s), "clock-jump", f"{jump.value:g} s")
        return offset_s

    def _wrong(self, kind: str, now_ns: int, value: float) -> float:
        self.log.note(now_ns, kind, f"{value:g} W")
        return value
