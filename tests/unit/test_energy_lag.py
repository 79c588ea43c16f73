"""Readings that are late: by a bound, as calibrated, and by the time between two pulses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchharness.energy.figure import Outcome, energy_figure
from benchharness.energy.lag import instrument_lag, power_lag
from benchharness.energy.observed import observe
from benchharness.energy.readings import Readings
from benchharness.energy.trapezoid import trapezoid
from benchharness.model import Capabilities
from tests.unit.energy_models import ns, plug, window


def test_a_bound_is_a_mean_and_an_uncertainty() -> None:
    # Anything from 0 to 1.5 s: 0.75 s, and 1.5/√12 s.
    lag = instrument_lag(plug(latency_bound_s=1.5))
    assert (lag.mean_s, lag.u_s, lag.reach_s) == pytest.approx((0.75, 0.4330127, 1.5))


def test_a_calibrated_delay_stands_in_place_of_the_bound() -> None:
    lag = instrument_lag(plug(latency_bound_s=1.5, latency_s=0.4, latency_u_s=0.05))
    assert (lag.mean_s, lag.u_s, lag.reach_s) == (0.4, 0.05, 0.8)
    # One reading's delay scatters within the mean on either side, whatever the mean's own u.
    assert lag.single_u_s == pytest.approx(0.4 / math.sqrt(3.0))
    unsure = instrument_lag(plug(latency_s=0.4))
    assert unsure.u_s == pytest.approx(0.4 / math.sqrt(3.0))


def test_no_delay_is_stated() -> None:
    assert instrument_lag(plug()).reach_s == 0.0


@pytest.mark.parametrize(
    ("level_w", "pulse_s"),
    [(5.0, 2.5), (2.5, 5.0), (0.5, 10.0), (0.0, 0.0)],  # HLW8012: a pulse per 12.5 J
)
def test_at_little_power_pulses_add_their_interval(level_w: float, pulse_s: float) -> None:
    lag = power_lag(plug(latency_bound_s=1.0, pulse_j=12.5), level_w)
    assert lag.mean_s == pytest.approx(0.5 + pulse_s)
    assert lag.u_s == pytest.approx(math.hypot(1.0, pulse_s) / math.sqrt(12.0))


def late_step(late_s: float, capabilities: Capabilities, steps_s: float = 1.0) -> Outcome:
    """Return the figure of 20 s at 8 W between 3 W, read exactly ``late_s`` too late."""
    t = np.arange(-15.0, 35.0, steps_s) + 0.25
    then = t - late_s
    powers = np.where((then >= 0.0) & (then < 20.0), 8.0, 3.0)
    energy = 3.0 * then + 5.0 * np.clip(then, 0.0, 20.0) + 100.0
    return energy_figure(
        Readings.of(ns(t), powers, energy),
        capabilities,
        window(20.0),
        meter="plug-1",
        target="board",
        idle=[window(10.0, -12.0), window(10.0, 24.0)],
    )


def test_a_known_delay_is_taken_off() -> None:
    by_bound = late_step(1.2, plug(latency_bound_s=1.5)).figure
    calibrated = late_step(1.2, plug(latency_bound_s=1.5, latency_s=1.2, latency_u_s=0.02)).figure
    assert by_bound is not None
    assert calibrated is not None
    for figure in (by_bound, calibrated):
        assert figure.gross_j.value == pytest.approx(160.0, abs=1e-6)
        assert figure.net_j is not None
        assert figure.net_j.value == pytest.approx(100.0, abs=1e-6)
        assert figure.coverage == 1.0
    counter = {e.method: e for e in calibrated.estimates}["counter difference"]
    assert counter.energy_j == pytest.approx(160.0, abs=0.5)
    coarser = {e.method: e for e in by_bound.estimates}["counter difference"]
    assert abs(coarser.energy_j - 160.0) > abs(counter.energy_j - 160.0)
    assert abs(coarser.energy_j - 160.0) < 2.0 * coarser.standard_u_j


def test_a_ramp_that_is_read_late_is_exact_once_the_delay_is_known() -> None:
    t = np.arange(-5.0, 25.0, 0.5)
    readings = Readings.of(ns(t), 5.0 + 0.2 * (t - 0.8))
    known = observe(readings, window(20.0), plug(period_s=0.5, latency_s=0.8, latency_u_s=0.01))
    assert trapezoid(known).energy_j == pytest.approx(100.0 + 0.1 * 400.0, rel=1e-9)  # type: ignore[union-attr]
    unknown = observe(readings, window(20.0), plug(period_s=0.5))
    off_j = trapezoid(unknown).energy_j - 140.0  # type: ignore[union-attr]
    assert off_j == pytest.approx(-0.8 * 0.2 * 20.0, rel=1e-6)


def test_a_meter_that_is_late_at_the_end_is_not_silent() -> None:
    t = np.arange(-15.0, 20.0, 0.1) + 0.05  # nothing after the window
    readings = Readings.of(ns(t), np.full(t.size, 5.0))
    assert observe(readings, window(20.0), plug(period_s=0.1, latency_s=1.0)).coverage.share == 1.0
