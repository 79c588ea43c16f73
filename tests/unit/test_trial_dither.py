"""How much later a trial begins, so that it keeps no step with the meters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from benchharness.meters.base import Meter
from benchharness.model import Capabilities, MeasurementClass, Status
from benchharness.store.records import CampaignRecord, TrialRecord
from benchharness.trial.campaign import CampaignRun

CAMPAIGN = CampaignRecord("0" * 8, "", 0, 0, "", "", "", {"seed": 7}, {})
TRIAL = TrialRecord(1, CAMPAIGN.id, 0, 0, 0, "x", {}, Status.PLANNED, None, None)


@dataclass
class Known:
    """A meter of which no more is asked than what it can do."""

    found: Capabilities

    def capabilities(self) -> Capabilities:
        return self.found


def meter(period_s: float | None, kind: MeasurementClass = MeasurementClass.MEASURED) -> Meter:
    return cast(Meter, Known(Capabilities(kind, True, False, period_s=period_s)))


def delays_s(*meters: Meter) -> list[float]:
    nothing: Any = None
    run = CampaignRun(nothing, CAMPAIGN, {}, nothing, meters, nothing, nothing, nothing)
    return [run._dither_s(replace(TRIAL, index=index)) for index in range(50)]


@pytest.mark.parametrize(
    ("meters", "longest_s"),
    [
        ([], 0.0),
        ([meter(None)], 0.0),
        ([meter(0.5)], 0.5),
        ([meter(0.5), meter(1.5)], 1.5),
        ([meter(60.0)], 2.0),
        ([meter(1.0, MeasurementClass.ESTIMATED)], 0.0),
        ([meter(1.0, MeasurementClass.ESTIMATED), meter(0.5)], 0.5),
        ([meter(1.0, MeasurementClass.EMULATED)], 1.0),
    ],
)
def test_it_is_spread_over_the_longest_period_of_what_has_telemetry(
    meters: list[Meter], longest_s: float
) -> None:
    found = delays_s(*meters)
    assert found == delays_s(*meters)  # by the seed
    assert all(0.0 <= delay_s <= longest_s for delay_s in found)
    assert max(found) >= 0.9 * longest_s
    assert min(found) <= 0.1 * longest_s
