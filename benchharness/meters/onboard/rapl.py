"""RAPL: the energy counters of an Intel or AMD processor, from /sys/class/powercap.

The counters count up in steps of 2^-14 J and are updated each millisecond (Intel Software
Developer's Manual, volume 3, "RAPL Interfaces"). They see the processor and its memory, or with
psys the platform as the maker wired it: a part of the board, so that they are never added to a
plug's joules. The power of a reading is the mean since the one before.

    zone = "package-0"              the default is psys if it counts, else all packages and dram
    zone = ["package", "dram"]      a sum; core and uncore are inside the package
"""

from __future__ import annotations

import os
from typing import ClassVar

from benchharness.clock import seconds
from benchharness.errors import MeterError
from benchharness.meters.common import CommonDefaults
from benchharness.meters.onboard.choice import names_of
from benchharness.meters.onboard.held_file import HeldFile, number_in
from benchharness.meters.onboard.polled import PolledMeter
from benchharness.meters.onboard.rapl_zones import (
    POWERCAP,
    Zone,
    find_zones,
    usual_zones,
    why_not_added,
    zones_named,
)
from benchharness.meters.onboard.sample import Figures, Sample
from benchharness.meters.onboard.wrapping import WrappingCounter
from benchharness.meters.options import OptionReader
from benchharness.model import Check, CheckState

_STEP_J = 2.0**-14
_UPDATE_S = 1e-3
# Since Haswell the currents are measured, and agree with meters within a few per cent (Hackenberg
# et al., HPPAC 2015; Khan et al., ACM ToMPECS 3(2), 2018); makers state no bound. Assumed.
_GAIN_BOUND = 0.05
# What no zone exceeds: a rise above it is a counter that was set back.
_MOST_W = 2000.0
_REMEDY = "run as root, or: sudo chmod a+r /sys/class/powercap/intel-rapl*/energy_uj"


class RaplMeter(PolledMeter):
    """The sum of zones that do not contain one another, as one target."""

    default_poll_s: ClassVar[float] = 0.1
    defaults: ClassVar[CommonDefaults] = CommonDefaults(check_s=2.0, gain_bound=_GAIN_BOUND)

    def _configure(self, keys: OptionReader) -> None:
        self._wanted = names_of(keys, "zone", self.instrument)
        self._zones: list[Zone] = []
        self._files: list[HeldFile] = []
        self._begin_anew()
        self._named(" + ".join(self._wanted) or "processor")

    def _begin_anew(self) -> None:
        self._counters = [WrappingCounter(z.range_uj, _MOST_W * 1e6) for z in self._zones]
        self._energy_uj = 0
        self._last_ns: int | None = None

    def _connect(self) -> None:
        place = f"{self.sysroot}/{POWERCAP}"
        zones = find_zones(self.sysroot)
        if not zones:
            raise MeterError(
                "no RAPL on this machine: no zone intel-rapl:*",
                where=place,
                remedy="it is on Intel and AMD processors, seldom in a virtual machine; "
                "else modprobe intel_rapl_msr, or use a plug",
            )
        self._zones = self._choose(zones, place)
        for zone in self._zones:
            if not os.access(zone.energy, os.R_OK):
                raise MeterError("only root may read it", where=zone.energy, remedy=_REMEDY)
        self._begin_anew()
        longest_s = min(counter.longest_s for counter in self._counters)
        if self.poll_s >= longest_s:
            raise MeterError(
                f"poll_s of {self.poll_s:g} s is so long that a counter may wrap twice unseen",
                where=place,
                remedy=f"set poll_s below {longest_s:.3g} s",
            )
        self._files = [HeldFile(zone.energy) for zone in self._zones]

    def _choose(self, zones: list[Zone], place: str) -> list[Zone]:
        if not self._wanted:
            counts = any(
                zone.kind == "psys" and (number_in(zone.energy) or 0) > 0 for zone in zones
            )
            return usual_zones(zones, counts=counts)
        chosen: list[Zone] = []
        for word in self._wanted:
            named = zones_named(zones, word)
            if not named:
                known = ", ".join(sorted({zone.name for zone in zones}))
                what = f"there is no zone {word!r}"
                raise MeterError(what, where=place, remedy=f"there are: {known}")
            chosen += named
        refusal = why_not_added(chosen)
        if refusal:
            what = f"{' + '.join(self._wanted)} cannot be added: {refusal}"
            remedy = "name one zone, or zones that lie side by side"
            raise MeterError(what, where=place, remedy=remedy)
        return chosen

    def _sample(self) -> Sample:
        values = [file.number() for file in self._files]
        now_ns = self._clock.now_ns()
        rises = [c.rise(now_ns, v) for c, v in zip(self._counters, values, strict=True)]
        last_ns, self._last_ns = self._last_ns, now_ns
        known = [rise for rise in rises if rise is not None]
        if len(known) < len(rises):
            self._lost_count(last_ns or now_ns)
            return Sample(energy_j=0.0)
        risen_uj = sum(known)
        self._energy_uj += risen_uj
        power_w = None
        if last_ns is not None and now_ns > last_ns:
            power_w = risen_uj / 1e6 / seconds(now_ns - last_ns)
        return Sample(power_w=power_w, energy_j=self._energy_uj / 1e6)

    def _lost_count(self, since_ns: int) -> None:
        """Say that nobody knows what was counted since the last look, and count from 0 again."""
        self._energy_uj = 0
        what = "the counter was set back, or began anew more than once: its joules are not known"
        self._poller.note("offline", what, since_ns)

    def _disconnect(self) -> None:
        for file in self._files:
            file.close()
        self._files.clear()

    def _figures(self) -> Figures:
        step_j = _STEP_J * max(1, len(self._zones)) ** 0.5  # independent roundings
        return Figures(
            has_counter=True,
            energy_step_j=step_j,
            power_step_w=step_j / self.poll_s,
            # The mean power since the last look is that of half a period ago.
            latency_bound_s=_UPDATE_S + self.poll_s / 2.0,
        )

    def _about(self) -> list[Check]:
        zones = ", ".join(f"{zone.name} ({zone.place})" for zone in self._zones)
        found = f"{zones}: a part of the board, without its supply and its disks"
        return [Check(f"{self.instrument.name}: zones", CheckState.OK, found)]
