"""The sampling term against the error that it stands for, over many drawn powers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchharness.energy.interior import interior_hold
from benchharness.energy.observed import Candidate, observe
from benchharness.energy.readings import Readings
from tests.unit.energy_models import ns, plug, window

N = 200  # readings, one a second
FINE = 20  # steps of the walk between two readings


def found(powers: np.ndarray) -> Candidate:
    # Half a second from each edge: readings stand for equal times.
    t = np.arange(powers.size) + 0.5
    result = interior_hold(observe(Readings.of(ns(t), powers), window(float(powers.size)), plug()))
    assert isinstance(result, Candidate)
    return result


def error_and_term(kind: str, rng: np.random.Generator) -> tuple[float, float]:
    """Return the energy's error between the first and last reading, and the stated term."""
    if kind == "independent":
        powers = 10.0 + rng.normal(0.0, 1.0, N)
        # Each second's mean is 10 W, each snapshot is off by what was drawn.
        true_j = 10.0 * N
        candidate = found(powers)
        return candidate.energy_j - true_j, candidate.budget.of_name("sampling")
    if kind == "walk":
        path = 100.0 + np.cumsum(rng.normal(0.0, 1.0 / math.sqrt(FINE), (N - 1) * FINE + 1))
    else:  # three steps at any time
        path = np.full((N - 1) * FINE + 1, 10.0)
        for at in rng.integers(0, path.size, 3):
            path[at:] += rng.uniform(-3.0, 3.0)
    powers = path[::FINE]
    true_j = float(np.sum(path[1:] + path[:-1])) / 2.0 / FINE
    by_readings_j = float(np.sum(powers[1:] + powers[:-1])) / 2.0
    return by_readings_j - true_j, found(powers).budget.of_name("sampling")


@pytest.mark.parametrize(
    ("kind", "most"),
    [("independent", 1.15), ("walk", 1.45), ("steps", 1.6)],
)
def test_the_term_is_the_spread_of_the_error(kind: str, most: float) -> None:
    drawn = np.array([error_and_term(kind, np.random.default_rng(seed)) for seed in range(400)])
    actual_j = float(np.sqrt(np.mean(drawn[:, 0] ** 2)))
    stated_j = float(np.sqrt(np.mean(drawn[:, 1] ** 2)))
    assert 0.95 <= stated_j / actual_j <= most


def test_few_readings_take_nothing_off() -> None:
    # Four readings cannot tell a walk from noise: the variance of second differences stands whole.
    candidate = found(np.array([1.0, 2.0, 4.0, 3.0]))
    residuals = np.array([2.0 - 2.5, 4.0 - 2.5]) ** 2 / 1.5
    by_hand = math.sqrt(2.0 * residuals.sum())
    assert candidate.budget.of_name("sampling") == pytest.approx(by_hand)
