"""Curves from formulas: their integrals against numerical quadrature, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchharness.errors import UsageError
from benchharness.meters.emulator.board_load import KINDS, random_waveform
from benchharness.meters.emulator.load import Switched, WaveformLoad
from benchharness.meters.emulator.shapes import SHAPES, Periodic, Sine, parse_shape
from benchharness.meters.emulator.truth import TruthWriter, read_truth, truth_energy_j
from benchharness.meters.emulator.waveform import Curve, Waveform

SECOND = 1_000_000_000
TEXTS = [
    "constant:power=4.2",
    "ramp:start=3,end=8,duration=50",
    "step:low=3,high=6,at=33.3",
    "square:low=3,high=6,period=7.3,duty=0.3",
    "sine:mean=5,amplitude=4,period=13",
    "sawtooth:low=2,high=9,period=6.1",
    "bursts:low=2,high=9,busy=0.4,pause=3,seed=5",
    "telegraph:low=3,high=6,stay=4,seed=6",
    "board:idle=3,high=7,duration=90,seed=7",
]


def quadrature_j(curve: Curve, start_s: float, end_s: float) -> float:
    """Integrate power between the breaks: Gauss-Kronrod, which is exact for straight lines."""
    from scipy.integrate import quad

    edges = [start_s, *(b.t_s for b in curve.breaks(start_s, end_s)), end_s]
    return sum(quad(curve.power_w, a, b, epsabs=0, epsrel=1e-12)[0] for a, b in pairwise(edges))


def test_every_shape_is_tried() -> None:
    assert {text.partition(":")[0] for text in TEXTS} == set(SHAPES)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 100.0), (17.7, 61.3)])
def test_the_integral_is_that_of_a_quadrature(text: str, start_s: float, end_s: float) -> None:
    curve = parse_shape(text)
    energy_j = curve.energy_j(end_s) - curve.energy_j(start_s)
    assert energy_j == pytest.approx(quadrature_j(curve, start_s, end_s), rel=1e-9)


def test_a_shape_goes_on_beyond_its_hour() -> None:
    curve = parse_shape("telegraph:stay=100,seed=2")
    start_s, end_s = 3500.0, 11_000.0
    energy_j = curve.energy_j(end_s) - curve.energy_j(start_s)
    assert energy_j == pytest.approx(quadrature_j(curve, start_s, end_s), rel=1e-9)


def test_levels_by_hand() -> None:
    square = parse_shape("square:low=3,high=6,period=20,duty=0.25")
    assert [square.power_w(t) for t in (0, 4.99, 5, 19.99, 20, 25)] == [6, 6, 3, 3, 6, 3]
    assert square.energy_j(45.0) == pytest.approx(2 * (30 + 45) + 30)
    saw = parse_shape("sawtooth:low=2,high=8,period=10")
    assert [saw.power_w(t) for t in (0, 5, 10, 15)] == [2, 5, 2, 5]
    assert saw.energy_j(25.0) == pytest.approx(2 * 50 + 17.5)
    wave = Sine(5.0, 2.0, 8.0)
    assert wave.power_w(2.0) == pytest.approx(7.0)
    assert wave.energy_j(8.0) == pytest.approx(40.0)
    # Half a period of the sine alone: 2 A / omega.
    assert wave.energy_j(4.0) - 20.0 == pytest.approx(2 * 2.0 * 8.0 / 6.283185307179586)


@pytest.mark.parametrize("text", TEXTS)
def test_a_truth_file_knows_it_at_any_time(text: str, tmp_path: Path) -> None:
    curve = parse_shape(text)
    load = Switched(WaveformLoad(curve))
    writer = TruthWriter(tmp_path / "truth.csv", linear=load.linear, source=load.source)
    writer.write([load.start(0)])
    for t_ns in range(SECOND // 3, 60 * SECOND, SECOND // 3):
        writer.write(load.advance(t_ns))
    writer.close()
    truth = read_truth(tmp_path / "truth.csv")
    for start_s, end_s in [(0.1, 0.7), (5.05, 6.1), (12.2, 59.05), (33.3, 33.31)]:
        energy_j = truth_energy_j(truth, round(start_s * 1e9), round(end_s * 1e9))
        exact_j = curve.energy_j(end_s) - curve.energy_j(start_s)
        assert energy_j == pytest.approx(exact_j, rel=1e-8, abs=3e-8)


def test_a_step_of_straight_lines_is_two_points() -> None:
    wave = Waveform((0.0, 2.0, 2.0, 4.0), (1.0, 3.0, 5.0, 7.0), linear=True)
    assert wave.energy_j(4.0) == pytest.approx(4.0 + 12.0)
    assert (wave.power_w(1.999999999), wave.power_w(2.0)) == pytest.approx((3.0, 5.0))
    load = WaveformLoad(wave)
    load.start(0)
    points = [(p.t_ns // SECOND, p.power_w, p.energy_j) for p in load.advance(2 * SECOND)]
    assert points == [(2, 3.0, 4.0), (2, 5.0, 4.0)]
    assert [(p.t_ns // SECOND, p.power_w) for p in load.advance(3 * SECOND)] == [(3, 6.0)]


@given(st.floats(0.1, 30), st.floats(0.01, 0.99), st.floats(0, 500), st.floats(0, 60))
@settings(max_examples=50)
def test_breaks_lie_where_power_changes(
    period_s: float, duty: float, after_s: float, length_s: float
) -> None:
    curve = Periodic(Waveform((0.0, duty * period_s), (6.0, 3.0)), period_s)
    found = curve.breaks(after_s, after_s + length_s)
    assert all(after_s < b.t_s <= after_s + length_s for b in found)
    assert abs(len(found) - 2 * length_s / period_s) <= 2
    assert all({b.before_w, b.after_w} == {3.0, 6.0} for b in found)


def test_a_board_s_load_is_fixed_by_its_seed_and_of_many_kinds() -> None:
    assert random_waveform(1, 300.0) == random_waveform(1, 300.0)
    assert random_waveform(1, 300.0) != random_waveform(2, 300.0)
    means = []
    for seed in range(100):
        wave = random_waveform(seed, 300.0, idle_w=3.0, full_w=7.0)
        assert 2.9 < wave.energy_j(40.0) / 40.0 < 3.1
        mean_w = (wave.energy_j(255.0) - wave.energy_j(45.0)) / 210.0
        assert 2.95 < mean_w < 7.2
        means.append(mean_w)
    assert max(means) - min(means) > 2.0 and len(KINDS) == 5


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("squere:low=3", "--shape: unknown shape 'squere'; did you mean 'square'"),
        ("square:hi=3", "--shape: unknown key of square 'hi'; did you mean 'high'"),
        ("square:high=much", "--shape: high: 'much' is not a number"),
        ("square:duty=2", "--shape: square: duty lies between 0 and 1"),
        ("square:period=0", "--shape: square: a period is above 0"),
        ("sine:amplitude=9", "--shape: sine: a sine needs"),
        ("constant:power=-1", "--shape: constant: the powers of a waveform"),
        ("constant:power=nan", "--shape: power: 'nan' is not a number"),
        ("bursts:busy=0", "--shape: bursts: the mean lengths"),
        ("board:seed=inf", "--shape: seed: 'inf' is not a number"),
        ("board:duration=-3", "--shape: board: "),
    ],
)
def test_what_is_no_shape(text: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_shape(text, "--shape")
    assert caught.value.line().startswith(line)
