"""The rig for any driver that reaches its instrument over MQTT: an emulated device on a broker
in memory, in virtual time, with faults on the way.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchharness.clock import Clock
from benchharness.conformance.faults import MQTT_FAULTS, FaultClass
from benchharness.conformance.rig import Bench, Shape, Shown
from benchharness.conformance.virtual_time import VirtualTime, nanoseconds
from benchharness.meters.base import Instrument, Meter
from benchharness.meters.emulator.device import Device, Message
from benchharness.meters.emulator.faults import FaultLog, Faults, parse_faults
from benchharness.meters.emulator.waveform import Waveform

if TYPE_CHECKING:
    from benchharness.conformance.loopback import LoopbackBroker

# A plug answers within a few hundredths of a second.
ANSWER_S = (0.005, 0.06)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+")

MeterFactory = Callable[[Instrument, Clock], Meter]


@dataclass(frozen=True, slots=True)
class Fate:
    """What goes wrong with an instrument, to be done and logged by the emulated device.

    :func:`benchharness.meters.emulator.devices.make_device` and SpokenDevice do so.
    """

    faults: Faults
    log: FaultLog
    seed: int


DeviceFactory = Callable[[Waveform, Fate], Device]


@dataclass(frozen=True)
class MqttRig:
    """``meter`` is the driver, ``device`` what it listens to.

    ``options`` are the instrument's keys; any ``broker`` will do, as all lead to the one in
    memory. ``readings`` says which messages of the device carry a power: by default all that
    hold a number; give a pattern of their topics where others hold numbers too.
    """

    name: str
    meter: MeterFactory
    options: Mapping[str, Any]
    device: DeviceFactory
    shape: Shape = field(default_factory=Shape)
    faults: tuple[str, ...] = MQTT_FAULTS
    readings: str = ""

    @contextmanager
    def set_up(self, load: Waveform, fault: FaultClass, seed: int) -> Iterator[Bench]:
        """Put the device on the broker; the driver's links lead to it while this lasts."""
        from benchharness.conformance.loopback import LoopbackBroker
        from benchharness.meters.mqtt.links import links_opened_by

        time = VirtualTime()
        broker = LoopbackBroker(time)
        shown = Shown(failures=broker.failures)
        instrument = Instrument(self.name, "conformance", self.name, options=dict(self.options))
        with links_opened_by(broker.open):
            meter = self.meter(instrument, time)
            zero_ns = time.now_ns()
            fate = Fate(parse_faults(fault.text(self.shape.span)), FaultLog(), seed)
            readings = re.compile(self.readings)
            wired = _Wired(self.device(load, fate), broker, shown, readings, seed)
            wired.start()
            _plan_restart(fault, self.shape, zero_ns, broker, wired)
            yield Bench(meter, time, zero_ns, shown)
            shown.injected.update(fate.log.counts())
            shown.away = [
                (zero_ns + nanoseconds(gone.at_s), zero_ns + nanoseconds(gone.at_s + gone.value))
                for gone in fate.faults.offline
            ]


class _Wired:
    """A device, moved on in virtual time, whose messages pass a channel to the broker."""

    def __init__(
        self,
        device: Device,
        broker: LoopbackBroker,
        shown: Shown,
        readings: re.Pattern[str],
        seed: int,
    ) -> None:
        self._device = device
        self._broker = broker
        self._time = broker.time
        self._shown = shown
        self._readings = readings
        self._random = random.Random(seed)  # noqa: S311 - how long an answer takes
        self._planned_ns: int | None = None
        broker.listen(device.subscriptions, self._on_command)

    def start(self) -> None:
        self._send(self._device.start(self._time.now_ns()))

    def greet(self) -> None:
        self._send(self._device.greeting())

    def _on_command(self, topic: str, payload: str) -> None:
        answer_ns = self._time.now_ns() + nanoseconds(self._random.uniform(*ANSWER_S))
        self._time.at(answer_ns, lambda: self._answer(topic, payload))

    def _answer(self, topic: str, payload: str) -> None:
        self._send(self._device.command(topic, payload, self._time.now_ns()))

    def _advance(self, due_ns: int) -> None:
        if self._planned_ns == due_ns:  # else it has been planned anew
            self._send(self._device.advance(self._time.now_ns()))

    def _send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._deliver(message)
        due_ns = self._device.next_due_ns
        self._planned_ns = due_ns
        self._time.at(due_ns, lambda: self._advance(due_ns))

    def _deliver(self, message: Message) -> None:
        numbers = self._numbers(message)
        if numbers and self._broker.up:
            self._shown.sent += 1
            # It is with the driver when the broker has passed it on.
            self._shown.note(self._time.now_ns() + nanoseconds(self._broker.transit_s), numbers)
        self._broker.publish(message.topic, message.payload, retain=message.retain)

    def _numbers(self, message: Message) -> list[float]:
        if not self._readings.search(message.topic):
            return []
        return [float(text) for text in _NUMBER.findall(_TIME.sub("", message.payload))]


def _plan_restart(
    fault: FaultClass, shape: Shape, zero_ns: int, broker: LoopbackBroker, wired: _Wired
) -> None:
    if fault.broker is None:
        return
    begin_s = shape.span.start_s + fault.broker[0] * shape.window_s
    end_s = begin_s + fault.broker[1] * shape.window_s

    def back() -> None:
        broker.start()
        wired.greet()

    broker.time.at(zero_ns + nanoseconds(begin_s), lambda: broker.stop(keep=fault.broker_keeps))
    broker.time.at(zero_ns + nanoseconds(end_s), back)
