from __future__ import annotations

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.probes.ticker import Punctuality, SleepTicker, TimerTicker, make_ticker
from tests.unit.open_files import open_files

MS = 1_000_000


def test_deadlines_are_absolute_and_what_was_missed_is_counted() -> None:
    first_ns = time.monotonic_ns() + 10 * MS
    ticker = make_ticker(first_ns, 10 * MS)
    assert isinstance(ticker, TimerTicker)
    passed = 0
    for _ in range(5):
        passed += ticker.wait()
        assert time.monotonic_ns() >= first_ns + (passed - 1) * 10 * MS
    time.sleep(0.035)  # an overrun of three periods or more
    late = ticker.wait()
    assert late >= 3
    passed += late
    now_ns = time.monotonic_ns()
    assert first_ns + (passed - 1) * 10 * MS <= now_ns


def test_without_timerfd_sleeping_gives_the_same_deadlines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_ns = 1_000 * MS
    slept: list[float] = []

    def sleep(duration_s: float) -> None:
        nonlocal now_ns
        slept.append(duration_s)
        now_ns += round(duration_s * 1e9) + 50_000

    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns)
    monkeypatch.setattr(time, "sleep", sleep)
    ticker = SleepTicker(1_010 * MS, 10 * MS)
    assert [ticker.wait() for _ in range(3)] == [1, 1, 1]
    assert slept == pytest.approx([0.01, 0.00995, 0.00995])
    now_ns += 25 * MS
    assert ticker.wait() == 2  # at once, for 1040 and 1050 ms
    assert len(slept) == 3
    now_ns = 1_060 * MS
    assert ticker.wait() == 1


def test_missed_and_late_ticks_are_told_apart() -> None:
    punctuality = Punctuality(1_000 * MS, 10 * MS)
    punctuality.add(1_000 * MS + 20_000, 1)
    punctuality.add(1_010 * MS + 1_500_000, 1)  # late
    punctuality.add(1_035 * MS, 2)  # 1020 missed, 1030 served 5 ms late
    assert punctuality.ticks == 3
    assert punctuality.missed == 1
    assert punctuality.over_1ms == 2
    assert punctuality.worst_s() == 5e-3


def test_without_ticks_there_is_no_lateness() -> None:
    punctuality = Punctuality(0, MS)
    assert punctuality.worst_s() is None
    assert punctuality.quantile_s(0.5) is None


@given(st.lists(st.integers(0, 30 * MS), min_size=1, max_size=200), st.sampled_from([0.5, 0.99]))
def test_a_quantile_is_an_upper_bound_ten_microseconds_wide(late: list[int], share: float) -> None:
    period_ns = 100 * MS
    punctuality = Punctuality(0, period_ns)
    for tick, late_ns in enumerate(late):
        punctuality.add(tick * period_ns + late_ns, 1)
    exact_ns = sorted(late)[max(0, -int(-share * len(late) // 1) - 1)]
    bound_s = punctuality.quantile_s(share)
    assert bound_s is not None
    assert bound_s * 1e9 >= exact_ns - 1e-3
    if exact_ns < 10 * MS:
        assert bound_s * 1e9 <= exact_ns + 10_001
    else:
        assert bound_s * 1e9 == pytest.approx(max(late))


def test_the_timer_is_not_inherited_by_children() -> None:
    before = open_files()
    make_ticker(time.monotonic_ns() + 1000 * MS, 1000 * MS)
    [(descriptor, target)] = set(open_files().items()) - set(before.items())
    assert "timerfd" in target
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)
