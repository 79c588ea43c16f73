"""Phases as intervals that do not overlap: each instant of a window belongs to one of them.

Programs mark phases freely: nested, repeated, out of the window. An instant belongs to the phase
that began last; of two that began together, to the one that ends last. Where there is none, it is
of "other".
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.energy.arrays import diff
from benchharness.energy.readings import FloatArray, TimeArray, Window

OTHER = "other"

IndexArray = npt.NDArray[np.int64]


class Span(NamedTuple):
    """One occurrence of a phase, by its CLOCK_MONOTONIC stamps, with the CPU seconds it tells."""

    start_ns: int
    end_ns: int
    name: str
    cpu_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """The window, divided: ``edges_ns`` int64[n + 1] rising, ``phase`` int64[n] into ``names``.

    ``counts`` holds by phase how many of its occurrences lie in the window at least partly, 0 for
    "other", which is the last name and there only where time is left for it. ``cpu_s``, float64[n],
    is what a phase tells of its own CPU use in an interval, NaN where it tells nothing of just it.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    edges_ns: TimeArray
    phase: IndexArray
    cpu_s: FloatArray

    @property
    def durations_s(self) -> FloatArray:
        """Return the seconds of each phase, float64[names]; they sum to the window."""
        lengths_ns = diff(self.edges_ns)
        # In integers: a sum of thousands of seconds in float64 would lose the last digits.
        total_ns = np.zeros(len(self.names), dtype=np.int64)
        np.add.at(total_ns, self.phase, lengths_ns)
        return _seconds(total_ns)

    def edges_s(self) -> FloatArray:
        """Return the edges in seconds since the window's start, float64[n + 1]."""
        return _seconds(self.edges_ns - self.edges_ns[0])

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum of values of the intervals, float64[n], by phase, float64[names]."""
        return np.bincount(self.phase, weights=values, minlength=len(self.names)).astype(np.float64)


def divide(spans: Sequence[Span], window: Window) -> Intervals:
    """Divide a window among the spans that lie in it at least partly."""
    inside = sorted(
        (
            span
            for span in spans
            if window.start_ns < span.end_ns > span.start_ns and span.start_ns < window.end_ns
        ),
        key=_order,
    )
    names = list(dict.fromkeys(span.name for span in inside if span.name != OTHER))
    place = {name: at for at, name in enumerate(names)}
    place[OTHER] = len(names)
    began_ns = np.array([span.start_ns for span in inside], dtype=np.int64)
    ended_ns = np.array([span.end_ns for span in inside], dtype=np.int64)
    ends_ns = np.minimum(ended_ns, window.end_ns)
    starts_ns = np.maximum(began_ns, window.start_ns)
    which = np.array([place[span.name] for span in inside], dtype=np.int64)
    if (starts_ns[1:] < ends_ns[:-1]).any():
        starts_ns, ends_ns, which = _sweep((began_ns, ended_ns), starts_ns, ends_ns, which)
    edges_ns, phase = _with_rest(starts_ns, ends_ns, which, window, place[OTHER])
    counts = [0] * (len(names) + 1)
    for span in inside:
        counts[place[span.name]] += span.name != OTHER
    if (phase == place[OTHER]).any():
        names.append(OTHER)
    cpu_s = _told(inside, place, edges_ns, phase)
    return Intervals(tuple(names), tuple(counts[: len(names)]), edges_ns, phase, cpu_s)


def _order(span: Span) -> tuple[int, int, str]:
    return span.start_ns, span.end_ns, span.name


def _told(
    spans: Sequence[Span], place: Mapping[str, int], edges_ns: TimeArray, phase: IndexArray
) -> FloatArray:
    """Return the CPU seconds of the intervals that are one occurrence, whole and alone."""
    cpu_s = np.full(phase.size, np.nan)
    telling = [span for span in spans if span.cpu_s is not None]
    starts_ns = np.array([span.start_ns for span in telling], dtype=np.int64)
    found = np.clip(np.searchsorted(edges_ns, starts_ns), 0, phase.size - 1).tolist()
    for span, at in zip(telling, found, strict=True):
        whole = edges_ns[at] == span.start_ns and edges_ns[at + 1] == span.end_ns
        if whole and phase[at] == place[span.name]:
            cpu_s[at] = span.cpu_s
    return cpu_s


def _sweep(
    whole_ns: tuple[TimeArray, TimeArray],
    starts_ns: TimeArray,
    ends_ns: TimeArray,
    which: IndexArray,
) -> tuple[TimeArray, TimeArray, IndexArray]:
    """Give each instant that several spans cover to the one that began last.

    ``whole_ns`` are their starts and ends, of which the window may have cut some off.
    """
    edges = np.unique(np.concatenate([starts_ns, ends_ns])).tolist()
    began, ended = (each.tolist() for each in whole_ns)
    starts, ends = starts_ns.tolist(), ends_ns.tolist()
    active: list[tuple[int, int, int]] = []  # the one that began last is on top
    found: list[tuple[int, int, int]] = []
    coming = 0
    for left, right in itertools.pairwise(edges):
        while coming < len(starts) and starts[coming] <= left:
            heapq.heappush(active, (-began[coming], -ended[coming], coming))
            coming += 1
        while active and ends[active[0][2]] <= left:
            heapq.heappop(active)
        if active:
            found.append((left, right, active[0][2]))
    at = np.array(found, dtype=np.int64).reshape(-1, 3)
    return at[:, 0], at[:, 1], which[at[:, 2]]


def _with_rest(
    starts_ns: TimeArray, ends_ns: TimeArray, which: IndexArray, window: Window, rest: int
) -> tuple[TimeArray, IndexArray]:
    """Put the time of no span between the others, and join neighbours of one phase."""
    bounds = np.empty(2 * starts_ns.size + 2, dtype=np.int64)
    bounds[0], bounds[-1] = window.start_ns, window.end_ns
    bounds[1:-1:2], bounds[2:-1:2] = starts_ns, ends_ns
    phase = np.full(bounds.size - 1, rest, dtype=np.int64)
    phase[1::2] = which
    real = diff(bounds) > 0
    starts, phase = bounds[:-1][real], phase[real]
    return np.append(starts, window.end_ns), phase


def _seconds(times_ns: TimeArray) -> FloatArray:
    return np.asarray(times_ns / float(NANOSECONDS_PER_SECOND), dtype=np.float64)
