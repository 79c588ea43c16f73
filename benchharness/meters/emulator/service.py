"""The process of an emulated plug: the plug's firmware on one thread, the broker on another."""

from __future__ import annotations

import queue
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, MonotonicClock, seconds
from benchharness.meters.emulator.load import Load, Switched
from benchharness.meters.emulator.plug import Message, TasmotaPlug
from benchharness.meters.emulator.plug_figures import PlugSettings
from benchharness.meters.emulator.truth import TruthPoint, TruthWriter
from benchharness.meters.mqtt.connection import Arrival, MqttConnection, MqttSettings


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """What to emulate, where, and for how long (None: until stopped)."""

    mqtt: MqttSettings
    plug: PlugSettings
    truth: Path | None = None
    duration_s: float | None = None


def emulate_tasmota(
    options: EmulatorOptions,
    load: Load,
    on_ready: Callable[[str], None],
    clock: Clock | None = None,
) -> None:
    """Be a plug until SIGTERM, Ctrl-C or the end of ``duration_s``; then leave as a plug would.

    ``on_ready`` is given the address for ``--meter`` once the plug answers. Raises MeterError if
    the broker cannot be used.
    """
    service = _Service(options, load, clock or MonotonicClock())
    try:
        service.connect()
        service.run(on_ready)
    finally:
        service.close()


class _Service:
    def __init__(self, options: EmulatorOptions, load: Load, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._load = Switched(load)
        self._truth: TruthWriter | None = None
        self._plug = TasmotaPlug(replace(options.plug), self._load, self._record)
        will = self._plug.farewell()
        self._connection = MqttConnection(replace(options.mqtt, will=(will.topic, will.payload)))
        # What arrives on the network's thread; None ends the service.
        self._inbox: queue.SimpleQueue[Arrival | bool | None] = queue.SimpleQueue()

    def connect(self) -> None:
        self._connection.watch(lambda _t_ns, connected, _detail: self._inbox.put(connected))
        self._connection.open()
        if self._options.truth is not None:
            load = self._load
            self._truth = TruthWriter(self._options.truth, linear=load.linear, source=load.source)
        topic = f"cmnd/{self._options.plug.topic}/+"
        self._connection.subscribe({topic: self._inbox.put})
        self._send(self._plug.start(self._clock.now_ns()))

    def run(self, on_ready: Callable[[str], None]) -> None:
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            on_ready(f"tasmota:{self._options.mqtt.broker}/{self._options.plug.topic}")
            self._serve()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def close(self) -> None:
        self._send([self._plug.farewell()])
        self._connection.close()
        self._load.close()
        if self._truth is not None:
            self._truth.close()

    def _serve(self) -> None:
        end_ns = None
        if self._options.duration_s is not None:
            end_ns = self._clock.now_ns() + round(self._options.duration_s * NANOSECONDS_PER_SECOND)
        while end_ns is None or self._clock.now_ns() < end_ns:
            now_ns = self._clock.now_ns()
            self._send(self._plug.advance(now_ns))
            due_ns = (
                self._plug.next_due_ns if end_ns is None else min(self._plug.next_due_ns, end_ns)
            )
            try:
                item = self._inbox.get(timeout=max(0.0, seconds(due_ns - self._clock.now_ns())))
            except queue.Empty:
                continue
            if item is None:
                break
            if isinstance(item, Arrival):
                name = item.topic.rsplit("/", 1)[1]
                text = item.payload[:64].decode("utf-8", errors="replace")
                self._send(self._plug.command(name, text, self._clock.now_ns()))
            elif item:
                self._send(self._plug.greeting())
        self._send(self._plug.advance(self._clock.now_ns()))

    def _send(self, messages: list[Message]) -> None:
        for message in messages:
            # A plug sends once and does not ask whether it arrived; only its LWT must.
            keep = message.retain
            self._connection.publish(message.topic, message.payload, qos=int(keep), retain=keep)

    def _record(self, points: list[TruthPoint]) -> None:
        if self._truth is not None:
            self._truth.write(points)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._inbox.put(None)
