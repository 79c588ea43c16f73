"""Where the programs of a variant run: on which device of a testbed, and in which power mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.instances import Instance
from benchharness.plan.templates import expand
from benchharness.testbed.records import Device, Testbed


class Placement(NamedTuple):
    """Where a program runs: a device, None for this machine, and its power mode, None its own."""

    device: str | None
    power_mode: str | None


def placements(
    programs: Sequence[Instance],
    names: Mapping[str, FactorValue],
    label: str,
    testbed: Testbed | None,
) -> tuple[Placement, ...]:
    """Return where each program of a variant is put: devices in the testbed's order.

    ``names`` are the values of all placeholders, but for those of a program's own.
    A device that has no power modes is in none, whatever the others are in. Raises UsageError if
    there are too few devices, and for a mode that a device, or all of them, do not have.
    """
    wanting = sum(each.program.on_device for each in programs)
    if testbed is not None and wanting > len(testbed.devices):
        raise UsageError(
            f"{wanting} participants want a device each and the testbed {testbed.name} "
            f"has {len(testbed.devices)}",
            where=label,
            remedy="take fewer participants, a larger testbed, or none",
        )
    devices = iter(()) if testbed is None else iter(testbed.devices)
    found: list[Placement] = []
    unmet: str | None = None
    for each in programs:
        device = next(devices, None) if each.program.on_device else None
        wanted = expand(each.program.power_mode, {**names, **each.names})
        mode = _mode(device, wanted, label)
        unmet = wanted if wanted and mode is None else unmet
        found.append(Placement(None if device is None else device.name, mode))
    if unmet is not None and all(each.power_mode is None for each in found):
        whose = "there is no testbed" if testbed is None else f"no device of {testbed.name} has any"
        raise UsageError(
            f"power mode {unmet!r} is wanted, and {whose}",
            where=label,
            remedy="take a testbed whose devices have modes (benchharness list testbeds), or none",
        )
    return tuple(found)


def _mode(device: Device | None, wanted: str, label: str) -> str | None:
    if not wanted or device is None or not device.modes:
        return None
    modes = [each.name for each in device.modes]
    if wanted not in modes:
        raise UnknownNameError(f"power mode of {device.name}", wanted, modes, where=label)
    return wanted
