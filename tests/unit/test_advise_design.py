"""Windows and repetitions that are advised do tell the difference: simulated campaigns."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchharness.energy.better import TOGETHER, Setup, improvements
from benchharness.energy.design import FEWEST, WINDOWS_S, Question, best, repetitions, rows
from benchharness.energy.figure import energy_figure
from benchharness.energy.forecast import Demand, Forecast, forecast
from benchharness.energy.systematic import net_terms_j, shared_u_j
from benchharness.model import Capabilities, MeasurementClass
from benchharness.stats.ranking import rank
from benchharness.stats.sample import Sample
from tests.unit.energy_models import PlugModel, Steps, plug, window

FINE = plug(power_resolution_w=0.01, energy_resolution_j=0.36, latency_bound_s=0.5, gain_bound=0.05)
COARSE = plug(power_resolution_w=1.0, energy_resolution_j=3600.0, latency_bound_s=1.5)


def test_rounding_in_a_forecast_is_that_of_the_equation() -> None:
    found = forecast(COARSE, Demand(5.1, None, variation=1e-9), 60.0, 5.0)
    assert found is not None
    # One level, one rounding error: d/√12 of 5.1 W, whatever the window.
    assert found.terms_j["quantisation"] / found.energy_j == pytest.approx(
        1.0 / math.sqrt(12.0) / 5.1, rel=0.02
    )
    assert found.dominant(with_gain=False) == "quantisation"


def test_the_counter_of_a_long_window_is_limited_by_its_step() -> None:
    rail = Capabilities(
        MeasurementClass.MEASURED, False, True, period_s=1.0, energy_resolution_j=36.0
    )
    found = forecast(rail, Demand(5.0), 600.0, 5.0)
    assert found is not None
    assert found.terms_j["quantisation"] == pytest.approx(36.0 / math.sqrt(6.0))
    assert found.energy_j == 3000.0


def test_the_gain_counts_in_a_value_and_not_in_a_comparison() -> None:
    known, vague = (forecast(replace(FINE, gain_bound=g), Demand(5.0, 2.0), 60.0, 10.0)
                    for g in (0.0, 0.05))  # fmt: skip
    assert known is not None
    assert vague is not None
    assert vague.shared_rel == pytest.approx(known.shared_rel)
    assert vague.random_rel == pytest.approx(known.random_rel)
    # Of the net energy as estimated, which noise moves a little away from (5 - 2) W times 60 s.
    gain = 0.05 / math.sqrt(3.0)
    assert vague.absolute_rel == pytest.approx(math.hypot(known.absolute_rel, gain), rel=0.03)


def test_an_estimate_keeps_its_gain_and_tells_nothing() -> None:
    model = replace(FINE, measurement_class=MeasurementClass.ESTIMATED, gain_bound=0.5)
    found = rows(Question(0.03), lambda w: forecast(model, Demand(5.0), w, 5.0), 5.0, (60.0,))
    assert found[0].forecast.shared_rel > 0.25
    assert found[0].repetitions is None
    assert best(found) is None


def test_longer_windows_help_against_what_repetitions_do_not() -> None:
    shared = {10.0: 0.02, 100.0: 0.0005}

    def forecaster(window_s: float) -> Forecast:
        energy_j = 5.0 * window_s
        return Forecast(window_s, energy_j, {"edges": shared[window_s] * energy_j}, False)

    short, long = rows(Question(0.03, 0.02), forecaster, 5.0, (10.0, 100.0))
    assert short.repetitions is None
    assert short.total_s is None
    assert long.repetitions == 9  # 2 (z.975 + z.8)² (2/3)² + 1 = 7.98, and t for a few values
    assert long.total_s == pytest.approx(2 * 9 * (100.0 + 10.0 + 4.5))
    assert best([short, long]) is long


def test_a_spread_is_never_taken_from_two_values() -> None:
    certain = Forecast(60.0, 300.0, {}, False)
    assert repetitions(Question(0.5, 0.001), certain) == FEWEST


def test_a_coarse_plug_is_told_what_would_be_better() -> None:
    setup = Setup(COARSE, Demand(5.0), 5.0)
    question, windows_s = Question(0.03), (30.0, 120.0)
    assert best(setup.rows(question, windows_s)) is None
    found = improvements(question, setup, windows_s, None)
    changes = [better.change for better in found]
    assert any("WattRes" in change for change in changes)
    assert changes.count(TOGETHER) <= 1
    totals = [better.row.total_s for better in found]
    assert totals == sorted(totals, key=lambda total: total or 0.0)


def test_a_window_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="must have a length"):
        forecast(FINE, Demand(5.0), 0.0, 5.0)


@pytest.mark.slow
def test_what_is_advised_tells_three_per_cent_apart_as_often_as_promised() -> None:
    question = Question(0.03, between_trials=0.01, chance=0.8)
    demand, idle_s = Demand(6.0, 2.0, variation=0.02), 20.0
    can = PLUG_MODEL.capabilities()
    found = rows(question, lambda w: forecast(can, demand, w, idle_s), idle_s, (30.0, 60.0, 120.0))
    advised = best(found)
    assert advised is not None
    assert advised.repetitions is not None
    rng = np.random.default_rng(11)
    told = sum(
        _campaign_tells(rng, can, demand, advised.window_s, idle_s, advised.repetitions, question)
        for _ in range(200)
    )
    # At least the promised share less two standard deviations (2.8 % each); budgets are cautious,
    # so that it may be more, but advice that tells it always would cost more time than it must.
    assert 0.8 - 0.057 <= told / 200 <= 0.97


PLUG_MODEL = PlugModel(
    period_s=1.0,
    averaging_s=0.5,
    power_step_w=0.01,
    energy_step_j=0.36,
    gain=1.04,
    gain_bound=0.05,
)


def _campaign_tells(
    rng: np.random.Generator,
    can: Capabilities,
    demand: Demand,
    window_s: float,
    idle_s: float,
    n: int,
    question: Question,
) -> bool:
    """Simulate n trials of two variants on one plug; say whether the right one is found less."""
    idle_w = rng.uniform(0.9, 1.1) * (demand.idle_w or 0.0)
    useful_w = rng.uniform(0.9, 1.1) * demand.useful_w
    samples = []
    for label, factor in (("a", 1.0), ("b", 1.0 + question.difference)):
        values, shared = [], []
        for _ in range(n):
            drawn_w = useful_w * factor * (1.0 + rng.normal(0.0, question.between_trials))
            load = _load(rng, idle_w, drawn_w, window_s, idle_s, demand.variation)
            asked = [0.0, window_s, -1.5 - idle_s, -1.5, window_s + 1.5, window_s + 1.5 + idle_s]
            end_s = window_s + idle_s + 6.0
            readings = PLUG_MODEL.read(rng, load, -idle_s - 6.0, end_s, asked)
            idle = [window(idle_s, -1.5 - idle_s), window(idle_s, window_s + 1.5)]
            outcome = energy_figure(
                readings, can, window(window_s), meter="plug", target="board", idle=idle
            )
            assert outcome.figure is not None
            assert outcome.figure.net_j is not None
            values.append(outcome.figure.net_j.value)
            shared.append(shared_u_j(net_terms_j(outcome.figure), with_gain=False))
        samples.append(Sample(label, tuple(values), float(np.median(shared))))
    ranking = rank(samples)
    return ranking.best == 0 and not ranking.tied


def _load(
    rng: np.random.Generator,
    idle_w: float,
    drawn_w: float,
    window_s: float,
    idle_s: float,
    variation: float,
) -> Steps:
    t = np.arange(-idle_s - 10.0, window_s + idle_s + 10.0, 0.25)
    works = (t >= 0.0) & (t < window_s)
    level = np.where(works, idle_w + drawn_w, idle_w)
    # Two pieces are in the half second of a reading, which varies by √2 less than they do.
    return Steps(t, level * (1.0 + rng.normal(0.0, math.sqrt(2.0) * variation, t.size)))


def test_every_window_that_is_offered_is_a_length() -> None:
    assert list(WINDOWS_S) == sorted(set(WINDOWS_S))
    assert min(WINDOWS_S) > 0.0
