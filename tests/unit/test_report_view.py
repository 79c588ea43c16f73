from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.model import CampaignSummary, Caution, MeasurementClass, MetricSummary, Status
from benchharness.report.html import render_html
from benchharness.report.html_facts import facts, trial_table
from benchharness.report.html_forest import forest
from benchharness.report.html_stacks import energy_stack, time_stack
from benchharness.report.html_view import no_energy
from benchharness.report.trust import caution_rows, grounds, reliance
from benchharness.standing import Word
from tests.unit.report_samples import KINDS, Kind, assembled, sample_campaign


def with_metric(summary: CampaignSummary, index: int, **changes: Any) -> CampaignSummary:
    """Change how the net energy of one variant stands to the reference."""
    variants = list(summary.variants)
    metrics = dict(variants[index].metrics)
    metric = metrics["energy_net_j"]
    assert metric.standing is not None
    standing = replace(metric.standing, word=Word.HIGHER, **changes)
    metrics["energy_net_j"] = replace(metric, standing=standing)
    variants[index] = replace(variants[index], metrics=metrics)
    return replace(summary, variants=tuple(variants))


def test_places_in_the_forest_keep_the_order_and_the_proportions() -> None:
    drawn = forest(sample_campaign(), "energy_net_j")
    assert drawn is not None
    assert not drawn.logarithmic
    ticks = {t.text: t.at for t in drawn.ticks}
    step = ticks["+100 %"] - ticks["+50 %"]
    assert ticks["+150 %"] - ticks["+100 %"] == pytest.approx(step, abs=0.05)
    best, *others = drawn.rows
    assert best.dot == ticks["0"] == drawn.zero
    assert best.is_reference
    for row in others:
        assert row.low is not None
        assert row.high is not None
        assert row.dot is not None
        assert row.low < row.dot < row.high
    dots = [row.dot for row in drawn.rows if row.dot is not None]
    assert all(a <= b for a, b in pairwise(dots))


def test_ratios_that_spread_widely_get_a_logarithmic_axis() -> None:
    kinds = [Kind(str(d), d, 6.0, 20.0, 0.0, None) for d in (1.0, 10.0, 100.0)]
    drawn = forest(sample_campaign(kinds=kinds), "duration_s")
    assert drawn is not None
    assert drawn.logarithmic
    a, b, c = (row.dot for row in drawn.rows)
    assert a is not None
    assert b is not None
    assert c is not None
    assert b - a == pytest.approx(c - b, abs=0.5)


def test_an_interval_that_goes_on_ends_in_an_arrow() -> None:
    summary = with_metric(sample_campaign(), 0, low=0.02, high=900.0)
    drawn = forest(summary, "energy_net_j")
    assert drawn is not None
    row = next(r for r in drawn.rows if r.label == "wasmtime scalar")
    assert row.low_beyond
    assert row.high_beyond
    assert drawn.has_beyond
    assert row.change.interval == "× 0.02 to 900"
    assert not any(r.high_beyond for r in drawn.rows if r is not row)


@given(
    st.lists(
        st.tuples(st.floats(1.0, 1e5), st.floats(0.001, 0.9), st.floats(1.001, 100.0)),
        min_size=1,
        max_size=8,
    )
)
def test_everything_lies_inside_the_cell(ratios: list[tuple[float, float, float]]) -> None:
    kinds = [Kind(str(i), 1.0 + i, 6.0, 20.0, 0.0, None) for i in range(len(ratios) + 1)]
    summary = sample_campaign(repeat=2, kinds=kinds)
    for i, (ratio, low, high) in enumerate(ratios, start=1):
        summary = with_metric(summary, i, ratio=ratio, low=ratio * low, high=ratio * high)
    drawn = forest(summary, "energy_net_j")
    assert drawn is not None
    places = [p for r in drawn.rows for p in (r.dot, r.low, r.high) if p is not None]
    assert all(0 <= p <= 100 for p in places)
    assert 1 <= len(drawn.ticks) <= 7


def test_the_reason_stands_where_a_value_is_missing() -> None:
    trials = [
        replace(t, energy=None, energy_missing="meter plug-1 was offline for 8.0 s of 16.8 s")
        if t.variant == 0
        else t
        for t in sample_campaign(repeat=2).trials
    ]
    drawn = forest(assembled(trials), "energy_net_j")
    assert drawn is not None
    assert drawn.rows[-1].value == "no value"
    assert drawn.rows[-1].note.startswith("meter plug-1 was offline")


def test_stacks_add_up_to_their_total() -> None:
    summary = sample_campaign()
    for stack in (time_stack(summary), energy_stack(summary)):
        assert stack is not None
        for row in stack.rows:
            parts = sum(float(s.text) for s in row.segments)
            assert parts == pytest.approx(float(row.total), rel=0.02)
            assert sum(s.width for s in row.segments) <= 100.001
        assert max(sum(s.width for s in row.segments) for row in stack.rows) == pytest.approx(100)
    assert energy_stack(assembled([])) is None


@pytest.mark.slow
def test_a_stack_says_how_many_variants_have_no_bar() -> None:
    summary = sample_campaign()
    whole = energy_stack(summary)
    assert whole is not None
    assert whole.note == ""
    for count, who in ((1, "1 variant has"), (2, "2 variants have")):
        without = tuple(
            replace(v, metrics={k: m for k, m in v.metrics.items() if k != "energy_net_j"})
            for v in summary.variants[:count]
        )
        changed = replace(summary, variants=(*without, *summary.variants[count:]))
        stack = energy_stack(changed)
        assert stack is not None
        assert len(stack.rows) == len(summary.variants) - count
        assert stack.note.startswith(f"{who} no bar here: without net energy")
        assert stack.note in render_html(changed)


