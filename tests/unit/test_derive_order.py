from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchharness.model import MeasurementClass
from benchharness.report.derive_order_cautions import campaign_drift, order_cautions
from benchharness.report.derive_variants import VariantTrials
from tests.unit.report_samples import KINDS, SECOND_NS, sample_trial

MINUTE_NS = 60 * SECOND_NS


def variants(*seconds: Sequence[float]) -> list[VariantTrials]:
    """Trials of the variants in turn, one a minute, that last as long as is said; no joules."""
    trials = []
    for repetition, durations in enumerate(zip(*seconds, strict=True)):
        for place, duration_s in enumerate(durations):
            index = repetition * len(seconds) + place
            trial = sample_trial(index, place, repetition, KINDS[0], 0.0, MeasurementClass.MEASURED)
            trials.append(
                replace(
                    trial,
                    duration_s=duration_s,
                    window_start_ns=index * MINUTE_NS,
                    energy=None,
                )
            )
    return [VariantTrials({"index": i, "label": f"v{i}"}, trials) for i in range(len(seconds))]


RISING = [10.0 + 0.1 * i for i in range(10)]  # 0.1 s in two minutes: 1 % of the mean a block
STEADY = [10.0, 10.02, 9.99, 10.01, 10.0, 9.98, 10.02, 10.0, 9.99, 10.01]


def test_a_drift_of_all_variants_is_said_with_its_size() -> None:
    found = variants(RISING, [2 * x for x in RISING])
    slope = campaign_drift(found, "duration_s")
    assert slope is not None
    assert slope.total == pytest.approx(0.1 / 10.45 / 2 * 19, rel=0.01)
    (caution,) = order_cautions(found, {"repeat": 10})
    assert caution.code == "drift"
    assert caution.message.startswith("time: drift of 9.1 % over the campaign")
    assert caution.remedy


def test_what_is_steady_or_hardly_moves_is_not_said() -> None:
    assert order_cautions(variants(STEADY, STEADY), {"repeat": 10}) == []
    slight = [10.0 + 0.001 * i for i in range(10)]
    assert order_cautions(variants(slight), {"repeat": 10}) == []
    assert order_cautions(variants([10.0], [12.0]), {"repeat": 1}) == []


def test_repetitions_that_were_added_after_a_look_are_said() -> None:
    found = variants(STEADY, STEADY)
    (caution,) = order_cautions(found, {"repeat": 5})
    assert caution.code == "repetitions-added"
    assert caution.message.startswith("5 repetitions were planned, and 5 added later")
    # A rule that lets a campaign grow looks at widths only; and old campaigns do not say.
    assert order_cautions(found, {"repeat": 1, "stop": {"width": 0.05, "time_s": None}}) == []
    assert order_cautions(found, {}) == []
