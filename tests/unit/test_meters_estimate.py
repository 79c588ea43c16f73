"""The estimate against a recorded /proc/stat that the test moves on."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.clock import FakeClock
from benchharness.errors import MeterError
from benchharness.meters.base import Instrument
from benchharness.meters.cpu_time import CpuTime
from benchharness.meters.estimate import EstimateMeter
from benchharness.model import CheckState, MeasurementClass

MODEL = Instrument("pi", "estimate", "pi.toml", options={"idle_w": 2.0, "full_w": 6.0, "gain": 0.3})


class Machine:
    """A sysroot with four cores, whose busy ticks (10 ms) the test sets."""

    def __init__(self, folder: Path) -> None:
        self.sysroot = str(folder)
        self._stat = folder / "proc" / "stat"
        self._stat.parent.mkdir()
        self.busy(0)

    def busy(self, ticks: int) -> None:
        """User, nice, system, irq and softirq share ``ticks``; the other fields do not count."""
        user = ticks // 2
        fields = [user, 0, ticks - user, 123_456, 789, 0, 0, 55, 7, 7]
        lines = ["cpu  " + " ".join(map(str, fields))]
        lines += [f"cpu{i} 1 2 3 4 5 6 7 8 9 10" for i in range(4)]
        self._stat.write_text("\n".join([*lines, "intr 123", "cpufreq 0", "btime 1"]) + "\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def opened(machine: Machine, clock: FakeClock, model: Instrument = MODEL) -> EstimateMeter:
    meter = EstimateMeter(model, clock, machine.sysroot)
    meter.open()
    return meter


def test_busy_time_counts_the_right_fields(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "stat").write_text("cpu 100 20 30 900 50 4 6 70 8 9\ncpu0 1\ncpu1 1\n")
    cpu = CpuTime(str(tmp_path))
    # user 100 + nice 20 + system 30 + irq 4 + softirq 6 = 160 ticks of 10 ms; steal is not ours.
    assert cpu.busy_s() == pytest.approx(1.60)
    assert cpu.cores == 2
    cpu.close()
    cpu.close()


def test_a_half_busy_second_of_four_cores(machine: Machine) -> None:
    clock = FakeClock()
    meter = opened(machine, clock)
    (first,) = meter.read()
    assert (first.power_w, first.energy_j) == (None, 0.0)  # no interval yet: no power
    clock.sleep_s(1)
    machine.busy(200)  # 2 of 4 core-seconds
    (reading,) = meter.read()
    assert reading.power_w == pytest.approx(2 + 0.5 * 4)
    assert reading.energy_j == pytest.approx(4.0)
    meter.close()


def test_the_counter_is_exact_whenever_it_is_read(machine: Machine) -> None:
    clock = FakeClock()
    meter = opened(machine, clock)
    meter.read()
    ticks = 0
    for wait_s, more in [(0.013, 5), (0.7, 0), (0.001, 1), (3.21, 1000), (0.4, 160)]:
        clock.sleep_s(wait_s)
        ticks += more
        machine.busy(ticks)
        meter.request()
    last = meter.read()[-1]
    duration_s = 0.013 + 0.7 + 0.001 + 3.21 + 0.4
    assert last.energy_j == pytest.approx(2.0 * duration_s + 4.0 / 4 * ticks * 0.01)
    meter.close()


def test_power_over_a_moment_is_missing_rather_than_wrong(machine: Machine) -> None:
    clock = FakeClock()
    meter = opened(machine, clock)
    meter.read()
    clock.sleep_s(0.02)
    machine.busy(1)
    meter.request()
    (reading,) = meter.read()
    assert reading.power_w is None and reading.energy_j is not None
    meter.close()


def test_more_ticks_than_time_do_not_exceed_full_load(machine: Machine) -> None:
    clock = FakeClock()
    meter = opened(machine, clock)
    meter.read()
    clock.sleep_s(1)
    machine.busy(404)
    assert meter.read()[-1].power_w == 6.0
    meter.close()


@pytest.mark.parametrize("pace_s", [0.98, 1.0, 1.02])
def test_a_caller_of_about_the_same_pace_misses_no_reading(machine: Machine, pace_s: float) -> None:
    clock = FakeClock()
    meter = opened(machine, clock)
    meter.read()
    counts = []
    for _ in range(20):
        clock.sleep_s(pace_s)
        counts.append(len(meter.read()))
    assert sum(counts) >= round(20 * min(pace_s, 1.0)) - (pace_s < 1)
    assert set(counts) == {1} or pace_s < 1
    meter.close()


def test_a_fast_caller_gets_a_reading_each_period(machine: Machine) -> None:
    clock = FakeClock()
    meter = opened(machine, clock)
    meter.read()
    count = 0
    for _ in range(1000):
        clock.sleep_s(0.01)
        count += len(meter.read())
    assert count == 10
    meter.close()


def test_capabilities_say_estimated_and_how_far(machine: Machine) -> None:
    meter = opened(machine, FakeClock())
    can = meter.capabilities()
    assert can.measurement_class is MeasurementClass.ESTIMATED
    assert can.gain_bound == 0.3
    assert can.energy_resolution_j == pytest.approx(4.0 / 4 * 0.01)
    assert can.has_power and can.has_counter and can.period_s == 1.0
    assert meter.events() == []
    meter.read()
    meter.close()
    meter.close()
    assert meter.read() == []


def test_check_says_that_it_is_an_estimate(machine: Machine) -> None:
    meter = EstimateMeter(MODEL, FakeClock(), machine.sysroot)
    found = {check.subject.removeprefix("pi: "): check for check in meter.check()}
    assert found["model"].found == "2 W idle, 6 W with every core busy"
    assert found["readings"].state is CheckState.OK
    assert found["class"].found == "estimated, gain within ±30 %"


def test_a_machine_without_proc_stat(tmp_path: Path) -> None:
    meter = EstimateMeter(MODEL, FakeClock(), str(tmp_path))
    with pytest.raises(MeterError, match="No such file"):
        meter.open()
    (check,) = meter.check()
    assert check.state is CheckState.ERROR


def test_a_proc_stat_without_cores(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "stat").write_text("cpu 1 2 3 4 5 6 7\n")
    with pytest.raises(MeterError, match="has no line of a core"):
        CpuTime(str(tmp_path))


def test_the_real_machine() -> None:
    meter = EstimateMeter(MODEL)
    meter.open()
    meter.request()
    readings = meter.read()
    assert all(reading.energy_j is not None and reading.energy_j >= 0 for reading in readings)
    meter.close()
