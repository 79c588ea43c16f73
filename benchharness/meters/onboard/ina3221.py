"""The INA3221 power monitors of a Jetson, from /sys.

The chip measures the voltage over a shunt in steps of 40 µV and the rail's voltage in steps of
8 mV (Texas Instruments, SBOS576C, "Electrical Characteristics"): with 5 mΩ at 5 V that is 40 mW.
A reading is the mean over one cycle of the chip, and up to one more cycle old.

    rail = "VDD_IN"                          the default is the whole board's, whatever its name
    rail = ["VDD_CPU_GPU_CV", "VDD_SOC"]     a sum, only of rails that lie side by side
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from benchharness.errors import MeterError
from benchharness.meters.common import CommonDefaults
from benchharness.meters.onboard.choice import names_of
from benchharness.meters.onboard.held_file import HeldFile, Unreadable
from benchharness.meters.onboard.ina3221_tree import HWMON, IIO, Rail, find_rails
from benchharness.meters.onboard.polled import PolledMeter
from benchharness.meters.onboard.rails import is_whole_board, whole_board, why_not_added
from benchharness.meters.onboard.sample import Figures, Sample
from benchharness.meters.options import OptionReader
from benchharness.model import Check, CheckState

SHUNT_STEP_V = 40e-6
_OFFSET_STEPS = 2  # ±80 µV at most
# Shunts on NVIDIA's modules, where the kernel does not tell: 5 mΩ, 1 % (DG-09840, figure 5-14).
_USUAL_SHUNT_OHM = 0.005
# The old driver tells no voltage: rails of the Nano and the TX2 are near 5 V.
_USUAL_VOLTAGE_V = 5.0
# Of the chip 0.25 % for the shunt's voltage and as much for the rail's, of the shunt 1 %, and an
# offset of up to 80 µV, which is 16 mA at 5 mΩ or 80 mW at 5 V: all within 5 % from 2.3 W on.
_GAIN_BOUND = 0.05
# L4T 4.9 lets the chip average for half a second at most; the file update_interval says more.
_USUAL_CYCLE_S = 0.5
_CYCLES_LATE = 1.5  # the middle of a cycle that may be one cycle old


class Ina3221Meter(PolledMeter):
    """One rail, or the sum of several, as one target."""

    default_poll_s: ClassVar[float] = 0.1
    defaults: ClassVar[CommonDefaults] = CommonDefaults(
        check_s=2.0, gain_bound=_GAIN_BOUND, latency_bound_s=_CYCLES_LATE * _USUAL_CYCLE_S
    )

    def _configure(self, keys: OptionReader) -> None:
        named = names_of(keys, "rail", self.instrument)
        refusal = why_not_added(named) if named else None
        if refusal:
            remedy = "name one rail, or rails that lie side by side"
            raise keys.error("rail", f"{' + '.join(named)} cannot be added: {refusal}", remedy)
        self._wanted = named
        self._rails: list[Rail] = []
        self._reads: list[Callable[[], float]] = []
        self._files: list[HeldFile] = []
        self._voltages_v: dict[str, float] = {}
        if named and not is_whole_board(named):
            self._named(" + ".join(named))

    def _connect(self) -> None:
        found = find_rails(self.sysroot)
        place = f"{self.sysroot}/{HWMON}"
        if not found:
            raise MeterError(
                f"no INA3221 on this machine, nor in {self.sysroot}/{IIO}",
                where=place,
                remedy="it is on NVIDIA Jetson modules; elsewhere use a plug",
            )
        rails = self._wanted or whole_board(found)
        known = ", ".join(sorted(found))
        place = next(iter(found.values())).folder
        if not rails:
            raise MeterError(
                f"none of the rails is known to be the whole board's: {known}",
                where=place,
                remedy='name one, as in rail = "VDD_CPU"',
            )
        for name in rails:
            rail = found.get(name)
            if rail is None:
                what = f"there is no rail {name!r}"
                raise MeterError(what, where=place, remedy=f"there are: {known}")
            if not rail.enabled:
                what = f"the channel of {name} is switched off"
                remedy = f"write 1 to its in*_enable in {rail.folder}"
                raise MeterError(what, where=place, remedy=remedy)
        self._rails = [found[name] for name in rails]
        self._reads = [self._reader(rail) for rail in self._rails]

    def _sample(self) -> Sample:
        return Sample(power_w=sum(read() for read in self._reads))

    def _disconnect(self) -> None:
        for file in self._files:
            file.close()
        self._files.clear()
        self._reads.clear()

    def _figures(self) -> Figures:
        if not self._rails:
            return Figures()
        cycles_s = [rail.update_s for rail in self._rails if rail.update_s is not None]
        return Figures(
            # Roundings of several rails are independent.
            power_step_w=math.hypot(*(self._step_w(rail) for rail in self._rails)),
            latency_bound_s=_CYCLES_LATE * max(cycles_s) if cycles_s else None,
        )

    def _about(self) -> list[Check]:
        shunts = ", ".join(
            f"{rail.name}"
            + (f" ({1e3 * rail.shunt_ohm:g} mΩ)" if rail.shunt_ohm else " (shunt not told)")
            for rail in self._rails
        )
        whole = "the module's input" if is_whole_board(self.rail_names) else "a part of the board"
        found = f"{shunts} in {self._rails[0].folder}: {whole}"
        return [Check(f"{self.instrument.name}: rails", CheckState.OK, found)]

    @property
    def rail_names(self) -> tuple[str, ...]:
        """Return the rails that are read, once the meter is open."""
        return tuple(rail.name for rail in self._rails)

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
            self._voltages_v[rail.name] = voltage_v
            return self._from_zero(rail, voltage_v * current.number() / 1e3)

        return read

    def _from_zero(self, rail: Rail, power_w: float) -> float:
        """Return the power; no load may read below 0 by the chip's offset of two steps."""
        if power_w < -_OFFSET_STEPS * self._step_w(rail):
            raise Unreadable(f"{rail.name}: power is negative")
        return max(0.0, power_w)

    def _hold(self, path: str) -> HeldFile:
        self._files.append(HeldFile(path))
        return self._files[-1]
