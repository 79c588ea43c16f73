"""Anything at all to every parser of plugs' payloads: nothing escapes, no reading is invented.

What comes out is held against an oracle that reads the payload in its own way: each figure must
stand in it as a number, under the right name, in the right unit.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchharness.meters.plugs import (
    mqtt_json_payload,
    shelly1_payload,
    shelly2_payload,
    tasmota_payload,
    zigbee2mqtt_payload,
)
from benchharness.meters.plugs.json_path import parse_path
from benchharness.meters.plugs.mqtt_json_payload import Place, Shape
from benchharness.meters.plugs.payload import PlugReading, Rejection
from benchharness.meters.plugs.said import Availability, Identity, RelayState
from benchharness.meters.plugs.shelly2_payload import Component
from tests.unit.payload_mutations import ODD, mutations
from tests.unit.plug_corpus import corpus

# What every parser is given in the slow test, all its cases together.
INPUTS = 100_000
# A household plug: 100 kW and 100 GWh are beyond any.
LARGEST_W, LARGEST_J = 1e5, 3.6e14


@dataclass(frozen=True)
class Case:
    """A parser, the corpus it is fed from, and where a figure may come from.

    ``power`` and ``energy`` are the keys under which it stands, with the unit in SI; a key of ""
    is a bare number.
    """

    name: str
    kind: str
    parse: Callable[[bytes], object]
    power: tuple[str, float] | None = None
    energy: tuple[str, float] | None = None
    share: float = 1.0  # of the inputs; cases of one parser have them together


def shape(power: str | None, unit_w: float, energy: str | None, unit_j: float) -> Shape:
    return Shape(
        None if power is None else Place(parse_path(power), unit_w),
        None if energy is None else Place(parse_path(energy), unit_j),
        parse_path("t"),
    )


SWITCH, CLAMP = Component("switch", 0), Component("em1", 0)
APOWER, TOTAL = ("apower", 1.0), ("total", 3600.0)
ACT_POWER, ACT_ENERGY = ("act_power", 1.0), ("total_act_energy", 3600.0)
NESTED = shape("$.meter.total.kw", 1e3, "meter.total.kwh", 3.6e6)
FLAT = shape("power", 1.0, "energy", 3600.0)
LISTED = shape("rails[1].mw", 1e-3, None, 1.0)
BARE = shape("", 1.0, None, 1.0)

CASES = [
    Case("tasmota", "tasmota", tasmota_payload.parse_sensor, ("Power", 1.0), ("Total", 3.6e6), 0.6),
    Case("tasmota-2", "tasmota", functools.partial(tasmota_payload.parse_sensor, channel=2),
         ("Power", 1.0), ("Total", 3.6e6), 0.4),
    Case("tasmota-lwt", "tasmota", tasmota_payload.parse_online),
    Case("tasmota-version", "tasmota", tasmota_payload.parse_version),
    Case("tasmota-hardware", "tasmota", tasmota_payload.parse_hardware),
    Case("tasmota-relay", "tasmota", lambda raw: tasmota_payload.parse_relay(raw, 1)),
    Case("shelly1-power", "shelly1", shelly1_payload.parse_power, ("", 1.0)),
    Case("shelly1-relay-energy", "shelly1", shelly1_payload.parse_watt_minutes, None, ("", 60.0)),
    Case("shelly1-emeter", "shelly1", shelly1_payload.parse_watt_hours, None, ("", 3600.0)),
    Case("shelly1-online", "shelly1", shelly1_payload.parse_online),
    Case("shelly1-relay", "shelly1", shelly1_payload.parse_relay),
    Case("shelly1-announce", "shelly1", shelly1_payload.parse_announce),
    Case("shelly2-status", "shelly2",
         lambda raw: shelly2_payload.parse_status(raw, SWITCH), APOWER, TOTAL),
    Case("shelly2-notification", "shelly2",
         lambda raw: shelly2_payload.parse_notification(raw, SWITCH), APOWER, TOTAL, 0.6),
    Case("shelly2-clamp", "shelly2",
         lambda raw: shelly2_payload.parse_notification(raw, CLAMP), ACT_POWER, ACT_ENERGY,
         0.4),
    Case("shelly2-reply", "shelly2",
         lambda raw: shelly2_payload.parse_status_reply(raw, SWITCH), APOWER, TOTAL),
    Case("shelly2-info", "shelly2", shelly2_payload.parse_device_info),
    Case("shelly2-number", "shelly2", lambda raw: (shelly2_payload.reply_number(raw), ())[1]),
    Case("zigbee2mqtt", "zigbee2mqtt", zigbee2mqtt_payload.parse_state,
         ("power", 1.0), ("energy", 3.6e6)),
    Case("zigbee2mqtt-availability", "zigbee2mqtt", zigbee2mqtt_payload.parse_availability),
    Case("json-nested", "mqtt-json", lambda raw: mqtt_json_payload.parse_reading(raw, NESTED),
         ("kw", 1e3), ("kwh", 3.6e6), 0.3),
    Case("json-flat", "mqtt-json", lambda raw: mqtt_json_payload.parse_reading(raw, FLAT),
         ("power", 1.0), ("energy", 3600.0), 0.3),
    Case("json-listed", "mqtt-json", lambda raw: mqtt_json_payload.parse_reading(raw, LISTED),
         ("mw", 1e-3), share=0.2),
    Case("json-bare", "mqtt-json", lambda raw: mqtt_json_payload.parse_reading(raw, BARE),
         ("", 1.0), share=0.2),
    Case("json-words", "mqtt-json", lambda raw: mqtt_json_payload.parse_words(raw, "on", "off")),
]  # fmt: skip
EACH = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


# The oracle: another reading of the same bytes, with decimals in place of floats.


def decimals(text: object) -> Iterator[Decimal]:
    """Yield the number that a leaf is, if it is one as JSON writes numbers, perhaps in quotes."""
    if isinstance(text, str) and text.isascii() and "_" not in text:
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            return
        if number.is_finite():
            yield number


def leaves(node: Any) -> Iterator[Decimal]:
    if isinstance(node, list):
        for item in node:
            yield from leaves(item)
    elif not isinstance(node, Twigs):
        yield from decimals(node)


class Twigs(list[tuple[str, Any]]):
    """An object as its pairs, so that a key may stand in it twice."""


def under(node: Any, key: str) -> Iterator[Decimal]:
    """Yield each number that stands under ``key``, however deep and however often."""
    if isinstance(node, Twigs):
        for name, value in node:
            if name == key:
                yield from leaves(value)
            yield from under(value, key)
    elif isinstance(node, list):
        for item in node:
            yield from under(item, key)


def numbers_in(raw: bytes, key: str) -> list[Decimal]:
    text = raw.decode("utf-8")  # a reading out of what is no text is an error by itself
    if key == "":
        return list(decimals(text))
    document = json.loads(
        text,
        parse_float=str,
        parse_int=str,
        parse_constant=lambda _: None,
        object_pairs_hook=Twigs,
    )
    return list(under(document, key))


def check_figure(
    value: float | None, place: tuple[str, float] | None, raw: bytes, largest: float
) -> None:
    if value is None:
        return
    assert place is not None, "a figure of a kind that the parser does not read"
    assert math.isfinite(value) and 0 <= value <= largest
    key, unit = place
    stand = numbers_in(raw, key)
    near = [float(n) * unit for n in stand if abs(n) < Decimal(10) ** 30]
    assert any(math.isclose(value, n, rel_tol=1e-12, abs_tol=0.0) for n in near), (value, stand)


def check(case: Case, raw: bytes) -> int:
    """Feed one payload; return how many readings came out."""
    said = case.parse(raw)
    readings = 0
    for one in said if isinstance(said, tuple) else (said,):
        if isinstance(one, PlugReading):
            readings += 1
            assert one.power_w is not None or one.energy_j is not None
            check_figure(one.power_w, case.power, raw, LARGEST_W)
            check_figure(one.energy_j, case.energy, raw, LARGEST_J)
            for step in (one.power_step_w, one.energy_step_j, one.device_step_s):
                assert step is None or (math.isfinite(step) and step > 0)
            assert one.device_s is None or math.isfinite(one.device_s)
        elif isinstance(one, Rejection):
            assert one.reason and one.reason.isprintable() and len(one.reason) < 120
        else:
            assert one is None or isinstance(one, (Availability, Identity, RelayState, bool, str))
    return readings


@functools.cache
def payloads(kind: str) -> Sequence[bytes]:
    return [entry.payload for entry in corpus(kind)]


def feed(case: Case, count: int, seed: int) -> tuple[int, int]:
    """Return how many inputs a parser was given and how many readings it found."""
    known = payloads(case.kind)
    fed = [*known, *[raw for raw in known if check(case, raw)] * 3]
    given_, found = 0, 0
    for raw in mutations(fed, count, seed):
        given_ += 1
        found += check(case, raw)
    return given_, found


@EACH
def test_damaged_payloads(case: Case) -> None:
    given_, found = feed(case, 1500, seed=1)
    assert given_ == 1500
    # The fuzz is worth something only if much of it still is a reading.
    assert (found > 15) is (case.power is not None or case.energy is not None)


@pytest.mark.slow
@EACH
def test_a_hundred_thousand_inputs_to_every_parser(case: Case) -> None:
    count = round(INPUTS * case.share)
    given_, found = feed(case, count, seed=20260211)
    assert given_ == count
    assert (found > count / 100) is (case.power is not None or case.energy is not None)


def test_the_cases_of_each_parser_make_up_all_its_inputs() -> None:
    shares: dict[str, float] = {}
    for case in CASES:
        if case.share < 1.0:
            name = {"tasmota-2": "tasmota", "shelly2-clamp": "shelly2-notification"}.get(case.name)
            name = name or ("json" if case.name.startswith("json-") else case.name)
            shares[name] = shares.get(name, 0.0) + case.share
    assert shares == pytest.approx({"tasmota": 1.0, "shelly2-notification": 1.0, "json": 1.0})


def test_the_oracle_finds_what_is_invented() -> None:
    raw = b'{"power":5.5,"energy":[7],"power_1":3}'
    for wrong in (5.0, 7.0, 3.0, 0.0, -5.5, math.nan, math.inf):
        with pytest.raises(AssertionError):
            check_figure(wrong, ("power", 1.0), raw, LARGEST_W)
    check_figure(5.5, ("power", 1.0), raw, LARGEST_W)
    check_figure(25_200.0, ("energy", 3600.0), raw, LARGEST_J)


KEYS = [
    *("ENERGY", "Power", "Total", "StatusSNS", "apower", "aenergy", "total", "result", "error"),
    *("params", "method", "switch:0", "em1:0", "em1data:0", "act_power", "total_act_energy"),
    *("src", "ts", "id", "power", "energy", "state", "last_seen", "meter", "kw", "kwh", "rails"),
    *("mw", "ver", "model", "fw_ver", "mac", "StatusFWR", "Version", "code"),
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        ["NotifyStatus", "5.0", "-1", "1e5", "٥", " 7 ", "NaN", "2026-02-11T09:14:58Z"]
    ),
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=12,
)
INPUT = st.one_of(
    DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    st.binary(max_size=60),
    st.sampled_from(ODD),
)


@given(INPUT)
def test_whatever_hypothesis_thinks_of(raw: bytes) -> None:
    for case in CASES:
        check(case, raw)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(INPUT)
def test_whatever_hypothesis_thinks_of_for_longer(raw: bytes) -> None:
    for case in CASES:
        check(case, raw)
