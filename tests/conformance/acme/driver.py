"""A meter for the ACME power logger: ``acme/<id>`` says {"watts": 4.2, "joules": 1234.5}."""

from __future__ import annotations

import json
import math
from collections import deque
from dataclasses import replace

from benchharness.clock import Clock, MonotonicClock
from benchharness.errors import MeterError
from benchharness.meters.address import parse_broker
from benchharness.meters.base import Instrument
from benchharness.meters.mqtt.connection import Arrival, MqttSettings
from benchharness.meters.mqtt.links import Link, open_link
from benchharness.meters.options import OptionReader
from benchharness.model import (
    Capabilities,
    Check,
    CheckState,
    MeasurementClass,
    MeterEvent,
    Reading,
)


class AcmeMeter:
    def __init__(self, instrument: Instrument, clock: Clock | None = None) -> None:
        self.instrument = instrument
        keys = OptionReader(instrument)
        broker = keys.required_text("broker", 'broker = "mqtt://HOST"')
        self._settings = MqttSettings(parse_broker(broker, instrument.where, None))
        self._topic = keys.required_text("topic", 'topic = "acme/1"')
        self._gain = keys.number("gain", minimum=0.0)
        keys.done()
        self.clock = clock or MonotonicClock()
        self._link: Link | None = None
        self._readings: deque[Reading] = deque()
        self._events: deque[MeterEvent] = deque()
        self._last = b""
        self._last_ns = 0

    def open(self) -> None:
        if self._link is not None:
            return
        self._link = link = open_link(self._settings)
        link.watch(self._on_link)
        link.subscribe({self._topic: self.on_message, f"{self._topic}/alive": self._on_alive})
        end_ns = self.clock.now_ns() + 5_000_000_000
        while not self._readings:
            if self.clock.now_ns() > end_ns:
                raise MeterError("no reading within 5 s", where=self._topic, remedy="switch it on")
            self.clock.sleep_s(0.1)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            MeasurementClass.MEASURED,
            has_power=True,
            has_counter=True,
            period_s=1.0,
            power_resolution_w=0.01,
            energy_resolution_j=0.1,
            gain_bound=self._gain,
            latency_bound_s=1.5,
            max_power_w=100.0,
        )

    def read(self) -> list[Reading]:
        return [self._readings.popleft() for _ in range(len(self._readings))]

    def events(self) -> list[MeterEvent]:
        return [self._events.popleft() for _ in range(len(self._events))]

    def request(self) -> None:
        if self._link is not None:
            self._link.publish(f"{self._topic}/get", "")

    def check(self) -> list[Check]:
        return [Check(self.instrument.name, CheckState.OK, "an ACME logger")]

    def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def on_message(self, message: Arrival) -> None:
        reading = self.reading(message)
        if message.retained:
            self.note(message.t_ns, "rejected", "retained")
        elif reading is None:
            self.note(message.t_ns, "rejected", "not a reading")
        elif message.payload != self._last:  # delivered twice otherwise
            self._last = message.payload
            # Two messages of one moment keep their order.
            self._last_ns = max(reading.t_ns, self._last_ns + 1)
            self._readings.append(replace(reading, t_ns=self._last_ns))

    def reading(self, message: Arrival) -> Reading | None:
        try:
            said = json.loads(message.payload)
            power_w, energy_j = float(said["watts"]), float(said["joules"])
        except (ValueError, KeyError, TypeError):
            return None
        if not (0.0 <= power_w < math.inf and math.isfinite(energy_j)):
            return None
        return Reading(message.t_ns, power_w, energy_j)

    def note(self, t_ns: int, kind: str, detail: str) -> None:
        self._events.append(MeterEvent(t_ns, kind, detail))

    def _on_alive(self, message: Arrival) -> None:
        if not message.retained:
            self.note(message.t_ns, "online" if message.payload == b"1" else "offline", "said so")

    def _on_link(self, t_ns: int, connected: bool, detail: str) -> None:
        self.note(t_ns, "connected" if connected else "disconnected", detail)
