"""What zigbee2mqtt says of a plug. Pure: bytes in, a reading or a reason out.

``zigbee2mqtt/<name>`` holds the plug's whole state as one JSON object: ``power`` in W, ``energy``
in kWh, ``voltage``, ``current``, ``linkquality`` and, if the bridge is told so, ``last_seen``. A
plug with several outlets has ``power_l1`` and so on. The bridge answers each Zigbee report with
the state that it has cached, so that a message may repeat figures that it had sent before.
``<name>/availability`` holds ``{"state": "online"}``, or the bare word in older versions.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from benchharness.meters.plugs.device_time import read_device_time
from benchharness.meters.plugs.payload import (
    EMULATED_MARK,
    LARGEST_ENERGY_J,
    LARGEST_POWER_W,
    PlugReading,
    Rejection,
    read_json,
    read_number,
    read_object,
    reading_of,
    with_supply,
)
from benchharness.meters.plugs.said import Availability, RelayState, Said
from benchharness.units import JOULES_PER_KILOWATT_HOUR

_RELAY = {"ON": True, "OFF": False}
_AVAILABLE = {"online": True, "offline": False}


def parse_state(payload: bytes, endpoint: str | None = None) -> tuple[Said, ...] | Rejection:
    """Read the state of a plug, or of one of its outlets (``endpoint``, such as ``l1``).

    ``last_seen``, where the bridge writes it, is the time of the plug's last report, so that a
    state that is published again without one is known by it.
    """
    state = read_object(payload)
    if isinstance(state, Rejection):
        return state
    suffix = f"_{endpoint}" if endpoint else ""
    relay = _RELAY.get(str(state.get(f"state{suffix}")).upper())
    switched: tuple[Said, ...] = () if relay is None else (RelayState(relay),)
    reading = _reading(state, suffix, emulated=EMULATED_MARK.encode() in payload)
    return reading if isinstance(reading, Rejection) else (*switched, reading)


def _reading(state: dict[str, Any], suffix: str, *, emulated: bool) -> PlugReading | Rejection:
    name = f"power{suffix}"
    power = read_number(name, state.get(name), unit=1.0, largest=LARGEST_POWER_W)
    if isinstance(power, Rejection):
        return power
    name, unit = f"energy{suffix}", JOULES_PER_KILOWATT_HOUR
    energy = read_number(name, state.get(name), unit=unit, largest=LARGEST_ENERGY_J)
    if isinstance(energy, Rejection):
        return energy
    if power is None and energy is None:
        return Rejection(f"neither power{suffix} nor energy{suffix} in it")
    # A plug with several outlets has one voltage.
    voltage = state.get(f"voltage{suffix}", state.get("voltage"))
    reading = with_supply(
        reading_of(power, energy, emulated=emulated), state.get(f"current{suffix}"), voltage
    )
    time = read_device_time(state.get("last_seen"))
    if time is None:
        return reading
    return dataclasses.replace(reading, device_s=time[0], device_step_s=time[1])


def parse_availability(payload: bytes) -> Availability | Rejection:
    """Read ``<name>/availability``."""
    text: Any = payload[:256].strip()
    if text.startswith(b"{"):
        document = read_json(payload)
        text = document.get("state") if isinstance(document, dict) else None
    else:
        text = text.decode("ascii", "replace")
    known = _AVAILABLE.get(text.lower()) if isinstance(text, str) else None
    if known is None:
        return Rejection("availability is neither online nor offline")
    return Availability(known)
