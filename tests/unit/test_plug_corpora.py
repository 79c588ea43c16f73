"""Real-shaped payloads, each through the topic that it comes on, against readings by hand."""

from __future__ import annotations

import json

import pytest

from benchharness.meters.plugs.dialect import Dialect
from benchharness.meters.plugs.json_path import parse_path
from benchharness.meters.plugs.mqtt_json import JsonTopics, MqttJsonDialect
from benchharness.meters.plugs.mqtt_json_payload import JOULES, WATTS, Place, Shape
from benchharness.meters.plugs.shelly1 import Shelly1Dialect
from benchharness.meters.plugs.shelly2 import Shelly2Dialect
from benchharness.meters.plugs.shelly2_payload import Component
from benchharness.meters.plugs.tasmota import TasmotaDialect
from benchharness.meters.plugs.zigbee2mqtt import Zigbee2MqttDialect
from tests.unit.plug_corpus import Entry, as_table, corpus

KINDS = ("tasmota", "shelly1", "shelly2", "zigbee2mqtt", "mqtt-json")
ENTRIES = [
    pytest.param(kind, one, id=f"{kind}: {one.what}") for kind in KINDS for one in corpus(kind)
]


def dialect_of(kind: str, entry: Entry) -> Dialect:
    """Return a dialect that listens to the entry's topic."""
    parts = entry.topic.split("/")
    if kind == "tasmota":
        return TasmotaDialect(parts[1], 1)
    if kind == "shelly1":
        numbers = [int(part) for part in parts if part.isdigit()]
        return Shelly1Dialect(
            parts[1], (numbers or [0])[0] + 1, "emeter" if "emeter" in parts else "relay"
        )
    if kind == "shelly2":
        name, _, number = parts[-1].replace("em1data", "em1").partition(":")
        clamp = "em1" if b'"em1:0"' in entry.payload else "switch"
        part = Component(name, int(number)) if number else Component(clamp, 0)
        return Shelly2Dialect(parts[0], part, reply_to="benchharness-0badcafe")
    if kind == "zigbee2mqtt":
        return Zigbee2MqttDialect(entry.topic.removesuffix("/availability"))
    places = json.loads(entry.topic)
    power, energy, time = (places.get(key) for key in ("power", "energy", "time"))
    shape = Shape(
        None if power is None else Place(parse_path(power), WATTS[places["power_unit"]]),
        None if energy is None else Place(parse_path(energy), JOULES[places["energy_unit"]]),
        None if time is None else parse_path(time),
    )
    return MqttJsonDialect(JsonTopics(entry.topic), shape)


@pytest.mark.parametrize(("kind", "entry"), ENTRIES)
def test_a_payload_says_what_its_table_says(kind: str, entry: Entry) -> None:
    topics = {topic.name: topic for topic in dialect_of(kind, entry).topics()}
    said = as_table(topics[entry.topic].parse(entry.payload))
    assert said == {
        key: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
        for key, value in entry.says.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_something_to_reject_in_each_corpus(kind: str) -> None:
    entries = corpus(kind)
    assert any("rejected" in entry.says for entry in entries)
    assert any("power_w" in entry.says for entry in entries)
    assert any("energy_j" in entry.says for entry in entries)
