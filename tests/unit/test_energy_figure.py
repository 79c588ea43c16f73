from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from benchharness.energy.figure import Outcome, energy_figure
from benchharness.energy.readings import Readings, Window
from benchharness.model import Capabilities, MeasurementClass, MeterEvent
from tests.unit.energy_models import ns, plug, window

IDLE = (window(10.0, -12.0), window(10.0, 22.0))


def two_level(t: np.ndarray, idle_w: float = 3.0, busy_w: float = 8.0) -> np.ndarray:
    return np.where((t >= 0) & (t < 20.0), busy_w, idle_w)


def readings(period_s: float = 0.5, **levels: float) -> Readings:
    t = np.arange(-15.0, 35.0, period_s) + 0.25
    powers = two_level(t, **levels)
    return Readings.of(ns(t), powers)


def figure(given: Readings, capabilities: Capabilities | None = None, **options: Any) -> Outcome:
    options = {"meter": "plug-1", "target": "board", "idle": IDLE, **options}
    return energy_figure(given, capabilities or plug(period_s=0.5), window(20.0), **options)


def codes(outcome: Outcome) -> set[str]:
    return {caution.code for caution in outcome.cautions}


def test_gross_and_net_of_a_step() -> None:
    found = figure(readings()).figure
    assert found is not None
    assert found.gross_j.value == pytest.approx(160.0)
    assert found.net_j is not None
    assert found.net_j.value == pytest.approx(100.0)
    assert found.idle_power_w is not None
    assert found.idle_power_w.value == pytest.approx(3.0)
    assert found.method == "interior hold"
    assert found.coverage == 1.0
    assert len(found.estimates) == 4  # no counter


def test_a_net_energy_that_is_clearly_below_zero_is_no_figure() -> None:
    outcome = figure(readings(idle_w=8.0, busy_w=7.2), plug(period_s=0.5, gain_bound=0.02))
    found = outcome.figure
    assert found is not None
    assert found.gross_j.value == pytest.approx(144.0)
    assert found.net_j is None
    assert found.idle_power_w is not None and found.idle_power_w.value == pytest.approx(8.0)
    assert found.terms_j["gain"] == pytest.approx(0.02 * 144.0 / math.sqrt(3.0))  # of the gross
    (caution,) = (c for c in outcome.cautions if c.code == "net-below-zero")
    assert caution.message == found.net_missing
    assert "net energy would be -16.0" in caution.message
    assert "rest at 8.00 W was dearer than the window by meter plug-1" in caution.message
    assert caution.remedy == "end other work on the board, and let it settle longer"
    assert not codes(outcome) & {"no-idle", "net-below-uncertainty"}


def test_a_net_energy_that_may_be_zero_stays_a_figure() -> None:
    outcome = figure(readings(idle_w=8.0, busy_w=7.99), plug(period_s=0.5, power_resolution_w=0.1))
    assert outcome.figure is not None and outcome.figure.net_j is not None
    net = outcome.figure.net_j
    assert net.expanded_u is not None and -net.expanded_u < net.value < 0.0
    assert outcome.figure.net_missing is None
    assert "net-below-uncertainty" in codes(outcome)


def test_the_gain_is_applied_once_to_the_net_energy() -> None:
    found = figure(readings(), plug(period_s=0.5, gain_bound=0.05)).figure
    assert found is not None
    assert found.terms_j["gain"] == pytest.approx(0.05 * 100.0 / math.sqrt(3.0))
    assert found.estimates[0].terms_j["gain"] == pytest.approx(0.05 * 160.0 / math.sqrt(3.0))
    assert found.dominant_term == "gain"
    assert found.net_j is not None
    assert found.net_j.expanded_u == pytest.approx(1.96 * 5.0 / math.sqrt(3.0), rel=1e-3)


def test_rest_that_is_short_for_a_slow_instrument_says_how_long_it_should_be() -> None:
    # At 3 W an HLW8012 has a pulse each 4.2 s: its powers show what was up to 8.3 s before.
    t = np.arange(-12.0, 32.0, 1.0) + 0.25
    late = Readings.of(ns(t), two_level(t - 4.0, busy_w=5.1))
    rest = (window(8.0, -10.0), window(8.0, 20.0))
    found = figure(late, plug(pulse_j=12.5, power_resolution_w=0.1), idle=rest)
    (caution,) = (c for c in found.cautions if c.code == "idle-short")
    assert found.figure is not None and found.figure.idle_power_w is not None
    reach_s = 2.0 * 12.5 / found.figure.idle_power_w.value
    assert f"rest of 8.0 s is short beside the {reach_s:.1f} s" in caution.message
    assert caution.remedy == f"set --idle {math.ceil(2.0 * reach_s)}, or leave it to be chosen"
    assert "idle-short" not in codes(figure(late, plug(power_resolution_w=0.1), idle=rest))