def test_times_and_phases_without_a_run_have_no_stack() -> None:
    assert time_stack(assembled([])) is None


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"cautions": ()}, "Yes"),
        ({}, "Yes, with one caution"),
        ({"quick": True}, "Not yet: a quick run"),
    ],
)
def test_can_you_rely_on_this(changes: dict[str, Any], answer: str) -> None:
    assert reliance(replace(sample_campaign(), **changes)) == answer


def test_estimated_joules_are_never_relied_on() -> None:
    summary = sample_campaign(cls=MeasurementClass.ESTIMATED, cautions=())
    assert reliance(summary) == "Time and memory: yes. Joules: with care"
    assert "with cautions" in reliance(sample_campaign(cls=MeasurementClass.EMULATED))


def test_no_good_run_is_no() -> None:
    trials = [replace(t, status=Status.TIMEOUT) for t in sample_campaign(repeat=1).trials]
    assert reliance(assembled(trials)) == "No: no run was good"


def test_cautions_of_runs_are_gathered_by_code() -> None:
    trials = list(sample_campaign(repeat=1).trials)
    trials[0] = replace(trials[0], cautions=(Caution("hot", "80 °C", "cool it"),))
    trials[2] = replace(trials[2], cautions=(Caution("hot", "81 °C", "cool it"),))
    trials[3] = replace(trials[3], cautions=(Caution("late", "late", None),))
    rows = caution_rows(assembled(trials, cautions=(Caution("a", "b", "c"),)))
    assert [(r.message, r.remedy, r.runs) for r in rows] == [
        ("b", "c", "Whole campaign"),
        ("80 °C (and 1 like it)", "cool it", "Runs 1, 3"),
        ("late", "", "Run 4"),
    ]


def test_facts_take_their_unit_from_the_name() -> None:
    rows = facts(
        {
            "period_s": 0.5, "gain_bound": 0.05, "idle_power_w": 2.7, "memory_bytes": 2**30,
            "cpu_share_of_a_core": 0.0084, "probe_hz": 10.0, "cores": 4, "virtual": True,
            "temperature_c": 51.25, "none": None, "versions": {"numpy": "2.1"},
            "where": "/home/someone/plug.toml", "sessions": [{"a": 1}], "list": [1, 2],
        }
    )  # fmt: skip
    assert {r.label: r.text for r in rows} == {
        "period": "500 ms", "gain, bound ±": "5.0 %", "idle power": "2.70 W",
        "memory": "1.00 GiB", "cpu share of a core": "0.84 %", "probe": "10.0 Hz", "cores": "4",
        "virtual": "yes", "temperature": "51.2 °C", "versions, numpy": "2.1",
        "declared in": "plug.toml", "list": "1, 2",
    }  # fmt: skip


def test_bad_runs_are_never_left_out_of_the_table_of_runs() -> None:
    trials = list(sample_campaign(repeat=5).trials)
    trials[19] = replace(trials[19], status=Status.FAILED, reason="exit code 1")
    table = trial_table(assembled(trials, KINDS), 5)
    assert table.left_out == 15
    assert [row.run for row in table.rows][-1] == 20
    assert table.rows[-1].remarks == "exit code 1"


def test_a_metric_without_values_has_no_forest() -> None:
    summary = sample_campaign(repeat=1)
    empty = tuple(
        replace(v, metrics={"duration_s": MetricSummary(0, None, None, None, None)})
        for v in summary.variants
    )
    assert forest(replace(summary, variants=empty), "duration_s") is None


def test_time_outside_of_every_phase_is_shown_too() -> None:
    trials = [
        replace(t, spans=tuple(s for s in t.spans if s.name != "run"), phases_s={"compile": 0.21})
        for t in sample_campaign(repeat=2).trials
    ]
    stack = time_stack(assembled(trials))
    assert stack is not None
    row = next(r for r in stack.rows if r.label == "wasmtime scalar")
    assert [s.name for s in row.segments] == ["compile", "rest of the window"]
    assert float(row.segments[1].text) == pytest.approx(float(row.total) - 0.21, abs=0.1)
    assert ("rest of the window", "floor") in stack.legend


def test_no_meter_that_was_asked_for_is_no_failure() -> None:
    campaign = sample_campaign()
    bare = [replace(t, energy=None, energy_missing="no meter was used") for t in campaign.trials]
    found = [g for g in grounds(assembled(bare)) if "meter" in g.text or "energy" in g.text]
    assert [(g.good, g.text) for g in found] == [(None, "no meter was used")]
    lost = [replace(bare[0], energy_missing="the plug was offline"), *bare[1:]]
    found = [g for g in grounds(assembled(lost)) if "energy" in g.text]
    assert [g.good for g in found] == [False]


def test_a_meter_without_a_good_run_is_not_called_no_meter() -> None:
    bare = replace(sample_campaign(), trials=(), meters=({"name": "plug-1"},))
    assert no_energy(bare) == "no good run has joules of plug-1"
    assert no_energy(replace(bare, meters=())) == "no meter was used"
