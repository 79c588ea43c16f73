"""Stages, phases and metrics of a trial, from its events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchharness.clock import seconds
from benchharness.energy.readings import Window
from benchharness.model import PhaseSpan
from benchharness.store.records import EventRecord

HARNESS = "harness"
MAIN = "main"
_SPAN_KINDS = ("stage", "phase", "window")
_NEVER_NS = 1 << 63


def counted(events: Iterable[EventRecord]) -> list[EventRecord]:
    """Leave out what programs said before the window's stage: a warm-up does not count."""
    events = list(events)
    since_ns = _counts_since_ns(events)
    return [e for e in events if e.participant == HARNESS or e.t_ns >= since_ns]


def spans_of(events: Iterable[EventRecord]) -> tuple[PhaseSpan, ...]:
    """Pair the starts and ends of stages, phases and windows, in order of their starts.

    A name may be open several times at once (an end belongs to the last start of its step, else to
    the last start); a span that never ended has no end, and an end without a start is nothing.
    """
    open_at: dict[tuple[str, str, str], list[tuple[int, int | None]]] = {}
    found: list[PhaseSpan] = []
    for event in events:
        if event.kind not in _SPAN_KINDS:
            continue
        name = event.name or event.kind
        starts = open_at.setdefault((event.kind, event.participant, name), [])
        if event.edge == "start":
            starts.append((event.t_ns, event.step))
        elif event.edge == "end" and starts:
            start_ns, step = starts.pop(_begun_by(starts, event.step))
            cpu_s = event.value if event.kind == "phase" and event.unit == "s" else None
            found.append(PhaseSpan(event.participant, name, start_ns, event.t_ns, step, cpu_s))
    for (_, participant, name), starts in open_at.items():
        found.extend(PhaseSpan(participant, name, start, None, step) for start, step in starts)
    return tuple(sorted(found, key=_by_start))


def _by_start(span: PhaseSpan) -> tuple[int, int]:
    return span.start_ns, span.end_ns or _NEVER_NS


def _begun_by(starts: Sequence[tuple[int, int | None]], step: int | None) -> int:
    """Return the place of the start that an end belongs to."""
    if starts[-1][1] == step:
        return -1
    places = range(len(starts) - 2, -1, -1)
    return next((place for place in places if starts[place][1] == step), -1)


def phases_of(events: Iterable[EventRecord]) -> tuple[PhaseSpan, ...]:
    """Return what programs called phases, in order of their starts."""
    return spans_of(event for event in events if event.kind == "phase")


def phases_s(phases: Iterable[PhaseSpan]) -> dict[str, float]:
    """Return the seconds spent in each phase, summed over its occurrences that ended."""
    totals: dict[str, float] = {}
    for span in phases:
        if span.end_ns is not None:
            name = qualified(span.source, span.name)
            totals[name] = totals.get(name, 0.0) + seconds(span.end_ns - span.start_ns)
    return totals


def metrics_of(events: Iterable[EventRecord]) -> dict[str, float]:
    """Return the last value of each metric."""
    return {
        qualified(event.participant, event.name): event.value
        for event in events
        if event.kind == "metric" and event.name is not None and event.value is not None
    }


def idle_windows(spans: Sequence[PhaseSpan]) -> list[Window]:
    """Return the stages in which the machine was at rest."""
    return [
        Window(span.start_ns, span.end_ns)
        for span in spans
        if span.source == HARNESS
        and span.name in ("idle_before", "idle_after")
        and span.end_ns is not None
        and span.end_ns > span.start_ns
    ]


def qualified(participant: str, name: str) -> str:
    """Return a name as it is for the main program, else with its participant."""
    return name if participant == MAIN else f"{participant}/{name}"


def _counts_since_ns(events: Sequence[EventRecord]) -> int:
    stages = [e for e in events if e.kind == "stage" and e.participant == HARNESS]
    if not stages:
        return 0
    starts = [e.t_ns for e in stages if e.name == "window" and e.edge == "start"]
    return min(starts, default=_NEVER_NS)
