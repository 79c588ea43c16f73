from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness import units
from benchharness.clock import FakeClock, MonotonicClock, WallAnchor, seconds


def test_a_kilowatt_hour_is_3_6_megajoules() -> None:
    assert units.energy_j_from_kwh(1.0) == 3.6e6
    assert units.energy_j_from_wh(0.5) == 1800.0


@pytest.mark.parametrize(
    ("value", "expected_u", "text"),
    [
        (98.41, 1.13, "98.4 ± 1.1"),
        (0.123456, 0.0042, "0.1235 ± 0.0042"),
        (1234.5, 56.0, "1234 ± 56"),
        (-0.002, 0.25, "0.00 ± 0.25"),
        (-0.02, 0.25, "-0.02 ± 0.25"),
        (12.0, None, "12.00"),
        (12.0, 0.0, "12.00"),
        (None, 1.0, "–"),
        (math.nan, 1.0, "–"),
    ],
)
def test_plus_minus(value: float | None, expected_u: float | None, text: str) -> None:
    assert units.format_pm(value, expected_u) == text


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (None, "–"),
        (0.0123, "12.3 ms"),
        (59.94, "59.9 s"),
        (59.99, "1 min 00 s"),
        (245, "4 min 05 s"),
        (7800, "2 h 10 min"),
        (3599.9, "1 h 00 min"),
    ],
)
def test_durations(duration_s: float | None, text: str) -> None:
    assert units.format_duration(duration_s) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, "–"), (0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (600_000_000, "572 MiB")],
)
def test_bytes(size: int | None, text: str) -> None:
    assert units.format_bytes(size) == text


@given(st.floats(min_value=1e-12, max_value=1e15))
def test_si_prefixes_keep_the_value(value: float) -> None:
    text = units.format_si(value, "J")
    number, unit = text.split(" ")
    scale = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1, "m": 1e-3, "µ": 1e-6, "n": 1e-9}[unit[:-1]]
    assert float(number) * scale == pytest.approx(value, rel=6e-3)


def test_a_fake_clock_moves_by_sleeping() -> None:
    clock = FakeClock(start_ns=5)
    clock.sleep_s(1.5)
    clock.sleep_s(-3)
    assert clock.now_ns() == 1_500_000_005


def test_the_real_clock_is_clock_monotonic() -> None:
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    now = MonotonicClock().now_ns()
    assert before <= now <= time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def test_an_anchor_relates_the_clocks() -> None:
    anchor = WallAnchor.take()
    offset_s = seconds(time.time_ns() - time.monotonic_ns() - anchor.unix_ns + anchor.monotonic_ns)
    assert abs(offset_s) < 0.05
