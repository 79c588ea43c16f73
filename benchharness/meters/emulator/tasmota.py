"""The firmware of an emulated Delock/Tasmota plug: figures once a second, topics, commands.

Pure: it is moved on in time, takes commands and returns messages. Power is the mean of the last
second and the counter is brought up to date once a second, as in the real firmware; the pulses
of the metering chip are not modelled here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds
from benchharness.meters.emulator.load import Switched
from benchharness.meters.emulator.plug_figures import Figures, PlugSettings, sensor_text
from benchharness.meters.emulator.truth import TruthPoint
from benchharness.meters.plugs.tasmota_payload import EMULATED_MARK

VERSION = f"14.2.0({EMULATED_MARK})"


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish."""

    topic: str
    payload: str
    retain: bool = False


class TasmotaPlug:
    """One plug. ``record`` is given every point of the true load."""

    def __init__(
        self,
        settings: PlugSettings,
        load: Switched,
        record: Callable[[list[TruthPoint]], None],
        wall_time: Callable[[], datetime] = datetime.now,
    ) -> None:
        self.settings = settings
        self._load = load
        self._record = record
        self._wall_time = wall_time
        self._random = random.Random(settings.seed)  # noqa: S311 - noise on the mains' voltage

    def start(self, now_ns: int) -> list[Message]:
        """Switch on at ``now_ns``; returns what a plug says when it has connected."""
        point = self._load.start(now_ns)
        self._record([point])
        self._started = self._time()
        self._start_ns = self._now_ns = self._tick_ns = now_ns
        self._energy_j = self._tick_j = self._tele_j = 0.0
        self._power_w = point.power_w
        self._next_step_ns = now_ns
        self._next_tick_ns = now_ns + _ns(self.settings.update_s)
        self._schedule_tele()
        return self.greeting()

    def greeting(self) -> list[Message]:
        """Return what a plug says when it has connected."""
        name = self.settings.topic
        info1 = {"Module": "Delock 11827", "Version": VERSION, "GroupTopic": "cmnd/tasmotas/"}
        return [
            Message(self._topic("tele", "LWT"), "Online", retain=True),
            self._say("tele", "INFO1", {"Info1": info1}),
            self._say("tele", "INFO2", {"Info2": {"WebServerMode": "Off", "Hostname": name}}),
            self._say("tele", "INFO3", {"Info3": {"RestartReason": "Power On", "BootCount": 1}}),
            self._say("stat", "RESULT", {"POWER": self._relay()}),
            Message(self._topic("stat", "POWER"), self._relay()),
        ]

    def farewell(self) -> Message:
        """Return the last will, which is also said on leaving."""
        return Message(self._topic("tele", "LWT"), "Offline", retain=True)

    @property
    def next_due_ns(self) -> int:
        """Return when advance() has something to do."""
        return min(self._next_step_ns, self._next_tick_ns, self._next_tele_ns)

    def advance(self, now_ns: int) -> list[Message]:
        """Move on to ``now_ns``; returns the telemetry that has become due."""
        self._take(self._load.advance(now_ns))
        self._now_ns = now_ns
        self._next_step_ns = now_ns + _ns(self._load.step_s)
        if now_ns >= self._next_tick_ns:
            self._tick(now_ns)
        if now_ns < self._next_tele_ns:
            return []
        self._schedule_tele()
        messages = [
            Message(self._topic("tele", "STATE"), json.dumps(self._state())),
            Message(self._topic("tele", "SENSOR"), self._sensor(with_period=True)),
        ]
        self._tele_j = self._tick_j
        return messages

    def command(self, name: str, payload: str, now_ns: int) -> list[Message]:
        """Carry out ``cmnd/<topic>/<name>`` and return the answers."""
        messages = self.advance(now_ns)
        word, text = name.lower(), payload.strip()
        if word == "status0" or (word == "status" and text == "0"):
            return messages + self._status_all(joined=word == "status0")
        if word == "status":
            return messages + self._status(text)
        if word in ("power", "power1"):
            return messages + self._switch(text.lower(), now_ns)
        if word == "state":
            return [*messages, self._say("stat", "RESULT", self._state())]
        return [*messages, self._say("stat", "RESULT", self._set(name, word, text))]

    def _take(self, points: list[TruthPoint]) -> None:
        if points:
            self._energy_j = points[-1].energy_j
            self._record(points)

    def _tick(self, now_ns: int) -> None:
        length_s = seconds(now_ns - self._tick_ns)
        self._power_w = (self._energy_j - self._tick_j) / length_s
        self._tick_ns, self._tick_j = now_ns, self._energy_j
        self._next_tick_ns = max(self._next_tick_ns + _ns(self.settings.update_s), now_ns + 1)

    def _schedule_tele(self) -> None:
        period_s = self.settings.tele_period_s
        self._next_tele_ns = self._now_ns + _ns(period_s) if period_s > 0 else 1 << 62

    def _topic(self, prefix: str, name: str) -> str:
        return f"{prefix}/{self.settings.topic}/{name}"

    def _say(self, prefix: str, name: str, document: object) -> Message:
        return Message(self._topic(prefix, name), json.dumps(document))

    def _relay(self) -> str:
        return "ON" if self._load.on else "OFF"

    def _time(self) -> str:
        return self._wall_time().isoformat(timespec="seconds")

    def _state(self) -> dict[str, object]:
        up_s = int(seconds(self._now_ns - self._start_ns))
        hours, minutes = up_s // 3600, up_s // 60 % 60
        uptime = f"{hours // 24}T{hours % 24:02d}:{minutes:02d}:{up_s % 60:02d}"
        return {"Time": self._time(), "Uptime": uptime, "UptimeSec": up_s, "POWER": self._relay()}

    def _sensor(self, *, with_period: bool = False) -> str:
        since_j = self._tick_j - self._tele_j if with_period else None
        figures = Figures(self._power_w, self._tick_j, since_j, self._random.gauss(230.0, 0.5))
        return sensor_text(self.settings, self._time(), self._started, figures)

    def _status(self, number: str) -> list[Message]:
        answers = {
            "": ("STATUS", self._status_basic),
            "2": ("STATUS2", self._status_firmware),
            "8": ("STATUS8", self._status_sensor),
            "10": ("STATUS10", self._status_sensor),
            "11": ("STATUS11", lambda: json.dumps({"StatusSTS": self._state()})),
        }
        if number not in answers:
            return [self._say("stat", "RESULT", {"Command": "Error"})]
        name, document = answers[number]
        return [Message(self._topic("stat", name), document())]

    def _status_all(self, *, joined: bool) -> list[Message]:
        parts = [message for n in ("", "2", "10", "11") for message in self._status(n)]
        if not joined:
            return parts
        text = ",".join(message.payload[1:-1] for message in parts)
        return [Message(self._topic("stat", "STATUS0"), f"{{{text}}}")]

    def _status_basic(self) -> str:
        name = self.settings.topic
        status = {"DeviceName": name, "FriendlyName": [name], "Topic": name, "SensorRetain": 0}
        return json.dumps({"Status": {**status, "Power": "1" if self._load.on else "0"}})

    def _status_firmware(self) -> str:
        firmware = {"Version": VERSION, "BuildDateTime": "2024-08-14T12:37:31", "Boot": 31}
        return json.dumps({"StatusFWR": {**firmware, "Hardware": "emulated by benchharness"}})

    def _status_sensor(self) -> str:
        return f'{{"StatusSNS":{self._sensor()}}}'

    def _switch(self, text: str, now_ns: int) -> list[Message]:
        wanted = {"on": True, "1": True, "off": False, "0": False, "toggle": not self._load.on}
        wanted["2"] = wanted["toggle"]
        if text in wanted:
            self._take(self._load.switch(wanted[text], now_ns))
        return [
            self._say("stat", "RESULT", {"POWER": self._relay()}),
            Message(self._topic("stat", "POWER"), self._relay()),
        ]

    def _set(self, name: str, word: str, text: str) -> dict[str, object]:
        decimals = {
            "wattres": ("watt_res", 3), "energyres": ("energy_res", 5),
            "ampres": ("amp_res", 3), "voltres": ("volt_res", 3),
        }  # fmt: skip
        number = int(text) if text.isascii() and text.isdigit() else None
        if word == "teleperiod":
            if number is not None:
                # 0 is off, 1 the default; otherwise 10 to 3600 s.
                set_s = {0: 0, 1: 300}.get(number, min(3600, max(10, number)))
                self.settings.tele_period_s = float(set_s)
                self._schedule_tele()
            period_s = self.settings.tele_period_s
            return {name: int(period_s) if period_s.is_integer() else period_s}
        if word not in decimals:
            return {"Command": "Unknown", "Input": name.upper()}
        attribute, most = decimals[word]
        if number is not None and number <= most:
            setattr(self.settings, attribute, number)
        return {name: getattr(self.settings, attribute)}


def _ns(duration_s: float) -> int:
    return round(duration_s * NANOSECONDS_PER_SECOND)
