"""What stands behind the means: held against SciPy and against arithmetic done here."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import replace

import pytest
from scipy import stats

from benchharness.model import CampaignSummary
from benchharness.report.document import to_document
from benchharness.report.html import render_html
from benchharness.report.statistics_rows import statistics_of
from benchharness.report.statistics_table import statistics_table, statistics_tables
from tests.unit.report_samples import TERMS_J, Kind, assembled, sample_campaign

NET = "energy_net_j"


def timed(*seconds: list[float]) -> CampaignSummary:
    """Return a campaign of variants in turn, without joules."""
    kinds = [Kind(f"v{i}", values[0], 6.0, 600.0, 0.0, None) for i, values in enumerate(seconds)]
    trials = [
        replace(t, duration_s=seconds[t.variant][t.repetition], energy=None)
        for t in sample_campaign(repeat=len(seconds[0]), kinds=kinds).trials
    ]
    return assembled(trials, kinds)


def test_the_spread_between_trials_and_the_meter_stand_apart() -> None:
    summary = sample_campaign()
    variant = summary.variants[1]
    found = statistics_of(summary, variant, NET)
    assert found is not None
    values = [t.energy.net_j.value for t in summary.trials_of(1) if t.energy and t.energy.net_j]
    spread = statistics.stdev(values) / math.sqrt(5)
    # By chance, from trial to trial: rounding is of both readings, the edges and the drift.
    combined_u = found.mean.combined_u
    assert found.mean.spread_u == pytest.approx(spread)
    assert combined_u == pytest.approx(math.hypot(spread, found.mean.shared_u))
    shared = found.mean.shared_u**2
    by_chance = (sum(u * u for u in TERMS_J.values()) - shared) / 5
    assert found.mean.random_u**2 == pytest.approx(by_chance)
    assert found.instrument_u == pytest.approx(math.sqrt(shared + by_chance))
    assert found.mean.between_u == pytest.approx(math.sqrt(max(0.0, spread**2 - by_chance)))


def test_g_is_the_difference_in_pooled_standard_deviations() -> None:
    a, b = [10.0, 10.2, 9.9, 10.1, 9.8], [11.0, 11.3, 10.9, 11.2, 10.8]
    summary = timed(a, b)
    found = statistics_of(summary, summary.variants[1], "duration_s")
    assert found is not None
    assert found.g is not None
    pooled = math.sqrt((statistics.variance(a) + statistics.variance(b)) / 2)
    d = (statistics.fmean(b) - statistics.fmean(a)) / pooled
    assert found.g.g == pytest.approx(d * (1 - 3 / (4 * 8 - 1)), rel=1e-3)
    t = d / math.sqrt(2 / 5)
    low = found.g.low / math.sqrt(2 / 5)
    assert stats.nct.cdf(t, 8, low) == pytest.approx(0.975, abs=1e-6)
    assert found.instrument_u is None  # nothing is known to add to a time
    reference = statistics_of(summary, summary.variants[0], "duration_s")
    assert reference is not None
    assert reference.g is None


def test_a_wide_spread_has_a_ratio_by_logarithms() -> None:
    a, b = [1.0, 2.5, 1.4, 4.0, 0.8], [3.0, 9.0, 4.5, 12.0, 2.0]
    summary = timed(a, b)
    found = statistics_of(summary, summary.variants[1], "duration_s")
    assert found is not None
    assert found.log_ratio is not None
    expected = statistics.geometric_mean(b) / statistics.geometric_mean(a)
    assert found.log_ratio.ratio == pytest.approx(expected)
    table = statistics_table(summary)
    assert table is not None
    assert "log" in {column.key for column in table.columns}
    narrow = statistics_table(sample_campaign())
    assert narrow is not None
    assert "log" not in {column.key for column in narrow.columns}


def test_an_outlier_and_a_drift_are_named() -> None:
    far = [10.0, 10.1, 9.9, 10.05, 9.95, 10.02, 13.0, 9.98]
    summary = timed(far, [x + 20.0 for x in range(8)])
    found = statistics_of(summary, summary.variants[0], "duration_s")
    assert found is not None
    (place,) = found.outliers
    assert summary.trials[place].duration_s == 13.0
    rising = statistics_of(summary, summary.variants[1], "duration_s")
    assert rising is not None
    assert rising.drift is not None
    assert rising.drift.low > 0.0


def test_page_and_document_have_them() -> None:
    summary = sample_campaign()
    page = render_html(summary)
    assert "<summary>The statistics behind the means</summary>" in page
    assert "between trials" in page
    metric = to_document(summary)["variants"][1]["metrics"][NET]
    found = statistics_of(summary, summary.variants[1], NET)
    assert found is not None
    assert found.g is not None
    assert metric["statistics"]["between_u"] == found.mean.between_u
    assert metric["statistics"]["g"] == found.g.g
    json.dumps(metric, allow_nan=False)
    ((heading, table),) = statistics_tables(summary)
    assert heading == ""
    assert len(table.rows) == 4


def test_a_single_run_has_neither_spread_nor_effect() -> None:
    summary = sample_campaign(repeat=1)
    found = statistics_of(summary, summary.variants[0], "duration_s")
    assert found is not None
    assert (found.mean.between_u, found.g, found.neighbours, found.drift) == (None,) * 4
    metric = to_document(summary)["variants"][0]["metrics"]["duration_s"]
    assert metric["statistics"]["combined_u"] is None
