"""The parser of a plug's payloads: real-shaped ones, wrong ones, and anything at all."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.meters.plugs.tasmota_payload import (
    PlugReading,
    Rejection,
    parse_hardware,
    parse_online,
    parse_relay,
    parse_sensor,
    parse_version,
)

DATA = Path(__file__).parents[1] / "data" / "tasmota"


def payload(name: str) -> bytes:
    return (DATA / name).read_bytes()


def energy(**fields: object) -> bytes:
    return json.dumps({"Time": "2024-05-14T09:31:22", "ENERGY": fields}).encode()


def test_a_delock_plug_with_decimals() -> None:
    seen = parse_sensor(payload("sensor-delock-11827.json"))
    assert isinstance(seen, PlugReading)
    assert (seen.power_w, seen.power_step_w) == (6.3, 0.1)
    # 41.38217 kWh x 3.6e6 J/kWh; five decimals of a kWh are 36 J.
    assert seen.energy_j == pytest.approx(148_975_812.0)
    assert seen.energy_step_j == pytest.approx(36.0)
    assert (seen.channels, seen.emulated) == (1, False)


def test_the_firmware_s_defaults_are_whole_watts_and_3600_j() -> None:
    seen = parse_sensor(payload("sensor-defaults.json"))
    assert isinstance(seen, PlugReading)
    assert (seen.power_w, seen.power_step_w) == (6.0, 1.0)
    assert seen.energy_step_j == pytest.approx(3600.0)


def test_numbers_as_strings_inside_a_status() -> None:
    seen = parse_sensor(payload("status10-strings.json"))
    assert isinstance(seen, PlugReading)
    assert (seen.power_w, seen.power_step_w) == (4.5, 0.01)
    assert seen.energy_j == pytest.approx(7.12 * 3.6e6)


@pytest.mark.parametrize(("channel", "power_w", "total_kwh"), [(1, 5.1, 3.1), (2, 42.0, 9.25)])
def test_each_channel_has_its_own_figures(channel: int, power_w: float, total_kwh: float) -> None:
    seen = parse_sensor(payload("status8-two-channels.json"), channel)
    assert isinstance(seen, PlugReading)
    assert (seen.power_w, seen.channels) == (power_w, 2)
    assert seen.energy_j == pytest.approx(total_kwh * 3.6e6)


def test_one_total_of_two_channels_is_nobody_s_energy() -> None:
    seen = parse_sensor(payload("sensor-channels-one-total.json"), 1)
    assert isinstance(seen, PlugReading)
    assert (seen.power_w, seen.energy_j) == (5.1, None)


def test_a_channel_that_is_not_there() -> None:
    seen = parse_sensor(payload("status8-two-channels.json"), 3)
    assert seen == Rejection("no channel 3 in it, but 2")
    assert parse_sensor(payload("sensor-defaults.json"), 2) == Rejection(
        "no channel 2 in it, but 1"
    )


def test_the_step_of_a_large_total_is_that_of_a_32_bit_float() -> None:
    # Between 512 and 1024 kWh neighbouring 32-bit floats are 2**-14 kWh apart: 219.7 J.
    seen = parse_sensor(energy(Power=5, Total="600.12345"))
    assert isinstance(seen, PlugReading)
    assert seen.energy_step_j == pytest.approx(2**-14 * 3.6e6)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b"6 W", "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b"\xc3\x28", "not UTF-8"),
        (b"{}", "no ENERGY in it"),
        (b'{"ENERGY":7}', "no ENERGY in it"),
        (b'{"StatusSNS":{"Time":"x"}}', "no ENERGY in it"),
        (b'{"ENERGY":{"Voltage":230}}', "neither Power nor Total in ENERGY"),
        (b'{"ENERGY":{"Power":null,"Total":null}}', "neither Power nor Total in ENERGY"),
        (b'{"ENERGY":{"Power":NaN}}', "Power is not a number"),
        (b'{"ENERGY":{"Power":Infinity}}', "Power is not a number"),
        (b'{"ENERGY":{"Power":1e999}}', "Power is beyond what a plug can carry"),
        (b'{"ENERGY":{"Power":"nan"}}', "Power is not a number"),
        (b'{"ENERGY":{"Power":"five"}}', "Power is not a number"),
        (b'{"ENERGY":{"Power":"1_000"}}', "Power is not a number"),
        (b'{"ENERGY":{"Power":true}}', "Power is not a number"),
        (b'{"ENERGY":{"Power":{}}}', "Power is not a number"),
        (b'{"ENERGY":{"Power":[]}}', "neither Power nor Total in ENERGY"),
        (b'{"ENERGY":{"Power":-0.5,"Total":1}}', "Power is negative"),
        (b'{"ENERGY":{"Power":5,"Total":-1}}', "Total is negative"),
        (b'{"ENERGY":{"Power":5,"Total":"lots"}}', "Total is not a number"),
        (b'{"ENERGY":{"Power":5,"Total":1e300}}', "Total is beyond what a plug can carry"),
        (b'{"a":' * 3000 + b"1" + b"}" * 3000, "larger than 16384 bytes"),
        (b"[" * 16_000, "not JSON"),
        (b'{"ENERGY":{"Power":' + b"9" * 9000 + b"}}", "Power is beyond what a plug can carry"),
    ],
)
def test_what_is_wrong_is_rejected_with_its_reason(text: bytes, reason: str) -> None:
    assert parse_sensor(text) == Rejection(reason)


def test_a_power_of_zero_is_a_reading_and_minus_zero_is_zero() -> None:
    for zero in (0, "0.0", "-0"):
        seen = parse_sensor(energy(Power=zero))
        assert isinstance(seen, PlugReading)
        assert math.copysign(1.0, seen.power_w or 0.0) == 1.0
        assert seen.energy_j is None


def test_the_plug_s_own_time_is_local_and_in_whole_seconds() -> None:
    first = parse_sensor(b'{"Time":"2024-05-14T09:31:22","ENERGY":{"Power":5}}')
    second = parse_sensor(b'{"StatusSNS":{"Time":"2024-05-15T09:31:23","ENERGY":{"Power":5}}}')
    assert isinstance(first, PlugReading) and isinstance(second, PlugReading)
    assert first.device_s is not None and second.device_s is not None
    assert second.device_s - first.device_s == 86_401
    assert first.device_step_s == 1.0


@pytest.mark.parametrize("time", [None, 7.5, "noon", "2024-13-01T00:00:00", [], {"a": 1}])
def test_a_time_that_is_none_leaves_the_reading(time: object) -> None:
    text = json.dumps({"Time": time, "ENERGY": {"Power": 5}}).encode()
    seen = parse_sensor(text)
    assert isinstance(seen, PlugReading) and seen.power_w == 5.0
    assert seen.device_s is None or time == 7.5


@pytest.mark.parametrize(
    ("network", "mac"),
    [
        ({"Mac": "A0:20:A6:12:34:56"}, "A0:20:A6:12:34:56"),
        (
            {"Mac": "00:00:00:00:00:00", "Ethernet": {"Mac": "02:00:00:00:00:0A"}},
            "02:00:00:00:00:0A",
        ),
        ({"Mac": ""}, Rejection("no MAC address in it")),
        ({"Mac": 7, "Ethernet": []}, Rejection("no MAC address in it")),
        ([], Rejection("no network status in it")),
    ],
)
def test_the_mac_address(network: object, mac: object) -> None:
    assert parse_hardware(json.dumps({"StatusNET": network}).encode()) == mac
    assert parse_hardware(b"{") == Rejection("not JSON")


@pytest.mark.parametrize(
    ("text", "channel", "on"),
    [
        (b'{"POWER":"ON"}', 1, True),
        (b'{"POWER":"OFF"}', 1, False),
        (b'{"POWER1":"OFF","POWER2":"ON"}', 1, False),
        (b'{"POWER1":"OFF","POWER2":"ON"}', 2, True),
        (b'{"POWER":"ON"}', 2, None),
        (b'{"WattRes":1}', 1, None),
        (b'{"POWER":true}', 1, Rejection("POWER is neither ON nor OFF")),
        (b'{"POWER":"MAYBE"}', 1, Rejection("POWER is neither ON nor OFF")),
        (b"ON", 1, Rejection("not JSON")),
    ],
)
def test_the_relay_s_state(text: bytes, channel: int, on: object) -> None:
    assert parse_relay(text, channel) == on


def test_the_emulator_s_mark_is_seen_in_a_sensor_message() -> None:
    document = {"ENERGY": {"Power": 5}, "Emulator": "benchharness-emulated"}
    seen = parse_sensor(json.dumps(document).encode())
    assert isinstance(seen, PlugReading) and seen.emulated
    seen = parse_sensor(json.dumps({"StatusSNS": document}).encode())
    assert isinstance(seen, PlugReading) and seen.emulated


def test_lwt() -> None:
    assert parse_online(b"Online") is True
    assert parse_online(b"Offline") is False
    for other in (b"", b"on", b"\xff" * 9):
        assert parse_online(other) == Rejection("LWT is neither Online nor Offline")


def test_version() -> None:
    assert parse_version(payload("status2.json")) == "13.4.0(tasmota)"
    for other in (b"{}", b'{"StatusFWR":{}}', b'{"StatusFWR":{"Version":"a\\nb"}}'):
        assert parse_version(other) == Rejection("no firmware version in it")
    assert parse_version(b"nonsense") == Rejection("not JSON")


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["5.0", "-1", "1e5", "٥", "0x10", " 7 ", "1.", ".5", "NaN"]),
)
VALUES = st.one_of(LEAVES, st.lists(LEAVES, max_size=3))
ENERGIES = st.dictionaries(st.sampled_from(["Power", "Total", "Today"]), VALUES)
DOCUMENTS = st.one_of(
    st.fixed_dictionaries({"ENERGY": st.one_of(ENERGIES, LEAVES)}),
    st.fixed_dictionaries({"StatusSNS": st.fixed_dictionaries({"ENERGY": ENERGIES})}),
    st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
)


def sensible(seen: PlugReading | Rejection) -> None:
    if isinstance(seen, Rejection):
        assert seen.reason
        return
    assert seen.power_w is not None or seen.energy_j is not None
    for value in (seen.power_w, seen.energy_j, seen.power_step_w, seen.energy_step_j):
        assert value is None or (math.isfinite(value) and value >= 0)


@given(DOCUMENTS, st.integers(1, 3))
def test_nothing_escapes_and_nothing_is_invented(document: object, channel: int) -> None:
    text = json.dumps(document)
    seen = parse_sensor(text.encode(), channel)
    sensible(seen)
    if isinstance(seen, PlugReading) and seen.power_w is not None:
        assert '"Power"' in text
    if isinstance(seen, PlugReading) and seen.energy_j is not None:
        assert '"Total"' in text


@given(st.binary(max_size=200))
def test_any_bytes_at_all(raw: bytes) -> None:
    sensible(parse_sensor(raw))
    assert isinstance(parse_online(raw), (bool, Rejection))
    assert isinstance(parse_version(raw), (str, Rejection))


@given(st.integers(0, 299), st.binary(min_size=1, max_size=3))
def test_a_real_payload_that_was_damaged(place: int, damage: bytes) -> None:
    raw = payload("sensor-delock-11827.json")
    sensible(parse_sensor(raw[:place] + damage + raw[place + len(damage) :]))


@given(st.floats(0, 5000), st.integers(0, 3), st.floats(0, 400), st.integers(0, 5))
def test_what_a_plug_writes_is_what_is_read(
    power_w: float, watts: int, total_kwh: float, kwh: int
) -> None:
    text = f'{{"ENERGY":{{"Power":{power_w:.{watts}f},"Total":{total_kwh:.{kwh}f}}}}}'
    seen = parse_sensor(text.encode())
    assert isinstance(seen, PlugReading)
    assert seen.power_w == float(f"{power_w:.{watts}f}")
    assert seen.energy_j == pytest.approx(float(f"{total_kwh:.{kwh}f}") * 3.6e6)
    assert seen.power_step_w == pytest.approx(10.0**-watts)
    assert seen.energy_step_j is not None and seen.energy_step_j >= 3.6e6 * 10.0**-kwh * 0.999
