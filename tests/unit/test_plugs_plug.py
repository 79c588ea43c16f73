"""The meter of all plugs on a link that the test holds: no broker, no time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import pytest

from benchharness.clock import FakeClock
from benchharness.errors import MeterError, UsageError
from benchharness.meters.base import Instrument, Meter, Switchable
from benchharness.meters.common import CommonDefaults
from benchharness.meters.mqtt.connection import Arrival, Handler, LinkWatcher, MqttSettings
from benchharness.meters.mqtt.links import links_opened_by
from benchharness.meters.options import OptionReader
from benchharness.meters.plugs.dialect import Command, Dialect, Topic, Traits
from benchharness.meters.plugs.payload import PlugReading
from benchharness.meters.plugs.plug import PlugMeter
from benchharness.meters.plugs.said import Availability, Said
from benchharness.model import MeterEvent

SECOND = 1_000_000_000


def parse_power(payload: bytes) -> Said:
    return PlugReading(float(payload), None)


def parse_counter(payload: bytes) -> Said:
    return PlugReading(None, 3600 * float(payload))


def parse_online(payload: bytes) -> Said:
    return Availability(payload == b"1")


class Pushing(Dialect):
    """A device that only pushes, power and counter (Wh) on topics of their own."""

    traits = Traits("a bench plug", CommonDefaults(period_s=10.0, latency_bound_s=1.0))

    def __init__(self, topic: str) -> None:
        self.topic = topic

    def topics(self) -> Sequence[Topic]:
        return [
            Topic(f"{self.topic}/power", parse_power),
            Topic(f"{self.topic}/wh", parse_counter),
            Topic(f"{self.topic}/online", parse_online, believe_retained=True),
        ]


class Asked(Pushing):
    """The same, and it can be asked."""

    traits = Traits("a bench plug", CommonDefaults(), poll_s=2.0)

    def ask_reading(self) -> Sequence[Command]:
        return [Command(f"{self.topic}/get", "")]


class PushingMeter(PlugMeter):
    @classmethod
    def read_dialect(cls, keys: OptionReader, topic: str, channel: int) -> Dialect:
        return Pushing(topic)


class AskedMeter(PlugMeter):
    @classmethod
    def read_dialect(cls, keys: OptionReader, topic: str, channel: int) -> Dialect:
        return Asked(topic)


class Bench:
    """A link in virtual time: waiting delivers what the test has laid ready."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.handlers: dict[str, Handler] = {}
        self.watchers: list[LinkWatcher] = []
        self.timers: list[float] = []
        self.sent: list[tuple[str, str, int]] = []
        self.ready: list[tuple[str, bytes, bool]] = []
        self.closed = 0

    def open(self, settings: MqttSettings) -> Bench:
        return self

    def watch(self, watcher: LinkWatcher) -> None:
        self.watchers.append(watcher)

    def subscribe(self, topics: Mapping[str, Handler]) -> None:
        self.handlers.update(topics)

    def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> bool:
        self.sent.append((topic, payload, qos))
        return True

    def every(self, period_s: float, action: Callable[[], object]) -> None:
        self.timers.append(period_s)

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        while self.ready:
            self.deliver(*self.ready.pop(0))
        if not event.is_set():
            self.clock.sleep_s(timeout_s)
        return event.is_set()

    def close(self) -> None:
        self.closed += 1

    def deliver(self, topic: str, payload: bytes, retained: bool = False) -> None:
        self.handlers[topic](Arrival(self.clock.now_ns(), topic, payload, retained))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def plug(bench: Bench, kind: type[PlugMeter] = PushingMeter, **options: object) -> PlugMeter:
    keys = {"broker": "b", "topic": "p", **options}
    return kind(Instrument("m", "bench", "meters/m.toml", options=keys), bench.clock)


def opened(bench: Bench, kind: type[PlugMeter] = PushingMeter, **options: object) -> PlugMeter:
    meter = plug(bench, kind, **options)
    bench.ready.append(("p/power", b"5", False))
    with links_opened_by(bench.open):
        meter.open()
    return meter


