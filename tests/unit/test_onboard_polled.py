"""The base of polled meters: pace, stamps, what fails, and the thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from benchharness.clock import FakeClock
from benchharness.errors import MeterError, UsageError
from benchharness.meters.base import Instrument, Meter
from benchharness.meters.onboard.held_file import Unreadable
from benchharness.meters.onboard.pace import Pace
from benchharness.meters.onboard.polled import PolledMeter
from benchharness.meters.onboard.sample import Figures, Sample
from benchharness.meters.options import OptionReader
from benchharness.model import MeasurementClass, Reading
from tests.unit.onboard_tree import SECOND, instrument, step


class Scripted(PolledMeter):
    """A meter whose looks are a function."""

    look: Callable[[], Sample | None] = staticmethod(lambda: Sample(power_w=5.0))
    open_sources = 0

    def _configure(self, keys: OptionReader) -> None: ...

    def _connect(self) -> None:
        self.open_sources += 1

    def _sample(self) -> Sample | None:
        return self.look()

    def _disconnect(self) -> None:
        self.open_sources -= 1

    def _figures(self) -> Figures:
        return Figures(latency_bound_s=0.25, gain_bound=0.03, max_power_w=40.0)


def scripted(clock: FakeClock | None = None, **options: object) -> Scripted:
    return Scripted(Instrument("m", "scripted", "m.toml", options=options), clock)


def fail(reason: str) -> Callable[[], Sample]:
    def look() -> Sample:
        raise Unreadable(reason)

    return look


def test_a_meter_in_steps_reads_once_a_period() -> None:
    clock = FakeClock()
    meter = scripted(clock, poll_s=0.2)
    assert isinstance(meter, Meter)
    meter.open()
    start_ns = clock.now_ns()
    assert [r.t_ns - start_ns for r in meter.read()] == [0]
    clock.sleep_s(0.1)
    assert meter.read() == []
    clock.sleep_s(0.1)
    assert [r.t_ns - start_ns for r in meter.read()] == [SECOND // 5]
    clock.sleep_s(0.55)  # two deadlines passed unseen: one reading, none invented
    assert [r.t_ns - start_ns for r in meter.read()] == [3 * SECOND // 4]
    clock.sleep_s(0.05)  # and the grid of 0.2 s goes on
    assert len(meter.read()) == 1
    meter.close()
    meter.close()
    assert meter.open_sources == 0


def test_a_stamp_is_the_middle_of_the_look_and_half_of_it_is_latency() -> None:
    clock = FakeClock()
    meter = scripted(clock, poll_s=0.1)

    def slow() -> Sample:
        clock.sleep_s(0.04)
        return Sample(power_w=1.0)

    meter.look = slow
    before_ns = clock.now_ns()
    meter.open()
    (reading,) = meter.read()
    assert reading.t_ns == before_ns + 20_000_000
    can = meter.capabilities()
    assert can.latency_bound_s == pytest.approx(0.25 + 0.02)
    assert (can.gain_bound, can.max_power_w, can.period_s) == (0.03, 40.0, 0.1)


def test_a_look_that_takes_too_long_is_no_reading() -> None:
    clock = FakeClock()
    meter = scripted(clock, poll_s=0.1)
    meter.open()
    meter.read()

    def hanging() -> Sample:
        clock.sleep_s(0.3)
        return Sample(power_w=1.0)

    meter.look = hanging
    assert step(meter, clock) == []
    assert meter.rejected() == {"the look took longer than 0.1 s": 1}
    (event,) = meter.events()
    assert (event.kind, event.detail) == ("rejected", "1 x the look took longer than 0.1 s")


def test_what_fails_is_counted_by_reason_and_silence_is_said_once() -> None:
    clock = FakeClock()
    meter = scripted(clock, poll_s=1.0)
    meter.open()
    meter.read()
    meter.look = fail("power1: Input/output error")
    readings = [reading for _ in range(6) for reading in step(meter, clock)]
    assert readings == []
    assert meter.rejected() == {"power1: Input/output error": 6}
    kinds = [(event.kind, event.detail) for event in meter.events()]
    assert ("stale", "no reading for 4.0 s") in kinds
    assert [kind for kind, _ in kinds].count("stale") == 1
    del meter.look
    assert len(step(meter, clock)) == 1


def test_nothing_to_read_at_all_is_an_error_with_its_reason() -> None:
    clock = FakeClock()
    meter = scripted(clock, wait_s=1.0)
    meter.look = fail("in1_input: Input/output error")
    with pytest.raises(MeterError, match=r"no reading within 1 s \(\d+ x in1_input: Input/output"):
        meter.open()
    assert meter.open_sources == 0
    assert meter.read() == []


def test_a_request_is_a_reading_beside_the_schedule() -> None:
    clock = FakeClock()
    meter = scripted(clock, poll_s=1.0)
    meter.request()  # not open: nothing
    meter.open()
    clock.sleep_s(0.3)
    meter.request()
    times = [reading.t_ns for reading in meter.read()]
    assert times[1] - times[0] == 3 * SECOND // 10
    assert len(step(meter, clock, 0.7)) == 1  # the schedule is not moved


def test_a_pace_that_is_off_is_said_and_becomes_the_period() -> None:
    clock = FakeClock()
    meter = scripted(clock, poll_s=0.1)
    meter.open()
    for _ in range(20):
        step(meter, clock, 0.1)
    assert meter.capabilities().period_s == pytest.approx(0.1)
    assert meter.events() == []
    for _ in range(30):
        step(meter, clock, 0.2)
    (event,) = meter.events()
    assert (event.kind, event.detail) == ("period", "a reading each 0.2 s instead of 0.1 s")
    assert meter.capabilities().period_s == pytest.approx(0.2)


def test_pace_forgives_single_intervals() -> None:
    pace = Pace(0.1)
    said = [pace.add(t) for t in range(0, 100 * SECOND // 10, SECOND // 10) if t != 5 * SECOND]
    assert said == [None] * 99
    assert pace.effective_s() == pytest.approx(0.1)


def test_a_tree_elsewhere_is_replayed_unless_the_file_says_otherwise() -> None:
    assert scripted().capabilities().measurement_class is MeasurementClass.MEASURED
    assert scripted(sysroot="/").capabilities().measurement_class is MeasurementClass.MEASURED
    elsewhere = scripted(sysroot="/srv/tree/")
    assert elsewhere.sysroot == "/srv/tree"
    assert elsewhere.capabilities().measurement_class is MeasurementClass.REPLAYED
    host = Scripted(instrument("m", {"sysroot": "/host", "class": "measured"}))
    assert host.capabilities().measurement_class is MeasurementClass.MEASURED


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"poll_s": 0.001}, "m.toml: poll_s: expected a number from 0.01 to 3600, got 0.001"),
        ({"pol_s": 1}, "unknown key 'pol_s'; did you mean 'poll_s'?"),
        ({"sysroot": 3}, "sysroot: expected a text, got 3"),
    ],
)
def test_wrong_keys(options: dict[str, object], line: str) -> None:
    with pytest.raises(UsageError) as caught:
        Scripted(instrument("m", options))
    assert line in caught.value.line()


def test_the_thread_reads_by_itself_and_ends() -> None:
    meter = scripted(poll_s=0.01)
    meter.open()
    names = [thread.name for thread in threading.enumerate()]
    assert "meter m" in names
    readings: list[Reading] = []
    until = time.monotonic() + 5.0
    while len(readings) < 20 and time.monotonic() < until:
        time.sleep(0.01)
        readings += meter.read()
    meter.request()
    meter.close()
    times = [reading.t_ns for reading in readings]
    assert len(times) >= 20 and times == sorted(set(times))
    assert "meter m" not in [thread.name for thread in threading.enumerate()]
    assert meter.open_sources == 0


def test_read_does_not_wait_for_a_look_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchharness.meters.onboard.poller._JOIN_S", 0.05)
    meter = scripted(poll_s=0.01)
    meter.open()
    entered, free = threading.Event(), threading.Event()

    def hang() -> Sample:
        entered.set()
        free.wait(10.0)
        return Sample(power_w=1.0)

    meter.look = hang
    assert entered.wait(5.0)
    began = time.monotonic()
    meter.read()
    meter.events()
    assert time.monotonic() - began < 0.5
    meter.close()
    # Its source is not closed under it.
    assert meter.open_sources == 1
    assert "stuck" in [event.kind for event in meter.events()]
    free.set()
