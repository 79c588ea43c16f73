"""How the joules of a window came together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchharness.energy.cumulative import energy_until
from benchharness.energy.readings import Readings, Window
from tests.unit.phase_loads import Load, at, capabilities, figure_of, seen

LOAD = Load(4, [("train", 30.0), ("wait", 30.0)], {"train": 8.0, "wait": 2.0})
WINDOW = Window(at(0.0), at(240.0))


@pytest.mark.parametrize("counter", [False, True])
def test_it_follows_the_load_and_ends_with_the_figure(counter: bool) -> None:
    meter = capabilities(counter=counter)
    readings = seen(LOAD, np.random.default_rng(2), counter=counter)
    if counter:  # the counter alone
        readings = Readings(readings.t_ns, np.full(len(readings), np.nan), readings.energy_j)
    total_j = figure_of(LOAD, readings, meter).gross_j.value
    times_s = np.array([-5.0, 0.0, 30.0, 60.0, 120.0, 240.0, 300.0])
    found = energy_until(readings, meter, WINDOW, total_j, times_s)
    assert found is not None
    assert found[[0, 1]].tolist() == [0.0, 0.0]
    assert found[2:5] == pytest.approx([240.0, 300.0, 600.0], abs=6.0)
    assert found[[5, 6]] == pytest.approx([total_j, total_j])
    assert (np.diff(found) >= 0.0).all()


def test_without_readings_there_is_none() -> None:
    none = Readings.of([], [])
    assert energy_until(none, capabilities(), WINDOW, 10.0, np.array([1.0])) is None


@pytest.mark.parametrize(("period_s", "step_j"), [(30.0, 36.0), (1.0, 36.0)])
def test_the_better_of_powers_and_counter_tells(period_s: float, step_j: float) -> None:
    """Powers each 30 s say little of rounds of 70 s, and the counter much; each 1 s it is even."""
    chance = np.random.default_rng(3)
    load = Load(12, [("train", 20.0), ("wait", 50.0)], {"train": 8.0, "wait": 2.0})
    window = Window(at(0.0), at(load.duration_s))
    ends_s = np.arange(1.0, 12.0) * 70.0
    exact_j = np.arange(1.0, 12.0) * 260.0
    meter = replace(
        capabilities(counter=True), period_s=period_s, energy_resolution_j=step_j,
        power_resolution_w=0.1,
    )  # fmt: skip
    errors_j = []
    for _ in range(20):
        shown = seen(load, chance, period_s, 0.02, step_w=0.1, counter=True)
        coarse_j = np.floor(shown.energy_j / step_j) * step_j
        readings = Readings(shown.t_ns, shown.power_w, coarse_j)
        found = energy_until(readings, meter, window, 12 * 260.0, ends_s)
        assert found is not None
        errors_j.append((found - exact_j)[1:])
    rms_j = float(np.sqrt((np.array(errors_j) ** 2).mean()))
    assert rms_j < 55.0 if period_s > 1.0 else rms_j < 10.0


def test_up_to_a_time_with_few_readings_before_it_nothing_is_known() -> None:
    readings = seen(LOAD, np.random.default_rng(2), 30.0)
    meter = replace(capabilities(), period_s=30.0)
    total_j = figure_of(LOAD, readings, meter).gross_j.value
    times_s = np.array([-1.0, 0.1, 20.0, 59.0, 100.0, 240.0])
    found = energy_until(readings, meter, WINDOW, total_j, times_s)
    assert found is not None
    assert np.isnan(found).tolist() == [False, False, True, True, False, False]
