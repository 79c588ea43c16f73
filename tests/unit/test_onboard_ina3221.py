"""INA3221: rails through both drivers of the kernel, and which of them may be added."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchharness.clock import FakeClock
from benchharness.errors import MeterError, UsageError
from benchharness.meters.onboard.ina3221 import Ina3221Meter
from benchharness.meters.onboard.rails import is_whole_board, whole_board, why_not_added
from benchharness.model import CheckState, MeasurementClass
from tests.unit.onboard_tree import Tree, instrument, step


def meter_of(tree: Tree, clock: FakeClock, **options: object) -> Ina3221Meter:
    return Ina3221Meter(instrument("ina3221", options), clock, sysroot=str(tree.root))


def refusal(tree: Tree, **options: object) -> str:
    with pytest.raises((MeterError, UsageError)) as caught:
        meter_of(tree, FakeClock(), **options).open()
    line = caught.value.line()
    assert "\n" not in line
    return line


@pytest.fixture
def orin(tmp_path: Path) -> Tree:
    return Tree("sys-ina3221-orin-nx", tmp_path)


def test_the_whole_board_is_its_input_alone(orin: Tree) -> None:
    clock = FakeClock()
    meter = meter_of(orin, clock)
    meter.open()
    (reading,) = meter.read()
    # 5.072 V x 1.136 A; with the two rails inside it would be 8.07 W.
    assert reading.power_w == pytest.approx(5.761792)
    assert reading.energy_j is None
    assert (meter.instrument.target, meter.instrument.part_of) == ("board", None)
    orin.put("curr1_input", 2000)
    (reading,) = step(meter, clock)
    assert reading.power_w == pytest.approx(10.144)
    meter.close()


def test_its_steps_come_from_the_shunt(orin: Tree) -> None:
    meter = meter_of(orin, FakeClock())
    meter.open()
    can = meter.capabilities()
    # SBOS576: 40 µV over 5 mΩ is 8 mA, at 5.072 V 40.6 mW; the cycle is 26 ms.
    assert can.power_resolution_w == pytest.approx(0.040576)
    assert can.latency_bound_s == pytest.approx(0.039)
    assert can.measurement_class is MeasurementClass.REPLAYED
    assert (can.has_power, can.has_counter, can.gain_bound) == (True, False, 0.05)
    meter.close()


def test_the_file_s_own_figures_come_first(orin: Tree) -> None:
    meter = meter_of(
        orin, FakeClock(), gain=0.01, latency_bound_s=0.3, power_resolution_w=0.1, max_power_w=25
    )
    meter.open()
    can = meter.capabilities()
    assert (can.gain_bound, can.latency_bound_s, can.power_resolution_w) == (0.01, 0.3, 0.1)
    assert can.max_power_w == 25.0


def test_another_rail_is_a_part_of_the_board(orin: Tree) -> None:
    meter = meter_of(orin, FakeClock(), rail="VDD_SOC")
    assert (meter.instrument.target, meter.instrument.part_of) == ("VDD_SOC", "board")
    meter.open()
    assert meter.read()[0].power_w == pytest.approx(5.064 * 0.288)
    by_address = meter_of(orin, FakeClock(), address="VDD_SOC")
    assert by_address.instrument.target == "VDD_SOC"


def test_rails_side_by_side_are_added_and_their_steps_too(orin: Tree) -> None:
    meter = meter_of(orin, FakeClock(), rail=["VDD_CPU_GPU_CV", "VDD_SOC"])
    assert meter.instrument.target == "VDD_CPU_GPU_CV + VDD_SOC"
    meter.open()
    assert meter.read()[0].power_w == pytest.approx(5.064 * (0.168 + 0.288))
    step_w = meter.capabilities().power_resolution_w
    assert step_w == pytest.approx(math.sqrt(2) * 0.008 * 5.064)


@pytest.mark.parametrize(
    ("rails", "why"),
    [
        (["VDD_IN", "VDD_SOC"], "VDD_IN contains the others"),
        ("VDD_SOC+VDD_IN", "VDD_IN contains the others"),
        (["VDD_SOC", "VDD_SOC"], "a rail is named twice"),
        (["VDD_SOC", "VDD_CPU_CV"], "it is not known whether they contain one another"),
        (["VIN_SYS_5V0", "VDDQ_VDD2_1V8AO"], "VIN_SYS_5V0 contains VDDQ_VDD2_1V8AO"),
    ],
)
def test_rails_that_contain_one_another_are_never_added(
    orin: Tree, rails: object, why: str
) -> None:
    line = refusal(orin, rail=rails)
    assert line.startswith("ina3221.toml: rail: ") and f"cannot be added: {why}; name one" in line


def test_an_agx_orin_has_no_input_rail_and_three_side_by_side(tmp_path: Path) -> None:
    tree = Tree("sys-ina3221-agx-orin", tmp_path)
    meter = meter_of(tree, FakeClock())
    meter.open()
    # The memory's rail is fed from VIN_SYS_5V0 and is in it; jtop's sum would add its 0.5 W.
    assert meter.read()[0].power_w == pytest.approx(19.080 * 0.16 + 19.096 * 0.04 + 5.032 * 0.78)
    assert (meter.instrument.target, meter.instrument.part_of) == ("board", None)
    found = {check.subject: check.found for check in meter.check()}
    assert "VDD_GPU_SOC (2 mΩ)" in found["ina3221: rails"]


def test_a_nano_s_old_driver_tells_milliwatts(tmp_path: Path) -> None:
    tree = Tree("sys-ina3221-nano", tmp_path)
    clock = FakeClock()
    meter = meter_of(tree, clock)
    meter.open()
    assert meter.read()[0].power_w == 1.96
    tree.put("in_power0_input", 6105)
    assert step(meter, clock)[0].power_w == 6.105
    can = meter.capabilities()
    assert can.power_resolution_w == pytest.approx(0.04)  # 8 mA at 5 V
    assert can.latency_bound_s == 0.75
    both = meter_of(tree, clock, rail="POM_5V_GPU+POM_5V_CPU")
    both.open()
    assert both.read()[0].power_w == pytest.approx(0.365)


def test_the_chip_s_offset_is_nothing_and_more_below_zero_is_no_reading(orin: Tree) -> None:
    clock = FakeClock()
    meter = meter_of(orin, clock, rail="VDD_SOC")
    meter.open()
    meter.read()
    orin.put("curr3_input", -16)  # two steps: ±80 µV of offset
    assert [r.power_w for r in step(meter, clock)] == [0.0]
    orin.put("curr3_input", -24)
    assert step(meter, clock) == []
    assert meter.rejected() == {"VDD_SOC: power is negative": 1}


def test_a_file_that_vanishes_is_counted_and_found_again(orin: Tree) -> None:
    clock = FakeClock()
    meter = meter_of(orin, clock)
    meter.open()
    meter.read()
    orin.remove("curr1_input")
    assert step(meter, clock) == []
    (reason,) = meter.rejected()
    assert reason.endswith("hwmon1/curr1_input: No such file or directory")
    (orin.root / "sys/class/hwmon/hwmon1/curr1_input").write_text("1000\n")
    assert step(meter, clock)[0].power_w == pytest.approx(5.072)
    orin.put("curr1_input", "n/a")
    assert step(meter, clock) == []
    assert len(meter.rejected()) == 2


def test_what_is_not_there_is_one_line_with_its_remedy(orin: Tree, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    nothing = Ina3221Meter(instrument("ina3221"), sysroot=str(tmp_path / "empty"))
    (check,) = nothing.check()
    assert check.state is CheckState.ERROR
    assert "empty/sys/class/hwmon: no INA3221 on this machine, nor in " in check.found
    assert check.advice == "it is on NVIDIA Jetson modules; elsewhere use a plug"
    assert "no rail 'VDD_GPU'; there are: VDD_CPU_GPU_CV, VDD_IN, VDD_SOC" in refusal(
        orin, rail="VDD_GPU"
    )
    orin.put("in1_enable", 0)
    assert "VDD_IN is switched off; write 1 to its in*_enable" in refusal(orin)
    orin.put("in1_label", "VDD_ODD")
    assert "none of the rails is known to be the whole board's" in refusal(orin)


def test_what_is_known_of_rails() -> None:
    assert whole_board(["VDD_SOC", "VDD_IN"]) == ("VDD_IN",)
    assert whole_board(["GPU", "CPU", "SOC", "CV", "VDDRQ"]) == ()  # one of six is missing
    assert is_whole_board(("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"))
    assert not is_whole_board(("VDD_GPU_SOC", "VDD_CPU_CV"))
    assert why_not_added(("VDD_GPU_SOC", "VDD_CPU_CV")) is None
    assert why_not_added(("ANY",)) is None
