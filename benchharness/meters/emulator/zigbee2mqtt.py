"""A Zigbee plug behind zigbee2mqtt: its whole state as JSON, when it changes and at intervals.

Topics and keys are those of zigbee2mqtt's documentation ("MQTT topics and messages"). A Zigbee
plug reports power when it has changed by ``change_w``, not more often than each ``least_s`` and at
least each ``period_s`` (attribute reporting: minimum and maximum interval, reportable change);
those that cannot report are polled once a minute instead. ``/get`` reads it at once.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from benchharness.meters.emulator.device import Message, ns
from benchharness.meters.emulator.metering import Metering
from benchharness.meters.plugs.payload import EMULATED_MARK
from benchharness.units import JOULES_PER_KILOWATT_HOUR

_VOLTAGE_V = 231


@dataclass(frozen=True, slots=True)
class ZigbeeSettings:
    """``topic`` is the plug's friendly name; decimals differ from plug to plug."""

    topic: str
    period_s: float = 60.0
    least_s: float = 5.0
    change_w: float = 1.0
    power_decimals: int = 1
    energy_decimals: int = 2
    seed: int = 0


class ZigbeePlug:
    """One plug, and the bridge that speaks for it."""

    def __init__(self, settings: ZigbeeSettings, socket: Metering) -> None:
        self.settings = settings
        self._socket = socket

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Return the topics of its commands."""
        return (f"{self._topic}/get", f"{self._topic}/set")

    @property
    def address(self) -> str:
        """Return what names it after the broker."""
        return self.settings.topic

    def start(self, now_ns: int) -> list[Message]:
        """Switch on at ``now_ns``; returns what the bridge says when it has connected."""
        self._socket.start(now_ns)
        return self.greeting()

    def greeting(self) -> list[Message]:
        """Return what the bridge says when it has connected."""
        return [self._availability("online"), self._report(self._socket.now_ns)]

    def farewell(self) -> Message:
        """Return what the bridge says when the plug has gone."""
        return self._availability("offline")

    @property
    def next_due_ns(self) -> int:
        """Return when advance() has something to do."""
        return min(self._latest_ns, self._socket.next_due_ns)

    def advance(self, now_ns: int) -> list[Message]:
        """Move on to ``now_ns``; returns the report that has become due."""
        self._socket.advance(now_ns)
        changed = abs(self._socket.power_w - self._said_w) >= self.settings.change_w
        if now_ns >= self._latest_ns or (changed and now_ns >= self._earliest_ns):
            return [self._report(now_ns)]
        return []

    def command(self, topic: str, payload: str, now_ns: int) -> list[Message]:
        """Read or switch the plug."""
        messages = self.advance(now_ns)
        if topic.endswith("/get"):
            return messages or [self._report(now_ns)]
        try:
            wanted = json.loads(payload)
        except (ValueError, RecursionError):
            wanted = payload.strip()
        word = wanted.get("state") if isinstance(wanted, dict) else wanted
        understood = isinstance(word, str) and self._socket.obey(word)
        return [*messages, self._report(now_ns)] if understood else messages

    @property
    def _topic(self) -> str:
        return f"zigbee2mqtt/{self.settings.topic}"

    def _availability(self, state: str) -> Message:
        return Message(f"{self._topic}/availability", json.dumps({"state": state}), retain=True)

    def _report(self, now_ns: int) -> Message:
        settings, socket = self.settings, self._socket
        self._latest_ns = now_ns + ns(settings.period_s)
        self._earliest_ns = now_ns + ns(settings.least_s)
        self._said_w = socket.power_w
        state: dict[str, Any] = {
            "current": round(self._said_w / 0.6 / _VOLTAGE_V, 2),
            "energy": self._energy_kwh(socket.energy_j),
            "linkquality": 116,
            "power": self._power(),
            "state": "ON" if socket.on else "OFF",
            "voltage": _VOLTAGE_V,
            "emulator": EMULATED_MARK,
        }
        return Message(self._topic, json.dumps(state, separators=(",", ":")))

    def _power(self) -> float | str | None:
        power = self._socket.shown().power
        if isinstance(power, str):
            return power
        # JavaScript writes NaN as null.
        return None if math.isnan(power) else round(power, self.settings.power_decimals)

    def _energy_kwh(self, energy_j: float) -> float:
        scale = 10.0**self.settings.energy_decimals
        return math.floor(energy_j / JOULES_PER_KILOWATT_HOUR * scale + 1e-6) / scale
