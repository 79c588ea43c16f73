"""Any device that tells JSON: where its figures stand, and every key that makes no sense."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.declarations import shipped_folder
from benchharness.errors import UsageError
from benchharness.meters.base import Instrument
from benchharness.meters.instrument import (
    instrument_files,
    load_meter,
    read_instrument,
    resolve_instrument,
)
from benchharness.meters.plugs.dialect import Command, Dialect
from benchharness.meters.plugs.json_path import follow, parse_path
from benchharness.meters.plugs.mqtt_json import MqttJsonMeter
from benchharness.meters.plugs.payload import PlugReading, Rejection
from benchharness.meters.plugs.plug import PlugMeter
from benchharness.meters.plugs.said import Availability

EXAMPLES = shipped_folder("meters") / "examples"


class Opened(MqttJsonMeter):
    """A meter whose dialect can be looked at."""

    @property
    def dialect(self) -> Dialect:
        return self._dialect


def meter(**options: object) -> Opened:
    keys = {"broker": "mqtt://127.0.0.1", "topic": "lab/meter", **options}
    return Opened(Instrument("m", "mqtt-json", "m.toml", options=keys))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ()),
        ("$", ()),
        ("a", ("a",)),
        ("$.a.b[0]", ("a", "b", 0)),
        ("a.b.0", ("a", "b", "0")),
        ("$[2].w", (2, "w")),
        ("$['a.b']['c']", ("a.b", "c")),
        ('["x y"].z', ("x y", "z")),
        ("switch:0.apower", ("switch:0", "apower")),
    ],
)
def test_paths(text: str, path: tuple[str | int, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "a..b",
        "a.",
        ".",
        "a[",
        "a[-1]",
        "a[*]",
        "$..a",
        "a[1:2]",
        "a[?(@.b)]",
        "a]",
        "a[1]b",
        "['a]",
    ],
)
def test_paths_that_do_not_name_one_place(text: str) -> None:
    with pytest.raises(ValueError, match="not a path to one place"):
        parse_path(text)


def test_following_a_path() -> None:
    document = {"a": [{"b": "7"}, {"b": "8"}], "0": "zero"}
    assert follow(document, parse_path("a[1].b")) == "8"
    assert follow(document, parse_path("a.1.b")) == "8"
    assert follow(document, parse_path("0")) == "zero"
    for nowhere in ("a[2].b", "a.b", "c", "a[0].b.c"):
        assert follow(document, parse_path(nowhere)) is None


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="'\"[]\\"), min_size=1, max_size=6)


@given(st.lists(KEYS | st.integers(0, 9), max_size=5))
def test_a_path_in_quotes_leads_where_it_says(steps: list[str | int]) -> None:
    document: object = "5"
    for step in reversed(steps):
        document = {step: document} if isinstance(step, str) else [None] * step + [document]
    text = "$" + "".join(f"['{s}']" if isinstance(s, str) else f"[{s}]" for s in steps)
    assert follow(document, parse_path(text)) == "5"


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_none(text: str) -> None:
    try:
        follow({"a": ["1"]}, parse_path(text))
    except ValueError:
        return


def test_an_instrument_with_everything() -> None:
    dialect = meter(
        power_path="$.w",
        power_unit="mW",
        energy_path="",
        energy_unit="mWh",
        energy_topic="lab/meter/total",
        ask_topic="lab/meter/get",
        ask_payload="{}",
        availability_topic="lab/meter/lwt",
        availability_online="up",
        availability_offline="down",
    ).dialect
    state, total, presence = dialect.topics()
    assert state.parse(b'{"w":5200}') == PlugReading(5.2, None, 0.001, None)
    assert total.parse(b"1000") == PlugReading(None, 3600.0, None, 3.6)
    assert presence.parse(b"up") == Availability(True)
    assert presence.parse(b" down\n") == Availability(False)
    assert presence.parse(b"Up") == Rejection("availability is neither up nor down")
    assert dialect.ask_reading() == (Command("lab/meter/get", "{}"),)
    assert dialect.traits.poll_s == 1.0


def test_a_device_that_cannot_be_asked_is_not() -> None:
    dialect = meter(power_path="$").dialect
    assert (dialect.ask_reading(), dialect.traits.poll_s) == ((), 0.0)
    (state,) = dialect.topics()
    assert state.parse(b" 7.5\n") == PlugReading(7.5, None, 0.1, None)
    assert state.parse(b'{"a":7.5}') == Rejection("power is not a number")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({}, "power_path: is missing, and so is energy_path; add one of them"),
        ({"power_path": 5}, "power_path: expected a text, got 5"),
        ({"power_path": "a..b"}, "power_path: not a path to one place, from '..b' on"),
        ({"power_path": "a" * 300}, "power_path: longer than 200 characters"),
        ({"power_path": "w", "power_unit": "watt"}, "unknown power_unit 'watt'"),
        (
            {"power_unit": "W", "energy_path": "e", "energy_unit": "J"},
            "power_unit: has no power_path",
        ),
        ({"energy_path": "e"}, "energy_unit: is missing"),
        ({"energy_path": "e", "energy_unit": "W"}, "unknown energy_unit 'W'"),
        (
            {"power_path": "w", "energy_path": "$.w", "energy_unit": "J"},
            "energy_path: is power_path too",
        ),
        ({"power_path": "w", "energy_path": "", "energy_unit": "J"}, "energy_path: a bare number"),
        ({"power_path": "", "energy_path": "e", "energy_unit": "J"}, "power_path: a bare number"),
        (
            {"power_path": "w", "energy_topic": "x"},
            "energy_topic: needs power_path and energy_path",
        ),
        ({"power_path": "w", "ask_payload": "x"}, "ask_payload: has no ask_topic beside it"),
        ({"power_path": "w", "ask_topic": "a/#"}, "ask_topic: not one topic: 'a/#'"),
        ({"power_path": "w", "poll_s": 1.0}, "poll_s: this device cannot be asked"),
        (
            {"power_path": "w", "availability_online": "x"},
            "availability_online: has no availability",
        ),
        (
            {"power_path": "w", "availability_topic": "t", "availability_online": "offline"},
            "availability_offline: 'offline' means online too",
        ),
        ({"power_path": "w", "time_path": "["}, "time_path: not a path to one place"),
        ({"power_path": "w", "channel": 2}, "channel: has no meaning here"),
        (
            {"power_path": "w", "powr_unit": "W"},
            "unknown key 'powr_unit'; did you mean 'power_unit'",
        ),
        ({"power_path": "w", "topic": "a/+"}, "topic: not a plug's topic"),
        ({"power_path": "w", "gain": 2.0}, "gain: expected a number from 0 to 1, got 2.0"),
    ],
)
def test_keys_that_make_no_sense_are_refused_with_file_and_key(
    options: dict[str, object], line: str
) -> None:
    with pytest.raises(UsageError) as caught:
        meter(**options)
    assert caught.value.line().startswith(f"m.toml: {line}")


def test_an_address_names_everything() -> None:
    text = "mqtt-json:mqtt://127.0.0.1/lab/m?power_path=$.a[0]&power_unit=kW&energy_path=b&energy_unit=Wh"
    found = load_meter(resolve_instrument(text))
    assert isinstance(found, MqttJsonMeter)
    bare = load_meter(resolve_instrument("mqtt-json:mqtt://127.0.0.1/lab/m?power_path="))
    assert bare.capabilities().gain_bound == 0.05


@given(st.floats(0, 99.0), st.integers(0, 6), st.sampled_from(["W", "kW", "mW"]))
def test_what_a_device_writes_is_what_is_read(value: float, decimals: int, unit: str) -> None:
    state, *_ = meter(power_path="$.p[1]", power_unit=unit).dialect.topics()
    said = state.parse(f'{{"p":[null,{value:.{decimals}f}]}}'.encode())
    factor = {"W": 1.0, "kW": 1000.0, "mW": 0.001}[unit]
    assert isinstance(said, PlugReading) and said.power_w is not None
    assert math.isclose(said.power_w, float(f"{value:.{decimals}f}") * factor, rel_tol=1e-12)
    assert said.power_step_w == pytest.approx(factor * 10.0**-decimals)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_each_example_is_an_instrument_and_none_is_a_meter_by_itself(path: Path) -> None:
    found = load_meter(read_instrument(path))
    assert isinstance(found, PlugMeter)
    assert found.capabilities().gain_bound is not None
    assert path not in instrument_files().values()
