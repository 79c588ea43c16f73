"""What a Tasmota plug's MQTT payloads say. Pure: bytes in, a reading or a reason out.

``tele/<topic>/SENSOR`` holds ``{"Time": ..., "ENERGY": {...}}``; ``stat/<topic>/STATUS8`` and
``STATUS10`` hold the same inside ``StatusSNS``. ``Power`` (W) is a snapshot of recent pulses,
``Total`` (kWh) integrates them. Devices with several channels give arrays, and some firmware
gives numbers as strings. Nothing here raises, and nothing that is not there is invented.

The firmware keeps Total as a 32-bit float of kWh (Tasmota, xdrv_03_energy.ino), so that above
about 100 kWh its steps are coarser than the decimals that EnergyRes shows.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from benchharness.units import energy_j_from_kwh

# A plug's messages are below 2 kB; anything much larger is not from one.
LARGEST_PAYLOAD_BYTES = 16_384
# A household plug carries 16 A at 250 V; these are far beyond what any one can see or count.
_LARGEST_POWER_W = 1e5
_LARGEST_TOTAL_KWH = 1e8
_MOST_DECIMALS = 9
_LONGEST_VERSION = 100
# In the Version of the emulator's firmware and in its every sensor message: an emulated joule
# cannot pass for a measured one, whatever the instrument's file says.
EMULATED_MARK = "benchharness-emulated"

_NUMBER = re.compile(r"-?\d+(?:\.(\d+))?(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PlugReading:
    """One sensor message: at least one of power (W) and cumulative energy (J), and their steps."""

    power_w: float | None
    energy_j: float | None
    power_step_w: float | None
    energy_step_j: float | None
    channels: int
    emulated: bool


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a message gives no reading: one of a few reasons, so that they can be counted."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Number:
    value: float
    decimals: int | None  # None where the text has an exponent, or more than a plug shows


def parse_sensor(payload: bytes, channel: int = 1) -> PlugReading | Rejection:
    """Read a SENSOR, STATUS8 or STATUS10 payload; ``channel`` counts from 1."""
    document = _object(payload)
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
    power = _number("Power", _pick(energy.get("Power"), channel), _LARGEST_POWER_W)
    if isinstance(power, Rejection):
        return power
    total = _number("Total", _total(energy, channel), _LARGEST_TOTAL_KWH)
    if isinstance(total, Rejection):
        return total
    if power is None and total is None:
        return Rejection("neither Power nor Total in ENERGY")
    return PlugReading(
        power_w=power.value if power else None,
        energy_j=energy_j_from_kwh(total.value) if total else None,
        power_step_w=_step(power),
        energy_step_j=_energy_step_j(total),
        channels=channels,
        emulated=EMULATED_MARK in str(sensor.get("Emulator", "")),
    )


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
    document = _object(payload)
    if isinstance(document, Rejection):
        return document
    firmware = document.get("StatusFWR")
    version = firmware.get("Version") if isinstance(firmware, dict) else None
    if not isinstance(version, str) or not version or not version.isprintable():
        return Rejection("no firmware version in it")
    return version[:_LONGEST_VERSION]


def _object(payload: bytes) -> dict[str, Any] | Rejection:
    if len(payload) > LARGEST_PAYLOAD_BYTES:
        return Rejection(f"larger than {LARGEST_PAYLOAD_BYTES} bytes")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        return Rejection("not UTF-8")
    try:
        # Numbers stay text: their decimals tell the resolution, and 1e999 stays harmless.
        document = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return Rejection("not JSON")
    return document if isinstance(document, dict) else Rejection("not a JSON object")


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


def _number(name: str, value: Any, largest: float) -> _Number | Rejection | None:
    if value is None:
        return None
    match = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return Rejection(f"{name} is not a number")
    number = float(value) + 0.0  # turns -0.0 into 0.0
    if number < 0:
        return Rejection(f"{name} is negative")
    if number > largest:
        return Rejection(f"{name} is beyond what a plug can carry")
    decimals = len(match.group(1) or "")
    known = "e" not in value.lower() and decimals <= _MOST_DECIMALS
    return _Number(number, decimals if known else None)


def _step(number: _Number | None) -> float | None:
    if number is None or number.decimals is None:
        return None
    return float(10.0**-number.decimals)


def _energy_step_j(total: _Number | None) -> float | None:
    shown_kwh = _step(total)
    if total is None or shown_kwh is None:
        return None
    return energy_j_from_kwh(max(shown_kwh, _float32_spacing(total.value)))


def _float32_spacing(value: float) -> float:
    """Return the distance between neighbouring 32-bit floats (24-bit mantissa) at ``value``."""
    if value == 0:
        return 0.0
    return math.ldexp(1.0, math.frexp(value)[1] - 24)
