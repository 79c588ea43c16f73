from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchharness.energy.counter import counter_difference
from benchharness.energy.figure import ESTIMATORS
from benchharness.energy.hold import hold_and_sum, hold_previous
from benchharness.energy.interior import interior_hold
from benchharness.energy.observed import Candidate, Unavailable, observe
from benchharness.energy.readings import Readings, Window
from benchharness.energy.trapezoid import trapezoid
from tests.unit.energy_models import ns, plug, window


def by(
    estimator: Callable[..., Candidate | Unavailable],
    readings: Readings,
    duration_s: float,
    **options: float | None,
) -> Candidate:
    result = estimator(observe(readings, window(duration_s), plug(**options)))
    assert isinstance(result, Candidate), result
    return result


def why_not(
    estimator: Callable[..., Candidate | Unavailable], readings: Readings, duration_s: float
) -> str:
    result = estimator(observe(readings, window(duration_s), plug()))
    assert isinstance(result, Unavailable), result
    return result.reason


class TestStepLoad:
    """A window of 300 s at 6 W between 3 W, telemetry each 30 s: 1800 J, mean over the phase."""

    duration_s, period_s, true_j = 300.0, 30.0, 1800.0

    def mean_error(self, energy_j: Callable[[float], float]) -> float:
        phases = (np.arange(300) + 0.5) * self.period_s / 300
        return statistics.fmean(energy_j(phase) / self.true_j - 1.0 for phase in phases)

    def power(self, phase_s: float) -> Readings:
        t = np.arange(phase_s - 5 * self.period_s, self.duration_s + 5 * self.period_s, 30.0)
        return Readings.of(ns(t), np.where((t >= 0) & (t < self.duration_s), 6.0, 3.0))

    def estimate(self, estimator: Callable[..., Candidate | Unavailable]) -> float:
        return self.mean_error(
            lambda phase: by(estimator, self.power(phase), 300.0, period_s=30.0).energy_j
        )

    def test_trapezoid_over_the_readings_inside_loses_a_tenth(self) -> None:
        def inside(phase_s: float) -> float:
            readings = self.power(phase_s).powers(int(ns(0.0))).between(0.0, 300.0)
            return float(np.sum(np.diff(readings.t_s) * readings.value[1:]))

        assert self.mean_error(inside) == pytest.approx(-0.10, abs=1e-4)

    def test_hold_previous_clipped(self) -> None:
        assert self.estimate(hold_previous) == pytest.approx(-0.025, abs=1e-5)

    def test_clipped_trapezoid(self) -> None:
        assert self.estimate(trapezoid) == pytest.approx(-1 / 60, abs=1e-5)

    def test_interior_hold_has_no_bias(self) -> None:
        assert self.estimate(interior_hold) == pytest.approx(0.0, abs=1e-12)

    def test_counter_at_both_edges_has_no_bias(self) -> None:
        def counted(phase_s: float) -> float:
            t = np.sort([*np.arange(phase_s - 150, 450, 30.0), 0.0, 300.0])
            counter = 3.0 * t + 3.0 * np.clip(t, 0.0, 300.0)
            readings = Readings.of(ns(t), energy_j=counter)
            return by(counter_difference, readings, 300.0, period_s=30.0).energy_j

        assert self.mean_error(counted) == pytest.approx(0.0, abs=1e-9)

    def test_the_error_of_every_method_lies_within_twice_its_uncertainty(self) -> None:
        for estimator in (hold_previous, trapezoid, interior_hold, hold_and_sum):
            for phase_s in (0.1, 7.0, 15.0, 29.9):
                found = by(estimator, self.power(phase_s), 300.0, period_s=30.0)
                assert abs(found.energy_j - self.true_j) <= 2.0 * found.own_u_j + 1e-6


class TestHoldAndSumAsPublished:
    def test_each_message_counts_a_whole_interval(self) -> None:
        # 100 s window, messages at 10, 40, 70: 3 x 30 s x 5 W, though the window is longer.
        readings = Readings.of(ns([-20, 10, 40, 70, 100, 130]), np.full(6, 5.0))
        found = by(hold_and_sum, readings, 100.0, period_s=30.0)
        assert found.energy_j == pytest.approx(450.0)
        assert found.readings == 3

    def test_a_message_at_the_end_belongs_to_the_next_interval(self) -> None:
        readings = Readings.of(ns([0, 30, 60, 90]), np.full(4, 2.0))
        assert by(hold_and_sum, readings, 90.0, period_s=30.0).energy_j == pytest.approx(180.0)

    def test_a_lost_message_loses_its_interval(self) -> None:
        readings = Readings.of(ns([0, 30, 90, 120]), np.full(4, 2.0))
        assert by(hold_and_sum, readings, 120.0, period_s=30.0).energy_j == pytest.approx(180.0)

    def test_a_message_that_was_asked_for_ends_the_interval_before_it(self) -> None:
        readings = Readings.of(ns([0, 30, 40, 60, 90]), [2.0, 2.0, 8.0, 2.0, 2.0])
        found = by(hold_and_sum, readings, 90.0, period_s=30.0)
        assert found.energy_j == pytest.approx(30 * 2 + 10 * 2 + 20 * 8 + 30 * 2)

    def test_watts_times_seconds_over_3600_are_watt_hours(self) -> None:
        # D1.4's plateau of 6 W for 22 h is 132 Wh.
        t = np.arange(0.0, 22 * 3600.0, 30.0)
        readings = Readings.of(ns(t), np.full(t.size, 6.0))
        found = by(hold_and_sum, readings, 22 * 3600.0, period_s=30.0)
        assert found.energy_j / 3600.0 == pytest.approx(132.0)


