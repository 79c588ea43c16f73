"""Rejections, checks, the timer and addresses: the small parts that drivers share."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from benchharness.clock import FakeClock
from benchharness.errors import UsageError
from benchharness.meters.address import Broker, parse_broker
from benchharness.meters.base import Instrument
from benchharness.meters.checks import observe, reading_checks
from benchharness.meters.mqtt.timer import PeriodicTimer
from benchharness.meters.rejections import RejectionLog
from benchharness.model import (
    Capabilities,
    Check,
    CheckState,
    MeasurementClass,
    MeterEvent,
    Reading,
)

SECOND = 1_000_000_000


class ScriptedMeter:
    """A meter that gives one reading of 5 W each 0.1 s of its clock."""

    instrument = Instrument("bench", "scripted", "tests")

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._next_ns = clock.now_ns()

    def open(self) -> None: ...

    def capabilities(self) -> Capabilities:
        return Capabilities(MeasurementClass.MEASURED, has_power=True, has_counter=False)

    def read(self) -> list[Reading]:
        readings = []
        while self._next_ns <= self._clock.now_ns():
            readings.append(Reading(self._next_ns, 5.0))
            self._next_ns += SECOND // 10
        return readings

    def events(self) -> list[MeterEvent]:
        return []

    def request(self) -> None: ...

    def check(self) -> list[Check]:
        return []

    def close(self) -> None: ...


def test_a_reason_is_reported_when_it_is_new_and_then_every_10_s() -> None:
    log = RejectionLog()
    log.add(5, "not JSON")
    log.add(6, "not JSON")
    log.add(7, "Power is negative")
    assert [(e.t_ns, e.kind, e.detail) for e in log.take_events(10)] == [
        (5, "rejected", "2 x not JSON"),
        (7, "rejected", "1 x Power is negative"),
    ]
    log.add(20, "not JSON")
    assert log.take_events(9 * SECOND) == []
    (event,) = log.take_events(10 * SECOND + 10)
    assert (event.t_ns, event.detail) == (20, "1 x not JSON")
    log.add(30, "not JSON")
    (event,) = log.take_events(10 * SECOND + 20, last=True)
    assert event.detail == "1 x not JSON"
    assert log.counts() == {"not JSON": 4, "Power is negative": 1}
    assert log.summary() == "4 x not JSON, 1 x Power is negative"


def test_observe_reads_for_as_long_as_it_is_told() -> None:
    clock = FakeClock()
    readings, events = observe(ScriptedMeter(clock), 2.0, clock)
    assert len(readings) == 21 and events == []


def checks(readings: Sequence[Reading], **can: object) -> dict[str, Check]:
    fields: dict[str, object] = {
        "measurement_class": MeasurementClass.MEASURED, "has_power": True, "has_counter": True
    }  # fmt: skip
    capabilities = Capabilities(**{**fields, **can})  # type: ignore[arg-type]
    found = reading_checks("m", readings, 5.0, capabilities)
    return {check.subject.removeprefix("m: "): check for check in found}


def steady(power_w: float = 5.0, gaps_s: Sequence[float] = (1, 1, 1, 1)) -> list[Reading]:
    times = [0.0]
    for gap_s in gaps_s:
        times.append(times[-1] + gap_s)
    return [Reading(round(t * SECOND), power_w) for t in times]


def test_a_good_meter() -> None:
    found = checks(steady(), power_resolution_w=0.1, energy_resolution_j=36.0, floor_w=1.25)
    assert all(check.state is CheckState.OK for check in found.values())
    assert found["power"].found == "5 W on average, in steps of 0.1 W, floor 1.25 W"
    assert found["counter"].found == "counts in steps of 36.0 J"


def test_a_silent_meter() -> None:
    assert checks([])["readings"].state is CheckState.ERROR


def test_uneven_readings() -> None:
    found = checks(steady(gaps_s=[1, 1, 1, 1, 2]))
    assert found["period"].state is CheckState.ADVICE
    assert "95th percentile 2 s" in found["period"].found


def test_a_load_below_the_floor() -> None:
    assert checks(steady(1.0), floor_w=1.25)["power"].state is CheckState.ERROR


def test_coarse_steps() -> None:
    found = checks(steady(6.0), power_resolution_w=1.0, energy_resolution_j=3600.0)
    assert found["power"].state is CheckState.ADVICE
    assert found["counter"].found == "counts in steps of 3.60 kJ"
    assert found["counter"].state is CheckState.ADVICE


def test_a_meter_without_a_counter_and_one_without_power() -> None:
    assert checks(steady(), has_counter=False)["counter"].state is CheckState.ADVICE
    assert checks([Reading(1, None, 5.0)])["power"].found == "none"


def test_what_is_not_measured_says_so() -> None:
    found = checks(steady(), measurement_class=MeasurementClass.EMULATED, gain_bound=0.05)["class"]
    assert (found.state, found.found) == (CheckState.ADVICE, "emulated, gain within ±5 %")


def test_the_timer_calls_until_it_is_stopped() -> None:
    timer, calls, enough = PeriodicTimer(), [], threading.Event()

    def action() -> None:
        calls.append(1)
        if len(calls) == 3:
            enough.set()

    timer.add(0.01, action)
    assert enough.wait(5)
    timer.stop()
    timer.stop()
    assert "mqtt-timer" not in {thread.name for thread in threading.enumerate()}


def test_what_is_cancelled_is_not_called_again_and_leaves_the_others_alone() -> None:
    timer, enough = PeriodicTimer(), threading.Event()
    calls: list[int] = []

    def other() -> None:
        if len(calls) >= 1:
            enough.set()

    def action() -> None:
        calls.append(1)
        cancel()

    cancel = timer.add(0.01, action)
    timer.add(0.05, other)
    assert enough.wait(5)
    timer.stop()
    assert calls == [1]


def test_a_timer_that_was_never_used_stops() -> None:
    PeriodicTimer().stop()


@pytest.mark.parametrize(
    ("text", "broker"),
    [
        ("broker", Broker("broker", 1883, False)),
        ("broker:1884", Broker("broker", 1884, False)),
        ("mqtt://10.0.0.2", Broker("10.0.0.2", 1883, False)),
        ("mqtts://broker.local", Broker("broker.local", 8883, True)),
        ("mqtts://[::1]:9000/", Broker("::1", 9000, True)),
    ],
)
def test_brokers(text: str, broker: Broker) -> None:
    assert parse_broker(text) == broker
    assert parse_broker(str(broker)) == broker


@pytest.mark.parametrize("text", ["", "broker:0", "http://broker", "mqtt://b/topic", "b:port"])
def test_what_is_no_broker(text: str) -> None:
    with pytest.raises(UsageError):
        parse_broker(text)
