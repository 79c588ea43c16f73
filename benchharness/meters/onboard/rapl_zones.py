"""The zones of RAPL, as the kernel's powercap shows them, and which of them may be added.

    sys/class/powercap/intel-rapl:0/        name = package-0, energy_uj, max_energy_range_uj
    sys/class/powercap/intel-rapl:0:0/      name = core: inside the package, as uncore is
    sys/class/powercap/intel-rapl:0:1/      name = dram: beside the package, though it lies below it
    sys/class/powercap/intel-rapl:1/        name = psys: the platform, with the packages in it

Documentation/power/powercap/powercap.rst; Intel Software Developer's Manual, volume 3, "RAPL
Domains": core and uncore are parts of the package, DRAM is not. AMD's processors have the same
files. The zones of intel-rapl-mmio are the same packages once more and are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchharness.meters.onboard.held_file import names_in, number_in, text_in

POWERCAP = "sys/class/powercap"
_ZONE = re.compile(r"intel-rapl:\d+(:\d+)?")


@dataclass(frozen=True, slots=True)
class Zone:
    """One counter: ``energy`` in µJ, which begins anew after ``range_uj``."""

    place: str  # intel-rapl:0:1
    name: str  # dram
    energy: str
    range_uj: int

    @property
    def package(self) -> str:
        """Return the zone on top of this one: its package, or itself."""
        return ":".join(self.place.split(":")[:2])

    @property
    def kind(self) -> str:
        """Return package, core, uncore, dram, psys, or another word of the kernel's."""
        return "package" if self.name.startswith("package") else self.name


def find_zones(sysroot: str) -> list[Zone]:
    """Return the zones in the order of their places; without rights to read them, too."""
    folder = f"{sysroot}/{POWERCAP}"
    places = sorted(place for place in names_in(folder) if _ZONE.fullmatch(place))
    # Below a package the zones are also folders of it; a copied tree may have only those.
    places += [
        f"{place}/{below}"
        for place in places
        for below in names_in(f"{folder}/{place}")
        if _ZONE.fullmatch(below) and below not in places
    ]
    found = []
    for place in places:
        name = text_in(f"{folder}/{place}/name")
        range_uj = number_in(f"{folder}/{place}/max_energy_range_uj")
        if name and range_uj:
            zone = place.rpartition("/")[2]
            found.append(Zone(zone, name, f"{folder}/{place}/energy_uj", range_uj))
    return found


def usual_zones(zones: list[Zone], *, counts: bool) -> list[Zone]:
    """Return the platform's zone if it ``counts``, else the packages and their memory."""
    if counts:
        platform = [zone for zone in zones if zone.kind == "psys"]
        if platform:
            return platform
    return [zone for zone in zones if zone.kind in ("package", "dram")]


def zones_named(zones: list[Zone], word: str) -> list[Zone]:
    """Return the zones of this name, kind or place: ``package-0``, ``dram``, ``intel-rapl:0``."""
    return [zone for zone in zones if word in (zone.name, zone.kind, zone.place)]


def why_not_added(zones: list[Zone]) -> str | None:
    """Return why the sum of these zones means nothing, in a sentence; None if it is sound."""
    places = [zone.place for zone in zones]
    if len(set(places)) < len(places):
        return "a zone is named twice"
    if len(zones) > 1 and any(zone.kind == "psys" for zone in zones):
        return "psys contains the others"
    for zone in zones:
        if zone.kind not in ("package", "dram", "psys") and zone.package in places:
            return f"the package contains {zone.name}"
    return None