def test_there_is_no_energy_where_the_gate_rejects_every_power() -> None:
    t = np.arange(-15.0, 35.0, 0.5) + 0.25
    given = Readings.of(ns(t), two_level(t), np.zeros(t.size))
    outcome = figure(given, plug(period_s=0.5, max_power_w=2.0))
    assert outcome.figure is None
    assert outcome.reason == "the gate rejected every power of meter plug-1"
    assert "gate-rejected" in codes(outcome)


def test_rest_that_was_read_once_of_twice_is_told() -> None:
    t = np.arange(-15.0, 22.0, 0.5) + 0.25  # and then nothing more
    outcome = figure(Readings.of(ns(t), two_level(t)))
    assert outcome.figure is not None and outcome.figure.net_j is not None
    (caution,) = (c for c in outcome.cautions if c.code == "idle-once")
    assert "in 1 of 2 intervals at rest" in caution.message
    assert "idle-once" not in codes(figure(readings()))


def test_a_late_counter_is_uncertain_by_the_power_at_the_edges() -> None:
    # 10 W, and 200 W in the last 10 of 200 s: a counter that is late by 0 to 1.5 s misses 300 J
    # of it at most, which is 15 times what its delay costs at the window's mean power.
    t = np.arange(-30.0, 240.0, 1.0)
    can = plug(latency_bound_s=1.5, energy_resolution_j=3.6, power_resolution_w=0.1)
    held, methods, rng = 0, set(), np.random.default_rng(4)
    for _ in range(60):
        asked_s = t + rng.uniform(0.0, 1.0)
        then_s = asked_s - rng.uniform(0.0, 1.5)
        powers = np.where((then_s >= 190.0) & (then_s < 200.0), 200.0, 10.0)
        total_j = 10.0 * then_s + 190.0 * np.clip(then_s - 190.0, 0.0, 10.0)
        given = Readings.of(ns(asked_s), powers, np.floor(total_j / 3.6) * 3.6 + 1000.0)
        found = energy_figure(given, can, window(200.0), meter="p", target="board").figure
        assert found is not None and found.gross_j.expanded_u is not None
        held += abs(found.gross_j.value - 3900.0) <= found.gross_j.expanded_u
        methods.add(found.method)
    assert methods == {"counter difference"}
    assert held >= 54


def test_idle_drift_enters_the_net_energy() -> None:
    t = np.arange(-15.0, 35.0, 0.5) + 0.25
    powers = np.where(t < 0, 3.0, np.where(t < 20, 8.0, 3.6))
    outcome = figure(Readings.of(ns(t), powers))
    assert outcome.figure is not None
    assert outcome.figure.net_j is not None
    assert outcome.figure.net_j.value == pytest.approx(160.0 - 20.0 * 3.3)
    assert outcome.figure.terms_j["idle drift"] == pytest.approx(20.0 * 0.6 / math.sqrt(12.0))
    assert "idle-drift" in codes(outcome)


def test_a_fine_counter_is_chosen_and_a_coarse_one_is_not() -> None:
    rng = np.random.default_rng(1)
    t = np.sort(np.concatenate([np.arange(-15.0, 35.0), [0.0, 20.0]]))
    energy = 3.0 * t + 5.0 * np.clip(t, 0.0, 20.0) + 1000.0
    powers = two_level(t) + rng.normal(0.0, 0.4, t.size)
    for resolution_j, method in ((0.01, "counter difference"), (3600.0, "interior hold")):
        counter = np.floor(energy / resolution_j) * resolution_j
        outcome = figure(
            Readings.of(ns(t), powers, counter), plug(energy_resolution_j=resolution_j)
        )
        assert outcome.figure is not None
        assert outcome.figure.method == method
        assert outcome.figure.gross_j.value == pytest.approx(160.0, rel=0.03)
        assert {e.method for e in outcome.figure.estimates} >= {"counter difference"}


