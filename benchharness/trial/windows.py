"""Which interval counts: what the workload has marked, else the whole process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.store.records import EventRecord


@dataclass(frozen=True, slots=True)
class Window:
    """The window of a trial; ``problem`` says why a mark could not be believed."""

    start_ns: int
    end_ns: int
    marked: bool
    problem: str | None = None


def choose_window(events: Sequence[EventRecord], start_ns: int, end_ns: int) -> Window:
    """Return the marked window inside [start_ns, end_ns], or all of it.

    Several participants may each mark one: the window reaches from the first start to the last
    end. A participant's second window is refused, since the time between would count or vanish.
    """
    whole = Window(start_ns, end_ns, marked=False)
    marks = [event for event in events if event.kind == "window"]
    if not marks:
        return whole
    starts: dict[str, int] = {}
    ends: dict[str, int] = {}
    for event in marks:
        edges = starts if event.edge == "start" else ends
        if event.participant in edges:
            return _refused(whole, f"{event.participant!r} marked more than one window")
        edges[event.participant] = event.t_ns
    unended = sorted(starts.keys() - ends.keys())
    if unended:
        return _refused(whole, f"{unended[0]!r} started a window and did not end it")
    unstarted = sorted(ends.keys() - starts.keys())
    if unstarted:
        return _refused(whole, f"{unstarted[0]!r} ended a window that it had not started")
    first, last = min(starts.values()), max(ends.values())
    if any(ends[name] < starts[name] for name in starts):
        return _refused(whole, "a window ends before it starts")
    if first < start_ns or last > end_ns:
        return _refused(whole, "a window lies outside the life of the program")
    return Window(first, last, marked=True)


def _refused(whole: Window, problem: str) -> Window:
    return Window(whole.start_ns, whole.end_ns, marked=False, problem=problem)
