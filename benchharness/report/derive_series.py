"""Metrics by step: what a workload said of each round, iteration or request, in order."""

from __future__ import annotations

from collections.abc import Iterable

from benchharness.model import SeriesPoint
from benchharness.report.derive_spans import qualified
from benchharness.store.records import EventRecord

# Told whenever they change, by whoever sets them, and so without a step.
LINK_RATES = frozenset({"link_up_bit_s", "link_down_bit_s"})
MOST_POINTS = 100_000  # of one series: more are no picture, and the events have them all


def series_of(events: Iterable[EventRecord]) -> dict[str, tuple[SeriesPoint, ...]]:
    """Return the values of each metric that was told with a step at least once, by its name.

    The rates of links are series too, though they know no steps. In order of time. Where a step was
    told again (a server that came back does its round again), the last value stands. Of a very long
    series every n-th point is kept, and the last one.
    """
    found: dict[str, list[SeriesPoint]] = {}
    stepped: set[str] = set()
    for event in events:
        if event.kind == "metric" and event.name is not None and event.value is not None:
            name = qualified(event.participant, event.name)
            found.setdefault(name, []).append(SeriesPoint(event.t_ns, event.step, event.value))
            if event.step is not None or event.name in LINK_RATES:
                stepped.add(name)
    return {name: _thinned(_last_of_each_step(found[name])) for name in found if name in stepped}


def _last_of_each_step(points: list[SeriesPoint]) -> list[SeriesPoint]:
    last = {point.step: point for point in points if point.step is not None}
    return [point for point in points if point.step is None or last[point.step] is point]


def _thinned(points: list[SeriesPoint]) -> tuple[SeriesPoint, ...]:
    every = -(-len(points) // MOST_POINTS)
    if every == 1:
        return tuple(points)
    kept = points[::every]
    return tuple(kept if kept[-1] is points[-1] else [*kept, points[-1]])
