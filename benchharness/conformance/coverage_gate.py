"""How often a gate closes where only the session differs, and what its power is worth."""

from __future__ import annotations

import numpy as np

from benchharness.conformance.coverage import each, sample_of
from benchharness.stats.gate import GateState, decide
from benchharness.stats.gate_power import chance_to_close, least_regression

LIMIT = 0.03
VARIATION = 0.02


def closed_between_sessions(
    session: float, limit: float, campaigns: int, *, cv: float = 0.01, n: int = 20, seed: int = 1
) -> float:
    """Return how often a gate closes where nothing changed but the session.

    ``session`` is the relative standard deviation of what every run of a session shares.
    """
    closed = 0
    for rng in each(campaigns, seed, n, round(1e6 * session)):
        now, before = (
            sample_of(rng.normal(1.0, cv, n), 1.0 + session * rng.standard_normal())
            for _ in range(2)
        )
        closed += decide(now, before, limit).state is GateState.CLOSED
    return closed / campaigns


def closed_at_least_regression(cv: float, n: int, campaigns: int, seed: int = 1) -> float:
    """Return how often a gate closes on the regression that it is said to close on with 80 %."""
    exact = np.linspace(-1.0, 1.0, 50)
    least = least_regression(sample_of(1.0 + cv * exact / np.std(exact, ddof=1), 1.0), LIMIT, n)
    if least is None:
        return float("nan")
    closed = 0
    for rng in each(campaigns, seed, n, round(1e6 * cv)):
        now = sample_of(rng.normal(1.0, cv, n), 1.0 + least)
        found = decide(now, sample_of(rng.normal(1.0, cv, n), 1.0), LIMIT)
        closed += found.state is GateState.CLOSED
    return closed / campaigns


def chances_of_estimated(
    runs: int, baselines: int, n: int = 10, seed: int = 1
) -> tuple[float, float, float]:
    """Return the mean, the 10th and the 90th percentile of the true chance behind "80 %".

    The spread is what a baseline of so many runs shows.
    """
    found = []
    for rng in each(baselines, seed, runs):
        base = sample_of(rng.normal(1.0, VARIATION, runs), 1.0)
        least = least_regression(base, LIMIT, n)
        if least is not None:
            found.append(chance_to_close(1.0 + least, LIMIT, VARIATION, n))
    low, high = np.percentile(found, [10.0, 90.0])
    return float(np.mean(found)), float(low), float(high)
