"""The checks of the meter, and the two error budgets beside each other."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import pytest

from benchharness.model import CampaignSummary, Caution, MeasurementClass, Status
from benchharness.report.budget_shares import SPREAD, budget_shares
from benchharness.report.check_records import CheckRow, Result, counts
from benchharness.report.checks import check_rows
from benchharness.report.timeline import SeriesReader
from benchharness.report.variant_notes import variant_notes
from tests.unit.report_samples import (
    KINDS,
    SampleStore,
    assembled,
    sample_campaign,
    troubled,
)


def checks(summary: CampaignSummary, reader: SeriesReader | None = None) -> dict[str, CheckRow]:
    return {row.name: row for row in check_rows(summary, reader)}


def with_cautions(code: str, runs: int) -> CampaignSummary:
    trials = [
        replace(t, cautions=(Caution(code, "x", None),)) if t.index < runs else t
        for t in sample_campaign().trials
    ]
    return assembled(trials)


def test_what_is_found_stands_beside_its_limit() -> None:
    summary = sample_campaign(
        overhead={"cpu_share_of_a_core": 0.0042, "ticks": 995, "missed_ticks": 5}
    )
    found = checks(summary, SampleStore(summary, hz=5.0))
    texts = {name: (row.found, row.limit, row.result.value) for name, row in found.items()}
    assert texts["Window vouched for by readings, least"] == ("99.5 %", "≥ 99 %", "pass")
    assert texts["Longest gap between readings"] == ("200 ms", "≤ 3.2 s", "pass")
    assert texts["Readings in the shortest window"] == ("16", "≥ 2, by counter", "pass")
    assert texts["Meter's clock"] == ("no jump", "no jump", "pass")
    assert texts["Readings repaired or rejected"] == ("3 of 820", "0", "caution")
    assert texts["Idle power before, after"] == ("2.68 W, 2.72 W", "±5 % in a run", "pass")
    assert texts["Step of the power, of the least power"][1:] == ("≤ 5 %", "pass")
    assert texts["Counter against the sum of powers"][0].endswith("0 of 20 runs apart")
    assert texts["CPU of the harness"] == ("0.42 % of a core", "≤ 5 %", "pass")
    assert texts["Samples missed by the harness"] == ("5 of 1000", "≤ 0.5 %", "pass")
    assert "Drift of net energy" in texts
    assert "Throttling" not in texts  # this board does not tell


def test_what_is_not_known_has_no_row() -> None:
    trials = [replace(t, energy=None) for t in sample_campaign().trials]
    found = checks(assembled(trials, overhead={}))
    assert set(found) == {"Drift of time"}
    assert checks(assembled([], overhead={})) == {}


def test_a_caution_in_some_runs_is_one_and_in_most_a_failure() -> None:
    for runs, result in ((0, Result.PASSED), (3, Result.CAUTION), (15, Result.FAILED)):
        found = checks(with_cautions("counter-disagrees", runs))
        assert found["Counter against the sum of powers"].result is result
    assert checks(with_cautions("throttled", 2))["Throttling"].found == "throttled in 2 of 20 runs"
    moved = checks(with_cautions("idle-drift", 1))["Idle power before, after"]
    assert moved.result is Result.CAUTION
    assert moved.found.endswith("moved in 1 of 20 runs")
    clock = checks(with_cautions("meter-clock", 12))["Meter's clock"]
    assert (clock.found, clock.result) == ("jumped in 12 of 20 runs", Result.FAILED)


def test_gaps_are_seen_in_the_readings_themselves() -> None:
    summary = sample_campaign(repeat=2)
    found = checks(summary, SampleStore(summary, hz=0.2))["Longest gap between readings"]
    assert found.found == "5.0 s"
    assert found.result is Result.FAILED


def test_few_readings_are_a_caution_where_powers_are_summed() -> None:
    trials = [
        replace(t, energy=replace(t.energy, method="interior hold", estimates=tuple(
            replace(e, readings=4) for e in t.energy.estimates
        )))
        if t.energy and t.index == 0
        else t
        for t in sample_campaign().trials
    ]  # fmt: skip
    row = checks(assembled(trials))["Readings in the shortest window"]
    assert (row.found, row.limit, row.result) == ("4", "≥ 10", Result.CAUTION)


def test_checks_are_counted_in_words() -> None:
    rows = check_rows(troubled(sample_campaign()))
    text = counts(rows)
    assert text.startswith(f"{sum(r.result is Result.PASSED for r in rows)} checks passed, ")
    assert counts([rows[0]] * 1).endswith(("passed", "caution", "failed"))
    assert {r.glyph for r in Result} == {"✓", "!", "✗"}


def test_the_gain_cancels_in_the_difference_and_the_rest_adds_up() -> None:
    summary = sample_campaign(baseline={"runtime": "native"})
    found = budget_shares(summary)
    assert found is not None
    assert (found.variant, found.other) == ("numpy", "native")
    rows = {row.name: row for row in found.rows}
    numpy, native = summary.variants[3], summary.variants[2]
    means = [v.metrics["energy_net_j"].mean or 0.0 for v in (numpy, native)]
    assert rows["gain"].of_value == pytest.approx(0.55 / means[0])
    assert rows["gain"].of_difference is None
    assert rows["gain"].difference_text == "cancels"
    assert rows["quantisation"].of_difference == pytest.approx(
        math.hypot(0.3 / means[0], 0.3 / means[1])
    )
    nets = [
        t.energy.net_j.value
        for t in summary.trials
        if t.variant == 3 and t.energy and t.energy.net_j
    ]
    assert rows[SPREAD].of_value == pytest.approx(
        statistics.stdev(nets) / math.sqrt(5) / statistics.fmean(nets)
    )
    assert found.value_u == pytest.approx(math.hypot(*(r.of_value for r in found.rows)), rel=1e-3)
    assert found.difference_u == pytest.approx(
        math.hypot(*(r.of_difference or 0.0 for r in found.rows)), rel=1e-3
    )
    assert "idle drift" not in rows  # by chance in each run: it is in the spread already
    assert max(max(r.value_width, r.difference_width) for r in found.rows) == pytest.approx(100)
    assert any("cancels when two are compared" in word for word in found.words)


def test_the_error_of_a_model_does_not_cancel() -> None:
    found = budget_shares(sample_campaign(cls=MeasurementClass.ESTIMATED))
    assert found is not None
    gain = next(row for row in found.rows if row.name == "gain")
    assert gain.of_difference is not None
    assert gain.of_difference > gain.of_value
    assert not any("cancels" in word for word in found.words)


def test_no_budget_without_two_variants_that_have_a_spread() -> None:
    assert budget_shares(sample_campaign(repeat=1)) is None
    assert budget_shares(sample_campaign(kinds=KINDS[:1])) is None
    trials = [replace(t, energy=None) for t in sample_campaign().trials]
    assert budget_shares(assembled(trials)) is None


def test_notes_say_what_leaving_runs_out_would_change() -> None:
    trials = list(sample_campaign().trials)
    first = next(t for t in trials if t.variant == 3)
    trials[first.index] = replace(first, cautions=(Caution("throttled", "hot", None),))
    summary = assembled(trials)
    letters, notes = variant_notes(summary, summary.variants, "duration_s")
    assert letters == {0: (), 1: (), 2: (), 3: ("t",)}
    times = [t.duration_s or 0.0 for t in trials if t.variant == 3]
    kept = statistics.fmean(times[1:]) / statistics.fmean(times) - 1.0
    sign = "+" if kept > 0 else "−"
    assert notes[0].text.startswith("The board was throttled: numpy in 1 of 5 runs (leaving")
    assert f"{sign}{abs(100 * kept):.1f}\u00a0%" in notes[0].text


def test_marks_gaps_and_failed_runs_have_letters_of_their_own() -> None:
    summary = troubled(sample_campaign())
    marked, gaps = summary.trials[1].variant, summary.trials[3].variant
    letters, notes = variant_notes(summary, summary.variants, "energy_net_j")
    assert "‡" in letters[marked]
    assert "g" in letters[gaps]
    assert {n.letter for n in notes} == {"g", "‡"}
    assert variant_notes(summary, summary.variants, "duration_s")[1] == ()
    trials = list(summary.trials)
    trials[0] = replace(trials[0], status=Status.FAILED)
    failed = assembled(trials)
    letters, notes = variant_notes(failed, failed.variants, "duration_s")
    assert letters[trials[0].variant] == ("n",)
    assert notes[-1].text.startswith("Not every run of ")
