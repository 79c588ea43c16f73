"""Results files as large as they get: commands as a user types them, growth, and memory.

Each figure stands beside a peer operation of the same run, since machines are shared: the same
values read from a NumPy file. "first" is with an empty cache of derived trials, "again" with a full
one. In the test suite, where nothing is timed, the same with small files.
"""

from __future__ import annotations

import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchharness.store.database import Store
from tests.benchmarks.large_results import DAY, DAY_IN_PARTS, MANY_TRIALS, Shape, write_results

pytestmark = pytest.mark.slow

SMALL = 100  # times smaller, where nothing is timed
GROWTH = (3, 4, 5, 6, 7)  # powers of ten, of observations
VALUES_A_SAMPLE = 8
LINEAR = 1.15  # the greatest slope of log time over log size that is called linear
PAGE_LIMIT_BYTES = 2_000_000

# What is asked of a machine such as a laptop; on slower ones the ratio to the peer counts.
COMMANDS = {
    "22 h, one trial: show": (DAY, 1, "show last"),
    "22 h, one trial: report": (DAY, 1, "report last --html page.html"),
    "22 h, 200 trials: show": (DAY_IN_PARTS, 1, "show last"),
    "22 h, 200 trials: report": (DAY_IN_PARTS, 1, "report last --html page.html"),
    "10,000 trials: show": (MANY_TRIALS, 1, "show last"),
    "10,000 trials: compare": (MANY_TRIALS, 1, "compare last --by runtime"),
    "10,000 trials, 100 campaigns: history": (MANY_TRIALS, 100, "history --html page.html"),
}

Files = Callable[[Shape, int], Path]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    """Return the results file of a shape, written once."""
    made: dict[tuple[Shape, int], Path] = {}

    def file(shape: Shape, campaigns: int) -> Path:
        if (shape, campaigns) not in made:
            path = tmp_path_factory.mktemp("large") / "results.db"
            made[shape, campaigns] = write_results(path, shape, campaigns)
        return made[shape, campaigns]

    yield file
    for path in made.values():
        path.unlink()


def of_size(shape: Shape, campaigns: int, enabled: bool) -> tuple[Shape, int]:
    """Return the shape as it is, or small where nothing is timed."""
    if enabled:
        return shape, campaigns
    if shape.trials == 1:
        return replace(shape, window_s=shape.window_s / SMALL), 1
    trials = max(shape.trials // SMALL, shape.variants)
    return replace(shape, trials=trials * min(campaigns, 2), window_s=20.0), min(campaigns, 2)


def run(command: str, folder: Path, results: Path) -> tuple[float, float]:
    """Run a command of benchharness; return its time in s and its peak memory in MB."""
    words = [sys.executable, "-m", "benchharness", *command.split(), "--results", str(results)]
    start_s = time.perf_counter()
    pid = os.fork()
    if not pid:
        os.chdir(folder)
        os.environ["BENCHHARNESS_CACHE"] = str(folder / "cache")
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):
            os.dup2(null, descriptor)
        os.execv(words[0], words)
    _, status, used = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.perf_counter() - start_s, used.ru_maxrss / 1024


def peer_s(results: Path, folder: Path) -> float:
    """Return how long NumPy takes to load the values of the last campaign from an npz file."""
    arrays = []
    with Store.open(results, read_only=True) as store:
        for record in store.trials(store.campaign("last").id):
            for stream in store.streams(record.trial_id):
                times, columns = store.read_stream(stream.stream_id)
                arrays.append(np.stack([times, *columns.values()]))
    np.savez(folder / "peer.npz", *arrays)
    start_s = time.perf_counter()
    with np.load(folder / "peer.npz") as loaded:
        for name in loaded.files:
            loaded[name].sum()
    return time.perf_counter() - start_s


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command(benchmark: BenchmarkFixture, name: str, files: Files, tmp_path: Path) -> None:
    shape, campaigns, command = COMMANDS[name]
    results = files(*of_size(shape, campaigns, benchmark.enabled))
    first_s, memory_mb = run(command, tmp_path, results)
    again: list[tuple[float, float]] = []
    benchmark.pedantic(
        lambda: again.append(run(command, tmp_path, results)),
        rounds=3 if benchmark.enabled else 1,
    )
    numpy_s = peer_s(results, tmp_path)
    best_s = min(time_s for time_s, _ in again)
    benchmark.extra_info.update(
        first_s=round(first_s, 2),
        again_s=round(best_s, 2),
        peak_mb=round(max(memory_mb, *(memory for _, memory in again))),
        file_mb=round(results.stat().st_size / 1e6, 1),
        numpy_load_s=round(numpy_s, 3),
    )
    page = tmp_path / "page.html"
    if page.exists():
        benchmark.extra_info["page_mb"] = round(page.stat().st_size / 1e6, 2)
        assert page.stat().st_size <= PAGE_LIMIT_BYTES


def test_growth(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Write and read 10^3 to 10^7 values; both take a time, and a room, in proportion."""
    powers = GROWTH if benchmark.enabled else GROWTH[:3]
    found: dict[int, tuple[float, float, float]] = {}

    def grow() -> None:
        for power in powers:
            found[power] = written_and_read(tmp_path / f"{power}.db", 10**power)

    benchmark.pedantic(grow, rounds=1)
    for power, (write_s, read_s, size_mb) in found.items():
        benchmark.extra_info[f"10^{power}"] = (
            f"written in {write_s:.3f} s, read in {read_s:.4f} s, {size_mb:.2f} MB"
        )
    large = [power for power in powers if power >= 5]  # below, what is fixed costs most
    if benchmark.enabled:
        for number, what in enumerate(("write", "read", "size")):
            slope = slope_of(large, [math.log10(found[power][number]) for power in large])
            benchmark.extra_info[f"slope of {what}"] = round(slope, 2)
            assert slope < LINEAR


def written_and_read(path: Path, values: int) -> tuple[float, float, float]:
    """Return the seconds to write and to read a trial with so many values, and its MB."""
    length_s = values / VALUES_A_SAMPLE / DAY.meter_hz
    shape = replace(DAY, window_s=0.9 * length_s, idle_s=0.05 * length_s)
    start_s = time.perf_counter()
    write_results(path, shape)
    write_s = time.perf_counter() - start_s
    times_s = []
    for _ in range(3):
        start_s = time.perf_counter()
        read = 0
        with Store.open(path, read_only=True) as store:
            (trial,) = store.trials(store.campaign("last").id)
            for stream in store.streams(trial.trial_id):
                _, columns = store.read_stream(stream.stream_id)
                read += sum(column.size for column in columns.values())
        times_s.append(time.perf_counter() - start_s)
    assert read == pytest.approx(values, rel=0.05)
    return write_s, min(times_s), path.stat().st_size / 1e6


def slope_of(x: list[int], y: list[float]) -> float:
    """Return the slope of the straight line by least squares."""
    return statistics.linear_regression(x, y).slope
