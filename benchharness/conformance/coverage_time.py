"""Errors of what is said about time: stopping early, drift, dependence, changes, warm-up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchharness.conformance.coverage import Shape, each
from benchharness.stats.autocorrelation import neighbours
from benchharness.stats.change_points import change_points
from benchharness.stats.drift import drift
from benchharness.stats.interval import mean_interval
from benchharness.stats.steady_state import steady_from

STEP = 0.05
NOISE = 0.015
_HIT = 2  # points beside the true place that still count as found


@dataclass(frozen=True, slots=True)
class Stopped:
    """A rule that stops at a width: coverage then, and the mean number of repetitions."""

    coverage: float
    repetitions: float


def stopped_coverage(
    shape: Shape,
    width: float,
    campaigns: int,
    *,
    least: int = 5,
    most: int = 40,
    confirm: int = 2,
    seed: int = 1,
) -> Stopped:
    """Repeat until the mean's interval is within a full relative width, then judge it.

    The width must have held ``confirm`` repetitions before, too: the rule of plan.stop.
    """
    held = made = 0
    for rng in each(campaigns, seed):
        values = shape.draw(rng, most).tolist()
        n = stops_at(values, width, least, confirm)
        found = mean_interval(values[:n])
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.0 <= found.high
        made += n
    return Stopped(held / campaigns, made / campaigns)


def stops_at(values: list[float], width: float, least: int = 5, confirm: int = 2) -> int:
    """Return after how many values it stops: the width held then, and ``confirm`` values before."""
    for n in range(least, len(values) + 1):
        if _within(values[:n], width) and _within(values[: n - confirm], width):
            return n
    return len(values)


def _within(values: list[float], width: float) -> bool:
    found = mean_interval(values)
    if found.mean is None or found.low is None or found.high is None:
        return False
    return found.high - found.low <= width * found.mean


def dependence_found(shape: Shape, n: int, campaigns: int, seed: int = 1) -> float:
    """Return how often neighbours are said to be alike, at 5 %."""
    found = 0
    for rng in each(campaigns, seed, n):
        said = neighbours(shape.draw(rng, n).tolist())
        found += said is not None and said.p < 0.05
    return found / campaigns


def drift_coverage(
    shape: Shape, n: int, campaigns: int, truth: float = 0.012, variants: int = 4, seed: int = 1
) -> float:
    """Return how often the drift's interval holds it: n shuffled blocks of so many variants."""
    held = 0
    time_s = np.arange(n * variants) * 120.0
    for rng in each(campaigns, seed, n):
        order = rng.permuted(np.tile(np.arange(variants), (n, 1)), axis=1).ravel()
        value = (1.0 + order) * shape.draw(rng, order.size) * (1.0 + truth * time_s / time_s[-1])
        of_variants = [
            list(zip(time_s[order == k].tolist(), value[order == k].tolist(), strict=True))
            for k in range(variants)
        ]
        said = drift(of_variants)
        held += said is not None and said.low <= truth <= said.high
    return held / campaigns


def history_alarms(shape: Shape, n: int, campaigns: int, seed: int = 1) -> float:
    """Return how often a history without a change is marked with one or more."""
    return sum(
        bool(change_points(shape.draw(rng, n).tolist())) for rng in each(campaigns, seed, n)
    ) / (campaigns)


def history_power(n: int, after: int, campaigns: int, seed: int = 1) -> float:
    """Return how often a step of 5 % in noise of 1.5 % is found, ``after`` points before the end.

    Within two points of its place.
    """
    found = 0
    for rng in each(campaigns, seed, n):
        values = rng.normal(1.0, NOISE, n)
        values[n - after :] += STEP
        places = [change.index for change in change_points(values.tolist())]
        found += any(abs(place - (n - after)) <= _HIT for place in places)
    return found / campaigns


def warm_up_alarms(shape: Shape, n: int, campaigns: int, seed: int = 1) -> tuple[float, float]:
    """Return how often a steady series is said to warm up, and how often never to be steady."""
    found = list(_steady(shape, n, campaigns, seed))
    later = sum(start is not None and start > 0 for start in found)
    return later / campaigns, found.count(None) / campaigns


def _steady(shape: Shape, n: int, campaigns: int, seed: int) -> Iterator[int | None]:
    for rng in each(campaigns, seed, n):
        yield steady_from(shape.draw(rng, n).tolist())
