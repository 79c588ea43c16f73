"""Reads the power of some rails of INA3221 chips from /sys, and knows its steps and its delay.

The chip measures the voltage over a shunt in steps of 40 µV and the rail's voltage in steps of
8 mV (Texas Instruments, SBOS576C, "Electrical Characteristics"): with 5 mΩ at 5 V that is 40 mW.
A reading is the mean over one cycle of the chip, and up to one more cycle old.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from benchharness.errors import MeterError
from benchharness.meters.onboard.held_file import HeldFile, Unreadable
from benchharness.meters.onboard.ina3221_tree import HWMON, IIO, Rail, find_rails
from benchharness.meters.onboard.rails import whole_board

SHUNT_STEP_V = 40e-6
_OFFSET_STEPS = 2  # ±80 µV at most
# Shunts on NVIDIA's modules, where the kernel does not tell: 5 mΩ, 1 % (DG-09840, figure 5-14).
_USUAL_SHUNT_OHM = 0.005
# The old driver tells no voltage: rails of the Nano and the TX2 are near 5 V.
_USUAL_VOLTAGE_V = 5.0
_CYCLES_LATE = 1.5  # the middle of a cycle that may be one cycle old


class RailReader:
    """The sum of the rails ``wanted``, or of those that are the whole board's if none is."""

    def __init__(self, sysroot: str, wanted: Sequence[str]) -> None:
        """Find the rails. Raises MeterError: what was looked for, where, and the remedy."""
        self.rails = _choose(sysroot, wanted)
        self._files: list[HeldFile] = []
        self._voltages_v: dict[str, float] = {}
        self._currents_a: dict[str, float] = {}
        self._reads = [self._reader(rail) for rail in self.rails]

    def power_w(self) -> float:
        """Return the power of all rails together. Raises Unreadable."""
        return sum(read() for read in self._reads)

    def supply(self) -> tuple[float | None, float | None]:
        """Return current (A) and voltage (V) of the last power, of a single rail that tells both.

        Currents of rails at several voltages have no sum.
        """
        rail = self.rails[0]
        if len(self.rails) > 1 or rail.name not in self._currents_a:
            return None, None
        return self._currents_a[rail.name], self._voltages_v[rail.name]

    @property
    def power_step_w(self) -> float:
        """Return the step of the sum; roundings of several rails are independent."""
        return math.hypot(*(self._step_w(rail) for rail in self.rails))

    @property
    def latency_bound_s(self) -> float | None:
        """Return how old a reading can be, None where the chip's cycle is not told."""
        cycles_s = [rail.update_s for rail in self.rails if rail.update_s is not None]
        return _CYCLES_LATE * max(cycles_s) if cycles_s else None

    def described(self) -> str:
        """Return the rails with their shunts, and where they are."""
        rails = [
            f"{rail.name} ({1e3 * rail.shunt_ohm:g} mΩ)" if rail.shunt_ohm else rail.name
            for rail in self.rails
        ]
        return f"{', '.join(rails)} in {self.rails[0].folder}"

    def close(self) -> None:
        """Close the files; may be called twice."""
        for file in self._files:
            file.close()

    def _step_w(self, rail: Rail) -> float:
        current_step_a = SHUNT_STEP_V / (rail.shunt_ohm or _USUAL_SHUNT_OHM)
        return current_step_a * self._voltages_v.get(rail.name, _USUAL_VOLTAGE_V)

    def _reader(self, rail: Rail) -> Callable[[], float]:
        if rail.power is not None:
            power = self._hold(rail.power)
            return lambda: self._from_zero(rail, power.number() / 1e3)
        voltage, current = self._hold(rail.voltage or ""), self._hold(rail.current or "")

        def read() -> float:
            voltage_v = voltage.number() / 1e3
            current_a = current.number() / 1e3
            self._voltages_v[rail.name] = voltage_v
            self._currents_a[rail.name] = current_a
            return self._from_zero(rail, voltage_v * current_a)

        return read

    def _from_zero(self, rail: Rail, power_w: float) -> float:
        """Return the power; no load may read below 0 by the chip's offset of two steps."""
        if power_w < -_OFFSET_STEPS * self._step_w(rail):
            raise Unreadable(f"{rail.name}: power is negative")
        return max(0.0, power_w)

    def _hold(self, path: str) -> HeldFile:
        self._files.append(HeldFile(path))
        return self._files[-1]


def _choose(sysroot: str, wanted: Sequence[str]) -> tuple[Rail, ...]:
    found = find_rails(sysroot)
    if not found:
        raise MeterError(
            f"no INA3221 on this machine, nor in {sysroot}/{IIO}",
            where=f"{sysroot}/{HWMON}",
            remedy="it is on NVIDIA Jetson modules; elsewhere use a plug",
        )
    place, known = next(iter(found.values())).folder, ", ".join(sorted(found))
    names = wanted or whole_board(found)
    if not names:
        what = f"none of the rails is known to be the whole board's: {known}"
        raise MeterError(what, where=place, remedy='name one, as in rail = "VDD_CPU"')
    for name in names:
        rail = found.get(name)
        if rail is None:
            raise MeterError(f"no rail {name!r}", where=place, remedy=f"there are: {known}")
        if not rail.enabled:
            remedy = f"write 1 to its in*_enable in {rail.folder}"
            raise MeterError(f"{name} is switched off", where=place, remedy=remedy)
    return tuple(found[name] for name in names)
