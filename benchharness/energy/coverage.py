"""Which share of a window the readings vouch for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchharness.energy.arrays import diff
from benchharness.energy.readings import FloatArray

GAP_PERIODS = 3.0
GAP_MARGIN_S = 0.25
_ROUNDING = 1e-12  # of a sum of many intervals


@dataclass(frozen=True, slots=True)
class Coverage:
    """``share`` of the window (0 to 1), the seconds without a reading, and those known silent."""

    share: float
    uncovered_s: float
    silent_s: dict[str, float]


def gap_limit_s(period_s: float) -> float:
    """Return how far apart two readings may lie and still vouch for the time between them."""
    return GAP_PERIODS * period_s + GAP_MARGIN_S


def coverage(
    t_s: FloatArray,
    duration_s: float,
    period_s: float,
    silent: Sequence[tuple[str, float, float]] = (),
    late_s: float = 0.0,
) -> Coverage:
    """Return the coverage of the window [0, duration_s] by readings at ``t_s`` float64[n].

    Two readings vouch for what lies between them unless that is longer than the gap limit;
    the first, the last, and one before a gap vouch for one period; so late as ``late_s`` a meter
    has nothing to say about the end of its last one, which is no silence. ``silent`` spans
    (kind, start, end) are taken off.
    """
    starts, ends = _vouched(_around(t_s, duration_s), period_s, late_s)
    starts = np.minimum(np.maximum(starts, 0.0), duration_s)
    ends = np.minimum(np.maximum(ends, 0.0), duration_s)
    covered_s = float((ends - starts).sum())
    silent_s: dict[str, float] = {}
    for kind, begin, end in silent:
        inside = max(0.0, min(end, duration_s) - max(begin, 0.0))
        if inside > 0.0:
            silent_s[kind] = silent_s.get(kind, 0.0) + inside
    for begin, end in merged((begin, end) for _, begin, end in silent):
        overlap = np.minimum(ends, end) - np.maximum(starts, begin)
        covered_s -= float(np.maximum(overlap, 0.0).sum())
    covered_s = min(max(covered_s, 0.0), duration_s)
    if duration_s - covered_s <= _ROUNDING * duration_s:
        covered_s = duration_s
    return Coverage(covered_s / duration_s, duration_s - covered_s, silent_s)


def merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans in order, overlapping ones joined."""
    joined: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _around(t_s: FloatArray, duration_s: float) -> FloatArray:
    """Leave out readings that have nothing to say of the window: others lie nearer to it."""
    first = int(t_s.searchsorted(0.0, side="right")) - 1
    last = int(t_s.searchsorted(duration_s, side="left")) + 1
    return t_s[max(0, first) : last]


def _vouched(t_s: FloatArray, period_s: float, late_s: float) -> tuple[FloatArray, FloatArray]:
    """Return intervals that do not overlap, as starts and ends float64[n + 1]."""
    if t_s.size == 0:
        return np.empty(0), np.empty(0)
    gaps = diff(t_s)
    held = np.where(gaps <= gap_limit_s(period_s), gaps, np.minimum(gaps, period_s))
    starts = np.concatenate([[t_s[0] - period_s], t_s])
    ends = np.concatenate([[t_s[0]], t_s[:-1] + held, [t_s[-1] + period_s + late_s]])
    return starts, ends
