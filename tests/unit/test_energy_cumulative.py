"""How the joules of a window came together."""

from __future__ import annotations

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
