"""Medians and differences of short and long channels are NumPy's to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from benchharness.energy.arrays import diff, median, quantile, value_range


@pytest.mark.parametrize("size", [1, 2, 3, 4, 22, 255, 256, 257, 258, 5000, 5001])
@pytest.mark.parametrize("digits", [0, 12])
def test_it_is_numpys(size: int, digits: int) -> None:
    values = np.round(np.random.default_rng(size).normal(5.0, 2.0, size), digits)
    before = values.copy()
    assert median(values) == float(np.median(values))
    assert (values == before).all()


def test_differences_are_numpys_also_of_times() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, 100)
    assert (diff(values) == np.diff(values)).all()
    times = np.array([1 << 60, (1 << 60) + 1, (1 << 60) + 5])
    assert diff(times).tolist() == [1, 4]
    assert diff(times[:1]).size == diff(times[:0]).size == 0


@pytest.mark.parametrize("n", [1, 2, 3, 10, 51, 400])
@pytest.mark.parametrize("q", [0.0, 0.5, 0.9, 0.98, 1.0])
def test_a_quantile_is_that_of_numpy(n: int, q: float) -> None:
    values = np.random.default_rng(n).normal(size=n)
    before = values.copy()
    assert quantile(values, q) == pytest.approx(float(np.quantile(values, q)), rel=1e-15)
    assert np.array_equal(values, before)


def test_a_range_is_largest_less_smallest() -> None:
    assert value_range(np.array([3.0, -1.5, 2.0])) == 4.5
    assert value_range(np.array([3.0])) == 0.0
