"""Batteries: power, used energy, and refusal while the mains is plugged in."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.clock import FakeClock
from benchharness.errors import MeterError
from benchharness.meters.onboard.battery import BatteryMeter
from benchharness.meters.onboard.step_seen import StepSeen
from tests.unit.onboard_tree import Tree, instrument, step


def meter_of(tree: Tree, clock: FakeClock, **options: object) -> BatteryMeter:
    return BatteryMeter(instrument("battery", options), clock, sysroot=str(tree.root))


def refusal(tree: Tree, **options: object) -> str:
    with pytest.raises(MeterError) as caught:
        meter_of(tree, FakeClock(), **options).open()
    return caught.value.line()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree("sys-battery-energy", tmp_path)


def test_power_and_used_energy(tree: Tree) -> None:
    clock = FakeClock()
    meter = meter_of(tree, clock)
    meter.open()
    (first,) = meter.read()
    assert (first.power_w, first.energy_j) == (6.84, 0.0)
    tree.put("BAT0/energy_now", 38_090_000)  # 30 mWh less
    tree.put("BAT0/power_now", 7_120_000)
    (second,) = step(meter, clock)
    assert second.power_w == 7.12
    assert second.energy_j == pytest.approx(108.0)
    can = meter.capabilities()
    assert can.energy_resolution_j == pytest.approx(36.0)  # 10 mWh
    assert can.power_resolution_w == pytest.approx(0.01)
    assert (can.has_power, can.has_counter, can.latency_bound_s) == (True, True, 30.0)
    assert (meter.instrument.target, meter.instrument.part_of) == ("board", None)


def test_a_charge_is_energy_at_the_voltage_of_its_time(tmp_path: Path) -> None:
    tree = Tree("sys-battery-charge", tmp_path)
    clock = FakeClock()
    meter = meter_of(tree, clock)
    meter.open()
    (first,) = meter.read()
    assert first.power_w == pytest.approx(6.0)  # |-0.5 A| x 12 V
    assert first.energy_j == 0.0
    tree.put("BAT1/voltage_now", 11_000_000)  # sags under load: nothing was used by that
    assert step(meter, clock)[0].energy_j == pytest.approx(0.0)
    tree.put("BAT1/charge_now", 2_998_000)  # 2 mAh at 11 V
    assert step(meter, clock)[0].energy_j == pytest.approx(0.002 * 11.0 * 3600.0)
    assert meter.capabilities().energy_resolution_j == pytest.approx(0.001 * 11.0 * 3600.0)
    tree.put("BAT1/charge_now", 2_997_000)  # 1 mAh while the voltage fell from 11 to 10 V
    tree.put("BAT1/voltage_now", 10_000_000)
    used_j = 0.002 * 11.0 * 3600.0 + 0.001 * 10.5 * 3600.0
    assert step(meter, clock)[0].energy_j == pytest.approx(used_j)


def test_the_mains_ends_the_readings_and_says_so(tree: Tree) -> None:
    clock = FakeClock()
    meter = meter_of(tree, clock)
    meter.open()
    meter.read()
    tree.put("BAT0/energy_now", 38_110_000)
    assert step(meter, clock)[0].energy_j == pytest.approx(36.0)
    tree.put("AC/online", 1)
    assert [step(meter, clock) for _ in range(2)] == [[], []]
    tree.put("BAT0/status", "Charging")
    tree.put("BAT0/energy_now", 39_000_000)
    assert step(meter, clock) == []
    events = [(e.kind, e.detail) for e in meter.events()]
    assert ("offline", "the mains is plugged in (AC)") in events
    assert ("offline", "the battery does not drive the board (status Charging)") in events
    tree.put("AC/online", 0)
    tree.put("BAT0/status", "Discharging")
    # What was charged meanwhile is not negative use: the counter goes on where it was.
    assert step(meter, clock)[0].energy_j == pytest.approx(36.0)
    assert "online" in [event.kind for event in meter.events()]


@pytest.mark.parametrize("status", ["Charging", "Full", "Not charging", "Unknown"])
def test_a_battery_that_drives_nothing_is_refused(tree: Tree, status: str) -> None:
    tree.put("BAT0/status", status)
    line = refusal(tree)
    assert f"BAT0: the battery does not drive the board (status {status}); unplug" in line


def test_the_mains_beside_a_battery_that_says_discharging_is_refused(tree: Tree) -> None:
    tree.put("AC/online", 1)
    assert "BAT0: the mains is plugged in (AC); unplug the mains" in refusal(tree)


def test_0_watts_from_a_battery_that_discharges_is_no_reading(tree: Tree) -> None:
    clock = FakeClock()
    meter = meter_of(tree, clock)
    meter.open()
    meter.read()
    tree.put("BAT0/power_now", 0)
    assert step(meter, clock) == []
    (reason,) = meter.rejected()
    assert reason.endswith("power_now: is 0 while the battery discharges")


def test_several_batteries_must_be_told_apart(tree: Tree, tmp_path: Path) -> None:
    supplies = tree.root / "sys/class/power_supply"
    (supplies / "BAT1").mkdir()
    for file in (supplies / "BAT0").iterdir():
        (supplies / "BAT1" / file.name).write_bytes(file.read_bytes())
    assert 'several batteries: BAT0, BAT1; name one: battery = "BAT0"' in refusal(tree)
    assert "no battery 'BAT2' on this machine; there are: BAT0, BAT1" in refusal(
        tree, battery="BAT2"
    )
    meter = meter_of(tree, FakeClock(), address="BAT1")
    meter.open()
    assert len(meter.read()) == 1


def test_no_battery_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (check,) = BatteryMeter(instrument("battery"), sysroot=str(tmp_path / "empty")).check()
    assert check.found.endswith("sys/class/power_supply: no battery on this machine")
    assert check.advice == "use a plug"


def test_a_battery_that_tells_nothing(tree: Tree) -> None:
    for key in ("power_now", "energy_now"):
        tree.remove(f"BAT0/{key}")
    assert "tells neither power nor energy" in refusal(tree)


def test_a_step_is_the_greatest_common_divisor_once_enough_was_seen() -> None:
    steps = StepSeen(usual=10_000)
    assert steps.step is None
    steps.add(38_120_000)
    steps.add(38_120_000)
    assert steps.step == 10_000  # one value tells no step
    for value in (38_090_000, 38_060_000):
        steps.add(value)
    assert steps.step == 10_000
    fine = StepSeen(usual=10_000)
    for value in (7_121_000, 7_119_000, 7_120_000):
        fine.add(value)
    assert fine.step == 1_000
