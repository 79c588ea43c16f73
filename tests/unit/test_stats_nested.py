from __future__ import annotations

import numpy as np
import pytest

from benchharness.stats.kalibera_jones import (
    counts_of,
    optimal_counts,
    variances,
)

# Yield of dyestuff in grams, 5 samples of each of 6 batches (Davies, Statistical Methods in
# Research and Production, 1947, table 6.1).
DYESTUFF = [
    [1545.0, 1440.0, 1440.0, 1520.0, 1580.0],
    [1540.0, 1555.0, 1490.0, 1560.0, 1495.0],
    [1595.0, 1550.0, 1605.0, 1510.0, 1560.0],
    [1445.0, 1440.0, 1595.0, 1465.0, 1545.0],
    [1595.0, 1630.0, 1515.0, 1635.0, 1625.0],
    [1520.0, 1455.0, 1450.0, 1480.0, 1445.0],
]


def test_published_variance_components() -> None:
    # Published: 2451 of the samples, 1764 of the batches (Davies; also Bates, lme4, 2010).
    samples, batches = variances(DYESTUFF)
    assert samples == pytest.approx(2451.25)
    assert batches == pytest.approx(1764.05)


def test_three_levels_are_those_of_a_nested_analysis_of_variance() -> None:
    rng = np.random.default_rng(2)
    x = (
        10.0
        + rng.normal(0.0, 2.0, (4, 1, 1))
        + rng.normal(0.0, 1.0, (4, 3, 1))
        + rng.normal(0.0, 0.5, (4, 3, 5))
    )
    middle, top = x.mean(axis=2), x.mean(axis=(1, 2))
    # Mean squares and their expectations (Montgomery, section 14.2).
    ms_low = np.sum((x - middle[:, :, None]) ** 2) / (4 * 3 * 4)
    ms_middle = 5 * np.sum((middle - top[:, None]) ** 2) / (4 * 2)
    ms_top = 15 * np.sum((top - top.mean()) ** 2) / 3
    expected = [ms_low, (ms_middle - ms_low) / 5, (ms_top - ms_middle) / 15]
    assert variances(x.tolist()) == pytest.approx(expected)
    assert counts_of(x.tolist()) == [5, 3, 4]


def test_estimates_have_no_bias() -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(1000):
        x = rng.normal(0.0, 0.3, (4, 1)) + rng.normal(0.0, 1.0, (4, 3))
        found.append(variances(x.tolist()))
    assert np.mean(found, axis=0) == pytest.approx([1.0, 0.09], abs=0.05)
    assert min(each[1] for each in found) < 0.0  # without bias it must be able to


def test_optimal_counts() -> None:
    # √(c2/c1 T1²/T2²) by hand: 10 s to start, 1 s for an iteration, as much variance in either.
    assert optimal_counts([1.0, 1.0], [1.0, 10.0]) == [4]
    assert optimal_counts([4.0, 1.0, 0.25], [1.0, 9.0, 36.0]) == [6, 4]
    assert optimal_counts([9.0, 1.0], [1.0, 1.0]) == [3]  # exactly, not 4 for a last bit


def test_optimal_counts_are_the_best_for_the_time() -> None:
    squares, costs_s = [2.0, 0.3], [0.7, 12.0]
    (best,) = optimal_counts(squares, costs_s)
    assert best is not None

    def variance_times_cost(r: float) -> float:
        return (squares[1] + squares[0] / r) * (costs_s[1] + r * costs_s[0])

    rs = np.linspace(1.0, 40.0, 4000)
    true_best = rs[np.argmin([variance_times_cost(r) for r in rs])]
    assert best == int(np.ceil(true_best))


def test_a_level_that_adds_nothing_is_not_repeated() -> None:
    assert optimal_counts([1.0, 0.0, 1.0], [1.0, 6.0, 10.0]) == [4, 1]
    assert optimal_counts([0.0, 1.0], [1.0, 6.0]) == [1]
    assert optimal_counts([1.0, -0.1], [1.0, 6.0]) == [None]


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="equally often"):
        variances([[1.0, 2.0], [1.0]])
    with pytest.raises(ValueError, match="equally often"):
        variances([[1.0, 2.0], 3.0])
    with pytest.raises(ValueError, match="at least twice"):
        variances([[1.0, 2.0]])
    with pytest.raises(ValueError, match="costs"):
        optimal_counts([1.0, 1.0], [1.0])
    with pytest.raises(ValueError, match="above 0"):
        optimal_counts([1.0, 1.0], [0.0, 1.0])
