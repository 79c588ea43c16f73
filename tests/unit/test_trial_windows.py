from __future__ import annotations

import pytest

from benchharness.store.records import EventRecord
from benchharness.trial.windows import choose_window


def mark(t_ns: int, edge: str, participant: str = "main") -> EventRecord:
    return EventRecord(t_ns, participant, "window", edge=edge)


def test_the_whole_process_counts_when_nothing_is_marked() -> None:
    window = choose_window([], 10, 90)
    assert (window.start_ns, window.end_ns, window.marked, window.problem) == (10, 90, False, None)


def test_a_marked_window_counts() -> None:
    window = choose_window([mark(20, "start"), mark(70, "end")], 10, 90)
    assert (window.start_ns, window.end_ns, window.marked) == (20, 70, True)


def test_the_windows_of_two_participants_are_spanned() -> None:
    events = [mark(20, "start", "a"), mark(30, "start", "b"), mark(40, "end", "a")]
    window = choose_window([*events, mark(80, "end", "b")], 10, 90)
    assert (window.start_ns, window.end_ns) == (20, 80)


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([mark(20, "start")], "did not end"),
        ([mark(20, "end")], "had not started"),
        ([mark(30, "start"), mark(20, "end")], "ends before"),
        ([mark(5, "start"), mark(20, "end")], "outside the life"),
        ([mark(20, "start"), mark(95, "end")], "outside the life"),
        ([mark(20, "start"), mark(30, "end"), mark(40, "start"), mark(50, "end")], "more than one"),
    ],
)
def test_a_mark_that_cannot_be_believed_is_named(events: list[EventRecord], problem: str) -> None:
    window = choose_window(events, 10, 90)
    assert (window.start_ns, window.end_ns, window.marked) == (10, 90, False)
    assert window.problem is not None
    assert problem in window.problem
