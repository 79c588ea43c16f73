"""The suite finds each defect, and by its name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchharness.conformance.case import Case, run_case
from benchharness.conformance.defects import Defect
from benchharness.conformance.intervals import interval_complaint
from benchharness.conformance.suite import cases_of
from tests.conformance import wrong_drivers as wrong
from tests.conformance.acme.driver import AcmeMeter
from tests.conformance.acme.test_acme import TestAcme as Acme

SOUND = Acme.rig


def defects(driver: type[AcmeMeter], fault: str, waveform: str = "step") -> set[Defect]:
    result = run_case(replace(SOUND, meter=driver), Case(waveform, fault, 1))
    for finding in result.findings:
        assert finding.line().startswith(f"{finding.defect.name}: ")
    return {finding.defect for finding in result.findings}


@pytest.mark.parametrize(
    ("driver", "fault", "expected"),
    [
        (wrong.StampsWhenRead, "none", Defect.STAMP),
        (wrong.StampsAhead, "none", Defect.STAMP),
        (wrong.NewestFirst, "none", Defect.ORDER),
        (wrong.DoublesEnergy, "none", Defect.COUNTER),
        (wrong.DoublesPower, "none", Defect.INVENTED),
        (wrong.SilenceIsZero, "offline 30 %", Defect.SILENCE),
        (wrong.Interpolates, "none", Defect.STAMP),
        (wrong.Interpolates, "none", Defect.INVENTED),
        (wrong.RepeatsItself, "offline 30 %", Defect.STAMP),
        (wrong.TrustsNumbers, "text", Defect.CRASH),
        (wrong.SaysNothing, "text", Defect.UNNOTICED),
        (wrong.SaysNothing, "offline 30 %", Defect.UNNOTICED),
        (wrong.SaysNothing, "broker away", Defect.UNNOTICED),
        (wrong.BelievesRetained, "retained", Defect.STAMP),
        (wrong.CannotOpen, "none", Defect.CRASH),
    ],
)
def test_a_defect_is_found(driver: type[AcmeMeter], fault: str, expected: Defect) -> None:
    found = defects(driver, fault)
    assert expected in found, found


def test_an_overstated_accuracy_is_found() -> None:
    rig = replace(SOUND, meter=wrong.TooSure)
    results = [run_case(rig, case) for case in cases_of(["none"], seed=0, repeats=3)]
    complaint = interval_complaint(results)
    assert complaint is not None and "intervals of the gross energy hold the truth" in complaint


@pytest.mark.parametrize("fault", ["none", "offline 30 %", "text", "broker away", "retained"])
def test_the_sound_driver_has_none_of_them(fault: str) -> None:
    assert defects(AcmeMeter, fault) == set()
