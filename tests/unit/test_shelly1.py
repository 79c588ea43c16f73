"""A first-generation Shelly: what it listens to, what it asks, what it refuses."""

from __future__ import annotations

import pytest

from benchharness.errors import UsageError
from benchharness.meters.base import Instrument
from benchharness.meters.check.seen import intervals
from benchharness.meters.checks import reading_checks
from benchharness.meters.plugs.dialect import Command
from benchharness.meters.plugs.payload import PlugReading, Rejection
from benchharness.meters.plugs.said import Identity
from benchharness.meters.plugs.shelly1 import Shelly1Dialect, Shelly1Meter
from benchharness.meters.plugs.shelly1_payload import (
    parse_announce,
    parse_online,
    parse_power,
    parse_relay,
    parse_watt_hours,
    parse_watt_minutes,
)
from benchharness.model import Capabilities, MeasurementClass, Reading


def meter(**options: object) -> Shelly1Meter:
    keys = {"broker": "mqtt://127.0.0.1", "topic": "shellyplug-s-7A1C05", **options}
    return Shelly1Meter(Instrument("plug", "shelly1", "plug.toml", options=keys))


@pytest.mark.parametrize("topic", ["shellyplug-s-7A1C05", "shellies/shellyplug-s-7A1C05"])
def test_topics_of_a_relay(topic: str) -> None:
    place = "shellies/shellyplug-s-7A1C05"
    dialect = Shelly1Dialect(topic, channel=2)
    assert [one.name for one in dialect.topics()] == [
        f"{place}/relay/1/power",
        f"{place}/relay/1/energy",
        f"{place}/relay/1",
        f"{place}/online",
        f"{place}/announce",
    ]
    assert dialect.ask_reading() == (Command(f"{place}/command", "update"),)
    assert dialect.ask_identity() == (Command(f"{place}/command", "announce"),)
    assert dialect.switch(True) == (Command(f"{place}/relay/1/command", "on"),)
    assert dialect.switch(False) == (Command(f"{place}/relay/1/command", "off"),)


def test_an_energy_meter_counts_watt_hours() -> None:
    power, counter, *_ = Shelly1Dialect("shellyem-A40C2B", 1, "emeter").topics()
    assert power.name == "shellies/shellyem-A40C2B/emeter/0/power"
    assert counter.name == "shellies/shellyem-A40C2B/emeter/0/total"
    assert counter.parse(b"2.5") == PlugReading(None, 9000.0, None, 360.0)


def test_figures_come_one_at_a_time() -> None:
    assert parse_power(b"6.31") == PlugReading(6.31, None, 0.01, None)
    assert parse_watt_minutes(b"7") == PlugReading(None, 420.0, None, 60.0)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "power is not a number"),
        (b"-0.5", "power is negative"),
        (b"nan", "power is not a number"),
        (b"6.31 W", "power is not a number"),
        (b"6,31", "power is not a number"),
        (b'"6.31"', "power is not a number"),
        (b"1e6", "power is beyond what a plug can carry"),
        (b"5" * 20_000, "larger than 16384 bytes"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_what_is_no_power(payload: bytes, reason: str) -> None:
    assert parse_power(payload) == Rejection(reason)


def test_what_is_nothing_else_either() -> None:
    assert parse_watt_hours(b"on") == Rejection("energy is not a number")
    assert parse_online(b"1") == Rejection("online is neither true nor false")
    assert parse_relay(b"toggle") == Rejection("relay is neither on nor off")
    assert parse_announce(b"{}") == Rejection("neither model nor firmware in it")
    assert parse_announce(b"[]") == Rejection("not a JSON object")


def test_the_emulator_is_known_by_its_firmware() -> None:
    said = parse_announce(b'{"mac":"001122334455","fw_ver":"v1.14.0-benchharness-emulated"}')
    assert isinstance(said, Identity) and said.emulated


def test_what_it_can_do_is_stated_before_a_message_has_come() -> None:
    can = meter().capabilities()
    assert (can.period_s, can.power_resolution_w, can.energy_resolution_j) == (1.0, 0.01, 60.0)
    assert (can.gain_bound, can.latency_bound_s) == (0.05, 2.0)
    assert meter(poll_s=0).capabilities().period_s == 30.0


def test_a_meter_that_there_is_not() -> None:
    with pytest.raises(UsageError, match=r"plug\.toml: unknown meter 'rely'; did you mean 'relay'"):
        meter(meter="rely")


def test_a_plug_that_tells_power_and_counter_apart_has_the_period_of_one_of_them() -> None:
    """A Shelly (Gen1) answers with two messages, half a millisecond apart."""
    halves = [
        one
        for second in range(6)
        for one in (
            Reading(second * 10**9, power_w=5.0),
            Reading(second * 10**9 + 500_000, energy_j=60.0),
        )
    ]
    gaps = intervals(halves)
    assert gaps is not None
    assert (gaps.median_s, gaps.longest_s) == (1.0, 1.0)
    # Two of each kind are too few to say anything, and no reason to fail.
    can = Capabilities(MeasurementClass.MEASURED, has_power=True, has_counter=True)
    subjects = [check.subject for check in reading_checks("p", halves[:4], 2.0, can)]
    assert subjects == ["p: readings", "p: power", "p: counter", "p: class"]
