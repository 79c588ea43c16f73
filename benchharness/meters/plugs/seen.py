"""What a plug's messages have shown of it: who it is, what it can do, what its digits tell."""

from __future__ import annotations

from benchharness.meters.plugs.payload import EMULATED_MARK, PlugReading
from benchharness.meters.plugs.said import Identity


class PlugSeen:
    """Filled on the network's thread; each field is replaced whole, so that any may be read."""

    def __init__(self, *, fixed_decimals: bool = True) -> None:
        self.online: bool | None = None
        self.relay_on: bool | None = None
        self.version: str | None = None
        self.hardware: str | None = None
        self.emulated = False
        self.channels = 1
        self.has_power = False
        self.has_counter = False
        self.power_step_w: float | None = None
        self.energy_step_j: float | None = None
        self._fixed_decimals = fixed_decimals

    def learn(self, reading: PlugReading) -> None:
        """Take what a reading shows."""
        self.has_power = self.has_power or reading.power_w is not None
        self.has_counter = self.has_counter or reading.energy_j is not None
        self.channels = reading.channels
        self.power_step_w = self._step(self.power_step_w, reading.power_step_w)
        self.energy_step_j = self._step(self.energy_step_j, reading.energy_step_j)
        self.emulated = self.emulated or reading.emulated

    def meet(self, who: Identity) -> None:
        """Take who it says to be."""
        self.version = who.version or self.version
        self.hardware = who.hardware or self.hardware
        if who.emulated or EMULATED_MARK in (who.version or ""):
            self.emulated = True

    def _step(self, before: float | None, now: float | None) -> float | None:
        if now is None or before is None or self._fixed_decimals:
            return before if now is None else now
        # Zeros at the end are dropped: 5 may be 5.0, so that the finest step seen counts.
        return min(before, now)
