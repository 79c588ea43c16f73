"""Whether what a program repeats has come to a steady state: phases, and times that it tells.

A program that says how long each iteration took, by a metric with steps in a unit of time or by a
phase of one name, again and again, may warm up. Its window has the warm-up in it: that is said.
Other metrics with steps, as a loss, are meant to change. What a trial's other programs repeat is
left out: eight of them that wait for one another are no eight warm-ups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchharness.model import Caution
from benchharness.report.derive_spans import MAIN, qualified, spans_of
from benchharness.stats.steady_state import FEWEST, steady_from
from benchharness.store.records import EventRecord

MOST_ITERATIONS = 2000  # as many as the method was made for; what follows is not looked at
_MOST_SERIES = 8
_TIMES = frozenset({"s", "ms", "us", "µs", "μs", "ns", "min"})
_REMEDY = "let the window begin after the warm-up, or say that it is part of what is measured"


def steady_cautions(events: Sequence[EventRecord]) -> list[Caution]:
    """Return what is to be said of each series of iterations that is long enough to tell."""
    events = [event for event in events if event.participant == MAIN]
    found = sorted({**_of_phases(events), **_of_metrics(events)}.items())
    return [
        caution
        for name, values in found[:_MOST_SERIES]
        for caution in _said(name, values[:MOST_ITERATIONS])
    ]


def _said(name: str, values: Sequence[float]) -> Iterator[Caution]:
    if len(values) < FEWEST or min(values) < 0.0 or max(values) <= 0.0:
        return
    start = steady_from(values)
    n = len(values)
    if start is None:
        yield Caution("not-steady", f"not steady: {name} never settles in {n} iterations", _REMEDY)
    elif start:
        first = "first iteration is" if start == 1 else f"first {start} iterations are"
        yield Caution("not-steady", f"not steady: the {first} warm-up, of {n} of {name}", _REMEDY)


def _of_phases(events: Iterable[EventRecord]) -> dict[str, list[float]]:
    """Return how long each occurrence of a phase was, in s, in the order of their starts."""
    found: dict[str, list[float]] = {}
    for span in spans_of(event for event in events if event.kind == "phase"):
        if span.end_ns is not None:
            length_s = (span.end_ns - span.start_ns) / 1e9
            found.setdefault(f"phase {qualified(span.source, span.name)}", []).append(length_s)
    return found


def _of_metrics(events: Iterable[EventRecord]) -> dict[str, list[float]]:
    """Return the values of metrics in a unit of time that have steps, in the order of these."""
    found: dict[str, list[tuple[int, float]]] = {}
    for event in events:
        told = event.kind == "metric" and event.unit in _TIMES
        if told and event.name and event.value is not None and event.step is not None:
            name = qualified(event.participant, event.name)
            found.setdefault(name, []).append((event.step, event.value))
    return {name: [value for _, value in sorted(pairs)] for name, pairs in found.items()}
