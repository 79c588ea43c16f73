"""A Shelly of the first generation (1PM, Plug S): a topic for each figure, a bare number in each.

Topics and commands are those of Shelly's Gen1 API reference ("MQTT"): power in W, the counter in
whole watt-minutes that begin at 0 when the plug is powered up, everything each 30 s
(mqtt_update_period), power and counter also when power changes. By how much it must change is not
documented; CHANGE_W is assumed.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from benchharness.clock import seconds
from benchharness.meters.emulator.device import NEVER_NS, Message, mac_address, ns
from benchharness.meters.emulator.metering import Metering
from benchharness.meters.plugs.payload import EMULATED_MARK

WATT_MINUTE_J = 60.0
CHANGE_W = 0.5
VERSION = f"20230913-112003/v1.14.0-{EMULATED_MARK}"


@dataclass(frozen=True, slots=True)
class Shelly1Settings:
    """``topic`` is the plug's id; ``period_s`` its mqtt_update_period, 0 for none."""

    topic: str
    period_s: float = 30.0
    change_w: float = CHANGE_W
    seed: int = 0


class Shelly1Plug:
    """One plug with one relay and its meter."""

    def __init__(self, settings: Shelly1Settings, socket: Metering) -> None:
        self.settings = settings
        self._socket = socket
        self._mac = mac_address(settings.topic, settings.seed)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Return the topics of its commands."""
        return ("shellies/command", self._topic("command"), self._topic("relay/0/command"))

    @property
    def address(self) -> str:
        """Return what names it after the broker."""
        return self.settings.topic

    def start(self, now_ns: int) -> list[Message]:
        """Switch on at ``now_ns``; returns what it says when it has connected."""
        self._socket.start(now_ns)
        self._start_ns = now_ns
        self._said_w = self._socket.power_w
        self._schedule(now_ns)
        return self.greeting()

    def greeting(self) -> list[Message]:
        """Return what it says when it has connected."""
        online = Message(self._topic("online"), "true", retain=True)
        return [online, *self._announce(), *self._update()]

    def farewell(self) -> Message:
        """Return the last will, which is also said on leaving."""
        return Message(self._topic("online"), "false", retain=True)

    @property
    def next_due_ns(self) -> int:
        """Return when advance() has something to do."""
        return min(self._next_ns, self._socket.next_due_ns)

    def advance(self, now_ns: int) -> list[Message]:
        """Move on to ``now_ns``; returns what has become due."""
        self._socket.advance(now_ns)
        if now_ns >= self._next_ns:
            self._schedule(max(self._next_ns, now_ns - ns(self.settings.period_s)))
            return self._update()
        if abs(self._socket.power_w - self._said_w) >= self.settings.change_w:
            return self._figures()
        return []

    def command(self, topic: str, payload: str, now_ns: int) -> list[Message]:
        """Announce, update, or switch the relay."""
        messages = self.advance(now_ns)
        if topic.endswith("relay/0/command"):
            return [*messages, self._relay()] if self._socket.obey(payload) else messages
        word = payload.strip().lower()
        if word == "announce":
            return messages + self._announce()
        return messages + self._update() if word == "update" else messages

    def _schedule(self, after_ns: int) -> None:
        period_s = self.settings.period_s
        self._next_ns = after_ns + ns(period_s) if period_s > 0 else NEVER_NS

    def _topic(self, name: str) -> str:
        return f"shellies/{self.settings.topic}/{name}"

    def _announce(self) -> list[Message]:
        text = json.dumps(
            {
                "id": self.settings.topic,
                "model": "SHSW-PM",
                "mac": self._mac,
                "ip": "192.0.2.1",
                "new_fw": False,
                "fw_ver": VERSION,
            }
        )
        return [Message("shellies/announce", text), Message(self._topic("announce"), text)]

    def _update(self) -> list[Message]:
        return [
            self._relay(),
            *self._figures(),
            Message(self._topic("temperature"), "31.52"),
            Message(self._topic("overtemperature"), "0"),
            Message(self._topic("info"), json.dumps(self._info())),
        ]

    def _relay(self) -> Message:
        return Message(self._topic("relay/0"), "on" if self._socket.on else "off")

    def _figures(self) -> list[Message]:
        shown = self._socket.shown()
        self._said_w = self._socket.power_w
        power = shown.power if isinstance(shown.power, str) else f"{shown.power:.2f}"
        return [
            Message(self._topic("relay/0/power"), power),
            Message(self._topic("relay/0/energy"), str(self._watt_minutes(shown.energy_j))),
        ]

    def _info(self) -> dict[str, object]:
        meter = {
            "power": round(self._socket.power_w, 2),
            "is_valid": True,
            "total": self._watt_minutes(self._socket.energy_j),
        }
        return {
            "mqtt": {"connected": True},
            "mac": self._mac,
            "relays": [{"ison": self._socket.on, "source": "mqtt"}],
            "meters": [meter],
            "uptime": int(seconds(self._socket.now_ns - self._start_ns)),
            "update": {"has_update": False, "old_version": VERSION},
            "emulator": EMULATED_MARK,
        }

    @staticmethod
    def _watt_minutes(energy_j: float) -> int:
        return math.floor(energy_j / WATT_MINUTE_J + 1e-9)
