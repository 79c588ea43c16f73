"""Plugs that tell power and counter one after the other: two halves are not an interval."""

from __future__ import annotations

import math

import pytest

from benchharness.energy.observed import observe
from benchharness.energy.readings import Readings, Window
from benchharness.model import Capabilities, MeasurementClass

SECOND_NS = 1_000_000_000


def test_the_interval_of_halves_is_that_of_one_kind() -> None:
    # Each second 5 W, and 400 µs later the counter; nothing is stated of the period.
    t_ns = [s * SECOND_NS + late for s in range(-2, 13) for late in (0, 400_000)]
    power_w = [5.0 if index % 2 == 0 else math.nan for index in range(len(t_ns))]
    energy_j = [math.nan if index % 2 == 0 else 2.5 * index for index in range(len(t_ns))]
    can = Capabilities(MeasurementClass.MEASURED, has_power=True, has_counter=True)
    observed = observe(Readings.of(t_ns, power_w, energy_j), Window(0, 10 * SECOND_NS), can)
    assert observed.period_s == pytest.approx(1.0)
    assert observed.coverage.share == pytest.approx(1.0)
