"""Waveforms: their integral against geometry, and files that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UsageError
from benchharness.meters.emulator.waveform import Waveform, read_waveform


def test_steps_hold() -> None:
    wave = Waveform((0.0, 2.0, 5.0), (3.0, 6.0, 1.0))
    assert [wave.power_w(t) for t in (0, 1.99, 2, 4, 5, 100)] == [3, 3, 6, 6, 1, 1]
    # 2 s at 3 W, 3 s at 6 W, 5 s at 1 W.
    assert wave.energy_j(10.0) == pytest.approx(6 + 18 + 5)
    assert wave.energy_j(3.5) == pytest.approx(6 + 9)


def test_lines_run_straight() -> None:
    wave = Waveform((0.0, 4.0), (0.0, 8.0), linear=True)
    assert wave.power_w(1.0) == 2.0
    assert wave.energy_j(2.0) == pytest.approx(4.0)  # a triangle of 2 s and 4 W
    assert wave.energy_j(6.0) == pytest.approx(16.0 + 16.0)  # then 8 W held


def test_before_its_first_time_the_first_power_holds() -> None:
    wave = Waveform((2.0, 4.0), (5.0, 7.0))
    assert wave.power_w(0.0) == 5.0
    assert wave.energy_j(3.0) == pytest.approx(15.0)


@given(
    st.lists(st.tuples(st.floats(0.1, 5), st.floats(0, 100)), min_size=1, max_size=8),
    st.booleans(),
    st.floats(0, 40),
    st.floats(0, 40),
)
def test_the_integral_is_that_of_a_fine_sum(
    steps: list[tuple[float, float]], linear: bool, a: float, b: float
) -> None:
    times, t = [], 0.0
    for gap, _ in steps:
        times.append(t)
        t += gap
    wave = Waveform(tuple(times), tuple(p for _, p in steps), linear)
    low, high = min(a, b), max(a, b)
    n = 4000
    width = (high - low) / n
    midpoints = sum(wave.power_w(low + (i + 0.5) * width) for i in range(n)) * width
    # A step inside one of the n strips may be half a strip off.
    assert wave.energy_j(high) - wave.energy_j(low) == pytest.approx(
        midpoints, abs=100 * width * len(steps) + 1e-6
    )


@pytest.mark.parametrize(
    ("times", "powers"),
    [((), ()), ((0.0,), ()), ((1.0, 1.0), (1.0, 2.0)), ((-1.0,), (1.0,)), ((0.0,), (-1.0,))],
)
def test_what_is_no_waveform(times: tuple[float, ...], powers: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="waveform"):
        Waveform(times, powers)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("# made by hand\nt_s,power_w\n0, 3\n\n2.5, 6\n")
    assert read_waveform(path) == Waveform((0.0, 2.5), (3.0, 6.0))
    assert read_waveform(path, "linear").linear


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("t_s,power_w\n0,three\n", "steps.csv:2: expected two numbers"),
        ("0,3,4\n", "steps.csv:1: expected two numbers"),
        ("", "steps.csv: a waveform needs"),
        ("0,nan\n", "steps.csv: the powers"),
        ("5,1\n2,1\n", "steps.csv: the times"),
    ],
)
def test_a_wrong_file(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "steps.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=line):
        read_waveform(path)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_waveform(tmp_path / "none.csv")
