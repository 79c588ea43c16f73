"""A Shelly of the second generation or later (Plus 1PM, Plus Plug S): status, events and RPC.

Topics, frames and fields are those of Shelly's Gen2+ API reference ("MQTT", "RPC protocol",
"Switch"): the whole status of a component on ``<prefix>/status/switch:0`` and what has changed on
``<prefix>/events/rpc``, the counter once a minute and power when it changes; questions on
``<prefix>/rpc`` are answered on ``<src>/rpc``. Power has one decimal, the counter three of Wh. By
how much power must change is not documented; CHANGE_W is assumed.
"""

from __future__ import annotations

import json
import math
from collections import deque
from dataclasses import dataclass
from datetime import timezone
from typing import Any

from benchharness.meters.emulator.device import Message, mac_address, ns
from benchharness.meters.emulator.metering import Metering
from benchharness.meters.plugs.payload import EMULATED_MARK
from benchharness.units import JOULES_PER_WATT_HOUR

CHANGE_W = 0.5
VERSION = f"1.4.4-{EMULATED_MARK}"
_VOLTAGE_V = 230.1
_SWITCH = "switch:0"


@dataclass(frozen=True, slots=True)
class Shelly2Settings:
    """``topic`` is the prefix; the counter is told every ``period_s``."""

    topic: str
    period_s: float = 60.0
    change_w: float = CHANGE_W
    seed: int = 0


class Shelly2Plug:
    """One plug with one switch and its meter."""

    def __init__(self, settings: Shelly2Settings, socket: Metering) -> None:
        self.settings = settings
        self._socket = socket
        self._mac = mac_address(settings.topic, settings.seed)
        self._minutes_mwh: deque[float] = deque([0.0] * 3, maxlen=3)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Return the topics of its commands."""
        return tuple(self._topic(name) for name in ("rpc", "command", f"command/{_SWITCH}"))

    @property
    def address(self) -> str:
        """Return what names it after the broker."""
        return self.settings.topic

    def start(self, now_ns: int) -> list[Message]:
        """Switch on at ``now_ns``; returns what it says when it has connected."""
        self._socket.start(now_ns)
        self._said_w = self._socket.power_w
        self._minute_j = self._socket.energy_j
        self._next_ns = now_ns + ns(self.settings.period_s)
        return self.greeting()

    def greeting(self) -> list[Message]:
        """Return what it says when it has connected."""
        online = Message(self._topic("online"), "true", retain=True)
        return [online, self._notify(self._status()), self._status_message()]

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
            self._next_ns = max(self._next_ns + ns(self.settings.period_s), now_ns + 1)
            energy_j = self._socket.energy_j
            self._minutes_mwh.appendleft(
                max(0.0, energy_j - self._minute_j) / JOULES_PER_WATT_HOUR * 1e3
            )
            self._minute_j = energy_j
            return self._tell("aenergy")
        if abs(self._socket.power_w - self._said_w) >= self.settings.change_w:
            return self._tell("apower", "current")
        return []

    def command(self, topic: str, payload: str, now_ns: int) -> list[Message]:
        """Answer a question, or switch."""
        messages = self.advance(now_ns)
        if topic.endswith("/rpc"):
            return messages + self._rpc(payload)
        if topic.endswith(f"/command/{_SWITCH}") and self._socket.obey(payload):
            return messages + self._tell("output")
        word = payload.strip().lower()
        if word == "status_update":
            return [*messages, self._status_message()]
        if word == "announce" and topic.endswith("/command"):
            return [*messages, Message(self._topic("announce"), json.dumps(self._info()))]
        return messages

    def _topic(self, name: str) -> str:
        return f"{self.settings.topic}/{name}"

    def _tell(self, *keys: str) -> list[Message]:
        """Notify of what has changed, and publish the whole status."""
        status = self._status()
        part = {key: status[key] for key in ("id", *keys, "emulator")}
        return [self._notify(part), Message(self._topic(f"status/{_SWITCH}"), _text(status))]

    def _notify(self, part: dict[str, Any]) -> Message:
        params = {"ts": round(self._unix_s(), 2), _SWITCH: part}
        return Message(self._topic("events/rpc"), _text(self._frame(params)))

    def _frame(self, params: dict[str, Any]) -> dict[str, Any]:
        topic = self.settings.topic
        return {
            "src": topic,
            "dst": f"{topic}/events",
            "method": "NotifyStatus",
            "params": params,
        }

    def _status_message(self) -> Message:
        return Message(self._topic(f"status/{_SWITCH}"), _text(self._status()))

    def _status(self) -> dict[str, Any]:
        shown = self._socket.shown()
        power_w = self._said_w = self._socket.power_w
        total_wh = math.floor(shown.energy_j / JOULES_PER_WATT_HOUR * 1e3 + 1e-6) / 1e3
        return {
            "id": 0,
            "source": "MQTT",
            "output": self._socket.on,
            "apower": shown.power if isinstance(shown.power, str) else round(shown.power, 1),
            "voltage": _VOLTAGE_V,
            "current": round(power_w / 0.6 / _VOLTAGE_V, 3),
            "aenergy": {
                "total": total_wh,
                "by_minute": [round(mwh, 3) for mwh in self._minutes_mwh],
                "minute_ts": int(self._unix_s()) // 60 * 60,
            },
            "temperature": {"tC": 39.4, "tF": 102.9},
            "emulator": EMULATED_MARK,
        }

    def _unix_s(self) -> float:
        return self._socket.time().replace(tzinfo=timezone.utc).timestamp()

    def _info(self) -> dict[str, Any]:
        return {
            "name": None,
            "id": self.settings.topic,
            "mac": self._mac,
            "model": "SNSW-001P16EU",
            "gen": 2,
            "fw_id": f"20250218-095400/{VERSION}",
            "ver": VERSION,
            "app": "Plus1PM",
            "auth_en": False,
        }

    def _rpc(self, payload: str) -> list[Message]:
        try:
            request = json.loads(payload)
        except (ValueError, RecursionError):
            return []
        if not isinstance(request, dict) or not isinstance(request.get("src"), str):
            return []  # nobody to answer
        method, params = request.get("method"), request.get("params") or {}
        extra: list[Message] = []
        answer: dict[str, Any] = {}
        if method == "Shelly.GetDeviceInfo":
            answer["result"] = self._info()
        elif method == "Switch.GetStatus":
            answer["result"] = self._status()
        elif method == "Shelly.GetStatus":
            answer["result"] = {_SWITCH: self._status(), "sys": {"mac": self._mac}}
        elif method == "Switch.Set" and isinstance(params.get("on"), bool):
            answer["result"] = {"was_on": self._socket.on}
            self._socket.switch(params["on"])
            extra = self._tell("output")
        else:
            answer["error"] = {"code": 404, "message": f"No handler for {method}"}
        head = {"id": request.get("id"), "src": self.settings.topic, "dst": request["src"]}
        return [Message(f"{request['src']}/rpc", _text({**head, **answer})), *extra]


def _text(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))
