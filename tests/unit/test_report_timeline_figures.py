"""The joules of exactly a window are the run's own figure, whatever made it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchharness.report.html import render_html
from benchharness.report.timeline import read_timeline
from benchharness.report.timeline_packed import HOLD, LINE, MISSING, SLICES
from benchharness.report.timeline_packed_read import read_campaign, usual_period_s
from tests.unit.report_metered import BUSY_W, IDLE_W, SHORT_S, counter_meter, power_meter
from tests.unit.test_report_timeline_packed import packed_text, unpacked

Words = npt.NDArray[np.uint16]


def joules(
    head: dict[str, Any], words: Words, row: list[Any], window: tuple[float, float]
) -> float:
    """Add up what a block has within the window: slices, or samples between their times."""
    run, _, kind, n, base, step, at = row[:7]
    level = np.cumsum(words[at : at + n].astype(np.int64)) % 65536
    y = np.where(level == MISSING, np.nan, base + step * level)
    if kind == SLICES:
        before, inside, _ = head["slices"][run]
        share = words[at + 3 * n : at + 4 * n] / 16383
        part = slice(before, before + inside)
        return float(np.sum((y * share)[part])) * (window[1] - window[0]) / int(inside)
    t_s = np.cumsum(words[row[7] : row[7] + n].astype(np.int64)) * row[8]
    for edge_s in window:
        t_s[np.abs(t_s - edge_s) < 0.501 * row[8]] = edge_s
    inside = np.flatnonzero((t_s[1:] > window[0]) & (t_s[:-1] < window[1]) & (np.diff(t_s) > 0))
    left = y[inside + (kind == HOLD)]
    return float(np.sum((left + y[inside + 1]) / 2 * np.diff(t_s)[inside]))


METERS = {
    "counter": counter_meter(),
    "late counter": counter_meter(latency_s=0.15, latency_u_s=0.02),
    "read faster than the window": counter_meter(period_s=0.1),
    "counter and powers": counter_meter(has_power=True, energy_resolution_j=0.1),
    "powers": power_meter(period_s=0.1),
    "late powers": power_meter(period_s=0.1, latency_s=0.11, latency_u_s=0.02, longer=0.3),
    "powers and a fine counter": power_meter(
        period_s=0.1, has_counter=True, energy_resolution_j=1e-3, latency_bound_s=0.05
    ),
}


@pytest.mark.parametrize("words", [100_000, 600])
@pytest.mark.parametrize("name", METERS)
def test_the_joules_of_a_window_are_those_of_the_figure(name: str, words: int) -> None:
    meter = METERS[name]
    campaign = read_campaign(meter.summary, meter)
    assert campaign is not None
    head, numbers = unpacked(packed_text(campaign, words))
    assert len(head["blocks"]) == len(SHORT_S)
    for row in head["blocks"]:
        run = campaign.runs[row[0]]
        assert run.window_s is not None
        assert run.trial.energy is not None
        own_j = run.trial.energy.gross_j.value
        assert joules(head, numbers, row, run.window_s) == pytest.approx(own_j, rel=2e-4)


@pytest.mark.parametrize(("name", "kind"), [("counter", HOLD), ("powers", LINE)])
def test_power_steps_at_the_edges_and_nowhere_beyond_what_it_was(name: str, kind: int) -> None:
    meter = METERS[name]
    campaign = read_campaign(meter.summary, meter)
    assert campaign is not None
    for run in campaign.runs:
        (track,) = run.tracks
        assert run.window_s is not None
        assert track.holds == (kind == HOLD)
        assert (np.diff(track.t_s) >= 0).all()
        inside = (track.t_s > run.window_s[0] + 1e-6) & (track.t_s <= run.window_s[1] - 1e-6)
        assert track.y[inside] == pytest.approx(BUSY_W, abs=1.5)
        far = (track.t_s < run.window_s[0] - 1.1) | (track.t_s > run.window_s[1] + 2.1)
        assert track.y[far] == pytest.approx(IDLE_W, abs=0.3)
        assert track.y.min() > 0.8 * IDLE_W
        assert track.y.max() < 1.2 * BUSY_W


def test_how_often_a_meter_was_read_does_not_count_the_edges() -> None:
    meter = METERS["powers"]
    campaign = read_campaign(meter.summary, meter)
    assert campaign is not None
    assert usual_period_s(campaign, 0) == pytest.approx(0.1, abs=1e-6)
    run = campaign.runs[0]
    track = replace(run.tracks[0], t_s=np.array(run.window_s), y=np.array([5.0, 5.0]))
    edges = replace(campaign, runs=(replace(run, tracks=(track,)),))
    assert usual_period_s(edges, 0) is None


def test_a_run_whose_figure_is_of_powers_shows_powers() -> None:
    meter = METERS["powers and a fine counter"]
    campaign = read_campaign(meter.summary, meter)
    assert campaign is not None
    methods = [(run.trial.energy.method, run.tracks[0].holds) for run in campaign.runs
               if run.trial.energy is not None]  # fmt: skip
    assert ("interior hold", False) in methods
    assert set(methods) <= {("interior hold", False), ("counter difference", True)}


def test_still_figures_show_the_readings_alone_at_the_times_that_they_speak_of() -> None:
    meter = METERS["late powers"]
    trial = meter.summary.trials[1]
    line = read_timeline(meter, trial, buckets=10_000)
    assert line is not None
    times_ns, _ = meter.read_stream(trial.trial_id)
    assert trial.window_start_ns is not None
    expected_s = (times_ns - trial.window_start_ns) / 1e9 - 0.11
    assert line.series[0].t_s == pytest.approx(expected_s, abs=1e-8)


def test_a_run_without_a_figure_is_drawn_as_it_was_read() -> None:
    meter = METERS["powers"]
    trial = meter.summary.trials[0]
    bare = replace(trial, energy=None, energy_missing="the meter was not there")
    campaign = read_campaign(replace(meter.summary, trials=(bare,)), meter)
    assert campaign is not None
    _, columns = meter.read_stream(trial.trial_id)
    assert campaign.runs[0].tracks[0].y.tolist() == columns["power_w"].tolist()


@pytest.mark.slow
def test_the_page_says_which_joules_these_are() -> None:
    meter = METERS["counter"]
    page = render_html(meter.summary, meter)
    assert "the joules of exactly a window are the run's own figure" in page
