"""Long series made short without losing joules or peaks; counters made rates; gaps kept gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# A pause of so many median intervals, or of so many of the longer ones, is a gap: the line breaks.
GAP_FACTOR = 6.0
LONG_GAP_FACTOR = 3.0
CLOSE_SHARE = 0.2  # of the median interval: readings nearer than this are one


def rate(t_s: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Return the mean slope of a counter between readings, float64[n] each.

    The value at ``t[i]`` holds since ``t[i-1]``; the first is a copy of the second, so that a
    step line starts where the counter does. A counter that went back gives NaN there.
    """
    dt = np.diff(t_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(dt > 0, np.diff(total) / np.where(dt > 0, dt, 1.0), np.nan)
    slope[slope < 0] = np.nan
    return t_s, np.concatenate([slope[:1], slope])


def apart(t: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Say which readings of a counter to keep: a step over no time is no power."""
    kept = np.ones(len(t), dtype=np.bool_)
    if len(t) > 1:
        kept[1:] = np.diff(t) >= apart_by(t)
    return kept


def apart_by(t: npt.NDArray[Any]) -> float:
    """Return how far apart two of at least two readings must be to tell a power."""
    return CLOSE_SHARE * float(np.median(np.diff(t)))


def bucketed(t_s: Floats, y: Floats, buckets: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return centre, mean, least and largest of ``buckets`` equal slices, float64[buckets] each.

    The mean is that of the straight lines between neighbours, over the time that they cover:
    the sum of mean x covered time is the trapezoid integral of the raw samples. Where no two
    neighbouring samples are finite and near, all three are NaN.
    """
    edges = np.linspace(t_s[0], t_s[-1], buckets + 1)
    mean, low, high, _ = means_between(t_s, y, edges)
    return (edges[:-1] + edges[1:]) / 2, mean, low, high


def means_between(t_s: Floats, y: Floats, edges: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return mean, least, largest and covered seconds between any ``edges``, float64[m+1].

    As :func:`bucketed`, which see; outside of ``t_s`` nothing is covered.
    """
    edges = np.clip(edges, t_s[0], t_s[-1])
    dt = np.diff(t_s)
    valid = np.isfinite(y[:-1]) & np.isfinite(y[1:]) & (dt <= _gap_s(dt))
    filled = np.where(np.isfinite(y), y, 0.0)
    area = np.where(valid, (filled[:-1] + filled[1:]) / 2 * dt, 0.0)
    area_to = np.concatenate([[0.0], np.cumsum(area)])
    covered_to = np.concatenate([[0.0], np.cumsum(np.where(valid, dt, 0.0))])
    at = np.clip(np.searchsorted(t_s, edges, side="right") - 1, 0, len(t_s) - 2)
    part = np.where(valid[at], edges - t_s[at], 0.0)
    width = np.where(dt[at] > 0, dt[at], 1.0)
    edge_y = filled[at] + (filled[at + 1] - filled[at]) * (edges - t_s[at]) / width
    area_at = area_to[at] + part * (filled[at] + edge_y) / 2
    covered = np.diff(covered_to[at] + part)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(covered > 0, np.diff(area_at) / np.where(covered > 0, covered, 1), np.nan)
    low, high = _extremes(t_s, y, edges)
    edge_valid = valid[at]
    for bound, pick in ((low, np.fmin), (high, np.fmax)):
        inner = np.where(edge_valid, edge_y, np.nan)
        bound[:] = pick(bound, pick(inner[:-1], inner[1:]))
        bound[np.isnan(mean)] = np.nan
    return mean, low, high, covered


def _extremes(t_s: Floats, y: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Return the least and largest sample in each slice, NaN where a slice has none."""
    first = np.searchsorted(t_s, edges[:-1], side="left")
    last = np.searchsorted(t_s, edges[1:], side="left")
    last[-1] = len(t_s)
    pairs = np.stack([first, last], axis=1).ravel()
    finite = np.isfinite(y)
    # One more value at the end: reduceat wants every index to be inside.
    low = np.minimum.reduceat(np.append(np.where(finite, y, np.inf), np.inf), pairs)[::2]
    high = np.maximum.reduceat(np.append(np.where(finite, y, -np.inf), -np.inf), pairs)[::2]
    none = (first >= last) | np.isinf(low)
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def _gap_s(dt: Floats) -> float:
    positive = dt[dt > 0]
    if not len(positive):
        return np.inf
    # Meters that are also asked at the edges of a window have short intervals among their usual.
    usual, long = np.percentile(positive, [50, 90])
    return max(GAP_FACTOR * float(usual), LONG_GAP_FACTOR * float(long))


def broken_at_gaps(t_s: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Insert a NaN in every gap, so that no line bridges what nobody observed."""
    gaps = np.flatnonzero(np.diff(t_s) > _gap_s(np.diff(t_s)))
    if not len(gaps):
        return t_s, y
    middle = (t_s[gaps] + t_s[gaps + 1]) / 2
    return np.insert(t_s, gaps + 1, middle), np.insert(y, gaps + 1, np.nan)
