"""A plug emulated in its own process, through a real broker, read by the driver."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchharness.errors import MeterError
from benchharness.meters.base import Meter
from benchharness.meters.emulator.truth import read_truth, truth_energy_j
from benchharness.meters.instrument import load_meter, resolve_instrument
from benchharness.model import CheckState, MeasurementClass, MeterEvent, Reading
from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto

pytestmark = pytest.mark.broker

StartPlug = Callable[..., EmulatedPlug]
FAST = ("--update", "0.1", "--watt-res", "1", "--energy-res", "5")


def meter_at(address: str) -> Meter:
    return load_meter(resolve_instrument(address))


class Watched:
    """An open meter and all that it has said."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.readings: list[Reading] = []
        self.events: list[MeterEvent] = []

    def take(self) -> None:
        self.readings += self.meter.read()
        self.events += self.meter.events()

    def until(self, condition: Callable[[Watched], object], timeout_s: float = 8.0) -> None:
        """Read until the condition holds."""
        deadline = time.monotonic() + timeout_s
        while True:
            self.take()
            if condition(self):
                return
            assert time.monotonic() < deadline, f"{self.readings[-2:]} {self.events}"
            time.sleep(0.02)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@pytest.fixture
def watch() -> Iterator[Callable[[str], Watched]]:
    meters: list[Meter] = []

    def start(address: str) -> Watched:
        meter = meter_at(address)
        meters.append(meter)
        meter.open()
        return Watched(meter)

    yield start
    for meter in meters:
        meter.close()


def test_readings_arrive_with_power_and_counter(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    start_plug(mosquitto, "lab/plug-1", *FAST, "--idle-w", "3", "--full-w", "7")
    seen = watch(mosquitto.address("lab/plug-1", poll_s=0.1))
    seen.until(lambda s: len(s.readings) >= 10)
    times = [reading.t_ns for reading in seen.readings]
    assert times == sorted(set(times))
    assert abs(time.monotonic_ns() - times[-1]) < 1e9
    powers = [reading.power_w for reading in seen.readings if reading.power_w is not None]
    counters = [reading.energy_j for reading in seen.readings if reading.energy_j is not None]
    assert len(powers) == len(counters) == len(times)
    assert all(2.9 <= power_w <= 7.1 for power_w in powers)
    assert counters == sorted(counters)
    assert [event.detail for event in seen.events if event.kind == "firmware"] == [
        "14.2.0(benchharness-emulated)"
    ]


def test_steps_are_learnt_from_the_digits(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    start_plug(mosquitto, "plug-1", *FAST)
    seen = watch(mosquitto.address("plug-1", poll_s=0.1))
    fine = seen.meter.capabilities()
    assert (fine.power_resolution_w, fine.energy_resolution_j) == (0.1, 36.0)
    mosquitto.publish("cmnd/plug-1/WattRes", "0")
    mosquitto.publish("cmnd/plug-1/EnergyRes", "3")
    seen.until(lambda s: s.meter.capabilities().power_resolution_w == 1.0)
    seen.until(lambda s: s.meter.capabilities().energy_resolution_j == 3600.0)


@pytest.mark.parametrize("declared", ["", "&class=measured"])
def test_an_emulated_plug_is_emulated_whatever_the_user_wrote(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched], declared: str
) -> None:
    start_plug(mosquitto, "plug-1", *FAST)
    seen = watch(mosquitto.address("plug-1", poll_s=0.1) + declared)
    assert seen.meter.capabilities().measurement_class is MeasurementClass.EMULATED


@pytest.mark.alone
def test_counter_and_integral_match_the_truth(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched], tmp_path: Path
) -> None:
    waveform = tmp_path / "ramp.csv"
    waveform.write_text("t_s,power_w\n0,1000\n4,3000\n8,500\n")
    plug = start_plug(
        mosquitto, "plug-1", *FAST, "--waveform", str(waveform), "--interpolation", "linear"
    )
    seen = watch(mosquitto.address("plug-1", poll_s=0.1))
    seen.until(lambda s: s.readings and s.readings[-1].t_ns - s.readings[0].t_ns > 2.5e9)
    seen.meter.close()
    assert plug.stop() == 0
    first, last = seen.readings[0], seen.readings[-1]
    true_j = truth_energy_j(read_truth(plug.truth), first.t_ns, last.t_ns)
    assert first.energy_j is not None and last.energy_j is not None
    # One step of 36 J at each edge, and figures that are 0.1 s old, or 0.3 s on a busy machine.
    step_j, late_j = 36.0, 0.3 * 2500
    assert last.energy_j - first.energy_j == pytest.approx(true_j, abs=step_j + late_j)
    integral_j = sum(
        0.5 * (a.power_w + b.power_w) * (b.t_ns - a.t_ns) / 1e9
        for a, b in zip(seen.readings, seen.readings[1:], strict=False)
        if a.power_w is not None and b.power_w is not None
    )
    assert integral_j == pytest.approx(true_j, abs=late_j)
    assert true_j > 2500  # what is compared is not nothing