regular = st.builds(
    lambda period, phase, span: np.arange(-3 * period + phase * period, span + 3 * period, period),
    st.floats(0.1, 5.0),
    st.floats(0.0, 1.0),
    st.just(20.0),
)


@given(times=regular, power_w=st.floats(0.1, 1e4))
def test_constant_power_is_exact_by_every_method(times: np.ndarray, power_w: float) -> None:
    t_ns = ns(times)
    exact_s = (t_ns - int(ns(0.0))) / 1e9
    readings = Readings.of(t_ns, np.full(times.size, power_w), power_w * exact_s)
    for estimator in (interior_hold, counter_difference, trapezoid, hold_previous):
        found = by(estimator, readings, 20.0, period_s=float(np.median(np.diff(times))))
        assert found.energy_j == pytest.approx(20.0 * power_w, rel=1e-9)
        assert found.own_u_j <= 20.0 * power_w * 1e-3


@pytest.mark.parametrize("estimator", [trapezoid, interior_hold])
@given(times=regular, start_w=st.floats(1.0, 50.0), slope=st.floats(-0.04, 5.0))
def test_linear_power_is_exact(
    estimator: Callable[..., Candidate | Unavailable],
    times: np.ndarray,
    start_w: float,
    slope: float,
) -> None:
    t_ns = ns(times)
    exact_s = (t_ns - int(ns(0.0))) / 1e9
    assume(np.count_nonzero((exact_s >= 0.0) & (exact_s <= 20.0)) >= 4)  # enough for a trend
    readings = Readings.of(t_ns, start_w + slope * exact_s)
    found = by(estimator, readings, 20.0, period_s=float(np.median(np.diff(times))))
    assert found.energy_j == pytest.approx(20.0 * start_w + slope * 200.0, rel=1e-9)


def test_a_trend_is_continued_only_where_it_stands_out_of_the_noise() -> None:
    times = np.arange(0.5, 20.0, 1.0)
    trend = 5.0 + 0.5 * times
    for noise_w, continued in ((0.01, True), (1.0, False)):
        noise = noise_w * np.resize([1.0, -1.0], times.size)
        held = by(interior_hold, Readings.of(ns(times), trend + noise), 20.0, period_s=1.0)
        at_edges_j = held.energy_j - float(np.sum(trend + noise))  # 1 s each: held to the edges
        # Each edge is half a second away, where the trend has moved by a quarter of a watt.
        slopes = np.diff(trend + noise)[[0, -1]]
        beyond_j = 0.125 * (slopes[1] - slopes[0])
        assert at_edges_j == pytest.approx(beyond_j if continued else 0.0, abs=1e-12)


random_readings = st.lists(
    st.tuples(st.integers(-10_000, 30_000), st.floats(0.0, 100.0)),
    min_size=5,
    max_size=60,
    unique_by=lambda pair: pair[0],
)


@given(pairs=random_readings, factor=st.floats(0.01, 100.0), shift_ns=st.integers(0, 10**17))
def test_energy_scales_with_power_and_does_not_know_the_date(
    pairs: list[tuple[int, float]], factor: float, shift_ns: int
) -> None:
    t_ns = ns([t / 1e3 for t, _ in pairs])
    powers = np.array([p for _, p in pairs])
    base = observe(Readings.of(t_ns, powers), window(20.0), plug())
    scaled = observe(Readings.of(t_ns, factor * powers), window(20.0), plug())
    start = window(20.0)
    later = observe(
        Readings.of(t_ns + shift_ns, powers),
        Window(start.start_ns + shift_ns, start.end_ns + shift_ns),
        plug(),
    )
    for estimator in ESTIMATORS:
        one, other, same = estimator(base), estimator(scaled), estimator(later)
        assert type(one) is type(other) is type(same)
        if isinstance(one, Candidate):
            assert isinstance(other, Candidate)
            assert isinstance(same, Candidate)
            assert other.energy_j == pytest.approx(factor * one.energy_j, rel=1e-9, abs=1e-9)
            assert other.own_u_j == pytest.approx(factor * one.own_u_j, rel=1e-6, abs=1e-9)
            assert same.energy_j == one.energy_j
            assert same.budget == one.budget


