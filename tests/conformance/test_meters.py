"""Every driver of benchharness through waveforms and faults; two waveforms for each fault.

``scripts/bench`` and ``python -m benchharness.conformance`` run all of them, with more seeds.
"""

from __future__ import annotations

import functools

import pytest

from benchharness.conformance.case import Case, Result, run_case
from benchharness.conformance.catalogue import rigs
from benchharness.conformance.faults import FAULTS
from benchharness.conformance.intervals import interval_complaint
from benchharness.conformance.suite import spread_cases

RIGS = {rig.name: rig for rig in rigs()}
SEED = 1
EACH = 2


@functools.cache
def results(name: str) -> tuple[Result, ...]:
    rig = RIGS[name]
    return tuple(run_case(rig, case) for case in spread_cases(rig.faults, seed=SEED, each=EACH))


def complaints(found: list[Result]) -> list[str]:
    return [
        f"{result.meter}, {result.case.id}: {finding.line()}"
        for result in found
        for finding in result.findings
    ]


@pytest.mark.parametrize("fault", ["none", "text", "offline 30 %", "counter reset"])
@pytest.mark.parametrize("waveform", ["step", "bursts"])
def test_a_polled_tasmota_plug(waveform: str, fault: str) -> None:
    rig = RIGS["tasmota, asked each 1 s"]
    assert complaints([run_case(rig, Case(waveform, fault, SEED))]) == []


@pytest.mark.parametrize("name", ["ina3221, hwmon", "json, 1 s", "tasmota, TelePeriod 30"])
def test_other_meters_without_a_fault(name: str) -> None:
    assert complaints([run_case(RIGS[name], Case("sine", "none", SEED))]) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGS)
def test_no_defect(name: str) -> None:
    assert complaints(list(results(name))) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGS)
def test_the_intervals_of_a_meter_hold_the_truth(name: str) -> None:
    assert interval_complaint(results(name)) is None


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_the_intervals_hold_under_each_fault(fault: str) -> None:
    found = [result for name in RIGS for result in results(name) if result.case.fault == fault]
    assert interval_complaint(found) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, rig in RIGS.items() if len(rig.faults) > 1])
def test_too_little_seen_is_no_figure(name: str) -> None:
    for fault in ("offline 30 %", "broker away"):
        found = [result for result in results(name) if result.case.fault == fault]
        assert found and all(result.figure is None and result.reason for result in found)
