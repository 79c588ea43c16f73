"""What has arrived from a plug: filled on the network's thread, emptied on the harness's."""

from __future__ import annotations

import threading
from collections import deque

from benchharness.clock import Clock, seconds
from benchharness.meters.mqtt.connection import Arrival
from benchharness.meters.plugs.tasmota_payload import (
    EMULATED_MARK,
    PlugReading,
    Rejection,
    parse_online,
    parse_sensor,
    parse_version,
)
from benchharness.meters.rejections import RejectionLog
from benchharness.model import MeterEvent, Reading

RETAINED = "retained, so of unknown age"


class PlugInbox:
    """Readings, events and rejections of one channel, and what its messages reveal of the plug."""

    def __init__(self, channel: int, clock: Clock) -> None:
        self.rejections = RejectionLog()
        self.usable = threading.Event()
        self.identified = threading.Event()
        self.online: bool | None = None
        self.firmware: str | None = None
        self.emulated = False
        self.channels = 1
        self.has_power = False
        self.has_counter = False
        self.power_step_w: float | None = None
        self.energy_step_j: float | None = None
        self._channel = channel
        self._clock = clock
        self._readings: deque[Reading] = deque()
        self._events: deque[MeterEvent] = deque()
        self._last_ns = 0
        self._silent = False

    def take_readings(self) -> list[Reading]:
        """Return the readings since the last call, oldest first."""
        return [self._readings.popleft() for _ in range(len(self._readings))]

    def take_events(self, *, last: bool) -> list[MeterEvent]:
        """Return the events since the last call, oldest first."""
        events = [self._events.popleft() for _ in range(len(self._events))]
        events += self.rejections.take_events(self._clock.now_ns(), last=last)
        return sorted(events, key=lambda event: event.t_ns)

    def note(self, kind: str, detail: str, t_ns: int | None = None) -> None:
        """Record an event, now unless a time is given."""
        t_ns = self._clock.now_ns() if t_ns is None else t_ns
        self._events.append(MeterEvent(t_ns, kind, detail))

    def note_silence(self, longest_s: float) -> None:
        """Record once that nothing has come for ``longest_s`` seconds, if that is so."""
        if self._silent or not self._last_ns:
            return
        silence_s = seconds(self._clock.now_ns() - self._last_ns)
        if silence_s > longest_s:
            self._silent = True
            self.note("stale", f"no reading for {silence_s:.1f} s")

    def on_sensor(self, message: Arrival) -> None:
        """Take a SENSOR, STATUS8 or STATUS10 message."""
        if message.retained:
            self.rejections.add(message.t_ns, RETAINED)
            return
        seen = parse_sensor(message.payload, self._channel)
        if isinstance(seen, Rejection):
            self.rejections.add(message.t_ns, seen.reason)
            return
        self._learn(seen)
        # Two messages in one tick of the clock keep their order.
        self._last_ns = max(message.t_ns, self._last_ns + 1)
        self._silent = False
        self._readings.append(Reading(self._last_ns, seen.power_w, seen.energy_j))
        self.usable.set()

    def on_lwt(self, message: Arrival) -> bool:
        """Take an LWT message; returns whether a plug has just come, perhaps another one."""
        online = parse_online(message.payload)
        if isinstance(online, Rejection):
            self.rejections.add(message.t_ns, online.reason)
            return False
        before, self.online = self.online, online
        if not online and before is not False:
            detail = "the plug is offline" if message.retained else "the plug went offline"
            self.note("offline", detail, message.t_ns)
        elif online and before is False:
            self.note("online", "the plug is back", message.t_ns)
        return online and not message.retained

    def on_version(self, message: Arrival) -> None:
        """Take a STATUS2 message."""
        if message.retained:
            return
        version = parse_version(message.payload)
        if isinstance(version, Rejection):
            self.rejections.add(message.t_ns, f"STATUS2: {version.reason}")
            return
        if version != self.firmware:
            self.firmware = version
            self.note("firmware", version, message.t_ns)
        if EMULATED_MARK in version:
            self.emulated = True
        self.identified.set()

    def _learn(self, seen: PlugReading) -> None:
        self.has_power = self.has_power or seen.power_w is not None
        self.has_counter = self.has_counter or seen.energy_j is not None
        self.channels = seen.channels
        if seen.power_step_w is not None:
            self.power_step_w = seen.power_step_w
        if seen.energy_step_j is not None:
            self.energy_step_j = seen.energy_step_j
        if seen.emulated:
            self.emulated = True
