from __future__ import annotations

import math

import numpy as np
import pytest

from benchharness.energy.readings import Readings, Window


def test_readings_are_put_in_order_and_the_last_of_equal_times_stands() -> None:
    readings = Readings.of([30, 10, 30, 20], [3.0, 1.0, 4.0, 2.0])
    assert readings.t_ns.tolist() == [10, 20, 30]
    assert readings.power_w.tolist() == [1.0, 2.0, 4.0]
    assert np.isnan(readings.energy_j).all()


def test_unordered_arrays_are_refused() -> None:
    nothing = np.full(2, math.nan)
    with pytest.raises(ValueError, match="must rise"):
        Readings(np.array([2, 1], dtype=np.int64), nothing, nothing)


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        Readings.of([1, 2], [1.0])


def test_a_window_has_a_length() -> None:
    with pytest.raises(ValueError, match="end after it starts"):
        Window(5, 5)
    assert Window(0, 1_500_000_000).duration_s == 1.5


def test_times_keep_their_nanoseconds_after_years_of_uptime() -> None:
    zero_ns = 10**17
    readings = Readings.of([zero_ns + 1, zero_ns + 2], [1.0, 1.0])
    assert readings.powers(zero_ns).t_s.tolist() == [1e-9, 2e-9]


def test_neighbours_are_found_within_their_limit() -> None:
    samples = Readings.of([0, 10**9, 3 * 10**9], [1.0, 2.0, 3.0]).powers(0)
    assert samples.before(2.5, within_s=2.0) == (1.0, 2.0)
    assert samples.before(2.5, within_s=1.0) is None
    assert samples.before(1.0, within_s=0.0) == (1.0, 2.0)
    assert samples.after(1.5, within_s=2.0) == (3.0, 3.0)
    assert samples.after(3.5, within_s=9.0) is None
    assert samples.before(-1.0, within_s=9.0) is None
