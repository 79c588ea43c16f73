"""Which meters this machine has on board, found without opening one; takes milliseconds."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from benchharness.meters.boards import board_model
from benchharness.meters.onboard.battery_supply import find_batteries
from benchharness.meters.onboard.held_file import Unreadable, number_in
from benchharness.meters.onboard.ina3221_tree import find_rails
from benchharness.meters.onboard.rails import whole_board
from benchharness.meters.onboard.rapl_zones import find_zones

JTOP_SOCKET = "run/jtop.sock"
NVIDIA_DRIVER = "proc/driver/nvidia/version"
VCGENCMD_PLACES = ("usr/bin", "opt/vc/bin", "usr/local/bin")
_PMIC_BOARDS = ("Raspberry Pi 5", "Raspberry Pi Compute Module 5", "Raspberry Pi 500")


@dataclass(frozen=True, slots=True)
class OnBoard:
    """A meter that is there: its driver, what it sees, and why it cannot be used as it is."""

    driver: str
    sees: str
    hindrance: str | None = None
    whole_board: bool = False

    def line(self) -> str:
        """Return it in words."""
        text = f"{self.driver} ({self.sees})"
        return f"{text}, {self.hindrance}" if self.hindrance else text


def find_onboard(sysroot: str = "/") -> list[OnBoard]:
    """Return the meters on board, the ones that see the whole board first."""
    root = sysroot.rstrip("/")
    found = [look(root) for look in _LOOKS]
    return sorted((meter for meter in found if meter), key=lambda meter: not meter.whole_board)


def find_vcgencmd(sysroot: str) -> str | None:
    """Return the path of the firmware's program, None where there is none."""
    paths = (f"{sysroot.rstrip('/')}/{folder}/vcgencmd" for folder in VCGENCMD_PLACES)
    return next((path for path in paths if os.access(path, os.X_OK)), None)


def _ina3221(root: str) -> OnBoard | None:
    rails = find_rails(root)
    if not rails:
        return None
    whole = whole_board(rails)
    inputs = [rails[name] for name in whole]
    files = [path for rail in inputs for path in (rail.power, rail.voltage, rail.current) if path]
    readable = all(number_in(path) is not None for path in files)
    usable = bool(whole) and readable and all(rail.enabled for rail in inputs)
    hindrance = None if usable or not whole else "cannot be read now"
    return OnBoard("ina3221", " + ".join(whole or sorted(rails)), hindrance, usable)


def _battery(root: str) -> OnBoard | None:
    batteries = find_batteries(root)
    if not batteries:
        return None
    try:
        status = batteries[0].status()
    except Unreadable:
        status = "unknown"
    finally:
        batteries[0].close()
    hindrance = None if status == "Discharging" else f"only while it discharges, now {status}"
    return OnBoard("battery", ", ".join(battery.name for battery in batteries), hindrance)


def _rapl(root: str) -> OnBoard | None:
    zones = find_zones(root)
    if not zones:
        return None
    readable = all(os.access(zone.energy, os.R_OK) for zone in zones)
    names = ", ".join(dict.fromkeys(zone.name for zone in zones))
    return OnBoard("rapl", names, None if readable else "only root may read it")


def _nvml(root: str) -> OnBoard | None:
    there = os.path.exists(f"{root}/{NVIDIA_DRIVER}")  # noqa: PTH110 - a text
    return OnBoard("nvml", "NVIDIA GPU") if there else None


def _pmic(root: str) -> OnBoard | None:
    model = board_model(root or "/") or ""
    if not model.startswith(_PMIC_BOARDS):
        return None
    missing = None if find_vcgencmd(root) else "vcgencmd is not installed"
    return OnBoard("pmic", "the rails behind the power chip", missing)


def _jtop(root: str) -> OnBoard | None:
    there = os.path.exists(f"{root}/{JTOP_SOCKET}")  # noqa: PTH110 - a text
    return OnBoard("jtop", "the service of jetson-stats") if there else None


# Every driver of this folder: an instrument of one of them is on this machine or it is not.
DRIVERS = ("ina3221", "battery", "rapl", "nvml", "pmic", "jtop")
_LOOKS: tuple[Callable[[str], OnBoard | None], ...] = (
    _ina3221,
    _battery,
    _rapl,
    _nvml,
    _pmic,
    _jtop,
)
