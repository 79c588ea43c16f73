"""What the payloads of all plugs have in common: text, JSON, and numbers with their decimals.

Pure, and nothing here raises: a payload gives its value, None where it has none, or a
:class:`Rejection`. JSON numbers are kept as the text that stands in the payload, since their
decimals tell the resolution, and 1e999 stays harmless. A key that stands twice in one object says
two things at once and is nobody's value.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Final

# A plug's messages are below 2 kB; anything much larger is not from one.
LARGEST_PAYLOAD_BYTES = 16_384
# A household plug carries 16 A at 250 V, and counts some hundred kWh in its life; these are far
# beyond what any one can see or count.
LARGEST_POWER_W = 1e5
LARGEST_ENERGY_J = 3.6e14
_LARGEST_SUPPLY = 1000.0  # A or V
# In what the emulator says of its firmware, and in its every message that has room for it: an
# emulated joule cannot pass for a measured one, whatever the instrument's file says.
EMULATED_MARK = "benchharness-emulated"

_MOST_DECIMALS = 9
_LONGEST_TEXT = 100
_BLANKS = " \t\r\n"  # those of JSON; others, such as a no-break space, belong to no number
_NUMBER = re.compile(r"-?\d+(?:\.(\d+))?(?:[eE][+-]?\d{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PlugReading:
    """One message: at least one of power (W) and cumulative energy (J), and their steps.

    ``device_s`` is the device's own clock in seconds (any zero, any time zone) when the figures
    were taken and ``device_step_s`` its resolution; None where the message has no time stamp.
    A message that was late on its way is known by them.
    """

    power_w: float | None
    energy_j: float | None
    power_step_w: float | None = None
    energy_step_j: float | None = None
    channels: int = 1
    emulated: bool = False
    device_s: float | None = None
    device_step_s: float | None = None
    current_a: float | None = None
    voltage_v: float | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a message gives no reading: one of a few reasons, so that they can be counted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number as a payload shows it, in SI units, and the smallest difference it could show."""

    value: float
    step: float | None  # None where the text has an exponent, or more digits than a plug shows


class _Twice:
    """Stands for the values of a key that occurs more than once in an object."""


TWICE: Final = _Twice()


def read_text(payload: bytes) -> str | Rejection:
    """Return the payload as text."""
    if len(payload) > LARGEST_PAYLOAD_BYTES:
        return Rejection(f"larger than {LARGEST_PAYLOAD_BYTES} bytes")
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return Rejection("not UTF-8")


def read_json(payload: bytes) -> Any:
    """Return the JSON document in the payload, its numbers as text, or a Rejection."""
    text = read_text(payload)
    if isinstance(text, Rejection):
        return text
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str
        )
    except (ValueError, RecursionError):
        return Rejection("not JSON")


def read_object(payload: bytes) -> dict[str, Any] | Rejection:
    """Return the JSON object in the payload, its numbers as text."""
    document = read_json(payload)
    if isinstance(document, (dict, Rejection)):
        return document
    return Rejection("not a JSON object")


def read_number(name: str, value: Any, *, unit: float, largest: float) -> Number | Rejection | None:
    """Return ``value`` times ``unit`` (SI units in one of the payload's), None if it is not there.

    Numbers in quotes count as numbers. A negative number, and one above ``largest`` (in SI
    units), is rejected: a plug's load takes energy, and a counter counts it.
    """
    if value is None:
        return None
    if value is TWICE:
        return Rejection(f"{name} stands in it twice")
    text = value.strip(_BLANKS) if isinstance(value, str) else ""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return Rejection(f"{name} is not a number")
    number = float(text) * unit + 0.0  # turns -0.0 into 0.0
    if number < 0:
        return Rejection(f"{name} is negative")
    if number > largest:
        return Rejection(f"{name} is beyond what a plug can carry")
    decimals = len(match.group(1) or "")
    known = "e" not in text.lower() and decimals <= _MOST_DECIMALS
    return Number(number, float(10.0**-decimals) * unit if known else None)


def reading_of(
    power: Number | None,
    energy: Number | None,
    *,
    channels: int = 1,
    emulated: bool = False,
    device_s: float | None = None,
    device_step_s: float | None = None,
) -> PlugReading:
    """Return what a message says of power (W) and counter (J), and when by the device's clock."""
    return PlugReading(
        power_w=power.value if power else None,
        energy_j=energy.value if energy else None,
        power_step_w=power.step if power else None,
        energy_step_j=energy.step if energy else None,
        channels=channels,
        emulated=emulated,
        device_s=device_s,
        device_step_s=device_step_s,
    )


def with_supply(reading: PlugReading, current: Any, voltage: Any) -> PlugReading:
    """Add the current (A) and the voltage (V) that the message tells beside the reading.

    They are for people: what is no number is not there, and the reading stays good.
    """
    found = [
        read_number("", value, unit=1.0, largest=_LARGEST_SUPPLY) for value in (current, voltage)
    ]
    current_a, voltage_v = (one.value if isinstance(one, Number) else None for one in found)
    return replace(reading, current_a=current_a, voltage_v=voltage_v)


def printable(value: Any) -> str | None:
    """Return a text that may stand in a report: printable, of at most 100 characters."""
    if not isinstance(value, str) or not value or not value.isprintable():
        return None
    return value[:_LONGEST_TEXT]


def coarser_as_float32(number: Number | None, unit: float) -> Number | None:
    """Return a number with the step that it has if the firmware keeps it as a 32-bit float.

    ``unit`` is the firmware's unit in SI units. The mantissa has 24 bits: a counter of 600 kWh
    goes in steps of 2**-14 kWh, whatever decimals are shown.
    """
    if number is None or number.step is None:
        return number
    shown = number.value / unit
    spacing = math.ldexp(1.0, math.frexp(shown)[1] - 24) * unit if shown else 0.0
    return Number(number.value, max(number.step, spacing))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        found.update({key: TWICE for key, count in counts.items() if count > 1})
    return found
