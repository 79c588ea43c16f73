"""What sampling costs, beside psrecord and CodeCarbon, and how punctual it is at 1 kHz.

BENCHHARNESS_BENCH_S shortens the sleep of 60 s and BENCHHARNESS_BENCH_KHZ_S the 30 s at 1 kHz;
in the test suite, where nothing is benchmarked, they are short anyway.
"""

from __future__ import annotations

import os
import select
import subprocess
import time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchharness.trial.sampling import Sampler, SamplerReport
from tests.benchmarks import peers

pytestmark = [pytest.mark.slow, pytest.mark.alone]

ROUNDS = 3


def duration_s(benchmark: BenchmarkFixture, variable: str, default: str, smoke: str) -> float:
    """Return how long to measure: as the variable says, and short where it is only a test."""
    return float(os.environ.get(variable, default if benchmark.enabled else smoke))


@pytest.mark.peers
def test_sampling_at_10_hz_beside_its_peers(benchmark: BenchmarkFixture) -> None:
    sleep_s = duration_s(benchmark, "BENCHHARNESS_BENCH_S", "60", "2")
    watchers = {
        "benchharness": peers.whole_command,
        "psrecord": peers.psrecord,
        "codecarbon": peers.codecarbon,
    }

    def run() -> list[dict[str, peers.Overhead]]:
        """Take turns: the machine is shared, and what it gives changes by the minute."""
        return [
            {name: peers.overhead(watch, sleep_s) for name, watch in watchers.items()}
            for _ in range(ROUNDS if benchmark.enabled else 1)
        ]

    rounds = benchmark.pedantic(run, rounds=1, iterations=1)
    found = {name: peers.median_overhead([turn[name] for turn in rounds]) for name in watchers}
    ours = found["benchharness"]
    benchmark.extra_info["benchharness_percent_of_a_core_each"] = [
        round(turn["benchharness"].core_percent or 0.0, 3) for turn in rounds
    ]
    for name, cost in found.items():
        assert cost.memory_peak_bytes > 1e6
        benchmark.extra_info[f"{name}_memory_mb"] = round(cost.memory_peak_bytes / 1e6, 1)
        if cost.core_percent is None or cost.fixed_cpu_s is None or not ours.core_percent:
            continue  # the sleep was too short
        benchmark.extra_info[f"{name}_percent_of_a_core"] = round(cost.core_percent, 3)
        benchmark.extra_info[f"{name}_fixed_cpu_s"] = round(cost.fixed_cpu_s, 2)
        if name in ("psrecord", "codecarbon"):
            ratio = f"{cost.core_percent / ours.core_percent:.1f}"
            benchmark.extra_info[f"{name}_over_benchharness"] = ratio


def test_1_khz(benchmark: BenchmarkFixture) -> None:
    kilohertz_s = duration_s(benchmark, "BENCHHARNESS_BENCH_KHZ_S", "30", "1")
    rows = 0
    elapsed_s = 0.0

    def run() -> SamplerReport:
        nonlocal rows, elapsed_s
        with Sampler(1000) as sampler, subprocess.Popen(["sleep", str(kilohertz_s)]) as child:
            start = time.monotonic()
            sampler.add_tree("main", child.pid, None, "benchmark")
            while child.poll() is None:
                if select.select([sampler.fileno()], [], [], 2.0)[0]:
                    rows += sum(len(b.times_ns) for b in sampler.receive() if b.stream == "system")
            elapsed_s = time.monotonic() - start
            report = sampler.stop()
            rows += sum(len(b.times_ns) for b in sampler.receive() if b.stream == "system")
        assert report is not None
        return report

    report = benchmark.pedantic(run, rounds=1, iterations=1)
    due = report.ticks + report.missed_ticks
    # None is lost silently: what was due has either come as a row or is counted as missed.
    assert rows == report.ticks
    assert due == pytest.approx(elapsed_s * 1000, abs=200)
    within = (report.ticks - report.late_over_1ms) / due
    benchmark.extra_info["within_1_ms_percent"] = round(100 * within, 3)
    benchmark.extra_info["missed_ticks"] = report.missed_ticks
    benchmark.extra_info["late_p50_us"] = round((report.late_p50_s or 0) * 1e6)
    benchmark.extra_info["late_p99_us"] = round((report.late_p99_s or 0) * 1e6)
    share = (report.cpu_s - report.start_cpu_s) / elapsed_s
    benchmark.extra_info["percent_of_a_core"] = round(100 * share, 2)
