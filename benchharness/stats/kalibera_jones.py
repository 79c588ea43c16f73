"""Repetitions at each level of a nested experiment, from a pilot.

Kalibera and Jones, Rigorous Benchmarking in Reasonable Time (ISMM 2013, sections 5 to 7). Level 1
is the lowest (iterations), the last the highest (boots, or builds). T_i² is the variance that
level i itself adds, estimated without bias; the counts are those that make the interval of the
grand mean narrowest for the time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Union

from benchharness.stats.interval import mean_interval

# Lists of lists of values, the highest level outermost; every list of a level is equally long.
Nested = Sequence[Union[float, "Nested"]]


def counts_of(pilot: Nested) -> list[int]:
    """Return how often each level was repeated, the lowest first.

    Raises ValueError where lists of one level differ in length, or are empty.
    """
    lists = [pilot]
    counts: list[int] = []
    while True:
        lengths = {len(each) for each in lists}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError("each level of a pilot must be repeated equally often")
        counts.append(lengths.pop())
        inner = [item for each in lists for item in each if not isinstance(item, (int, float))]
        if not inner:
            return counts[::-1]
        if len(inner) != counts[-1] * len(lists):
            raise ValueError("each level of a pilot must be repeated equally often")
        lists = inner


def variances(pilot: Nested) -> list[float]:
    """Return T_1², T_2² ... of a pilot, unbiased, the lowest level first; below 0 by chance.

    T_1² = S_1² and T_i² = S_i² - S_{i-1}²/r_{i-1} (section 6.2), S_i² being the mean variance of
    the level's means. Raises ValueError where a level has no second repetition.
    """
    counts = counts_of(pilot)
    if min(counts) < 2:
        raise ValueError("a level that is not repeated has no variance: pilot each at least twice")
    squares = [_mean_variance(pilot, level) for level in range(len(counts), 0, -1)][::-1]
    return [squares[0]] + [
        squares[i] - squares[i - 1] / counts[i - 1] for i in range(1, len(counts))
    ]


def optimal_counts(variances: Sequence[float], costs_s: Sequence[float]) -> list[int | None]:
    """Return the best repetitions for each level but the highest, the lowest first.

    r_i = ceil(√(c_{i+1}/c_i T_i²/T_{i+1}²)) (section 7.2), c_i being what one more repetition of
    level i costs without those of the level below: for a process its start and warm-up. A level
    that adds no variance is not worth repeating: 1, and its cost goes to the level above. None
    where no level above adds any: then only this level matters, and no count is too large.
    Raises ValueError unless there is a positive cost for each level.
    """
    if len(variances) != len(costs_s) or not variances:
        raise ValueError(f"{len(variances)} levels with {len(costs_s)} costs")
    if min(costs_s) <= 0.0:
        raise ValueError("a repetition costs time: each cost must be above 0")
    return [_count(variances, costs_s, level) for level in range(len(variances) - 1)]


def _count(variances: Sequence[float], costs_s: Sequence[float], level: int) -> int | None:
    if variances[level] <= 0.0:
        return 1
    cost_above = 0.0
    for variance, cost_s in zip(variances[level + 1 :], costs_s[level + 1 :], strict=True):
        cost_above += cost_s
        if variance > 0.0:
            ratio = cost_above / costs_s[level] * variances[level] / variance
            # A root of a whole number is not made one more by the last bit.
            return max(1, math.ceil(math.sqrt(ratio) - 1e-9))
    return None


def _mean_variance(pilot: Nested, level: int) -> float:
    """Return S² of a level: the variance of its means, averaged over all lists of that level."""
    lists: list[Nested] = [pilot]
    for _ in range(len(counts_of(pilot)) - level):
        lists = [item for each in lists for item in each if not isinstance(item, (int, float))]
    squares = []
    for each in lists:
        sd = mean_interval([_mean(item) for item in each]).sd
        assert sd is not None
        squares.append(sd * sd)
    return math.fsum(squares) / len(squares)


def _mean(item: float | Nested) -> float:
    if isinstance(item, (int, float)):
        return float(item)
    return math.fsum(_mean(each) for each in item) / len(item)