class TestInteriorHold:
    def test_against_a_closed_form(self) -> None:
        # Line from 2 W at 1 s to 8 W at 7 s, held outside: 2*1 + 5*6 + 8*3.
        readings = Readings.of(ns([1.0, 7.0]), [2.0, 8.0])
        assert by(interior_hold, readings, 10.0, period_s=6.0).energy_j == pytest.approx(56.0)

    def test_readings_outside_do_not_count(self) -> None:
        inside = Readings.of(ns([1.0, 2.0, 3.0]), [5.0, 5.0, 5.0])
        more = Readings.of(ns([-1, 1.0, 2.0, 3.0, 5.0]), [900.0, 5.0, 5.0, 5.0, 900.0])
        assert by(interior_hold, inside, 4.0).energy_j == by(interior_hold, more, 4.0).energy_j

    def test_readings_that_may_still_show_what_was_before_are_left_out(self) -> None:
        t = np.arange(-5.0, 15.0) + 0.1
        power = np.where(t > 1.0, 6.0, 3.0)  # the plug lags by a second
        found = by(interior_hold, Readings.of(ns(t), power), 10.0, latency_bound_s=1.0)
        assert found.energy_j == pytest.approx(60.0)

    def test_a_sine_is_within_its_uncertainty(self) -> None:
        t = np.arange(-5.0, 65.0, 1.0) + 0.3
        power = 5.0 + 2.0 * np.sin(2 * math.pi * t / 17.0)
        true_j = 300.0 - 2.0 * 17.0 / (2 * math.pi) * (math.cos(2 * math.pi * 60.0 / 17.0) - 1.0)
        found = by(interior_hold, Readings.of(ns(t), power), 60.0)
        assert abs(found.energy_j - true_j) <= 2.0 * found.own_u_j
        assert found.own_u_j < 0.01 * true_j


class TestCounter:
    def test_interpolates_between_the_readings_around_an_edge(self) -> None:
        readings = Readings.of(ns([-1.0, 1.0, 9.0, 11.0]), energy_j=[100.0, 110.0, 150.0, 160.0])
        assert by(counter_difference, readings, 10.0).energy_j == pytest.approx(50.0)

    def test_a_missing_far_side_is_held_out_with_a_larger_uncertainty(self) -> None:
        t = np.arange(-3.0, 10.0)  # the last reading is a second before the end
        found = by(counter_difference, Readings.of(ns(t), energy_j=5.0 * t), 10.0)
        assert found.energy_j == pytest.approx(50.0)
        assert found.budget.as_mapping()["edges"] == pytest.approx(5.0 / math.sqrt(3.0))

    def test_two_rounded_readings_leave_q_over_root_six(self) -> None:
        t = np.arange(-3.0, 14.0)
        found = by(
            counter_difference,
            Readings.of(ns(t), energy_j=5.0 * t),
            10.0,
            energy_resolution_j=36.0,
        )
        assert found.budget.as_mapping()["quantisation"] == pytest.approx(36.0 / math.sqrt(6.0))

    def test_a_reset_is_noticed(self) -> None:
        readings = Readings.of(ns([0.0, 4.0, 5.0, 10.0]), energy_j=[100.0, 120.0, 0.0, 25.0])
        assert "went back" in why_not(counter_difference, readings, 10.0)

    def test_a_reset_before_the_window_does_not_matter(self) -> None:
        readings = Readings.of(ns([-2, -1, 0.0, 5.0, 10.0]), energy_j=[900.0, 0.0, 5.0, 30.0, 55.0])
        assert by(counter_difference, readings, 10.0).energy_j == pytest.approx(50.0)


class TestMissing:
    def test_no_reading_is_not_zero_watts(self) -> None:
        nothing = Readings.of([])
        for estimator in ESTIMATORS:
            assert why_not(estimator, nothing, 10.0)

    def test_nan_is_left_out(self) -> None:
        with_gap = Readings.of(ns([1.0, 2.0, 3.0, 4.0]), [5.0, math.nan, 5.0, 5.0])
        assert by(interior_hold, with_gap, 5.0).energy_j == pytest.approx(25.0)

    def test_an_old_reading_before_the_window_is_not_held_into_it(self) -> None:
        readings = Readings.of(ns([-60.0, 1.0, 2.0, 3.0]), np.full(4, 5.0))
        assert "before" in why_not(hold_previous, readings, 4.0)
        assert "before" in why_not(trapezoid, readings, 4.0)

    def test_no_reading_after_the_window(self) -> None:
        readings = Readings.of(ns([-0.5, 0.5, 1.5]), np.full(3, 5.0))
        assert "after" in why_not(trapezoid, readings, 10.0)
