"""Emulated devices of every kind: topics, rates, marks; and their drivers understand them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from benchharness.errors import UnknownNameError
from benchharness.meters.emulator.device import Message
from benchharness.meters.emulator.devices import DRIVERS, DeviceOptions, make_device
from benchharness.meters.emulator.load import WaveformLoad
from benchharness.meters.emulator.truth import TruthPoint
from benchharness.meters.emulator.waveform import Waveform
from benchharness.meters.plugs.dialect import Dialect
from benchharness.meters.plugs.json_path import parse_path
from benchharness.meters.plugs.mqtt_json import JsonTopics, MqttJsonDialect
from benchharness.meters.plugs.mqtt_json_payload import Place, Shape
from benchharness.meters.plugs.payload import EMULATED_MARK, PlugReading, Rejection
from benchharness.meters.plugs.said import Availability, Identity, RelayState, Said
from benchharness.meters.plugs.shelly1 import Shelly1Dialect
from benchharness.meters.plugs.shelly2 import Shelly2Dialect
from benchharness.meters.plugs.shelly2_payload import Component
from benchharness.meters.plugs.zigbee2mqtt import Zigbee2MqttDialect

SECOND = 1_000_000_000
KINDS = sorted(DRIVERS)


def json_dialect() -> Dialect:
    shape = Shape(Place(parse_path("power_w"), 1.0), Place(parse_path("energy_j"), 1.0))
    return MqttJsonDialect(JsonTopics("plug-1", availability="plug-1/availability"), shape)


DIALECTS: dict[str, Callable[[], Dialect]] = {
    "shelly-gen1": lambda: Shelly1Dialect("plug-1"),
    "shelly-gen2": lambda: Shelly2Dialect("plug-1", Component("switch", 0), "asker"),
    "zigbee2mqtt": lambda: Zigbee2MqttDialect("plug-1"),
    "json": json_dialect,
}


class Bench:
    """A device on a waveform, moved on as its process would; it notes what it says and when."""

    def __init__(self, kind: str, *steps: tuple[float, float], **options: Any) -> None:
        times, powers = zip(*steps, strict=True)
        self.points: list[TruthPoint] = []
        load = WaveformLoad(Waveform(times, powers))
        self.device = make_device(kind, load, DeviceOptions(**options), self.points.extend)
        self.said = [(0.0, message) for message in self.device.start(0)]
        self.now_ns = 0

    def run(self, until_s: float) -> Bench:
        while self.device.next_due_ns <= until_s * SECOND:
            self.now_ns = self.device.next_due_ns
            self._note(self.device.advance(self.now_ns))
        return self

    def ask(self, topic: str, payload: str = "") -> list[Message]:
        answers = self.device.command(topic, payload, self.now_ns)
        self._note(answers)
        return answers

    def times(self, topic: str) -> list[float]:
        return [t_s for t_s, message in self.said if message.topic == topic]

    def last(self, topic: str) -> Any:
        payload = [message.payload for _, message in self.said if message.topic == topic][-1]
        return json.loads(payload) if payload[:1] == "{" else payload

    def _note(self, messages: list[Message]) -> None:
        self.said += [(self.now_ns / 1e9, message) for message in messages]


def understood(dialect: Dialect, messages: list[Message]) -> list[Said]:
    parsers = {topic.name: topic.parse for topic in dialect.topics()}
    said: list[Said] = []
    for message in messages:
        if message.topic in parsers:
            parsed = parsers[message.topic](message.payload.encode())
            said += parsed if isinstance(parsed, tuple) else (parsed,)
    return said


@pytest.mark.parametrize("kind", sorted(DIALECTS))
def test_its_driver_understands_all_that_it_says(kind: str) -> None:
    dialect = DIALECTS[kind]()
    bench = Bench(kind, (0.0, 5.0), (40.0, 8.0), watt_res=2, energy_res=5)
    bench.run(65)
    for command in (*dialect.ask_reading(), *dialect.ask_identity()):
        assert command.topic in bench.device.subscriptions
        bench.ask(command.topic, command.payload)
    said = understood(dialect, [message for _, message in bench.said])
    assert not [item for item in said if isinstance(item, Rejection)]
    readings = [item for item in said if isinstance(item, PlugReading)]
    powers = [r.power_w for r in readings if r.power_w is not None]
    counters = [r.energy_j for r in readings if r.energy_j is not None]
    assert (powers[0], powers[-1]) == (5.0, 8.0)
    assert counters == sorted(counters)
    # 5 W to 40 s, 8 W to 65 s, and no finer than the plug counts.
    steps = {"zigbee2mqtt": 36_000.0, "shelly-gen1": 60.0}
    assert counters[-1] - counters[0] == pytest.approx(400.0, abs=steps.get(kind, 5.1))
    assert Availability(True) in said
    assert any(item.emulated for item in said if isinstance(item, (PlugReading, Identity)))


@pytest.mark.parametrize("kind", sorted(DIALECTS))
def test_its_driver_switches_it(kind: str) -> None:
    dialect = DIALECTS[kind]()
    bench = Bench(kind, (0.0, 50.0)).run(10)
    for command in dialect.switch(False) or ():
        said = understood(dialect, bench.ask(command.topic, command.payload))
        assert not [item for item in said if isinstance(item, Rejection)]
    if kind == "json":  # its driver switches nothing
        bench.ask("plug-1/set", "off")
    else:
        everything = understood(dialect, [message for _, message in bench.said])
        states = [item for item in everything if isinstance(item, RelayState)]
        assert states[-1] == RelayState(False)
    bench.run(30)
    assert bench.points[-1].energy_j == pytest.approx(500.0)


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_when_it_comes_and_goes(kind: str) -> None:
    device = Bench(kind, (0.0, 5.0)).device
    hello, goodbye = device.greeting()[0], device.farewell()
    assert goodbye is not None
    assert hello.retain and goodbye.retain and hello.topic == goodbye.topic
    assert hello.payload != goodbye.payload


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_marked_and_nobody_else_s_address(kind: str) -> None:
    bench = Bench(kind, (0.0, 5.0)).run(60)
    bench.ask("plug-1/rpc", '{"id": 1, "src": "me", "method": "Shelly.GetDeviceInfo"}')
    assert any(EMULATED_MARK in message.payload for _, message in bench.said)
    assert bench.device.address.partition("?")[0] == "plug-1"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("payload", ["", "{", "[1]", '{"state": 3}', "ON", "\x00", "9" * 999])
def test_no_command_upsets_it(kind: str, payload: str) -> None:
    bench = Bench(kind, (0.0, 5.0)).run(3)
    for filter_ in bench.device.subscriptions:
        bench.ask(filter_.replace("+", "Status"), payload)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_give_equal_messages(kind: str) -> None:
    def messages(seed: int) -> list[tuple[float, Message]]:
        return Bench(kind, (0.0, 3.0), seed=seed, chip="cse7766", period_s=5.0).run(60).said

    assert messages(1) == messages(1)
    assert messages(1) != messages(2)


def test_a_shelly_of_the_first_generation_tells_each_30_s_and_on_change() -> None:
    bench = Bench("shelly-gen1", (0.0, 5.0), (44.0, 5.3), (70.0, 9.0)).run(95)
    # 0.3 W is not worth a message; 4 W are, when the mean of the second has them.
    assert bench.times("shellies/plug-1/relay/0/power") == [0.0, 30.0, 60.0, 71.0, 90.0]
    assert bench.last("shellies/plug-1/relay/0/power") == "9.00"
    # 5 x 44 + 5.3 x 26 + 9 x 20 = 537.8 J: 8 whole watt-minutes.
    assert bench.last("shellies/plug-1/relay/0/energy") == "8"
    info = bench.last("shellies/plug-1/info")
    assert info["uptime"] == 90 and info["emulator"] == EMULATED_MARK


def test_a_shelly_of_the_second_generation_counts_by_the_minute() -> None:
    bench = Bench("shelly-gen2", (0.0, 5.0), (70.0, 9.0)).run(125)
    assert bench.times("plug-1/events/rpc") == [0.0, 60.0, 71.0, 120.0]
    status = bench.last("plug-1/status/switch:0")
    # The minute from 60 to 120 s: 10 x 5 + 50 x 9 = 500 J; before it 300 J; mWh = J / 3.6.
    assert status["aenergy"]["by_minute"] == [138.889, 83.333, 0.0]
    changed = bench.last("plug-1/events/rpc")["params"]["switch:0"]
    assert set(changed) == {"id", "aenergy", "emulator"}


def test_a_shelly_answers_who_asks_and_not_what_it_does_not_know() -> None:
    bench = Bench("shelly-gen2", (0.0, 5.0)).run(10)
    (answer,) = bench.ask("plug-1/rpc", '{"id": 7, "src": "me", "method": "Dance"}')
    assert answer.topic == "me/rpc"
    assert json.loads(answer.payload)["error"]["code"] == 404
    answer, *_ = bench.ask(
        "plug-1/rpc", '{"id": 8, "src": "me", "method": "Switch.Set", "params": {"on": false}}'
    )
    assert json.loads(answer.payload)["result"] == {"was_on": True}


def test_zigbee_reports_changes_but_not_too_often() -> None:
    bench = Bench("zigbee2mqtt", (0.0, 5.0), (2.0, 9.0), (10.0, 9.5)).run(70)
    # Changed at 3 s, but not before the shortest interval of 5 s is over; then nothing to tell.
    assert bench.times("zigbee2mqtt/plug-1") == [0.0, 5.0, 65.0]
    assert bench.last("zigbee2mqtt/plug-1")["energy"] == 12.34


def test_a_strip_gives_arrays_and_the_load_on_its_channel() -> None:
    bench = Bench("tasmota", (0.0, 5.0), channels=3, channel=2, watt_res=1, energy_res=5)
    bench.run(100)
    (message,) = bench.ask("cmnd/plug-1/Status", "10")
    energy = json.loads(message.payload)["StatusSNS"]["ENERGY"]
    assert energy["Power"] == [10.0, 5.0, 30.0]
    assert [len(energy[key]) for key in ("Total", "Today", "Current")] == [3, 3, 3]
    # 500 J are 13 steps of 36 J.
    assert energy["Today"][1] == pytest.approx(13e-5)
    assert ("stat/plug-1/POWER2", "OFF") in [
        (m.topic, m.payload) for m in bench.ask("cmnd/plug-1/POWER2", "off")
    ]
    bench.run(200)
    assert bench.points[-1].energy_j == pytest.approx(500.0)  # only the load's truth is told


def test_a_strip_s_total_is_the_sum_unless_asked_for_each() -> None:
    bench = Bench("tasmota", (0.0, 5.0), channels=2, each_total=False, energy_res=5).run(100)
    (message,) = bench.ask("cmnd/plug-1/Status", "10")
    energy = json.loads(message.payload)["StatusSNS"]["ENERGY"]
    # 500 J and 2000 J: 13 + 55 steps.
    assert energy["Today"] == pytest.approx(68e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_with_a_pulse_chip_shows_what_the_chip_sees(kind: str) -> None:
    bench = Bench(kind, (0.0, 1.0), chip="hlw8012", watt_res=3, energy_res=5, period_s=10.0)
    bench.run(120)
    # 1 W is below one pulse in 10 s: invisible, though it is drawn.
    assert bench.points[-1].energy_j == pytest.approx(120.0)
    payloads = [m.payload for t_s, m in bench.said if t_s > 20 and "power" in m.payload.lower()]
    shown = [
        json.loads(p).get("power_w", json.loads(p).get("power", 0.0))
        for p in payloads
        if p.startswith("{")
    ]
    assert not any(shown)


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'shelly-gen2'"):
        make_device("shelly-gen3", WaveformLoad(Waveform((0.0,), (1.0,))))
