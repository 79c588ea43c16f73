"""What a Shelly of the first generation says. Pure: bytes in, a reading or a reason out.

Each figure has a topic of its own and stands there as a bare number (Shelly API reference, Gen1,
"MQTT"): ``shellies/<id>/relay/<n>/power`` in W, ``relay/<n>/energy`` in watt-minutes,
``emeter/<n>/power`` in W, ``emeter/<n>/total`` in Wh. So a message gives a power or a counter,
never both. The counter of a relay begins at 0 when the plug is powered up.
"""

from __future__ import annotations

from benchharness.meters.plugs.payload import (
    EMULATED_MARK,
    LARGEST_ENERGY_J,
    LARGEST_POWER_W,
    Number,
    PlugReading,
    Rejection,
    printable,
    read_number,
    read_object,
    read_text,
    reading_of,
)
from benchharness.meters.plugs.said import Availability, Identity, RelayState
from benchharness.units import JOULES_PER_WATT_HOUR

JOULES_PER_WATT_MINUTE = 60.0
_STATES = {"on": True, "off": False, "overpower": False}


def parse_power(payload: bytes) -> PlugReading | Rejection:
    """Read a power in W."""
    power = _bare_number("power", payload, unit=1.0, largest=LARGEST_POWER_W)
    return power if isinstance(power, Rejection) else reading_of(power, None)


def parse_watt_minutes(payload: bytes) -> PlugReading | Rejection:
    """Read a relay's counter, in watt-minutes."""
    return _counter(payload, JOULES_PER_WATT_MINUTE)


def parse_watt_hours(payload: bytes) -> PlugReading | Rejection:
    """Read an energy meter's counter, in Wh."""
    return _counter(payload, JOULES_PER_WATT_HOUR)


def parse_online(payload: bytes) -> Availability | Rejection:
    """Read ``<id>/online``, which the broker sets to false when the plug has gone."""
    text = payload[:32].strip().lower()
    if text in (b"true", b"false"):
        return Availability(text == b"true")
    return Rejection("online is neither true nor false")


def parse_relay(payload: bytes) -> RelayState | Rejection:
    """Read ``relay/<n>``: whether the relay is closed. After an overload it is open."""
    text = read_text(payload[:64])
    state = _STATES.get(text.strip().lower()) if isinstance(text, str) else None
    return Rejection("relay is neither on nor off") if state is None else RelayState(state)


def parse_announce(payload: bytes) -> Identity | Rejection:
    """Read model, firmware and MAC address from ``<id>/announce``."""
    document = read_object(payload)
    if isinstance(document, Rejection):
        return document
    words = [printable(document.get(key)) for key in ("model", "fw_ver")]
    version = " ".join(word for word in words if word) or None
    hardware = printable(document.get("mac")) or printable(document.get("id"))
    if version is None and hardware is None:
        return Rejection("neither model nor firmware in it")
    return Identity(version, hardware, emulated=EMULATED_MARK.encode() in payload)


def _counter(payload: bytes, unit: float) -> PlugReading | Rejection:
    energy = _bare_number("energy", payload, unit=unit, largest=LARGEST_ENERGY_J)
    return energy if isinstance(energy, Rejection) else reading_of(None, energy)


def _bare_number(name: str, payload: bytes, *, unit: float, largest: float) -> Number | Rejection:
    text = read_text(payload)
    if isinstance(text, Rejection):
        return text
    return read_number(name, text, unit=unit, largest=largest) or Rejection(f"no {name} in it")
