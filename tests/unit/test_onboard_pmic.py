"""The Raspberry Pi 5's power chip: what the firmware's program says, and what it costs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.clock import FakeClock
from benchharness.errors import MeterError, UsageError
from benchharness.meters.onboard.held_file import Unreadable
from benchharness.meters.onboard.pmic import PmicMeter
from benchharness.meters.onboard.pmic_text import rail_powers
from benchharness.meters.onboard.program import ask
from tests.unit.onboard_tree import DATA, Tree, instrument, step

ANSWER = (DATA / "sys-pi5/usr/bin/pmic_read_adc").read_text()
# Summed by hand from the file: A x V of its twelve rails.
SUM_W = 2.07730506


def meter_of(tree: Tree, **options: object) -> tuple[PmicMeter, FakeClock]:
    clock = FakeClock()
    return PmicMeter(instrument("pmic", options), clock, sysroot=str(tree.root)), clock


@pytest.fixture
def pi(tmp_path: Path) -> Tree:
    return Tree("sys-pi5", tmp_path)


def test_the_power_is_the_sum_over_rails_and_a_part_of_the_board(pi: Tree) -> None:
    meter, clock = meter_of(pi)
    meter.open()
    (reading,) = meter.read()
    assert reading.power_w == pytest.approx(SUM_W, rel=1e-6)
    assert (meter.instrument.target, meter.instrument.part_of) == ("board-rails", "board")
    pi.put("pmic_read_adc", ANSWER.replace("current(7)=0.89300000A", "current(7)=1.89300000A"))
    assert step(meter, clock)[0].power_w == pytest.approx(SUM_W + 0.75, rel=1e-6)
    found = {check.subject: check.found for check in meter.check()}
    assert "12 behind the power chip; not its losses, nor USB" in found["pmic: rails"]
    assert "ms of a core each 1 s" in found["pmic: cost"]


def test_it_is_asked_once_a_second_at_most(pi: Tree) -> None:
    with pytest.raises(UsageError, match="poll_s: expected a number from 1 to 3600"):
        meter_of(pi, poll_s=0.1)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("VDD_CORE_V volt(15)=0.75000000V\n", "", "an answer without all rails"),
        ("current(7)=0.89300000A", "current(7)=nanA", "not an answer of pmic_read_adc"),
        ("current(7)=0.89300000A", "current(7)=-0.1A", "not an answer of pmic_read_adc"),
        ("current(7)=0.89300000A", "current(7)=893.0A", "a rail beyond 50 A or 30 V"),
        ("HDMI_A", "0V8_AON_A", "a rail is named twice"),
    ],
)
def test_an_answer_with_a_fault_is_no_reading(pi: Tree, old: str, new: str, reason: str) -> None:
    meter, clock = meter_of(pi)
    meter.open()
    meter.read()
    assert old in ANSWER
    pi.put("pmic_read_adc", ANSWER.replace(old, new))
    assert step(meter, clock) == []
    assert meter.rejected() == {reason: 1}


def test_fewer_rails_than_before_are_not_less_power(pi: Tree) -> None:
    meter, clock = meter_of(pi)
    meter.open()
    meter.read()
    lines = [line for line in ANSWER.splitlines() if "HDMI" not in line]
    pi.put("pmic_read_adc", "\n".join(lines))
    assert step(meter, clock) == []
    assert meter.rejected() == {"other rails than before": 1}


def test_a_pi_4_says_that_its_firmware_does_not_know_it(pi: Tree) -> None:
    pi.put("vcgencmd", "#!/bin/sh\necho 'error=1 error_msg=\"Command not registered\"'; exit 255")
    meter, _ = meter_of(pi)
    with pytest.raises(MeterError) as caught:
        meter.open()
    line = caught.value.line()
    assert 'vcgencmd: error=1 error_msg="Command not registered"' in line
    assert line.endswith("only a Raspberry Pi 5 does; the user must be in the group video")


def test_a_machine_without_the_program(tmp_path: Path) -> None:
    (check,) = PmicMeter(instrument("pmic"), sysroot=str(tmp_path)).check()
    assert f"{tmp_path}/usr/bin, " in check.found
    assert "no vcgencmd on this machine (no Raspberry Pi)" in check.found


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(Unreadable, match=r"no answer within 0\.1 s"):
        ask([str(program)], 0.1)
    with pytest.raises(Unreadable, match="No such file"):
        ask([str(tmp_path / "no")], 0.1)


def test_a_program_s_cost_is_its_own_cpu_time(tmp_path: Path) -> None:
    program = tmp_path / "busy"
    program.write_text("#!/bin/sh\ni=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i\n")
    program.chmod(0o755)
    answer = ask([str(program)], 30.0)
    assert answer.text == "20000\n"
    assert 0.001 < answer.cpu_s < 20.0


@given(st.text(max_size=300))
def test_no_text_is_a_power_by_accident(text: str) -> None:
    assert isinstance(rail_powers(text), str)


@given(st.data())
def test_an_answer_that_is_changed_anywhere_gives_finite_powers_or_none(
    data: st.DataObject,
) -> None:
    place = data.draw(st.integers(0, len(ANSWER)))
    text = ANSWER[:place] + data.draw(st.text(max_size=5)) + ANSWER[place + 1 :]
    powers_w = rail_powers(text)
    if not isinstance(powers_w, str):
        assert all(math.isfinite(power_w) and power_w >= 0 for power_w in powers_w.values())
