"""A Delock or other plug with Tasmota firmware: topics, telemetry, commands.

The figures are those of metering.py, one for each channel; their decimals and steps those of
tasmota_figures.py.
"""

from __future__ import annotations

import json
import random

from benchharness.clock import seconds
from benchharness.meters.emulator.device import NEVER_NS, Message, mac_address, ns
from benchharness.meters.emulator.metering import Metering
from benchharness.meters.emulator.tasmota_figures import Figures, TasmotaSettings, sensor_text
from benchharness.meters.plugs.payload import EMULATED_MARK

VERSION = f"14.2.0({EMULATED_MARK})"
_DECIMALS = {
    "wattres": ("watt_res", 3),
    "energyres": ("energy_res", 5),
    "ampres": ("amp_res", 3),
    "voltres": ("volt_res", 3),
}


class TasmotaPlug:
    """One plug with one metered socket, or a strip with several."""

    def __init__(self, settings: TasmotaSettings, *sockets: Metering) -> None:
        self.settings = settings
        self._sockets = sockets
        self._random = random.Random(settings.seed)  # noqa: S311 - noise on the mains' voltage

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Return the topic of its commands."""
        return (f"cmnd/{self.settings.topic}/+",)

    @property
    def address(self) -> str:
        """Return what names it after the broker."""
        return self.settings.topic

    def start(self, now_ns: int) -> list[Message]:
        """Switch on at ``now_ns``; returns what a plug says when it has connected."""
        for socket in self._sockets:
            socket.start(now_ns)
        self._started = self._time()
        self._start_ns = self._now_ns = now_ns
        self._tele_j = [socket.counted_j for socket in self._sockets]
        self._schedule_tele(now_ns)
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
            *(message for i in range(len(self._sockets)) for message in self._relay_messages(i)),
        ]

    def farewell(self) -> Message:
        """Return the last will, which is also said on leaving."""
        return Message(self._topic("tele", "LWT"), "Offline", retain=True)

    @property
    def next_due_ns(self) -> int:
        """Return when advance() has something to do."""
        return min(self._next_tele_ns, *(socket.next_due_ns for socket in self._sockets))

    def advance(self, now_ns: int) -> list[Message]:
        """Move on to ``now_ns``; returns the telemetry that has become due."""
        for socket in self._sockets:
            socket.advance(now_ns)
        self._now_ns = now_ns
        if now_ns < self._next_tele_ns:
            return []
        self._schedule_tele(max(self._next_tele_ns, now_ns - ns(self.settings.tele_period_s)))
        messages = [
            Message(self._topic("tele", "STATE"), json.dumps(self._state())),
            Message(self._topic("tele", "SENSOR"), self._sensor(with_period=True)),
        ]
        self._tele_j = [socket.counted_j for socket in self._sockets]
        return messages

    def command(self, topic: str, payload: str, now_ns: int) -> list[Message]:
        """Carry out ``cmnd/<topic>/<name>`` and return the answers."""
        messages = self.advance(now_ns)
        name = topic.rsplit("/", 1)[-1]
        word, text = name.lower(), payload.strip()
        if word == "status0" or (word == "status" and text == "0"):
            return messages + self._status_all(joined=word == "status0")
        if word == "status":
            return messages + self._status(text)
        if word.startswith("power") and word[5:] in ("", *map(str, range(1, len(self._keys) + 1))):
            return messages + self._switch(int(word[5:] or 1) - 1, text.lower())
        if word == "state":
            return [*messages, self._say("stat", "RESULT", self._state())]
        return [*messages, self._say("stat", "RESULT", self._set(name, word, text))]

    def _schedule_tele(self, after_ns: int) -> None:
        period_s = self.settings.tele_period_s
        self._next_tele_ns = after_ns + ns(period_s) if period_s > 0 else NEVER_NS

    def _topic(self, prefix: str, name: str) -> str:
        return f"{prefix}/{self.settings.topic}/{name}"

    def _say(self, prefix: str, name: str, document: object) -> Message:
        return Message(self._topic(prefix, name), json.dumps(document))

    @property
    def _keys(self) -> list[str]:
        count = len(self._sockets)
        return ["POWER"] if count == 1 else [f"POWER{i + 1}" for i in range(count)]

    def _relays(self) -> dict[str, object]:
        states = ("ON" if socket.on else "OFF" for socket in self._sockets)
        return dict(zip(self._keys, states, strict=True))

    def _relay_messages(self, index: int) -> list[Message]:
        key = self._keys[index]
        state = "ON" if self._sockets[index].on else "OFF"
        return [self._say("stat", "RESULT", {key: state}), Message(self._topic("stat", key), state)]

    def _time(self) -> str:
        return self._sockets[0].time().isoformat()

    def _state(self) -> dict[str, object]:
        up_s = int(seconds(self._now_ns - self._start_ns))
        days, rest = divmod(up_s, 86_400)
        hours, rest = divmod(rest, 3600)
        uptime = f"{days}T{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
        return {
            "Time": self._time(),
            "Uptime": uptime,
            "UptimeSec": up_s,
            "SleepMode": "Dynamic",
            "MqttCount": 1,
            **self._relays(),
            "Wifi": {"AP": 1, "SSId": "emulated", "RSSI": 72, "Signal": -64},
        }

    def _sensor(self, *, with_period: bool = False) -> str:
        voltage_v = self._random.gauss(230.0, 0.5)
        channels = []
        for socket, tele_j in zip(self._sockets, self._tele_j, strict=True):
            shown = socket.shown()
            today_j = socket.counted_j
            since_j = today_j - tele_j if with_period else None
            channels.append(
                Figures(shown.power, socket.power_w, shown.energy_j, today_j, since_j, voltage_v)
            )
        return sensor_text(self.settings, self._time(), self._started, channels)

    def _status(self, number: str) -> list[Message]:
        answers = {
            "": ("STATUS", self._status_basic),
            "2": ("STATUS2", self._status_firmware),
            "5": ("STATUS5", self._status_network),
            "8": ("STATUS8", self._status_sensor),
            "10": ("STATUS10", self._status_sensor),
            "11": ("STATUS11", lambda: json.dumps({"StatusSTS": self._state()})),
        }
        if number not in answers:
            return [self._say("stat", "RESULT", {"Command": "Error"})]
        name, document = answers[number]
        return [Message(self._topic("stat", name), document())]

    def _status_all(self, *, joined: bool) -> list[Message]:
        parts = [message for n in ("", "2", "5", "10", "11") for message in self._status(n)]
        if not joined:
            return parts
        text = ",".join(message.payload[1:-1] for message in parts)
        return [Message(self._topic("stat", "STATUS0"), f"{{{text}}}")]

    def _status_basic(self) -> str:
        name = self.settings.topic
        status = {"DeviceName": name, "FriendlyName": [name], "Topic": name, "SensorRetain": 0}
        bits = sum(socket.on << i for i, socket in enumerate(self._sockets))
        return json.dumps({"Status": {**status, "Power": str(bits)}})

    def _status_firmware(self) -> str:
        firmware = {"Version": VERSION, "BuildDateTime": "2024-08-14T12:37:31", "Boot": 31}
        return json.dumps({"StatusFWR": {**firmware, "Hardware": "emulated by benchharness"}})

    def _status_network(self) -> str:
        mac = mac_address(self.settings.topic, self.settings.seed)
        grouped = ":".join(mac[i : i + 2] for i in range(0, 12, 2))
        network = {"Hostname": self.settings.topic, "IPAddress": "192.0.2.1", "Mac": grouped}
        return json.dumps({"StatusNET": network})

    def _status_sensor(self) -> str:
        return f'{{"StatusSNS":{self._sensor()}}}'

    def _switch(self, index: int, text: str) -> list[Message]:
        socket = self._sockets[index]
        wanted = {"on": True, "1": True, "off": False, "0": False, "toggle": not socket.on}
        wanted["2"] = wanted["toggle"]
        if text in wanted:
            socket.switch(wanted[text])
        return self._relay_messages(index)

    def _set(self, name: str, word: str, text: str) -> dict[str, object]:
        number = int(text) if text.isascii() and text.isdigit() else None
        if word == "teleperiod":
            if number is not None:
                # 0 is off, 1 the default; otherwise 10 to 3600 s.
                set_s = {0: 0, 1: 300}.get(number, min(3600, max(10, number)))
                self.settings.tele_period_s = float(set_s)
                self._schedule_tele(self._now_ns)
            period_s = self.settings.tele_period_s
            return {name: int(period_s) if period_s.is_integer() else period_s}
        if word not in _DECIMALS:
            return {"Command": "Unknown", "Input": name.upper()}
        attribute, most = _DECIMALS[word]
        if number is not None and number <= most:
            setattr(self.settings, attribute, number)
        return {name: getattr(self.settings, attribute)}
