from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchharness.model import MeasurementClass, TrialSummary
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
    (caution,) = order_cautions(found, {"repeat": 10, "seed": 1})
    assert caution.code == "drift"
    assert caution.message.startswith("time: drift of 9.1 % over the campaign")
    assert caution.remedy is not None
    assert caution.remedy.startswith("the order is random")
    python = {"repeat": 10, "seed": 1, "source": {"kind": "python"}}
    (caution,) = order_cautions(found, python)
    assert caution.remedy is not None
    assert caution.remedy.startswith("the order is not random")


@pytest.mark.parametrize("uptime_s", [100, 90_000])
def test_a_campaign_goes_on_after_the_machine_was_restarted(uptime_s: int) -> None:
    """Five blocks before the restart, five after it: the clock has begun anew."""
    found = variants(RISING, [2 * x for x in RISING])
    moved_ns = uptime_s * SECOND_NS
    for variant in found:
        variant.trials[:] = [_moved(t, moved_ns) for t in variant.trials]
    again = campaign_drift(found, "duration_s")
    once = campaign_drift(variants(RISING, [2 * x for x in RISING]), "duration_s")
    assert again is not None
    assert once is not None
    # The pause of a minute between the two boots is not known; what drifts is the same.
    assert again.total == pytest.approx(once.total, rel=0.1)
    assert again.low > 0.0


def _moved(trial: TrialSummary, first_ns: int) -> TrialSummary:
    """Let the first ten runs begin 10 days after a start, the others ``first_ns`` after one."""
    assert trial.window_start_ns is not None
    by_ns = 864_000 * SECOND_NS if trial.index < 10 else first_ns - 10 * MINUTE_NS
    start_ns = trial.window_start_ns + by_ns
    assert trial.duration_s is not None
    end_ns = start_ns + round(trial.duration_s * SECOND_NS)
    return replace(trial, window_start_ns=start_ns, window_end_ns=end_ns)


def test_without_times_no_drift_is_looked_for() -> None:
    found = variants(RISING)
    for variant in found:
        variant.trials[:] = [replace(t, window_start_ns=None) for t in variant.trials]
    assert campaign_drift(found, "duration_s") is None


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


def test_what_a_rule_has_stopped_was_looked_at() -> None:
    found = variants(STEADY, STEADY)
    rule = {"repeat": None, "stop": {"width": 0.05, "time_s": None}}
    (caution,) = order_cautions(found, rule, {"stopped": "narrow", "stopped_blocks": 7})
    assert caution.message.startswith("7 repetitions were made by the stop rule, and 3 added later")
    assert "in 7 to 10 % and not in 5 %" in caution.message
    assert order_cautions(found, rule, {"stopped": "narrow", "stopped_blocks": 10}) == []
