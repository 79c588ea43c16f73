"""What a device of a testbed file draws, and the power modes in which it may run.

[[device]]
speed = 1.0
idle_w = 1.75
busy_w = 7.252
transmit_w = 2.319
[device.mode.5W]        # what it does not say is as at the device
speed = 0.4
busy_w = 4.2
nvpmodel = 1            # its number on a real Jetson
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchharness.errors import UsageError
from benchharness.plan.toml_reader import Table
from benchharness.testbed.records import Device, PowerMode

_MODE_KEYS = (
    "speed", "idle_w", "busy_w", "transmit_w", "receive_w", "nvpmodel", "source",
)  # fmt: skip
_MODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Watts:
    """What a device draws, in watts, as in :class:`Device`."""

    idle_w: float
    busy_w: float
    transmit_w: float | None
    receive_w: float | None


def read_watts(entry: Table, usual: Device | None = None) -> Watts:
    """Read what a device draws, or in a mode what differs from the device.

    Raises UsageError with file, line and key, also for a device that draws less busy than at rest.
    """
    idle_w = read_number(entry, "idle_w", None if usual is None else usual.idle_w, minimum=0.0)
    busy_w = read_number(entry, "busy_w", None if usual is None else usual.busy_w, minimum=0.0)
    if busy_w < idle_w:
        raise _below(entry, "busy_w", busy_w, idle_w)
    link: list[float | None] = []
    for key in ("transmit_w", "receive_w"):
        value = entry.number(key, minimum=0.0)
        if value is None and usual is not None:
            value = usual.transmit_w if key == "transmit_w" else usual.receive_w
        if value is not None and value < idle_w:
            raise _below(entry, key, value, idle_w)
        link.append(value)
    return Watts(idle_w, busy_w, *link)


def read_modes(modes: Table, device: Device) -> tuple[PowerMode, ...]:
    """Read the power modes of a device, in the file's order. Raises UsageError."""
    return tuple(_mode(modes, name, device) for name in modes.data)


def _mode(modes: Table, name: str, device: Device) -> PowerMode:
    if not _MODE_NAME.fullmatch(name):
        raise modes.error(
            f"not a power mode's name: {name!r}", name, remedy="use letters, digits, ., - and _"
        )
    entry = modes.table(name)
    entry.only(*_MODE_KEYS)
    watts = read_watts(entry, device)
    return PowerMode(
        name=name,
        speed=read_number(entry, "speed", device.speed, above=0.0),
        idle_w=watts.idle_w,
        busy_w=watts.busy_w,
        transmit_w=watts.transmit_w,
        receive_w=watts.receive_w,
        nvpmodel=entry.integer("nvpmodel", minimum=0),
        source=read_sentence(entry),
    )


def _below(entry: Table, key: str, value: float, idle_w: float) -> UsageError:
    exchange = key == "busy_w" and "idle_w" in entry
    remedy = "exchange the two" if exchange else "write what it draws in all, at rest and for this"
    return entry.error(f"{value:g} W is below idle_w, {idle_w:g} W", key, remedy=remedy)


def read_number(
    table: Table,
    key: str,
    usual: float | None = None,
    *,
    minimum: float | None = None,
    above: float | None = None,
) -> float:
    """Return a number; without a ``usual`` one it must be there."""
    value = table.number(key, minimum=minimum, above=above)
    if value is None:
        value = usual
    if value is None:
        raise table.error("is missing", key, remedy=f"write {key} = ...")
    return value


def read_sentence(table: Table) -> str:
    """Return the text of ``source`` on one line."""
    return " ".join(table.string("source", "").split())
