"""What any other device says, read as its instrument describes it. Pure, and nothing here raises.

A payload is a JSON document with the figures at known places, or one bare number. ``"5.20"`` in
quotes counts as a number; ``5.20 W`` does not.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from benchharness.meters.plugs.device_time import read_device_time
from benchharness.meters.plugs.json_path import Path, follow
from benchharness.meters.plugs.payload import (
    EMULATED_MARK,
    LARGEST_ENERGY_J,
    LARGEST_POWER_W,
    Number,
    PlugReading,
    Rejection,
    read_json,
    read_number,
    read_text,
    reading_of,
)
from benchharness.meters.plugs.said import Availability
from benchharness.units import JOULES_PER_KILOWATT_HOUR, JOULES_PER_WATT_HOUR

WATTS = {"W": 1.0, "kW": 1e3, "mW": 1e-3}
JOULES = {
    "J": 1.0,
    "kJ": 1e3,
    "mWh": JOULES_PER_WATT_HOUR / 1e3,
    "Wh": JOULES_PER_WATT_HOUR,
    "kWh": JOULES_PER_KILOWATT_HOUR,
    "watt-minutes": 60.0,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a figure stands, and its unit in SI units."""

    path: Path
    unit: float


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the figures stand in a payload; None for one that is not in it."""

    power: Place | None
    energy: Place | None
    time: Path | None = None


def parse_reading(payload: bytes, shape: Shape) -> PlugReading | Rejection:
    """Read power and counter at their places."""
    document = _document(payload, shape)
    if isinstance(document, Rejection):
        return document
    power = _figure("power", document, shape.power, LARGEST_POWER_W)
    if isinstance(power, Rejection):
        return power
    energy = _figure("energy", document, shape.energy, LARGEST_ENERGY_J)
    if isinstance(energy, Rejection):
        return energy
    if power is None and energy is None:
        return Rejection("nothing stands at the path")
    reading = reading_of(power, energy, emulated=EMULATED_MARK.encode() in payload)
    time = None if shape.time is None else read_device_time(follow(document, shape.time))
    if time is None:
        return reading
    return dataclasses.replace(reading, device_s=time[0], device_step_s=time[1])


def parse_words(payload: bytes, online: str, offline: str) -> Availability | Rejection:
    """Read an availability topic that holds one of two words."""
    text = read_text(payload)
    word = text.strip() if isinstance(text, str) else None
    if word == online:
        return Availability(True)
    if word == offline:
        return Availability(False)
    return Rejection(f"availability is neither {online} nor {offline}")


def _document(payload: bytes, shape: Shape) -> Any:
    places = [place for place in (shape.power, shape.energy) if place is not None]
    if all(not place.path for place in places):
        return read_text(payload)
    return read_json(payload)


def _figure(
    name: str, document: Any, place: Place | None, largest: float
) -> Number | Rejection | None:
    if place is None:
        return None
    return read_number(name, follow(document, place.path), unit=place.unit, largest=largest)