def test_the_gain_does_not_favour_the_lowest_estimate() -> None:
    found = figure(readings(), plug(period_s=0.5, gain_bound=0.2)).figure
    assert found is not None
    assert found.estimates[0].method == found.method
    assert min(e.standard_u_j for e in found.estimates) < found.estimates[0].standard_u_j


class TestMissing:
    def test_no_reading(self) -> None:
        outcome = figure(Readings.of([]))
        assert outcome.figure is None
        assert outcome.reason == "meter plug-1 gave no reading in the trial"

    def test_offline_in_the_window(self) -> None:
        t = np.concatenate([np.arange(-15.0, 7.7, 0.5), np.arange(20.0, 35.0, 0.5)])
        offline = MeterEvent(int(ns(7.7)), "offline", "the plug went offline")
        outcome = figure(Readings.of(ns(t), two_level(t)), events=[offline])
        assert outcome.figure is None
        assert outcome.reason == "meter plug-1 was offline for 12.3 s of 20.0 s"

    def test_disconnected_to_the_end(self) -> None:
        t = np.arange(-15.0, 10.0, 0.5)
        gone = MeterEvent(int(ns(10.0)), "disconnected", "broker went away")
        outcome = figure(Readings.of(ns(t), two_level(t)), events=[gone])
        assert outcome.reason == "meter plug-1 was disconnected for 10.0 s of 20.0 s"

    def test_silent_without_an_event(self) -> None:
        t = np.arange(-15.0, 10.0, 0.5)
        outcome = figure(Readings.of(ns(t), two_level(t)))
        assert outcome.reason == "meter plug-1 gave no reading for 10.0 s of 20.0 s"

    def test_a_window_between_two_readings(self) -> None:
        t = np.arange(-300.0, 330.0, 30.0) + 25.0
        outcome = figure(Readings.of(ns(t), np.full(t.size, 5.0)), plug(period_s=30.0))
        assert outcome.figure is None
        assert outcome.reason is not None
        assert "no reading of meter plug-1 fell into the window of 20.0 s" in outcome.reason

    def test_a_short_silence_widens_the_uncertainty_and_is_told(self) -> None:
        whole = figure(readings())
        t = np.arange(-15.0, 35.0, 0.5) + 0.25
        t = t[(t < 8.0) | (t > 10.2)]
        outcome = figure(Readings.of(ns(t), two_level(t)))
        assert outcome.figure is not None
        assert whole.figure is not None
        assert outcome.figure.gross_j.value == pytest.approx(160.0)
        assert outcome.figure.coverage == pytest.approx(1 - 2.0 / 20.0, abs=1e-6)
        assert (outcome.figure.gross_j.expanded_u or 0) > 5 * (whole.figure.gross_j.expanded_u or 0)
        assert "low-coverage" in codes(outcome)


class TestIdle:
    def test_without_idle_there_is_no_net_energy(self) -> None:
        outcome = figure(readings(), idle=())
        assert outcome.figure is not None
        assert outcome.figure.net_j is None
        assert outcome.figure.idle_power_w is None
        assert "no-idle" in codes(outcome)

    def test_one_idle_interval_has_no_drift(self) -> None:
        outcome = figure(readings(), idle=IDLE[:1])
        assert outcome.figure is not None
        assert outcome.figure.net_j is not None
        assert "idle drift" not in outcome.figure.terms_j

    def test_readings_of_the_window_do_not_leak_into_idle(self) -> None:
        lagging = np.arange(-15.0, 35.0, 0.5) + 0.25
        powers = two_level(lagging - 1.0)  # each reading shows the power a second ago
        outcome = figure(
            Readings.of(ns(lagging), powers),
            plug(period_s=0.5, latency_bound_s=1.5),
            idle=(window(10.0, -10.0), window(10.0, 20.0)),
        )
        assert outcome.figure is not None
        assert outcome.figure.idle_power_w is not None
        assert outcome.figure.idle_power_w.value == pytest.approx(3.0)

    def test_only_an_estimate_may_declare_its_idle_power(self) -> None:
        for cls, net in ((MeasurementClass.ESTIMATED, True), (MeasurementClass.MEASURED, False)):
            capabilities = Capabilities(cls, True, True, period_s=0.5, gain_bound=0.3)
            outcome = figure(readings(), capabilities, idle=(), declared_idle_w=3.0)
            assert outcome.figure is not None
            assert (outcome.figure.net_j is not None) is net
            assert outcome.figure.measurement_class is cls


