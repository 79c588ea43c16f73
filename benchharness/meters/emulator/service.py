"""The process of emulated devices: their firmware on one thread, the broker on another."""

from __future__ import annotations

import heapq
import queue
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from benchharness.clock import Clock, MonotonicClock, seconds
from benchharness.meters.emulator.device import Message, ns
from benchharness.meters.emulator.devices import DRIVERS, DeviceOptions, make_device
from benchharness.meters.emulator.load import Load
from benchharness.meters.emulator.told import Told
from benchharness.meters.mqtt.connection import Arrival, Handler, MqttConnection, MqttSettings


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """What to emulate, where, and for how long (None: until stopped).

    Several devices have the topics ``topic-1`` to ``topic-count`` and one connection; the truth
    and the faults that are written are those of the first.
    """

    mqtt: MqttSettings
    kind: str
    device: DeviceOptions
    count: int = 1
    truth: Path | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class EmulatedDevice:
    """One device: how it is, what it feeds, and where its truth is written (None: nowhere)."""

    options: DeviceOptions
    make_load: Callable[[], Load]
    truth: Path | None = None


class Change(NamedTuple):
    """What is to become of a device's load, by its place, once it was moved on to now."""

    device: int
    apply: Callable[[], None]


# Where changes are put, from any thread.
Changes = queue.SimpleQueue["Change | _Command | bool | None"]


class _Command(NamedTuple):
    device: int
    arrival: Arrival


def emulate(
    options: EmulatorOptions,
    make_load: Callable[[], Load],
    on_ready: Callable[[Sequence[str]], None],
    clock: Clock | None = None,
) -> None:
    """Be a device until SIGTERM, Ctrl-C or the end of ``duration_s``; then leave as it would.

    ``on_ready`` is given the addresses for ``--meter`` once the devices answer. Raises MeterError
    if the broker cannot be used.
    """
    devices = [
        EmulatedDevice(
            _numbered(options.device, index, options.count),
            make_load,
            options.truth if index == 0 else None,
        )
        for index in range(options.count)
    ]
    emulate_devices(options.mqtt, options.kind, devices, on_ready, options.duration_s, clock)


def emulate_devices(
    mqtt: MqttSettings,
    kind: str,
    devices: Sequence[EmulatedDevice],
    on_ready: Callable[[Sequence[str]], None],
    duration_s: float | None = None,
    clock: Clock | None = None,
    changes: Changes | None = None,
) -> None:
    """Be several devices of one kind, each with a load of its own, on one connection.

    ``changes`` to their loads are done one after another, on this thread. As :func:`emulate` in
    all else. Raises MeterError if the broker or a load cannot be used.
    """
    service = _Service(mqtt, kind, devices, clock or MonotonicClock(), duration_s, changes)
    try:
        service.connect()
        service.run(on_ready)
    finally:
        service.close()


def _numbered(options: DeviceOptions, index: int, count: int) -> DeviceOptions:
    """Return the options of one of several devices: a topic and a seed of its own."""
    if count == 1:
        return options
    return replace(options, topic=f"{options.topic}-{index + 1}", seed=options.seed + index)


