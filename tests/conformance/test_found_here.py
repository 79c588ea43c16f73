"""Defects that the suite has found, each with the case that found it."""

from __future__ import annotations

import pytest

from benchharness.conformance.case import Case, run_case
from benchharness.conformance.catalogue import rigs
from benchharness.meters.plugs.order import LATE, DeviceClock

RIGS = {rig.name: rig for rig in rigs()}


def test_two_messages_late_by_one_interval_each_are_no_clock_that_was_set() -> None:
    clock = DeviceClock(1.5)
    second = 1_000_000_000
    told = [(300, 300), (600, 600), (1200, 900), (1500, 1200), (1500, 1500), (1800, 1800)]
    judged = [clock.judge(t * second, device, 1.0, grown=True) for t, device in told]
    assert judged == [None, None, LATE, LATE, None, None]


def test_a_clock_that_was_set_back_is_believed_with_the_third_message() -> None:
    clock = DeviceClock(1.5)
    second = 1_000_000_000
    told = [(300, 5000), (600, 5300), (900, 2000), (1200, 2300), (1500, 2600), (1800, 2900)]
    judged = [clock.judge(t * second, device, 1.0, grown=False) is None for t, device in told]
    assert judged == [True, True, False, False, True, True]
    assert clock.jump_s is None


@pytest.mark.parametrize(
    ("meter", "case"),
    [
        ("tasmota, TelePeriod 300", Case("ramp", "reordered", 1)),
    ],
)
def test_the_case_that_found_it(meter: str, case: Case) -> None:
    assert [finding.line() for finding in run_case(RIGS[meter], case).findings] == []