class TestCautions:
    def test_net_below_its_uncertainty_keeps_the_number_and_says_how_long(self) -> None:
        rng = np.random.default_rng(4)
        t = np.arange(-15.0, 35.0, 0.5) + 0.25
        powers = two_level(t, busy_w=3.02) + rng.normal(0.0, 0.3, t.size)
        outcome = figure(Readings.of(ns(t), powers))
        assert outcome.figure is not None
        net = outcome.figure.net_j
        assert net is not None
        assert net.expanded_u is not None
        assert net.value < net.expanded_u
        assert "net-below-uncertainty" in codes(outcome)

    def test_short_window(self) -> None:
        t = np.arange(-60.0, 80.0, 4.0)
        outcome = figure(Readings.of(ns(t), two_level(t)), plug(period_s=4.0))
        assert "short-window" in codes(outcome)
        assert "short-window" not in codes(figure(readings()))

    @pytest.mark.parametrize("duration_s", [0.33, 0.927])
    @pytest.mark.parametrize("noise_w", [0.0, 0.02, 4.0])
    def test_a_short_window_is_advised_to_be_longer_than_it_was(
        self, duration_s: float, noise_w: float
    ) -> None:
        rng = np.random.default_rng(2)
        t = np.arange(-15.0, 35.0, 0.1) + 0.03
        busy = (t >= 0) & (t < duration_s)
        powers = np.where(busy, 30.0 + rng.normal(0.0, noise_w, t.size), 3.0)
        outcome = energy_figure(
            Readings.of(ns(t), powers),
            plug(period_s=0.1),
            window(duration_s),
            meter="plug-1",
            target="board",
            idle=(window(10.0, -12.0), window(10.0, 22.0)),
        )
        (caution,) = (c for c in outcome.cautions if c.code == "short-window")
        assert f"window of {duration_s * 1000:.0f} ms holds" in caution.message
        said = re.fullmatch(
            r"a window of ([\d.]+) (m?s) or more would span ten of its intervals of 100 ms "
            r"and give 5 % besides the meter's gain",
            caution.remedy or "",
        )
        assert said is not None, caution.remedy
        advised_s = float(said[1]) * (1e-3 if said[2] == "ms" else 1.0)
        assert advised_s >= 1.0  # ten intervals of 0.1 s
        assert (advised_s > 1.05) is (noise_w == 4.0)  # the budget asks for more then

    def test_where_the_gain_alone_is_too_much_no_window_is_advised(self) -> None:
        outcome = figure(readings(busy_w=3.2), plug(period_s=0.5, gain_bound=1.0))
        (caution,) = (c for c in outcome.cautions if c.code == "net-below-uncertainty")
        assert caution.remedy is not None
        assert caution.remedy.startswith("no longer window helps against the meter's gain")

    def test_counter_that_disagrees(self) -> None:
        t = np.arange(-15.0, 35.0, 0.5)
        energy = 1.3 * (3.0 * t + 5.0 * np.clip(t, 0.0, 20.0))
        outcome = figure(Readings.of(ns(t), two_level(t), energy))
        assert "counter-disagrees" in codes(outcome)

    def test_power_below_the_floor(self) -> None:
        outcome = figure(readings(idle_w=0.5), plug(period_s=0.5, floor_w=1.25))
        assert "below-floor" in codes(outcome)

    def test_a_good_trial_has_none(self) -> None:
        assert figure(readings()).cautions == ()


@pytest.mark.slow
def test_a_window_of_22_hours_at_10_hz_is_quick() -> None:
    import time

    n = 22 * 3600 * 10
    t_ns = np.arange(n, dtype=np.int64) * 100_000_000
    powers = 5.0 + np.random.default_rng(5).normal(0.0, 0.3, n)
    given = Readings.of(t_ns, np.round(powers, 1), np.cumsum(powers) * 0.1)
    whole = Window(10_000_000_000, int(t_ns[-1]) - 10_000_000_000)
    before = time.process_time()
    outcome = energy_figure(given, plug(period_s=0.1), whole, meter="m", target="t")
    assert outcome.figure is not None
    assert time.process_time() - before < 2.0