class _Service:
    def __init__(
        self,
        mqtt: MqttSettings,
        kind: str,
        devices: Sequence[EmulatedDevice],
        clock: Clock,
        duration_s: float | None,
        changes: Changes | None = None,
    ) -> None:
        self._kind, self._mqtt, self._plans = kind, mqtt, devices
        self._duration_s = duration_s
        self._clock = clock
        self._loads = [each.make_load() for each in devices]
        self._told = [Told(each.truth) for each in devices]
        self._devices = [
            make_device(kind, load, each.options, told.record, told.log)
            for each, load, told in zip(devices, self._loads, self._told, strict=True)
        ]
        # A connection has one will: the broker tells it if this process is killed.
        will = self._devices[0].farewell()
        self._connection = MqttConnection(
            mqtt if will is None else replace(mqtt, will=(will.topic, will.payload))
        )
        self._started = False
        # When each device has something to do; entries that no longer hold are left in the heap.
        self._due_ns = [0] * len(devices)
        self._heap: list[tuple[int, int]] = []
        # What arrives on the network's thread, and changes; None ends the service.
        self._inbox: Changes = queue.SimpleQueue() if changes is None else changes

    def connect(self) -> None:
        self._connection.watch(lambda _t_ns, connected, _detail: self._inbox.put(connected))
        self._connection.open()
        for plan, told, load in zip(self._plans, self._told, self._loads, strict=True):
            told.open(load, with_faults=bool(plan.options.faults))
        self._connection.subscribe(self._handlers())
        now_ns = self._clock.now_ns()
        for index, device in enumerate(self._devices):
            # Spread over a second, so that many do not all speak at once.
            self._send(device.start(now_ns - ns(index / len(self._devices))))
            self._plan(index)
        self._started = True

    def run(self, on_ready: Callable[[Sequence[str]], None]) -> None:
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            where = f"{DRIVERS[self._kind]}:{self._mqtt.broker}"
            on_ready([f"{where}/{device.address}" for device in self._devices])
            self._serve()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def close(self) -> None:
        if self._started:
            wills = [device.farewell() for device in self._devices]
            self._send([will for will in wills if will is not None])
        self._connection.close()
        for load in self._loads:
            load.close()
        for told in self._told:
            told.close()

    def _handlers(self) -> dict[str, Handler]:
        shared: dict[str, list[int]] = {}
        for index, device in enumerate(self._devices):
            for topic in device.subscriptions:
                shared.setdefault(topic, []).append(index)

        def handler(indices: list[int]) -> Handler:
            def put(arrival: Arrival) -> None:
                for index in indices:
                    self._inbox.put(_Command(index, arrival))

            return put

        return {topic: handler(indices) for topic, indices in shared.items()}

    def _serve(self) -> None:
        end_ns = None
        if self._duration_s is not None:
            end_ns = self._clock.now_ns() + ns(self._duration_s)
        while end_ns is None or self._clock.now_ns() < end_ns:
            self._do_what_is_due(self._clock.now_ns())
            due_ns = self._heap[0][0] if end_ns is None else min(self._heap[0][0], end_ns)
            try:
                item = self._inbox.get(timeout=max(0.0, seconds(due_ns - self._clock.now_ns())))
            except queue.Empty:
                continue
            if item is None:
                break
            self._take(item)
        for device in self._devices:
            self._send(device.advance(self._clock.now_ns()))

    def _take(self, item: Change | _Command | bool) -> None:
        if isinstance(item, Change):
            self._send(self._devices[item.device].advance(self._clock.now_ns()))
            item.apply()
            self._plan(item.device)
        elif isinstance(item, _Command):
            text = item.arrival.payload[:4096].decode("utf-8", errors="replace")
            device = self._devices[item.device]
            self._send(device.command(item.arrival.topic, text, self._clock.now_ns()))
            self._plan(item.device)
        elif item:
            for device in self._devices:
                self._send(device.greeting())

    def _do_what_is_due(self, now_ns: int) -> None:
        while self._heap and self._heap[0][0] <= now_ns:
            due_ns, index = heapq.heappop(self._heap)
            if due_ns == self._due_ns[index]:
                self._send(self._devices[index].advance(now_ns))
                self._plan(index)
        for told in self._told:
            told.write_faults()

    def _plan(self, index: int) -> None:
        self._due_ns[index] = self._devices[index].next_due_ns
        heapq.heappush(self._heap, (self._due_ns[index], index))

    def _send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            # A device sends once and does not ask whether it arrived; only its will must.
            keep = message.retain
            self._connection.publish(message.topic, message.payload, qos=int(keep), retain=keep)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._inbox.put(None)
