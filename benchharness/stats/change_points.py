"""Where the mean of a history changes: seeded binary segmentation with a bounded false alarm rate.

A change of the mean within an interval of the history is Student's t of its two parts, at the
place where it is farthest out. The intervals are few and of all lengths (Kovács, Bühlmann, Li and
Munk, Biometrika 110, 2023), so that a step up that is followed by a step down is seen in an
interval that has only one of them. Of those that are significant the narrowest is taken
(Baranowski, Chen and Fryzlewicz, Journal of the Royal Statistical Society B 81, 2019), then those
on either side of it.

Every place in every interval is one test, and the level is shared among all of them (Bonferroni,
as Worsley 1979 for one change): a history without a change is marked with at most that
probability if its noise is normal, even and independent. Noise that grows would look like steps:
the change is held against the larger of Student's variance and Welch's, with that of each part
steadied by some points' worth of both, since three points alone tell next to nothing of theirs.
docs/statistics.md has what was simulated, and what drift, dependence and looking often do.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.stats.ratio import Ratio, ratio_of_means
from benchharness.stats.sample import Sample, spread
from benchharness.stats.student import t_quantile

FALSE_ALARMS = 0.02
FEWEST = 3  # points on either side of a change: one campaign alone is an outlier
_STEADYING = 8.0  # points' worth of both parts' variance in that of each
_DECAY = math.sqrt(0.5)
_NORMAL_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """``index`` is the first point after the change; ``ratio`` the mean after over that before."""

    index: int
    before: float
    after: float
    ratio: Ratio | None


@dataclass(frozen=True, slots=True)
class _Sums:
    """Running sums of weights, weighted values and weighted squares, each [n + 1]."""

    w: list[float]
    wx: list[float]
    wxx: list[float]


def change_points(
    means: Sequence[float],
    uncertainties: Sequence[float | None] | None = None,
    false_alarms: float = FALSE_ALARMS,
) -> list[ChangePoint]:
    """Return the changes in the mean of a history in order of time, none for fewer than 6 points.

    ``uncertainties`` are standard, one for each mean, None where it is not known. They only weigh
    the points, with what differs between the points beside them: the noise itself is that of the
    history. They must be known well: what each campaign finds of its own three to five runs marks
    steps in 14 to 20 % of histories without any, so pool the spread of all campaigns first, as
    report.history does. ``false_alarms`` is of this history: share it where several are looked at.
    Raises ValueError where the numbers differ.
    """
    if uncertainties is not None and len(uncertainties) != len(means):
        raise ValueError(f"{len(means)} means with {len(uncertainties)} uncertainties")
    n = len(means)
    if n < 2 * FEWEST:
        return []
    sums = _sums(means, _weights(means, uncertainties))
    places = _refined(sums, _found(sums, n, false_alarms), n)
    edges = [0, *places, n]
    parts = [means[start:end] for start, end in itertools.pairwise(edges)]
    return [
        _change_point(place, before, after)
        for place, (before, after) in zip(places, itertools.pairwise(parts), strict=True)
    ]


def _change_point(index: int, before: Sequence[float], after: Sequence[float]) -> ChangePoint:
    above, below = spread(Sample("", tuple(after))), spread(Sample("", tuple(before)))
    assert above is not None
    assert below is not None
    ratio = ratio_of_means(above, below) if below.mean > 0.0 else None
    return ChangePoint(index, below.mean, above.mean, ratio)


def _weights(means: Sequence[float], uncertainties: Sequence[float | None] | None) -> list[float]:
    """Return 1/(u² + what lies between the points), scaled to a mean near 1."""
    known = [u for u in uncertainties or () if u is not None and u > 0.0]
    if not known:
        return [1.0] * len(means)
    typical = statistics.median(known) ** 2
    changes = [abs(after - before) for before, after in itertools.pairwise(means)]
    noise = (_NORMAL_MAD * statistics.median(changes)) ** 2 / 2.0
    between = max(0.0, noise - typical)
    squares = [u * u if u else typical for u in uncertainties or ()]
    return [(typical + between) / (square + between) for square in squares]


def _sums(values: Sequence[float], weights: Sequence[float]) -> _Sums:
    # Less a typical value, so that squares keep their digits.
    middle = statistics.median(values)
    w, wx, wxx = [0.0], [0.0], [0.0]
    for value, weight in zip(values, weights, strict=True):
        off = value - middle
        w.append(w[-1] + weight)
        wx.append(wx[-1] + weight * off)
        wxx.append(wxx[-1] + weight * off * off)
    return _Sums(w, wx, wxx)


def _found(sums: _Sums, n: int, false_alarms: float) -> list[int]:
    intervals = _intervals(n)
    tests = sum(end - start - 2 * FEWEST + 1 for start, end in intervals)
    found: list[int] = []
    limits: dict[int, float] = {}
    # The narrowest first; one that holds a change already found says nothing new.
    for start, end in sorted(intervals, key=lambda i: (i[1] - i[0], i[0])):
        if any(start < place < end for place in found):
            continue
        place = _best_split(sums, start, end)
        share = _share(sums, start, place, end)
        nu = end - start - 2
        if nu not in limits:
            limits[nu] = _limit(false_alarms / tests, nu)
        if share >= limits[nu]:
            found.append(place)
    return sorted(found)


def _share(sums: _Sums, start: int, place: int, end: int) -> float:
    """Return t²/(t² + nu) of a split: the share of the squares that it explains, at most."""
    nu = end - start - 2
    w_a, mean_a, squares_a = _part(sums, start, place)
    w_b, mean_b, squares_b = _part(sums, place, end)
    if squares_a + squares_b <= 1e-12 * max(sums.wxx[-1], 1e-300):
        return 1.0 if mean_a != mean_b else 0.0
    both = (squares_a + squares_b) / nu
    of_a = (_STEADYING * both + squares_a) / (_STEADYING + place - start - 1)
    of_b = (_STEADYING * both + squares_b) / (_STEADYING + end - place - 1)
    variance = max(both / w_a + both / w_b, of_a / w_a + of_b / w_b)
    t2 = (mean_a - mean_b) ** 2 / variance
    return t2 / (t2 + nu)


def _part(sums: _Sums, start: int, end: int) -> tuple[float, float, float]:
    """Return weight, mean and the weighted squares about it of the points from start to end."""
    weight = sums.w[end] - sums.w[start]
    total = sums.wx[end] - sums.wx[start]
    squares = sums.wxx[end] - sums.wxx[start] - total * total / weight
    return weight, total / weight, max(0.0, squares)


def _intervals(n: int) -> list[tuple[int, int]]:
    """Return (start, end) of every length n 0.5^(k/2) down to 6, each half over the next."""
    found = set()
    length = float(n)
    while length >= 2 * FEWEST:
        count = 2 * math.ceil(n / length) - 1
        shift = (n - length) / (count - 1) if count > 1 else 0.0
        for i in range(count):
            start = math.floor(i * shift)
            found.add((start, min(n, math.ceil(i * shift + length))))
        length *= _DECAY
    return sorted(found)


def _best_split(sums: _Sums, start: int, end: int) -> int:
    """Return the place that parts an interval best."""
    w, wx = sums.w, sums.wx
    first_w, first_wx = w[start], wx[start]
    weight = w[end] - first_w
    mean = (wx[end] - first_wx) / weight
    best, place = -1.0, start + FEWEST
    for k in range(start + FEWEST, end - FEWEST + 1):
        part = w[k] - first_w
        off = wx[k] - first_wx - part * mean
        gain = off * off / (part * (weight - part))
        if gain > best:
            best, place = gain, k
    return place


def _limit(p: float, nu: float) -> float:
    """Return the share of the squares that one test exceeds by chance with probability ``p``."""
    t = t_quantile(1.0 - p / 2.0, nu)
    return t * t / (t * t + nu)


def _refined(sums: _Sums, places: Sequence[int], n: int) -> list[int]:
    """Return each place where it parts best what lies between its neighbours."""
    edges = [0, *places, n]
    for i in range(1, len(edges) - 1):
        edges[i] = _best_split(sums, edges[i - 1], edges[i + 1])
    return edges[1:-1]
