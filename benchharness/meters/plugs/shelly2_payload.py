"""What a Shelly of the second generation or later says. Pure: bytes in, a reading or a reason out.

One component (``switch:0``, ``pm1:0``, ``em1:0``) is the meter. Its status comes whole on
``<prefix>/status/<component>`` and in answers to ``Switch.GetStatus``, and in parts in the
``NotifyStatus`` frames of ``<prefix>/events/rpc``: only what has changed. A part gives what stands
in it and no more (Shelly API reference, Gen2+: "Switch", "PM1", "EM1", "EM1Data", "RPC protocol",
"Notifications").

| component | power, W | counter, Wh |
|---|---|---|
| switch:N, pm1:N | apower | aenergy.total |
| em1:N | act_power | total_act_energy, of em1data:N |

``aenergy.by_minute`` (mWh, the newest first) sums up the same energy and is not a counter; in
captures its first entry is a part of a minute, so that the total moves on within the minute too.
Captures of several firmwares show totals that only a 32-bit float of Wh takes, so that the step of
a large total is coarser than its decimals.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
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
from benchharness.meters.plugs.said import Identity, RelayState, Said
from benchharness.units import JOULES_PER_WATT_HOUR

_SOURCE = re.compile(r"\w+-([0-9A-Fa-f]{12})", re.ASCII)
_NOTIFICATIONS = ("NotifyStatus", "NotifyFullStatus")


@dataclass(frozen=True, slots=True)
class Component:
    """The part of a Shelly that measures: ``switch:0`` is Component("switch", 0)."""

    kind: str
    number: int

    @property
    def key(self) -> str:
        """Return its name in topics and frames."""
        return f"{self.kind}:{self.number}"

    @property
    def data_key(self) -> str:
        """Return the name of the component that holds its counter."""
        return f"em1data:{self.number}" if self.kind == "em1" else self.key


def parse_status(payload: bytes, component: Component) -> tuple[Said, ...] | Rejection:
    """Read a status topic: ``<prefix>/status/switch:0`` or, for its counter, ``em1data:0``."""
    status = read_object(payload)
    if isinstance(status, Rejection):
        return status
    return _required(_said(component, status, status, payload))


def parse_notification(payload: bytes, component: Component) -> tuple[Said, ...] | Rejection:
    """Read a frame of ``events/rpc``; empty if it tells nothing of the component."""
    frame = read_object(payload)
    if isinstance(frame, Rejection):
        return frame
    params = frame.get("params")
    if frame.get("method") not in _NOTIFICATIONS or not isinstance(params, dict):
        return ()
    said = _said(component, params.get(component.key), params.get(component.data_key), payload)
    if isinstance(said, Rejection) or not said:
        return said
    return (*_source(frame), *(_stamped(one, params.get("ts")) for one in said))


def parse_status_reply(payload: bytes, component: Component) -> tuple[Said, ...] | Rejection:
    """Read the answer to ``Switch.GetStatus`` and its like."""
    frame = read_object(payload)
    if isinstance(frame, Rejection):
        return frame
    result = _result(frame)
    if isinstance(result, Rejection):
        return result
    said = _required(_said(component, result, result, payload))
    return said if isinstance(said, Rejection) else (*_source(frame), *said)


def parse_device_info(payload: bytes) -> Identity | Rejection:
    """Read model, firmware and MAC address from the answer to ``Shelly.GetDeviceInfo``."""
    frame = read_object(payload)
    info = frame if isinstance(frame, Rejection) else _result(frame)
    if isinstance(info, Rejection):
        return info
    words = [printable(info.get("model")), printable(info.get("ver") or info.get("fw_id"))]
    version = " ".join(word for word in words if word) or None
    hardware = printable(info.get("mac")) or printable(info.get("id"))
    if version is None and hardware is None:
        return Rejection("neither model nor firmware in it")
    return Identity(version, hardware, emulated=EMULATED_MARK.encode() in payload)


def parse_switch_reply(payload: bytes) -> tuple[Said, ...] | Rejection:
    """Read the answer to ``Switch.Set``, which says nothing but that it was heard."""
    frame = read_object(payload)
    result = frame if isinstance(frame, Rejection) else _result(frame)
    return result if isinstance(result, Rejection) else ()


def reply_number(payload: bytes) -> int | None:
    """Return which question a frame answers; None if it is no answer to one of ours."""
    frame = read_object(payload)
    number = None if isinstance(frame, Rejection) else frame.get("id")
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < 10:
        return int(number)
    return None


def _result(frame: dict[str, Any]) -> dict[str, Any] | Rejection:
    error = frame.get("error")
    if isinstance(error, dict):
        code = printable(error.get("code")) or "without a code"
        return Rejection(f"the plug answers with error {code[:12]}")
    result = frame.get("result")
    return result if isinstance(result, dict) else Rejection("no result in it")


def _source(frame: dict[str, Any]) -> tuple[Identity, ...]:
    # A device's id ends in its MAC address, so that a second one under the same prefix shows.
    match = _SOURCE.fullmatch(printable(frame.get("src")) or "")
    return () if match is None else (Identity(hardware=match[1].upper()),)


def _stamped(said: Said, ts: Any) -> Said:
    time = read_device_time(ts)
    if time is None or not isinstance(said, PlugReading):
        return said
    return dataclasses.replace(said, device_s=time[0], device_step_s=time[1])


def _said(
    component: Component, power_from: Any, energy_from: Any, payload: bytes
) -> tuple[Said, ...] | Rejection:
    reading = _reading(component, power_from, energy_from, payload)
    if isinstance(reading, Rejection):
        return reading
    output = power_from.get("output") if isinstance(power_from, Mapping) else None
    relay = (RelayState(output),) if isinstance(output, bool) else ()
    return (*relay, *(() if reading is None else (reading,)))


def _reading(
    component: Component, power_from: Any, energy_from: Any, payload: bytes
) -> PlugReading | Rejection | None:
    power_name = "act_power" if component.kind == "em1" else "apower"
    found = power_from.get(power_name) if isinstance(power_from, Mapping) else None
    power = read_number(power_name, found, unit=1.0, largest=LARGEST_POWER_W)
    if isinstance(power, Rejection):
        return power
    name, found = _total(component, energy_from)
    unit = JOULES_PER_WATT_HOUR
    energy = read_number(name, found, unit=unit, largest=LARGEST_ENERGY_J)
    if isinstance(energy, Rejection):
        return energy
    if power is None and energy is None:
        return None
    emulated = EMULATED_MARK.encode() in payload
    reading = reading_of(power, coarser_as_float32(energy, unit), emulated=emulated)
    if not isinstance(power_from, Mapping):
        return reading
    return with_supply(reading, power_from.get("current"), power_from.get("voltage"))


def _total(component: Component, status: Any) -> tuple[str, Any]:
    if not isinstance(status, Mapping):
        return "aenergy.total", None
    if component.kind == "em1":
        return "total_act_energy", status.get("total_act_energy")
    energy = status.get("aenergy")
    return "aenergy.total", energy.get("total") if isinstance(energy, Mapping) else None


def _required(said: tuple[Said, ...] | Rejection) -> tuple[Said, ...] | Rejection:
    if isinstance(said, Rejection) or any(isinstance(one, PlugReading) for one in said):
        return said
    return Rejection("neither power nor energy in it")