def test_a_broker_that_goes_away_and_comes_back(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    start_plug(mosquitto, "plug-1", *FAST)
    seen = watch(mosquitto.address("plug-1", poll_s=0.1))
    seen.until(lambda s: len(s.readings) >= 3)
    mosquitto.kill()
    seen.until(lambda s: "disconnected" in s.kinds())
    seen.take()
    before = len(seen.readings)
    mosquitto.start()
    seen.until(lambda s: "connected" in s.kinds())
    seen.until(lambda s: len(s.readings) >= before + 3)
    lost = next(event for event in seen.events if event.kind == "disconnected")
    back = next(event for event in seen.events if event.kind == "connected")
    assert lost.t_ns < back.t_ns
    # Nothing is filled in for the gap.
    assert not any(lost.t_ns < reading.t_ns < back.t_ns for reading in seen.readings)


def test_a_plug_that_loses_power_is_offline_and_never_0_w(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    plug = start_plug(mosquitto, "plug-1", *FAST)
    seen = watch(mosquitto.address("plug-1", poll_s=0.1))
    seen.until(lambda s: len(s.readings) >= 3)
    plug.stop(signal.SIGKILL)
    seen.until(lambda s: "offline" in s.kinds())
    seen.until(lambda s: "stale" in s.kinds())
    assert all(reading.power_w for reading in seen.readings)
    start_plug(mosquitto, "plug-1", *FAST)
    seen.until(lambda s: "online" in s.kinds())


def test_a_plug_that_is_stopped_says_offline_and_cannot_be_opened(
    mosquitto: Mosquitto, start_plug: StartPlug
) -> None:
    plug = start_plug(mosquitto, "plug-1", *FAST)
    assert plug.stop() == 0
    with pytest.raises(MeterError, match="the plug is offline; switch it on"):
        meter_at(mosquitto.address("plug-1", wait_s=0.5)).open()


def test_ctrl_c_ends_the_emulator_cleanly(mosquitto: Mosquitto, start_plug: StartPlug) -> None:
    plug = start_plug(mosquitto, "plug-1", "--idle-w", "5", "--full-w", "5")
    assert plug.stop(signal.SIGINT) == 0
    truth = read_truth(plug.truth)
    start_ns, end_ns = truth.span_ns
    assert truth_energy_j(truth, start_ns, end_ns) == pytest.approx(5e-9 * (end_ns - start_ns))


def test_silence_at_open_is_one_line_within_seconds(mosquitto: Mosquitto) -> None:
    started = time.monotonic()
    with pytest.raises(MeterError) as caught:
        meter_at(mosquitto.address("nobody", wait_s=0.5)).open()
    assert time.monotonic() - started < 5
    assert "no message from the plug within 0.5 s" in caught.value.line()
    assert "tele/nobody/SENSOR" in caught.value.line()
    assert "\n" not in caught.value.line()
    assert caught.value.exit_code == 3


def test_a_retained_old_message_is_no_reading(mosquitto: Mosquitto) -> None:
    mosquitto.publish("tele/plug-1/SENSOR", '{"ENERGY":{"Total":1.0,"Power":5}}', retain=True)
    mosquitto.publish("tele/plug-1/LWT", "Online", retain=True)
    meter = meter_at(mosquitto.address("plug-1", wait_s=0.5))
    with pytest.raises(MeterError, match="1 x retained, so of unknown age"):
        meter.open()
    assert meter.read() == []


def test_rubbish_is_rejected_counted_and_never_a_reading(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    start_plug(mosquitto, "plug-1", *FAST, "--idle-w", "5", "--full-w", "5")
    seen = watch(mosquitto.address("plug-1", poll_s=0))
    seen.until(lambda s: s.readings)
    rubbish = {
        b"five watts": "not JSON",
        b"\xff\xfe": "not UTF-8",
        b'{"ENERGY":{"Power":NaN}}': "Power is not a number",
        b'{"ENERGY":{"Power":-4,"Total":1}}': "Power is negative",
        b'{"Time":"2024-01-01T00:00:00"}': "no ENERGY in it",
        b"[" * 20_000: "larger than 16384 bytes",
    }
    for payload in rubbish:
        mosquitto.publish("tele/plug-1/SENSOR", payload)
    before = len(seen.readings)
    seen.until(lambda s: s.kinds().count("rejected") == len(rubbish))
    details = {event.detail for event in seen.events if event.kind == "rejected"}
    assert details == {f"1 x {reason}" for reason in rubbish.values()}
    assert len(seen.readings) == before


def test_request_brings_a_reading_at_once(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    start_plug(mosquitto, "plug-1", *FAST)
    seen = watch(mosquitto.address("plug-1", poll_s=0))
    seen.take()
    before, asked_ns = len(seen.readings), time.monotonic_ns()
    seen.meter.request()
    seen.until(lambda s: len(s.readings) > before, timeout_s=2)
    assert 0 < seen.readings[-1].t_ns - asked_ns < 2e9


def test_a_meter_may_be_closed_twice_and_opened_again(
    mosquitto: Mosquitto, start_plug: StartPlug
) -> None:
    start_plug(mosquitto, "plug-1", *FAST)
    meter = meter_at(mosquitto.address("plug-1", poll_s=0.1))
    for _ in range(2):
        meter.open()
        meter.open()
        assert meter.read()
        meter.close()
        meter.close()
        meter.request()


def test_check_says_what_the_plug_can_do(mosquitto: Mosquitto, start_plug: StartPlug) -> None:
    start_plug(mosquitto, "plug-1", "--update", "0.1")
    meter = meter_at(mosquitto.address("plug-1", poll_s=0.1, check_s=1))
    found = {check.subject.removeprefix("plug-1: "): check for check in meter.check()}
    assert found["broker"].state is CheckState.OK
    assert "firmware 14.2.0(benchharness-emulated), channel 1 of 1" in found["plug"].found
    assert found["readings"].state is CheckState.OK
    period = re.match(r"one reading each ([0-9.]+) s", found["period"].found)
    assert period is not None and 0.05 < float(period.group(1)) < 0.3
    assert found["counter"].advice == "coarse: send EnergyRes 5 to the plug"
    assert found["power"].advice == "coarse for this load: send WattRes 1 to the plug"
    assert found["class"].found.startswith("emulated")
    assert found["rejected"].found == "nothing"


def test_check_of_a_plug_that_is_not_there_is_an_error_not_an_exception(
    mosquitto: Mosquitto,
) -> None:
    mosquitto.kill()
    (check,) = meter_at(mosquitto.address("plug-1")).check()
    assert check.state is CheckState.ERROR
    assert "nobody listens there" in check.found
    assert check.advice == "start the broker, or check host and port"


def test_telemetry_alone_is_enough(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    start_plug(mosquitto, "plug-1", *FAST, "--tele-period", "0.2")
    seen = watch(mosquitto.address("plug-1", poll_s=0))
    seen.until(lambda s: len(s.readings) >= 5)
    assert seen.meter.capabilities().period_s is None


@pytest.mark.alone
def test_two_plugs_on_one_topic_are_refused_in_one_line(
    mosquitto: Mosquitto, start_plug: StartPlug
) -> None:
    for seed in ("1", "2"):
        start_plug(mosquitto, "plug-1", *FAST, "--seed", seed)
    meter = meter_at(mosquitto.address("plug-1"))
    with pytest.raises(MeterError) as caught:
        meter.open()
    line = caught.value.line()
    assert re.search(r"two devices on one topic \((..:){5}.. and (..:){5}..\)", line)
    assert line.endswith("; give each plug a topic of its own")
    assert "tele/plug-1/SENSOR" in line and "\n" not in line
    (check,) = meter.check()
    assert check.state is CheckState.ERROR
    assert check.advice == "give each plug a topic of its own"


def test_a_second_plug_that_comes_later_is_seen_and_ends_the_readings(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    start_plug(mosquitto, "plug-1", *FAST, "--seed", "1")
    seen = watch(mosquitto.address("plug-1", poll_s=0.1, check_s=0.3))
    seen.until(lambda s: len(s.readings) >= 3)
    start_plug(mosquitto, "plug-1", *FAST, "--seed", "2")
    seen.until(lambda s: "two-devices" in s.kinds())
    seen.until(lambda s: "two devices on one topic" in s.meter.rejected())  # type: ignore[attr-defined]
    before = len(seen.readings)
    found = {check.subject: check for check in seen.meter.check()}
    assert found["plug-1: plug"].state is CheckState.ERROR
    assert found["plug-1: plug"].advice == "give each plug a topic of its own"
    seen.take()
    assert len(seen.readings) == before


def test_another_client_that_asks_the_same_plug_is_no_second_device(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    start_plug(mosquitto, "plug-1", *FAST)
    one = watch(mosquitto.address("plug-1", poll_s=0.1))
    other = watch(mosquitto.address("plug-1", poll_s=0.05))
    for seen in (one, other):
        seen.until(lambda s: len(s.readings) >= 20)
        assert "two-devices" not in seen.kinds()


def test_retained_readings_stay_rejected_when_the_broker_comes_back(
    mosquitto: Mosquitto, start_plug: StartPlug, watch: Callable[[str], Watched]
) -> None:
    start_plug(mosquitto, "plug-1", *FAST, "--idle-w", "5", "--full-w", "5")
    seen = watch(mosquitto.address("plug-1", poll_s=0.1))
    old = '{"Time":"2020-01-01T00:00:00","ENERGY":{"Total":9.0,"Power":999}}'
    mosquitto.kill()
    seen.until(lambda s: "disconnected" in s.kinds())
    mosquitto.start()
    mosquitto.publish("tele/plug-1/SENSOR", old, retain=True)  # it comes back after a second
    seen.until(lambda s: "connected" in s.kinds())
    before = len(seen.readings)
    seen.until(lambda s: len(s.readings) >= before + 3)
    assert {reading.power_w for reading in seen.readings} == {5.0}
    (rejected,) = seen.meter.rejected().items()  # type: ignore[attr-defined]
    assert rejected == ("retained, so of unknown age", 1)


def test_a_chip_gives_its_floor_and_its_pulse(mosquitto: Mosquitto) -> None:
    address = mosquitto.address("plug-1")
    for query, floor_w, pulse_j in [
        ("", None, None),
        ("?chip=hlw8012", 1.25, 12.5),
        ("?chip=bl0937", 0.17, 1.7),
        ("?chip=bl0937&floor_w=0.5&pulse_j=2", 0.5, 2.0),
    ]:
        can = meter_at(address + query).capabilities()
        assert (can.floor_w, can.pulse_j) == (floor_w, pulse_j)
