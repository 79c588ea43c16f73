from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.report.text import (
    Unit,
    ascii_safe,
    column_unit,
    display_width,
    half_width,
    interval_text,
    number,
    plain,
    ratio_text,
    scaled_pm,
    shortened,
)


@given(st.text(st.characters(codec=None, categories=None), max_size=400), st.integers(2, 60))
def test_plain_text_is_one_printable_line_of_limited_length(text: str, limit: int) -> None:
    line = plain(text, limit)
    assert len(line) <= limit
    assert "\n" not in line
    assert all(c == " " or c.isprintable() for c in line)
    line.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\n c", "a b c"),
        ("red \x1b[31m", "red \ufffd[31m"),
        ("user\u202egnp.exe", "user\ufffdgnp.exe"),
        ("\ud800", "\ufffd"),
        ("x" * 30, "x" * 19 + "…"),
        (12.5, "12.5"),
    ],
)
def test_plain_text_shows_what_it_cannot_keep(text: object, expected: str) -> None:
    assert plain(text, 20) == expected


def test_a_text_of_megabytes_costs_nothing() -> None:
    assert plain("y" * 10_000_000, 50) == "y" * 49 + "…"


@pytest.mark.parametrize(
    ("values", "base", "symbol"),
    [
        ([16.8, 9.1], "s", "s"),
        ([0.0118, 0.0066], "s", "ms"),
        ([3e-5], "s", "µs"),
        ([], "s", "s"),
        ([None, 0.0], "J", "J"),
        ([98.4, 1200.0], "J", "J"),
        ([2.1e5, 3.0e5], "J", "kJ"),
        ([0.0932], "J", "mJ"),
        ([612 * 2.0**20], "B", "MiB"),
        ([115_645, 334_224], "B", "KiB"),
    ],
)
def test_a_column_has_one_readable_unit(values: list[float | None], base: str, symbol: str) -> None:
    assert column_unit(values, base).symbol == symbol


def test_a_value_and_its_uncertainty_are_scaled_together() -> None:
    kib = column_unit([4096.0], "B")
    assert scaled_pm(4096.0, 512.0, kib) == "4.00 ± 0.50"
    assert scaled_pm(4096.0, None, kib) == "4.000"
    assert scaled_pm(None, 1.0, kib) == "–"


@pytest.mark.parametrize(
    ("value", "half", "expected"),
    [
        (141.8424, 0.0056, "141.84 ± 0.01"),
        (141.8424, 0.0256, "141.84 ± 0.03"),
        (141.8424, 0.156, "141.84 ± 0.16"),
        (3.1823, 0.0612, "3.182 ± 0.061"),
        (123456.7, 3.0, "123457 ± 10"),
        (0.0, 0.1, "0.00 ± 0.10"),
        (1.0, 0.0, "1.000"),
    ],
)
def test_no_more_digits_than_help(value: float, half: float, expected: str) -> None:
    assert scaled_pm(value, half, Unit("s", 1.0)) == expected


@given(st.floats(1e-3, 1e6), st.floats(1e-9, 1e6))
def test_what_is_shown_never_claims_more_than_is_known(value: float, half: float) -> None:
    shown, _, plus_minus = scaled_pm(value, half, Unit("s", 1.0)).partition(" ± ")
    assert float(plus_minus) >= half * 0.949  # two digits, rounded
    assert abs(float(shown) - value) <= max(float(plus_minus), half)


def test_numbers_never_have_exponents_and_missing_is_a_dash() -> None:
    assert number(0.000123, 2) == "0.00012"
    assert number(123456.0, 2) == "123456"
    assert number(0.0) == "0"
    assert number(None) == number(float("nan")) == ratio_text(float("inf")) == "–"


def test_ratios_and_their_intervals_tell_their_ends_apart() -> None:
    assert ratio_text(1.0) == "1.00"
    assert ratio_text(123.4) == "123"
    assert interval_text(1.984, 2.151) == "1.98 to 2.15"
    assert interval_text(1.0641, 1.0649) == "1.064 to 1.065"
    assert interval_text(None, 2.0) == interval_text(float("nan"), 2.0) == ""
    assert interval_text(2.861, float("inf")) == "2.86 to ∞"
    assert half_width(1.0, 3.0) == 1.0
    assert half_width(1.0, None) is None


@given(st.text(max_size=60), st.integers(4, 30))
def test_a_shortened_text_takes_no_more_room(text: str, room: int) -> None:
    short = shortened(text, room)
    assert display_width(short) <= room
    assert (short == text) == (display_width(text) <= room)


def test_wide_signs_take_two_columns_and_both_ends_stay() -> None:
    assert display_width("中文 é") == 6
    assert shortened("wasmtime build=scalar", 12) == "wasmti…calar"


@given(st.text(max_size=80))
def test_ascii_safe_is_ascii(text: str) -> None:
    assert ascii_safe(text).isascii()


def test_signs_have_a_spelling() -> None:
    assert ascii_safe("1 ± 2 µJ × ▲ • –") == "1 +- 2 uJ x ^ * -"
