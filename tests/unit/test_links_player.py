"""The player of traces: each change when it is due, of several the latest, until it is stopped."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from benchharness.clock import MonotonicClock
from benchharness.errors import UnfitError
from benchharness.links.player import Change, Player, Schedule
from benchharness.links.records import LinkTrace, constant

S = 10**9
UP = LinkTrace("", "", (0.0, 1.0, 3.0), (1e6, 2e6, 3e6), (4e6, 5e6, 6e6))
UP_SOON = LinkTrace("", "", (0.0, 0.1), (1e6, 2e6), (1e6, 2e6))
AGAIN = LinkTrace("", "", (0.0, 0.5), (1e6, 2e6), (1e6, 2e6), repeat_s=1.0)


def test_changes_come_in_their_order() -> None:
    schedule = Schedule({"a": UP, "b": AGAIN, "c": constant(1e6, 1e6)}, start_ns=10 * S)
    assert schedule.next_ns() == 10 * S + S // 2
    assert schedule.take(10 * S) == []
    assert schedule.take(10 * S + S // 2) == [Change(10 * S + S // 2, "b", 2e6, 2e6)]
    assert schedule.take(11 * S) == [
        Change(11 * S, "a", 2e6, 5e6),
        Change(11 * S, "b", 1e6, 1e6),
    ]
    # Who comes late makes the latest change only.
    late = {change.program: change for change in schedule.take(20 * S + S // 4)}
    assert late == {"a": Change(13 * S, "a", 3e6, 6e6), "b": Change(20 * S, "b", 1e6, 1e6)}


def test_links_that_never_change_have_nothing_due() -> None:
    schedule = Schedule({"c": constant(1e6, 1e6)}, 0)
    assert schedule.next_ns() is None
    assert schedule.take(S) == []


def test_the_player_makes_the_changes_when_they_are_due() -> None:
    clock = MonotonicClock()
    trace = LinkTrace("", "", (0.0, 0.1, 0.2), (1e6, 2e6, 3e6), (1e6, 1e6, 1e6))
    made: list[Change] = []

    def apply(change: Change) -> Change:
        made.append(change)
        return replace(change, t_ns=clock.now_ns())

    player = Player({"a": trace}, apply, clock)
    assert player.taken() == []
    start_ns = clock.now_ns()
    player.begin(start_ns)
    player.begin(0)  # has begun already
    deadline = time.monotonic() + 10
    while len(made) < 2 and time.monotonic() < deadline:
        time.sleep(0.002)
    player.stop()
    player.stop()
    assert [change.up_bit_s for change in made] == [2e6, 3e6]
    taken = player.taken()
    assert [change.up_bit_s for change in taken] == [2e6, 3e6]
    assert all(c.t_ns >= start_ns + n * 100_000_000 for n, c in enumerate(taken, 1))
    assert player.taken() == []


def test_a_player_is_stopped_before_a_change_that_is_far_off() -> None:
    player = Player({"a": UP}, lambda change: change, MonotonicClock())
    player.begin(MonotonicClock().now_ns() + 3600 * S)
    player.stop()
    assert player.taken() == []


@pytest.mark.parametrize(
    ("error", "said"),
    [(UnfitError("gone"), "gone"), (FileNotFoundError(2, "gone"), "[Errno 2] gone")],
)
def test_a_player_that_cannot_go_on_says_why(error: Exception, said: str) -> None:
    def fail(_change: Change) -> Change:
        raise error

    player = Player({"a": UP_SOON}, fail, MonotonicClock())
    player.begin(MonotonicClock().now_ns())
    deadline = time.monotonic() + 10
    while player.fault is None and time.monotonic() < deadline:
        time.sleep(0.001)
    player.stop()
    assert player.fault == said


@pytest.mark.parametrize("start_ns", [0, 10**18])
def test_times_far_from_zero_are_exact(start_ns: int) -> None:
    assert Schedule({"a": UP}, start_ns).next_ns() == start_ns + S
