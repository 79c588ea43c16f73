"""A plug behind zigbee2mqtt: its names, its outlets, the bridge's time."""

from __future__ import annotations

import json

import pytest

from benchharness.errors import UsageError
from benchharness.meters.base import Instrument
from benchharness.meters.plugs.device_time import read_device_time
from benchharness.meters.plugs.payload import PlugReading, Rejection
from benchharness.meters.plugs.zigbee2mqtt import Zigbee2MqttDialect, Zigbee2MqttMeter
from benchharness.meters.plugs.zigbee2mqtt_payload import parse_availability, parse_state


def meter(**options: object) -> Zigbee2MqttMeter:
    keys = {"broker": "mqtt://127.0.0.1", "topic": "bench-plug", **options}
    return Zigbee2MqttMeter(Instrument("plug", "zigbee2mqtt", "plug.toml", options=keys))


@pytest.mark.parametrize("topic", ["bench-plug", "zigbee2mqtt/bench-plug"])
def test_topics_and_commands(topic: str) -> None:
    dialect = Zigbee2MqttDialect(topic)
    place = "zigbee2mqtt/bench-plug"
    assert [one.name for one in dialect.topics()] == [place, f"{place}/availability"]
    (asked,) = dialect.ask_reading()
    assert (asked.topic, json.loads(asked.payload)) == (f"{place}/get", {"power": "", "energy": ""})
    (switch,) = dialect.switch(False)
    assert (switch.topic, json.loads(switch.payload)) == (f"{place}/set", {"state": "OFF"})


def test_another_base_and_a_name_with_a_slash() -> None:
    dialect = Zigbee2MqttDialect("lab/plug 2", base="zb/upstairs")
    assert dialect.topics()[0].name == "zb/upstairs/lab/plug 2"


def test_an_outlet_of_several() -> None:
    dialect = Zigbee2MqttDialect("strip", endpoint="l2")
    said = dialect.topics()[0].parse(
        b'{"power_l1":4,"power_l2":7.5,"energy_l2":1.25,"state_l2":"ON"}'
    )
    assert isinstance(said, tuple)
    assert said[-1] == PlugReading(7.5, 4.5e6, 0.1, 36_000.0)  # 1.25 kWh x 3.6e6
    assert json.loads(dialect.ask_reading()[0].payload) == {"power_l2": "", "energy_l2": ""}
    alone = dialect.topics()[0].parse(b'{"power":4}')
    assert alone == Rejection("neither power_l2 nor energy_l2 in it")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (b"", "not JSON"),
        (b"12.5", "not a JSON object"),
        (b'{"linkquality":80}', "neither power nor energy in it"),
        (b'{"power":"off"}', "power is not a number"),
        (b'{"power":5,"energy":-0.01}', "energy is negative"),
        (b'{"power":[5]}', "power is not a number"),
    ],
)
def test_what_is_wrong_is_rejected_with_its_reason(state: bytes, reason: str) -> None:
    assert parse_state(state) == Rejection(reason)


def test_availability_that_is_neither() -> None:
    for other in (b"", b"ON", b"{}", b'{"state":null}', b'{"state":"asleep"}', b"{", b"\xff"):
        assert parse_availability(other) == Rejection("availability is neither online nor offline")


@pytest.mark.parametrize(
    ("text", "seconds", "step"),
    [
        ("1970-01-01T00:01:00Z", 60.0, 1.0),
        ("1970-01-01 01:01:00+01:00", 60.0, 1.0),
        ("1970-01-01T00:01:00", 60.0, 1.0),
        ("1970-01-01T00:01:00.5-0000", 60.5, 0.1),
        ("1770801298", 1770801298.0, 1.0),
        ("1770801298250", 1770801298.25, 0.001),
        ("12.25", 12.25, 0.01),
    ],
)
def test_times(text: str, seconds: float, step: float) -> None:
    found = read_device_time(text)
    assert found is not None
    assert list(found) == pytest.approx([seconds, step])


@pytest.mark.parametrize(
    "text", ["", "now", "-5", "1e9", "2026-13-01T00:00:00Z", "2026-02-11", "٥", None, 5, ["1"]]
)
def test_what_is_no_time(text: object) -> None:
    assert read_device_time(text) is None


@pytest.mark.parametrize(
    ("key", "value"), [("endpoint", "l1/x"), ("endpoint", "left+"), ("base_topic", "zb/#")]
)
def test_names_that_cannot_be(key: str, value: str) -> None:
    with pytest.raises(UsageError, match=rf"plug\.toml: {key}: not an? "):
        meter(**{key: value})


def test_its_coarse_steps_are_stated_before_a_message_has_come() -> None:
    can = meter().capabilities()
    assert (can.period_s, can.power_resolution_w, can.energy_resolution_j) == (2.0, 1.0, 36_000.0)
    assert can.latency_bound_s == 5.0


def test_a_plug_that_is_not_asked_may_be_a_minute_late() -> None:
    can = meter(poll_s=0).capabilities()
    assert (can.period_s, can.latency_bound_s) == (60.0, 60.0)
    assert meter(poll_s=0, latency_bound_s=10).capabilities().latency_bound_s == 10.0
