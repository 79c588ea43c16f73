"""What the whole command costs: its start, and what it does to the program that it measures.

Ratios of pairs that were run in turn, because the machine is shared: a slow minute falls on both.
"""

from __future__ import annotations

import json
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

pytestmark = pytest.mark.slow

HELP_PAIRS = 40
NATIVE_PAIRS = 15
NATIVE_N = "2000"  # more than a second


def elapsed_s(command: list[str]) -> float:
    start_ns = time.monotonic_ns()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.monotonic_ns() - start_ns) / 1e9


def in_turn(
    pairs: int, first: Callable[[], float], second: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Run A B, B A, A B ...: neither always comes after the other."""
    firsts: list[float] = []
    seconds: list[float] = []
    for pair in range(pairs):
        for which in ("ab", "ba")[pair % 2]:
            (firsts if which == "a" else seconds).append(first() if which == "a" else second())
    return firsts, seconds


def note_ratio(benchmark: BenchmarkFixture, firsts: list[float], seconds: list[float]) -> float:
    """Store the median of the pairwise ratios, its quartiles, and both medians."""
    ratios = sorted(a / b for a, b in zip(firsts, seconds, strict=True))
    median = statistics.median(ratios)
    low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    benchmark.extra_info["ratio_median"] = round(median, 4)
    benchmark.extra_info["ratio_quartiles"] = f"{low:.4f} to {high:.4f}"
    benchmark.extra_info["medians_s"] = (
        f"{statistics.median(firsts):.4f} against {statistics.median(seconds):.4f}"
    )
    return median


def test_help_against_a_bare_python(benchmark: BenchmarkFixture) -> None:
    script = Path(sys.executable).with_name("benchharness")
    assert script.exists(), "install the package: pip install -e ."

    def pairs() -> tuple[list[float], list[float]]:
        return in_turn(
            HELP_PAIRS if benchmark.enabled else 1,
            lambda: elapsed_s([str(script), "--help"]),
            lambda: elapsed_s([sys.executable, "-c", "pass"]),
        )

    firsts, seconds = benchmark.pedantic(pairs, rounds=1, iterations=1)
    note_ratio(benchmark, firsts, seconds)


@pytest.fixture(scope="module")
def native_program() -> list[str]:
    """Return the command of a CPU-bound native program, the Rust matrix product."""
    from workloads.matrix import native

    return [str(native.PROGRAM.build()), NATIVE_N]


def test_a_cpu_bound_program_under_the_harness(
    benchmark: BenchmarkFixture, native_program: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "benchharness", "run", "--json", "--meter", "none"]
    command += ["--idle", "0", "--probe-hz", "10", "--results", str(tmp_path / "results.db")]

    def under_harness() -> float:
        done = subprocess.run(
            [*command, "--", *native_program], capture_output=True, text=True, check=True
        )
        duration_s: float = json.loads(done.stdout)["trials"][0]["duration_s"]
        return duration_s

    count = NATIVE_PAIRS if benchmark.enabled else 1
    firsts, seconds = benchmark.pedantic(
        lambda: in_turn(count, under_harness, lambda: elapsed_s(native_program)),
        rounds=1,
        iterations=1,
    )
    benchmark.extra_info["program"] = shlex.join([Path(native_program[0]).name, NATIVE_N])
    note_ratio(benchmark, firsts, seconds)
