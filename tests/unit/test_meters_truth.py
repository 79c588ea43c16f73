"""Loads and their truth files: what is written is the exact energy, whenever it was sampled."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.meters.emulator.load import CpuLoad, Load, Switched, WaveformLoad
from benchharness.meters.emulator.truth import (
    TruthPoint,
    TruthWriter,
    read_truth,
    truth_energy_j,
)
from benchharness.meters.emulator.waveform import Waveform

START_NS = 5_000_000_000


def record(path: Path, load: Load, times_ns: list[int]) -> None:
    writer = TruthWriter(path, linear=load.linear, source=load.source)
    writer.write([load.start(START_NS)])
    for t_ns in times_ns:
        writer.write(load.advance(t_ns))
    writer.close()


@pytest.mark.parametrize("linear", [False, True])
def test_a_waveform_sampled_at_random_is_exact_at_any_time(tmp_path: Path, linear: bool) -> None:
    wave = Waveform((0.0, 0.7, 1.9, 4.0), (3.0, 7.5, 0.0, 5.0), linear)
    rng = random.Random(4)
    times = sorted(START_NS + rng.randrange(6_000_000_000) for _ in range(40))
    path = tmp_path / "truth.csv"
    record(path, WaveformLoad(wave), times)
    truth = read_truth(path)
    assert truth.linear is linear
    for _ in range(200):
        a, b = sorted(rng.randint(START_NS, times[-1]) for _ in range(2))
        expected = wave.energy_j((b - START_NS) / 1e9) - wave.energy_j((a - START_NS) / 1e9)
        assert truth_energy_j(truth, a, b) == pytest.approx(expected, abs=1e-7)


def test_a_constant_power_is_one_line_a_second(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    load = WaveformLoad(Waveform((0.0,), (4.0,)))
    record(path, load, [START_NS + i * 50_000_000 for i in range(1, 201)])
    truth = read_truth(path)
    assert 10 <= len(truth.times_ns) <= 14
    assert truth_energy_j(truth, START_NS, START_NS + 10_000_000_000) == pytest.approx(40.0)


def test_what_a_killed_emulator_leaves_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    writer = TruthWriter(path, linear=False, source="source test")
    for i in range(100):
        writer.write([TruthPoint(START_NS + i * 50_000_000, float(i % 7), float(i))])
    kept = read_truth(path)  # not closed
    assert kept.times_ns[-1] >= START_NS + 3_900_000_000
    writer.close()
    path.write_text(path.read_text() + "59999999")  # a line cut off in the middle
    assert read_truth(path).times_ns[-1] == START_NS + 99 * 50_000_000


def test_the_truth_says_what_it_is_and_what_it_covers(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    record(path, WaveformLoad(Waveform((0.0,), (4.0,)), "waveform flat.csv"), [START_NS + 10**9])
    truth = read_truth(path)
    assert "class emulated" in truth.comment and "flat.csv" in truth.comment
    with pytest.raises(ValueError, match="the truth covers"):
        truth_energy_j(truth, START_NS - 1, START_NS)
    with pytest.raises(ValueError, match="the truth covers"):
        truth_energy_j(truth, START_NS, START_NS + 2 * 10**9)


@pytest.mark.parametrize(
    "text",
    ["", "t_ns,power_w,energy_j\n1,2,3\n", "# benchharness truth 1\nt_ns,power_w,energy_j\n"],
)
def test_what_is_no_truth_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(UsageError):
        read_truth(path)


def test_a_truth_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        TruthWriter(tmp_path / "no" / "truth.csv", linear=False, source="")


def stat(folder: Path, ticks: int) -> None:
    (folder / "proc").mkdir(exist_ok=True)
    text = f"cpu {ticks} 0 0 9 0 0 0\ncpu0 1\ncpu1 1\n"
    (folder / "proc" / "stat").write_text(text)


def test_the_cpu_s_use_sets_the_power(tmp_path: Path) -> None:
    stat(tmp_path, 1000)
    load = CpuLoad(3.0, 7.0, str(tmp_path))
    assert load.start(START_NS).power_w == 3.0
    stat(tmp_path, 1010)  # 0.1 busy seconds of 2 x 0.1
    (point,) = load.advance(START_NS + 100_000_000)
    assert point.power_w == pytest.approx(5.0)
    assert point.energy_j == pytest.approx(0.5)
    assert load.advance(START_NS + 100_000_000) == []
    load.close()


def test_a_tick_longer_than_the_interval_is_not_lost(tmp_path: Path) -> None:
    stat(tmp_path, 0)
    load = CpuLoad(0.0, 1.0, str(tmp_path))
    load.start(START_NS)
    stat(tmp_path, 4)  # 0.04 busy seconds within 1 ms of two cores: only 0.002 fit
    (point,) = load.advance(START_NS + 1_000_000)
    assert point.power_w == pytest.approx(1.0)
    (point,) = load.advance(START_NS + 1_000_000_000)
    assert point.energy_j == pytest.approx(0.04 / 2)  # W x busy seconds / cores
    load.close()


@pytest.mark.parametrize("linear", [False, True])
def test_behind_an_open_relay_nothing_is_drawn(tmp_path: Path, linear: bool) -> None:
    load = Switched(WaveformLoad(Waveform((0.0, 10.0), (4.0, 4.0), linear)))
    path = tmp_path / "truth.csv"
    writer = TruthWriter(path, linear=linear, source=load.source)
    writer.write([load.start(START_NS)])
    second = 1_000_000_000
    writer.write(load.switch(False, START_NS + second))
    writer.write(load.switch(True, START_NS + 3 * second))
    writer.write(load.advance(START_NS + 4 * second))
    writer.close()
    truth = read_truth(path)
    assert truth_energy_j(truth, START_NS, START_NS + 4 * second) == pytest.approx(8.0)
    middle = START_NS + 3 * second // 2
    assert truth_energy_j(truth, middle, middle + second) == pytest.approx(0.0)
