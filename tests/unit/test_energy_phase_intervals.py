"""Phases as intervals that do not overlap: nested, repeated, out of the window."""

from __future__ import annotations

import time
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.energy.phase_intervals import OTHER, Intervals, Span, divide
from benchharness.energy.readings import Window

WINDOW = Window(100, 200)

spans = st.lists(
    st.builds(
        Span, st.integers(50, 250), st.integers(50, 250), st.sampled_from(["a", "b", "c", OTHER])
    ),
    max_size=12,
)


def seconds(found: Intervals) -> dict[str, float]:
    return {n: s * 1e9 for n, s in zip(found.names, found.durations_s.tolist(), strict=True)}


def by_the_instant(given: Sequence[Span], window: Window) -> dict[str, float]:
    """Look at every nanosecond: whose is it?"""
    totals: dict[str, float] = {}
    for t in range(window.start_ns, window.end_ns):
        there = [s for s in given if s.start_ns <= t < s.end_ns]
        name = max(there, key=lambda s: (s.start_ns, s.end_ns)).name if there else OTHER
        totals[name] = totals.get(name, 0.0) + 1.0
    return totals


def test_a_phase_inside_another_takes_its_time_from_it() -> None:
    found = divide(
        [Span(90, 180, "round"), Span(120, 130, "train"), Span(190, 230, "wait")], WINDOW
    )
    assert seconds(found) == pytest.approx({"round": 70, "train": 10, "wait": 10, OTHER: 10})
    assert dict(zip(found.names, found.counts, strict=True)) == {
        "round": 1, "train": 1, "wait": 1, OTHER: 0,
    }  # fmt: skip


def test_what_began_last_before_the_window_is_on_top_in_it() -> None:
    found = divide([Span(10, 190, "outer"), Span(20, 150, "inner")], WINDOW)
    assert seconds(found) == pytest.approx({"inner": 50, "outer": 40, OTHER: 10})


def test_a_window_that_is_filled_has_no_other() -> None:
    found = divide([Span(100, 150, "a"), Span(150, 200, "b")], WINDOW)
    assert found.names == ("a", "b")
    assert found.edges_ns.tolist() == [100, 150, 200]


def test_a_window_without_phases_is_all_other() -> None:
    found = divide([Span(10, 20, "a"), Span(150, 150, "b")], WINDOW)
    assert seconds(found) == {OTHER: 100.0}
    assert found.counts == (0,)


@given(spans)
def test_every_instant_is_of_one_phase(given_spans: list[Span]) -> None:
    # Two that begin and end together are told apart by nothing.
    given_spans = list({(s.start_ns, s.end_ns): s for s in given_spans}.values())
    found = divide(given_spans, WINDOW)
    assert found.durations_s.sum() == pytest.approx(100e-9)
    assert {k: v for k, v in seconds(found).items() if v} == pytest.approx(
        by_the_instant(given_spans, WINDOW)
    )
    assert (np.diff(found.edges_ns) > 0).all()


@given(spans, st.randoms(use_true_random=False))
def test_the_order_in_which_they_were_told_is_nothing(
    given_spans: list[Span], random: Random
) -> None:
    given_spans = list({(s.start_ns, s.end_ns): s for s in given_spans}.values())
    shuffled = list(given_spans)
    random.shuffle(shuffled)
    one, other = divide(given_spans, WINDOW), divide(shuffled, WINDOW)
    assert seconds(one) == pytest.approx(seconds(other))
    assert one.counts == other.counts


def test_ten_thousand_phases_take_no_time() -> None:
    step_ns = 3_000_000
    many = [
        Span(i * step_ns, (i + 1) * step_ns + (i % 7 == 0) * 2 * step_ns, "abcde"[i % 5])
        for i in range(10_000)
    ]
    began_s = time.process_time()
    found = divide(many, Window(0, 10_000 * step_ns))
    assert time.process_time() - began_s < 0.3
    assert found.durations_s.sum() == pytest.approx(30.0)
