"""What a Tasmota plug's MQTT payloads say. Pure: bytes in, a reading or a reason out.

``tele/<topic>/SENSOR`` holds ``{"Time": ..., "ENERGY": {...}}``; ``stat/<topic>/STATUS8`` and
``STATUS10`` hold the same inside ``StatusSNS``. ``Power`` (W) is a snapshot of recent pulses,
``Total`` (kWh) integrates them. Devices with several channels give arrays, and some firmware
gives numbers as strings. ``Time`` is local time in whole seconds, which jumps with the clock's
setting and twice a year. Nothing here raises, and nothing that is not there is invented.

The firmware keeps Total as a 32-bit float of kWh (Tasmota, xdrv_03_energy.ino), so that above
about 100 kWh its steps are coarser than the decimals that EnergyRes shows.
"""

from __future__ import annotations

import re
from typing import Any

from benchharness.meters.plugs.device_time import read_device_time
from benchharness.meters.plugs.payload import (
    EMULATED_MARK,
    LARGEST_ENERGY_J,
    LARGEST_POWER_W,
    PlugReading,
    Rejection,
    coarser_as_float32,
    printable,
    read_number,
    read_object,
    reading_of,
    with_supply,
)
from benchharness.units import JOULES_PER_KILOWATT_HOUR

_MAC = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}", re.ASCII | re.IGNORECASE)
_RELAY = {"ON": True, "OFF": False}
_NO_RELAY = Rejection("POWER is neither ON nor OFF")
# What else speaks of Tasmota's messages takes these names from here.
__all__ = [
    "EMULATED_MARK",
    "PlugReading",
    "Rejection",
    "parse_hardware",
    "parse_online",
    "parse_relay",
    "parse_sensor",
    "parse_version",
]


def parse_sensor(payload: bytes, channel: int = 1) -> PlugReading | Rejection:
    """Read a SENSOR, STATUS8 or STATUS10 payload; ``channel`` counts from 1."""
    document = read_object(payload)
    if isinstance(document, Rejection):
        return document
    inner = document.get("StatusSNS")
    sensor = inner if isinstance(inner, dict) else document
    energy = sensor.get("ENERGY")
    if not isinstance(energy, dict):
        return Rejection("no ENERGY in it")
    channels = max(_channels(energy.get("Power")), _channels(energy.get("Total")))
    if channel > channels:
        return Rejection(f"no channel {channel} in it, but {channels}")
    shown_power = _pick(energy.get("Power"), channel)
    power = read_number("Power", shown_power, unit=1.0, largest=LARGEST_POWER_W)
    if isinstance(power, Rejection):
        return power
    kwh = JOULES_PER_KILOWATT_HOUR
    total = read_number("Total", _total(energy, channel), unit=kwh, largest=LARGEST_ENERGY_J)
    if isinstance(total, Rejection):
        return total
    if power is None and total is None:
        return Rejection("neither Power nor Total in ENERGY")
    time = read_device_time(sensor.get("Time"))
    reading = reading_of(
        power,
        coarser_as_float32(total, kwh),
        channels=channels,
        emulated=EMULATED_MARK in str(sensor.get("Emulator", "")),
        device_s=time[0] if time else None,
        device_step_s=time[1] if time else None,
    )
    voltage = energy.get("Voltage")  # a device of several channels may tell one for all
    shared = voltage if not isinstance(voltage, list) else _pick(voltage, channel)
    return with_supply(reading, _pick(energy.get("Current"), channel), shared)


def parse_online(payload: bytes) -> bool | Rejection:
    """Read an LWT payload: whether the plug is online."""
    text = payload[:32].strip().lower()
    if text == b"online":
        return True
    if text == b"offline":
        return False
    return Rejection("LWT is neither Online nor Offline")


def parse_version(payload: bytes) -> str | Rejection:
    """Read the firmware's version from a STATUS2 payload."""
    document = read_object(payload)
    if isinstance(document, Rejection):
        return document
    firmware = document.get("StatusFWR")
    version = printable(firmware.get("Version")) if isinstance(firmware, dict) else None
    return version if version is not None else Rejection("no firmware version in it")


def parse_hardware(payload: bytes) -> str | Rejection:
    """Read the MAC address, which no other device has, from a STATUS5 payload."""
    document = read_object(payload)
    if isinstance(document, Rejection):
        return document
    network = document.get("StatusNET")
    if not isinstance(network, dict):
        return Rejection("no network status in it")
    # A device on a cable has a second interface, and its first may be empty.
    wired = network.get("Ethernet")
    for place in (network, wired if isinstance(wired, dict) else {}):
        mac = place.get("Mac")
        if isinstance(mac, str) and _MAC.fullmatch(mac) and set(mac) != set("0:"):
            return mac
    return Rejection("no MAC address in it")


def parse_relay(payload: bytes, channel: int = 1) -> bool | Rejection | None:
    """Read a RESULT payload: whether the relay is closed; None for the result of another command.

    A device with one relay calls it POWER, one with several POWER1, POWER2 ...
    """
    document = read_object(payload)
    if isinstance(document, Rejection):
        return document
    names = ("POWER1", "POWER") if channel == 1 else (f"POWER{channel}",)
    state = next((document[name] for name in names if name in document), None)
    if state is None:
        return None
    return _RELAY.get(state, _NO_RELAY) if isinstance(state, str) else _NO_RELAY


def _channels(value: Any) -> int:
    return len(value) if isinstance(value, list) else 1


def _pick(value: Any, channel: int) -> Any:
    if not isinstance(value, list):
        return value if channel == 1 else None
    return value[channel - 1] if channel <= len(value) else None


def _total(energy: dict[str, Any], channel: int) -> Any:
    # One Total beside several Powers is the sum of the channels: not this channel's energy.
    total = energy.get("Total")
    if not isinstance(total, list) and _channels(energy.get("Power")) > 1:
        return None
    return _pick(total, channel)
