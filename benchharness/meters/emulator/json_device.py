"""A meter of no make in particular: power and counter in one JSON object, at a fixed period."""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchharness.meters.emulator.device import Message, ns
from benchharness.meters.emulator.metering import Metering
from benchharness.meters.plugs.payload import EMULATED_MARK


@dataclass(frozen=True, slots=True)
class JsonSettings:
    """Decimals as they are written: watts, joules."""

    topic: str
    period_s: float = 1.0
    power_decimals: int = 3
    energy_decimals: int = 3
    seed: int = 0


class JsonDevice:
    """Says ``{"time", "power_w", "energy_j"}`` on its topic; asked on ``<topic>/get``."""

    def __init__(self, settings: JsonSettings, socket: Metering) -> None:
        self.settings = settings
        self._socket = socket

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Return the topics of its commands."""
        return (f"{self.settings.topic}/get", f"{self.settings.topic}/set")

    @property
    def address(self) -> str:
        """Return what names it after the broker, and where its figures stand."""
        topic = self.settings.topic
        paths = "power_path=power_w&energy_path=energy_j&energy_unit=J&time_path=time"
        return f"{topic}?{paths}&ask_topic={topic}/get&availability_topic={topic}/availability"

    def start(self, now_ns: int) -> list[Message]:
        """Switch on at ``now_ns``."""
        self._socket.start(now_ns)
        self._next_ns = now_ns + ns(self.settings.period_s)
        return self.greeting()

    def greeting(self) -> list[Message]:
        """Return its availability; figures come at their time."""
        return [Message(f"{self.settings.topic}/availability", "online", retain=True)]

    def farewell(self) -> Message:
        """Return the last will, which is also said on leaving."""
        return Message(f"{self.settings.topic}/availability", "offline", retain=True)

    @property
    def next_due_ns(self) -> int:
        """Return when advance() has something to do."""
        return min(self._next_ns, self._socket.next_due_ns)

    def advance(self, now_ns: int) -> list[Message]:
        """Move on to ``now_ns``; returns the message that has become due."""
        self._socket.advance(now_ns)
        if now_ns < self._next_ns:
            return []
        period_ns = ns(self.settings.period_s)
        self._next_ns = max(self._next_ns, now_ns - period_ns) + period_ns
        return [self._figures()]

    def command(self, topic: str, payload: str, now_ns: int) -> list[Message]:
        """Say the figures, or switch."""
        messages = self.advance(now_ns)
        if topic.endswith("/get"):
            return [*messages, self._figures()]
        self._socket.obey(payload)
        return messages

    def _figures(self) -> Message:
        shown, settings = self._socket.shown(), self.settings
        power = shown.power
        document = {
            "time": self._socket.time().isoformat(),
            "power_w": power if isinstance(power, str) else round(power, settings.power_decimals),
            "energy_j": round(shown.energy_j, settings.energy_decimals),
            "emulator": EMULATED_MARK,
        }
        return Message(settings.topic, json.dumps(document))
