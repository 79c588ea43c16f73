"""A battery that drives the board, from /sys/class/power_supply.

Only a battery that discharges measures what the board draws: with the mains plugged in it draws
from there, so that this meter refuses. Gauges are coarse and slow: they step by 10 mWh (36 J) or
so, and tell a new power each second to half a minute.

    battery = "BAT1"        the default is the one that there is
"""

from __future__ import annotations

from typing import ClassVar

from benchharness.errors import MeterError
from benchharness.meters.common import CommonDefaults
from benchharness.meters.onboard.battery_supply import SUPPLIES, Mains, Supply, find_batteries
from benchharness.meters.onboard.held_file import Unreadable
from benchharness.meters.onboard.polled import PolledMeter
from benchharness.meters.onboard.sample import Figures, Sample
from benchharness.meters.options import OptionReader
from benchharness.model import Check, CheckState

_PULL = "unplug the mains, and let it discharge"


class BatteryMeter(PolledMeter):
    """What one battery gives. Its counter is the energy used since the meter was opened."""

    default_poll_s: ClassVar[float] = 1.0
    least_poll_s: ClassVar[float] = 0.1
    # Assumed: gauges of laptops are built to 1 to 3 %, age, and are slow.
    defaults: ClassVar[CommonDefaults] = CommonDefaults(
        check_s=5.0, gain_bound=0.05, latency_bound_s=30.0
    )

    def _configure(self, keys: OptionReader) -> None:
        address = keys.text("address")
        self._wanted = keys.text("battery") or address
        self._supply: Supply | None = None
        self._mains: Mains | None = None
        self._off: str | None = None

    def _connect(self) -> None:
        place = f"{self.sysroot}/{SUPPLIES}"
        found = find_batteries(self.sysroot)
        wanted = [s for s in found if self._wanted in (None, s.name)]
        if not wanted:
            names = ", ".join(supply.name for supply in found)
            looked_for = "no battery" if self._wanted is None else f"no battery {self._wanted!r}"
            remedy = "use a plug" if not found else f"there are: {names}"
            what = f"{looked_for} on this machine"
            raise MeterError(what, where=place, remedy=remedy)
        if len(wanted) > 1:
            names = ", ".join(supply.name for supply in wanted)
            what = f"there are several batteries: {names}"
            remedy = f'name one: battery = "{wanted[0].name}"'
            raise MeterError(what, where=place, remedy=remedy)
        supply, self._mains = wanted[0], Mains(self.sysroot)
        if not (supply.has_power or supply.has_energy):
            what = "tells neither power nor energy"
            raise MeterError(what, where=supply.folder, remedy="use a plug")
        why = self._why_not(supply)
        if why:
            supply.close()
            raise MeterError(why, where=supply.folder, remedy=_PULL)
        self._supply, self._off = supply, None
        supply.begin()

    def _why_not(self, supply: Supply) -> str | None:
        """Return why the battery does not tell what the board draws, None if it does."""
        try:
            status = supply.status()
        except Unreadable as failure:
            return str(failure)
        if status != "Discharging":
            return f"the battery does not drive the board (status {status})"
        mains = self._mains.plugged_in() if self._mains is not None else None
        return f"the mains is plugged in ({mains})" if mains else None

    def _sample(self) -> Sample:
        assert self._supply is not None
        why = self._why_not(self._supply)
        if why != self._off:
            self._change(why)
        if why:
            raise Unreadable(why)
        return Sample(power_w=self._supply.power_w(), energy_j=self._supply.used_j())

    def _change(self, why: str | None) -> None:
        self._off = why
        if why:
            self._poller.note("offline", why)
        else:
            self._poller.note("online", "the battery drives the board again")
            assert self._supply is not None
            self._supply.skip()

    def _disconnect(self) -> None:
        for source in (self._supply, self._mains):
            if source is not None:
                source.close()

    def _figures(self) -> Figures:
        supply = self._supply
        if supply is None:
            return Figures(has_counter=True)
        return Figures(
            has_power=supply.has_power,
            has_counter=supply.has_energy,
            power_step_w=supply.power_step_w,
            energy_step_j=supply.energy_step_j,
        )

    def _about(self) -> list[Check]:
        assert self._supply is not None
        found = f"{self._supply.name} discharges, {self._supply.described()}"
        return [Check(f"{self.instrument.name}: battery", CheckState.OK, found)]
