"""What the harness tells the process of the plugs while it runs, as lines of JSON on its stdin.

    {"device": "nano-1", "power": {"cores": 0.3, "idle_w": 1.7, "busy_w": 4.2, ...}}
    {"device": "nano-1", "link": {"up_bytes_file": "/sys/class/net/...", "up_bit_s": 2e7, ...}}
    {"device": "nano-1", "link": null}

A line that cannot be understood changes nothing: the plugs outlive it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from benchharness.meters.emulator.group_load import Draw
from benchharness.meters.emulator.link_use import LinkPlan
from benchharness.testbed.records import Device

_READ_BYTES = 4096


@dataclass(frozen=True, slots=True)
class PowerOrder:
    """From now on a device draws by these figures."""

    device: str
    power: Draw

    def to_json(self) -> str:
        """Return one line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class LinkOrder:
    """From now on a device has this link, or none."""

    device: str
    link: LinkPlan | None

    def to_json(self) -> str:
        """Return one line."""
        return json.dumps(asdict(self))


def draw_of(device: Device, cores: float) -> Draw:
    """Return what a device draws that has so many cores of this machine."""
    return Draw(cores, device.idle_w, device.busy_w, device.transmit_w, device.receive_w)


def order_from(line: bytes) -> PowerOrder | LinkOrder | None:
    """Return what a line says; None for one that cannot be understood."""
    try:
        said: dict[str, Any] = json.loads(line)
        if "power" in said:
            return PowerOrder(said["device"], Draw(**said["power"]))
        link = said["link"]
        return LinkOrder(said["device"], None if link is None else LinkPlan(**link))
    except (ValueError, KeyError, TypeError):
        return None


class Lines:
    """The lines of a descriptor as they come; none is kept from whoever reads after this one.

    Not through a file of Python's, whose lock a waiting thread would hold when the interpreter
    ends.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""

    def next(self) -> bytes | None:
        """Return the next line without its end; None when there are no more."""
        while b"\n" not in self._rest:
            data = os.read(self._descriptor, _READ_BYTES)
            if not data:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line
