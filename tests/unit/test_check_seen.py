"""What readings show of themselves, and what is said about it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.meters.check.findings import (
    accepted,
    agreement,
    agreement_check,
    gate_check,
    gated,
    rejected,
    step_checks,
    window_check,
)
from benchharness.meters.check.seen import counts, intervals, powers
from benchharness.model import Capabilities, CheckState, MeasurementClass, MeterEvent, Reading
from benchharness.stats.steps import common_step

SECOND_NS = 1_000_000_000
PLUG = Capabilities(
    MeasurementClass.MEASURED,
    True,
    True,
    period_s=1.0,
    power_resolution_w=0.1,
    energy_resolution_j=36.0,
    gain_bound=0.05,
    latency_bound_s=1.5,
)


def readings(powers_w: list[float], period_s: float = 1.0, counter: bool = True) -> list[Reading]:
    """Return readings of powers, with a counter in steps of 36 J if wanted."""
    total_j, found = 44_444_412.0, []  # a total as plugs have it: 12.34567 kWh
    for number, power_w in enumerate(powers_w):
        total_j += power_w * period_s
        shown_j = math.floor(total_j / 36.0) * 36.0 if counter else None
        found.append(Reading(round((100 + number * period_s) * SECOND_NS), power_w, shown_j))
    return found


def test_common_step_of_known_values() -> None:
    step = common_step([5.1, 5.4, 6.0, 5.7, 8.1, 9.9, 5.1])
    assert step is not None
    assert step.size == pytest.approx(0.3)
    assert step.is_certain
    few = common_step([3.0, 7.0])
    assert few is not None
    assert (few.size, few.is_certain) == (4.0, False)


@pytest.mark.parametrize("values", [[], [4.2], [4.2, 4.2], [1.0, math.pi, math.e, math.sqrt(2)]])
def test_no_step_where_nothing_is_rounded_or_nothing_changes(values: list[float]) -> None:
    assert common_step(values) is None


@given(st.lists(st.integers(-(10**6), 10**6), min_size=8, unique=True), st.sampled_from([1, 7, 36]))
def test_the_step_divides_every_difference(numbers: list[int], size: int) -> None:
    step = common_step([0.01 * size * number for number in numbers])
    assert step is not None
    for number in numbers:
        share = 0.01 * size * (number - numbers[0]) / step.size
        assert share == pytest.approx(round(share), abs=1e-4)
    assert step.size >= 0.01 * size - 1e-9


def test_intervals_are_median_percentile_and_longest() -> None:
    times_s = [0.0, 1.0, 2.0, 3.5, 4.5, 5.5, 6.5, 9.5, 10.5, 11.5, 12.5]
    found = intervals([Reading(round(t * SECOND_NS), 5.0) for t in times_s])
    assert found is not None
    assert (found.median_s, found.longest_s) == (1.0, 3.0)
    assert found.p95_s == 3.0  # of ten intervals, the 95th percentile is the tenth
    assert intervals([Reading(0, 5.0), Reading(1, 5.0)]) is None


def test_powers_and_counter_of_a_plug() -> None:
    seen = powers(readings([5.0, 5.2, 0.0, 5.2, 5.4]))
    assert seen is not None
    assert (seen.n, seen.zeros) == (5, 1)
    assert seen.mean_w == pytest.approx(4.16)
    count = counts(readings([7.0] * 60))
    assert count is not None
    assert count.step is not None
    assert count.step.size == 36.0
    assert count.resets == 0
    assert powers([Reading(0, None, 5.0)]) is None
    assert counts([Reading(0, 5.0, None)]) is None


def test_a_counter_that_went_back_is_told() -> None:
    moved = [*readings([7.0] * 20), Reading(200 * SECOND_NS, 7.0, 36.0)]
    found = [
        check for check in step_checks("plug", moved, PLUG) if check.subject == "plug: counter"
    ]
    assert found[0].state is CheckState.ADVICE
    assert "went back 1 times" in found[0].found


def test_a_step_that_is_not_the_declared_one_is_advice() -> None:
    whole = readings([5.0, 7.0, 4.0, 6.0, 9.0, 3.0, 12.0, 8.0])
    found = {check.subject: check for check in step_checks("plug", whole, PLUG)}
    check = found["plug: power step"]
    assert check.state is CheckState.ADVICE
    assert check.found == "1.00 W seen, 100 mW declared"
    assert check.advice == "write power_resolution_w = 1"
    assert found["plug: counter step"].state is CheckState.OK


def test_too_few_changes_are_no_evidence_of_a_coarse_step() -> None:
    check = step_checks("plug", readings([5.0, 8.0, 5.0, 8.0], counter=False), PLUG)[0]
    assert check.state is CheckState.OK
    assert "too few changes" in check.found


def test_counter_and_integral_agree_for_a_plug_that_is_right() -> None:
    passed = gated(readings([5.0] * 120), PLUG)
    assert passed is not None
    both = agreement(passed, PLUG)
    assert both is not None
    assert both.integral_j == pytest.approx(5.0 * 119)
    assert both.counter_j == pytest.approx(5.0 * 119, abs=36.0)
    assert both.agree
    assert agreement_check("plug", both).state is CheckState.OK


def test_counter_and_integral_disagree_for_a_counter_of_another_channel() -> None:
    wrong = [Reading(r.t_ns, 2.0 * (r.power_w or 0.0), r.energy_j) for r in readings([5.0] * 300)]
    passed = gated(wrong, PLUG)
    assert passed is not None
    both = agreement(passed, PLUG)
    assert both is not None
    check = agreement_check("plug", both)
    assert check.state is CheckState.ADVICE
    assert check.found.startswith("they disagree: ")


def test_a_counter_is_not_judged_within_a_few_of_its_steps() -> None:
    passed = gated([Reading(r.t_ns, 7.0, 0.0) for r in readings([7.0] * 6)], PLUG)
    assert passed is not None
    both = agreement(passed, PLUG)
    assert both is not None
    assert both.counter_j == 0.0
    assert both.integral_j == pytest.approx(35.0)  # and the next step of 36 J is about to come
    check = agreement_check("plug", both)
    assert check.state is CheckState.OK
    assert check.found.startswith("too little to tell in steps of 36.0 J: ")


def test_a_spike_does_not_pass_the_gate_of_the_check() -> None:
    strange = readings([5.0] * 30 + [8000.0] + [5.0] * 30)
    passed = gated(strange, PLUG)
    assert passed is not None
    check = gate_check("plug", passed)
    assert check.state is CheckState.ADVICE
    assert "rejected" in check.found
    left = accepted(passed)
    assert [reading.power_w for reading in left] == [5.0] * 30 + [None] + [5.0] * 30
    assert [reading.t_ns for reading in left] == [reading.t_ns for reading in strange]
    assert gated([], PLUG) is None


def test_a_gate_that_lets_nothing_pass_is_an_error() -> None:
    passed = gated(readings([5.0] * 20), replace(PLUG, max_power_w=2.0))
    assert passed is not None
    check = gate_check("plug", passed)
    assert check.state is CheckState.ERROR
    assert "max_power_w" in (check.advice or "")


def test_the_window_in_a_sentence() -> None:
    ten_s = readings([5.0] * 30, period_s=10.0, counter=False)
    can = Capabilities(MeasurementClass.MEASURED, True, False, gain_bound=0.05)
    check = window_check("plug", can, ten_s)
    assert check is not None
    # (2 · 5 % / 5 %)² · 10 s, as for any mean of n independent readings.
    assert check.found == (
        "with its 10 s telemetry a window of 40.0 s gives 5 % at 5 W, as now, "
        "its gain of ±5 % apart"
    )
    coarse = Capabilities(MeasurementClass.MEASURED, True, False, power_resolution_w=1.0)
    check = window_check("plug", coarse, ten_s, power_w=2.0)
    assert check is not None
    assert check.state is CheckState.ADVICE
    assert check.found == "no window gives 5 % at 2 W"
    assert window_check("plug", can, [Reading(0, None, 1.0)]) is None


def test_rejections_are_added_up_by_reason() -> None:
    events = [
        MeterEvent(1, "rejected", "3 x retained"),
        MeterEvent(2, "rejected", "2 x not a number"),
        MeterEvent(3, "offline", "4 x nothing"),
        MeterEvent(4, "rejected", "4 x retained"),
    ]
    assert rejected(events) == {"retained": 7, "not a number": 2}
