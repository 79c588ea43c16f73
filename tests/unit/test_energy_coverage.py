from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.energy.coverage import coverage
from benchharness.energy.silence import Silence, silences
from benchharness.model import MeterEvent


def events(*pairs: tuple[int, str]) -> list[MeterEvent]:
    return [MeterEvent(t, kind, "") for t, kind in pairs]


def test_regular_readings_cover_everything() -> None:
    assert coverage(np.arange(-1.0, 12.0), 10.0, 1.0).share == 1.0


def test_a_long_gap_counts_but_for_one_period() -> None:
    # Readings at 0, 1, 2 and from 7 s on: 2 to 3 s is vouched for, 3 to 7 s is not.
    t = np.array([0.0, 1.0, 2.0, 7.0, 8.0, 9.0, 10.0])
    found = coverage(t, 10.0, 1.0)
    assert found.uncovered_s == pytest.approx(4.0)
    assert found.share == pytest.approx(0.6)


def test_two_lost_messages_are_bridged() -> None:
    assert coverage(np.array([0.0, 1.0, 4.0, 5.0]), 5.0, 1.0).share == 1.0


def test_first_and_last_reading_vouch_for_a_period() -> None:
    assert coverage(np.array([3.0, 4.0, 5.0]), 10.0, 1.0).share == pytest.approx(0.4)


def test_no_reading_covers_nothing() -> None:
    assert coverage(np.empty(0), 10.0, 1.0).share == 0.0


def test_known_silence_is_taken_off_once() -> None:
    silent = [("offline", 2.0, 4.0), ("disconnected", 3.0, 5.0)]
    found = coverage(np.arange(0.0, 11.0), 10.0, 1.0, silent)
    assert found.uncovered_s == pytest.approx(3.0)
    assert found.silent_s == {"offline": 2.0, "disconnected": 2.0}


@given(
    times=st.lists(st.floats(-20.0, 40.0), max_size=30),
    spans=st.lists(st.tuples(st.floats(-20.0, 40.0), st.floats(0.0, 20.0)), max_size=4),
)
def test_coverage_is_what_a_fine_grid_counts(
    times: list[float], spans: list[tuple[float, float]]
) -> None:
    t = np.unique(times)
    silent = [("offline", a, a + length) for a, length in spans]
    found = coverage(t, 10.0, 1.0, silent)
    grid = (np.arange(20_000) + 0.5) / 2000.0
    vouched = np.zeros(grid.size, dtype=bool)
    for i, start in enumerate(t):
        gap = t[i + 1] - start if i + 1 < t.size else np.inf
        vouched |= (grid >= start) & (grid < start + (gap if gap <= 3.25 else 1.0))
    if t.size:
        vouched |= (grid >= t[0] - 1.0) & (grid < t[0])
    for _, a, b in silent:
        vouched &= ~((grid >= a) & (grid < b))
    assert found.share == pytest.approx(vouched.mean(), abs=2e-3)


class TestSilences:
    def test_ends_with_its_opposite(self) -> None:
        found = silences(events((5, "offline"), (9, "online")), np.array([1, 12]), 20)
        assert found == (Silence("offline", 5, 9),)

    def test_ends_with_a_reading(self) -> None:
        found = silences(events((5, "disconnected")), np.array([1, 12]), 20)
        assert found == (Silence("disconnected", 5, 12),)

    def test_a_broker_that_is_back_does_not_bring_the_plug_back(self) -> None:
        found = silences(events((5, "offline"), (7, "connected")), np.array([1]), 20)
        assert found == (Silence("offline", 5, 20),)

    def test_other_events_mean_nothing(self) -> None:
        assert silences(events((5, "rejected"), (6, "online")), np.array([1]), 20) == ()