def details(events: list[MeterEvent]) -> list[tuple[str, str]]:
    return [(event.kind, event.detail) for event in events]


def test_a_device_that_only_pushes_is_never_asked(bench: Bench) -> None:
    meter = opened(bench)
    assert isinstance(meter, Meter) and isinstance(meter, Switchable)
    meter.request()
    assert bench.sent == [] and bench.timers == []
    assert [reading.power_w for reading in meter.read()] == [5.0]
    assert meter.capabilities().period_s == 10.0
    with pytest.raises(UsageError, match=r"meters/m\.toml: poll_s: a bench plug cannot be asked"):
        plug(bench, poll_s=1.0)


def test_a_device_that_can_be_asked_is_asked_at_once_and_at_intervals(bench: Bench) -> None:
    meter = opened(bench, AskedMeter)
    assert bench.sent == [("p/get", "", 0)] and bench.timers == [2.0]
    assert meter.capabilities().period_s == 2.0
    quiet = Bench()
    assert opened(quiet, AskedMeter, poll_s=0).capabilities().period_s is None
    assert quiet.timers == [] and quiet.sent == [("p/get", "", 0)]


def test_halves_from_two_topics_are_power_and_counter(bench: Bench) -> None:
    meter = opened(bench)
    assert not meter.capabilities().has_counter
    bench.deliver("p/wh", b"2")
    found = [(reading.power_w, reading.energy_j) for reading in meter.read()]
    assert found == [(5.0, None), (None, 7200.0)]
    can = meter.capabilities()
    assert can.has_power and can.has_counter


def test_patience_follows_the_period_of_the_pushes(bench: Bench) -> None:
    meter = plug(bench)
    began_ns = bench.clock.now_ns()
    with links_opened_by(bench.open), pytest.raises(MeterError) as caught:
        meter.open()
    assert bench.clock.now_ns() - began_ns == 15 * SECOND  # one and a half periods
    assert caught.value.line() == (
        "mqtt://b:1883 p/power: no message from the plug within 15 s; "
        "check the topic, and that the plug is on"
    )
    assert bench.closed == 1


def test_what_is_wrong_at_open_is_told_apart(bench: Bench) -> None:
    for topic, payload, line in [
        ("p/online", b"0", "the plug is offline; switch it on"),
        ("p/online", b"1", "the plug is online and silent for 15 s"),
        ("p/power", b"5", "no usable reading within 15 s (rejected: 1 x retained"),
    ]:
        bench.ready.append((topic, payload, True))
        with links_opened_by(bench.open), pytest.raises(MeterError) as caught:
            plug(bench).open()
        assert line in caught.value.line()


def test_silence_is_an_event_and_no_reading(bench: Bench) -> None:
    meter = opened(bench)
    meter.read()
    bench.clock.sleep_s(31)
    assert meter.read() == []
    assert details(meter.events()) == [("stale", "no reading for 31.0 s")]


def test_a_lost_connection_and_its_return_are_events_and_a_question(bench: Bench) -> None:
    meter = opened(bench, AskedMeter)
    meter.events()
    bench.sent.clear()
    for connected, detail in [(False, "lost"), (True, "again")]:
        for watcher in bench.watchers:
            watcher(bench.clock.now_ns(), connected, detail)
    assert details(meter.events()) == [("disconnected", "lost"), ("connected", "again")]
    assert bench.sent == [("p/get", "", 0)]


def test_a_make_without_a_relay(bench: Bench) -> None:
    with pytest.raises(MeterError, match="a bench plug has no relay that can be switched"):
        plug(bench, relay=True).switch(False)
    with pytest.raises(UsageError, match="relay = true"):
        plug(bench).switch(False)


def test_closing_twice_gives_the_link_back_once(bench: Bench) -> None:
    meter = opened(bench)
    meter.close()
    meter.close()
    assert bench.closed == 1
    assert len(meter.read()) == 1  # what has come can still be read
