"""A Shelly of the second generation or later: partial updates, questions and their answers."""

from __future__ import annotations

import json

import pytest

from benchharness.errors import UsageError
from benchharness.meters.base import Instrument
from benchharness.meters.plugs.payload import PlugReading, Rejection
from benchharness.meters.plugs.said import Identity, RelayState
from benchharness.meters.plugs.shelly2 import Shelly2Dialect, Shelly2Meter
from benchharness.meters.plugs.shelly2_payload import (
    Component,
    parse_device_info,
    parse_notification,
    parse_status,
    parse_status_reply,
    parse_switch_reply,
    reply_number,
)

SWITCH = Component("switch", 0)


def meter(**options: object) -> Shelly2Meter:
    keys = {"broker": "mqtt://127.0.0.1", "topic": "shellyplus1pm-a8032abc3d10", **options}
    return Shelly2Meter(Instrument("plug", "shelly2", "plug.toml", options=keys))


def frame(**params: object) -> bytes:
    return json.dumps({"method": "NotifyStatus", "params": params}).encode()


def test_questions_and_where_they_are_answered() -> None:
    dialect = Shelly2Dialect("lab/plug", SWITCH, reply_to="me")
    names = [topic.name for topic in dialect.topics()]
    assert names == ["lab/plug/events/rpc", "lab/plug/status/switch:0", "me/rpc", "lab/plug/online"]
    (asked,) = dialect.ask_reading()
    assert asked.topic == "lab/plug/rpc"
    assert json.loads(asked.payload) == {
        "id": 1,
        "src": "me",
        "method": "Switch.GetStatus",
        "params": {"id": 0},
    }
    (who,) = dialect.ask_identity()
    assert json.loads(who.payload) == {"id": 2, "src": "me", "method": "Shelly.GetDeviceInfo"}
    switch, then = dialect.switch(True)
    assert json.loads(switch.payload)["params"] == {"id": 0, "on": True}
    assert then == asked  # the state after it confirms that it was switched


def test_two_meters_of_one_plug_are_answered_apart() -> None:
    answers = {
        topic.name
        for _ in range(2)
        for topic in Shelly2Dialect("lab/plug", SWITCH).topics()
        if topic.answers
    }
    assert len(answers) == 2


def test_a_clamp_s_counter_is_a_component_of_its_own() -> None:
    dialect = Shelly2Dialect("lab/em", Component("em1", 1), reply_to="me")
    names = {topic.name for topic in dialect.topics()}
    assert {"lab/em/status/em1:1", "lab/em/status/em1data:1"} < names
    methods = [json.loads(asked.payload)["method"] for asked in dialect.ask_reading()]
    assert methods == ["EM1.GetStatus", "EM1Data.GetStatus"]
    assert dialect.switch(True) == ()


def test_a_part_gives_what_stands_in_it_and_no_more() -> None:
    power = parse_notification(frame(**{"switch:0": {"id": 0, "apower": 8.2}}), SWITCH)
    assert power == (PlugReading(8.2, None, 0.1, None),)
    counter = parse_notification(frame(**{"switch:0": {"aenergy": {"total": 2.5}}}), SWITCH)
    assert counter == (PlugReading(None, 9000.0, None, 360.0),)
    assert parse_notification(frame(**{"switch:0": {"output": True}}), SWITCH) == (
        RelayState(True),
    )
    for nothing in (frame(), frame(**{"switch:1": {"apower": 9}}), frame(**{"switch:0": 5}), b"{}"):
        assert parse_notification(nothing, SWITCH) == ()


def test_the_energy_by_minute_is_no_counter() -> None:
    status = b'{"id":0,"aenergy":{"by_minute":[73.9,177.7,177.7],"minute_ts":1682952864}}'
    assert parse_status(status, SWITCH) == Rejection("neither power nor energy in it")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (b'{"apower":null,"aenergy":null}', "neither power nor energy in it"),
        (b'{"apower":"a lot"}', "apower is not a number"),
        (b'{"apower":true}', "apower is not a number"),
        (b'{"apower":-4.0}', "apower is negative"),
        (b'{"apower":5,"apower":500}', "apower stands in it twice"),
        (b'{"apower":5,"aenergy":{"total":-1}}', "aenergy.total is negative"),
        (b'{"apower":5,"aenergy":{"total":NaN}}', "aenergy.total is not a number"),
        (b"[5]", "not a JSON object"),
    ],
)
def test_what_is_wrong_is_rejected_with_its_reason(status: bytes, reason: str) -> None:
    assert parse_status(status, SWITCH) == Rejection(reason)
    reply = b'{"id":1,"src":"x","result":' + status + b"}"
    expected = "no result in it" if status == b"[5]" else reason
    assert parse_status_reply(reply, SWITCH) == Rejection(expected)


def test_a_large_total_has_the_step_of_a_32_bit_float() -> None:
    said = parse_status(b'{"aenergy":{"total":379998.094}}', SWITCH)
    assert isinstance(said, tuple) and isinstance(said[0], PlugReading)
    # Between 2**18 and 2**19 Wh neighbouring 32-bit floats are 2**-5 Wh apart: 112.5 J.
    assert said[0].energy_step_j == pytest.approx(112.5)


def test_answers() -> None:
    assert reply_number(b'{"id":2,"result":{}}') == 2
    for other in (b"", b"{}", b'{"id":"x"}', b'{"id":1.5}', b'{"id":-1}', b'{"id":null}', b"[]"):
        assert reply_number(other) is None
    assert parse_device_info(b'{"id":2,"result":{}}') == Rejection(
        "neither model nor firmware in it"
    )
    assert parse_switch_reply(b'{"id":4,"result":{"was_on":true}}') == ()
    error = b'{"id":4,"error":{"code":-103,"message":"no such\\nthing"}}'
    assert parse_switch_reply(error) == Rejection("the plug answers with error -103")
    info = b'{"id":2,"result":{"id":"shellyplus1pm-x","ver":"1.4.4-benchharness-emulated"}}'
    said = parse_device_info(info)
    assert isinstance(said, Identity) and said.emulated


def test_the_source_of_a_frame_is_its_mac_address() -> None:
    text = b'{"src":"shellyplus1pm-a8032abc3d10",' + frame(**{"switch:0": {"apower": 1}})[1:]
    reading = PlugReading(1.0, None, 1.0, None)
    said = parse_notification(text, SWITCH)
    assert said == (Identity(hardware="A8032ABC3D10"), reading)
    named = text.replace(b"-a8032abc3d10", b"-mine")
    assert parse_notification(named, SWITCH) == (reading,)


@pytest.mark.parametrize(
    "component", ["switch", "switch:", "light:0", "em:0", "switch:-1", "pm1:0/x"]
)
def test_a_component_that_does_not_measure(component: str) -> None:
    with pytest.raises(UsageError, match=r"plug\.toml: component: not one that measures"):
        meter(component=component)


def test_what_it_can_do_is_stated_before_a_message_has_come() -> None:
    can = meter(component="pm1:0").capabilities()
    assert (can.period_s, can.power_resolution_w) == (1.0, 0.1)
    assert can.energy_resolution_j == pytest.approx(3.6)
