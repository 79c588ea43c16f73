"""The tests that a driver is put through: subclass, name the rig, and pytest does the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import pytest

from benchharness.conformance.case import Case, Result, run_case
from benchharness.conformance.intervals import interval_complaint
from benchharness.conformance.rig import Rig
from benchharness.conformance.waveforms import WAVEFORMS

REPEATS = 2  # seeds for each waveform and fault
_MOST_LINES = 12


def cases_of(
    faults: Sequence[str], waveforms: Sequence[str] = WAVEFORMS, *, seed: int, repeats: int
) -> Iterator[Case]:
    """Return every case of these faults; equal arguments give equal cases."""
    for fault in faults:
        for waveform in waveforms:
            for number in range(repeats):
                yield Case(waveform, fault, seed + number)


def spread_cases(
    faults: Sequence[str], waveforms: Sequence[str] = WAVEFORMS, *, seed: int, each: int
) -> Iterator[Case]:
    """Return ``each`` waveforms for each fault, in turn, so that all come up about as often."""
    for place, fault in enumerate(faults):
        for number in range(each):
            waveform = waveforms[(place + number * len(waveforms) // each) % len(waveforms)]
            yield Case(waveform, fault, seed + number)


class Runs:
    """Results by rig and case, so that no case runs twice."""

    def __init__(self, seed: int = 0, repeats: int | None = None) -> None:
        self.seed = seed
        self.repeats = repeats
        self._results: dict[str, dict[Case, Result]] = {}

    def results(
        self, rig: Rig, faults: Sequence[str], waveforms: Sequence[str], repeats: int
    ) -> list[Result]:
        """Return the results of all these cases; ``repeats`` unless the user said otherwise."""
        known = self._results.setdefault(rig.name, {})
        wanted = list(cases_of(faults, waveforms, seed=self.seed, repeats=self.repeats or repeats))
        for case in wanted:
            if case not in known:
                known[case] = run_case(rig, case)
        return [known[case] for case in wanted]

    def all(self) -> list[Result]:
        """Return everything that has been run."""
        return [result for results in self._results.values() for result in results.values()]


class MeterConformance:
    """Put a driver through waveforms and faults::

        class TestMyPlug(MeterConformance):
            rig = MqttRig("my-plug", MyMeter, options, device)

    One test for each fault looks for defects, and one at the end asks whether the stated
    intervals hold. Leave faults out (``faults``) only where the instrument cannot have them.
    """

    rig: ClassVar[Rig]
    waveforms: ClassVar[tuple[str, ...]] = WAVEFORMS
    faults: ClassVar[tuple[str, ...] | None] = None  # the rig's own
    repeats: ClassVar[int] = REPEATS

    @classmethod
    def fault_names(cls) -> tuple[str, ...]:
        """Return the faults to try."""
        return cls.rig.faults if cls.faults is None else cls.faults

    def test_fault(self, conformance_fault: str, conformance_runs: Runs) -> None:
        """No defect, whatever the load is."""
        results = conformance_runs.results(
            self.rig, [conformance_fault], self.waveforms, self.repeats
        )
        lines = [
            f"{result.case.id}: {finding.line()}"
            for result in results
            for finding in result.findings
        ]
        more = len(lines) - _MOST_LINES
        if more > 0:
            lines = [*lines[:_MOST_LINES], f"... and {more} more"]
        if lines:
            pytest.fail("\n".join([f"{self.rig.name} has defects:", *lines]), pytrace=False)

    def test_intervals(self, conformance_runs: Runs) -> None:
        """The stated intervals hold the true energy, under each fault and over all."""
        by_fault = [
            conformance_runs.results(self.rig, [fault], self.waveforms, self.repeats)
            for fault in self.fault_names()
        ]
        together = [result for results in by_fault for result in results]
        groups = [(results[0].case.fault, results) for results in by_fault]
        found = [
            f"{name}: {complaint}"
            for name, results in [*groups, ("all", together)]
            if (complaint := interval_complaint(results)) is not None
        ]
        if found:
            pytest.fail("\n".join([f"{self.rig.name}:", *found]), pytrace=False)
