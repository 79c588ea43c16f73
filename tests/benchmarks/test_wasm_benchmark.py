"""What a WebAssembly host adds: to a module's own time, and to its runtime's start.

The module's own time is what the matrix module reads on its clock; the window is what the
harness would report. Starting is from the process's creation to the window, less the phases that
are the runtime's (load, compile or deserialize, instantiate).
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.integration.wasm_hosts import start_host
from tests.integration.wasm_programs import MODULES, ROOT, Done, run_argv
from wasm_modules.hosts import start

pytestmark = pytest.mark.slow

MODULE = MODULES / "matrix-scalar.wasm"
N, N_QUICK = 1500, 60
N_INTERPRETED = {"wasmtime": 400, "wasmedge": 260}  # more than a second each, like N compiled
ROUNDS = 9
LARGEST_RATIO = 1.01
LARGEST_START_S = 0.150
MODES = [
    *(("wasmtime", mode) for mode in ("jit", "aot", "jit-winch", "interpreter")),
    *(("wasmer", mode) for mode in ("jit", "aot")),
    *(("wasmedge", mode) for mode in ("jit", "aot", "interpreter")),
]
RUNTIMES_OWN = ("load", "compile", "deserialize", "instantiate")


def length_s(done: Done, name: str) -> float:
    start_ns, end_ns = done.span_ns(name)
    return (end_ns - start_ns) / 1e9


@pytest.mark.parametrize(("runtime", "mode"), MODES)
def test_the_window_is_the_modules_own_time(
    benchmark: BenchmarkFixture, runtime: str, mode: str, tmp_path: Path
) -> None:
    n = N_INTERPRETED[runtime] if mode == "interpreter" else N
    n = n if benchmark.enabled else N_QUICK
    options = ("--mode", mode, "--report", MODULE, n)

    def ratios() -> list[float]:
        found = []
        for _ in range(3 if benchmark.enabled else 1):
            done = start_host(runtime, tmp_path, *options)
            assert done.code == 0, done.stderr
            inside_s = sum(length_s(done, name) for name in ("fill", "multiply", "check"))
            found.append(length_s(done, "window") / inside_s)
            benchmark.extra_info["window_s"] = round(length_s(done, "window"), 3)
        return found

    found = benchmark.pedantic(ratios, rounds=1, iterations=1)
    benchmark.extra_info["window_over_guest"] = [round(ratio, 5) for ratio in found]
    assert min(found) >= 1
    if benchmark.enabled:
        assert benchmark.extra_info["window_s"] > 1
        assert statistics.median(found) < LARGEST_RATIO


def beyond_the_runtime_s(argv: list[str], folder: Path) -> float:
    """Return the time from before the process exists to its window, less the runtime's phases."""
    began_ns = time.monotonic_ns()
    done = run_argv(argv, folder)
    assert done.code == 0, done.stderr
    own = {mark.removesuffix(" start") for mark in done.marks()} & set(RUNTIMES_OWN)
    window_ns, _ = done.span_ns("window")
    return (window_ns - began_ns) / 1e9 - sum(length_s(done, name) for name in own)


def note(benchmark: BenchmarkFixture, name: str, times_s: list[float]) -> float:
    middle = statistics.median(times_s)
    benchmark.extra_info[name] = f"{1e3 * middle:.0f} ms, best {1e3 * min(times_s):.0f} ms"
    return middle


@pytest.mark.parametrize(
    ("runtime", "mode"),
    # WasmEdge compiles for seconds at every start in its mode jit, and starts no other way.
    [*((runtime, "aot") for runtime in start.RUNTIMES), ("wasmtime", "jit"), ("wasmer", "jit")],
)
def test_a_host_starts_soon(
    benchmark: BenchmarkFixture, runtime: str, mode: str, tmp_path: Path
) -> None:
    """Alone, and by the workload's program, which is an interpreter before the host's own."""
    alone = start.command_for(runtime, ["--mode", mode, str(MODULE), "2"])
    interpreter = start.command_for(runtime, [])[:-1]
    program = str(ROOT / "workloads" / "wasm" / "wasm.py")
    by_workload = [sys.executable, program, "--runtime", runtime, "--mode", mode]
    by_workload += ["--arguments", "2", str(MODULE)]
    run_argv(alone, tmp_path)  # machine code, and Python's own

    def rounds() -> tuple[list[float], list[float], list[float]]:
        times: tuple[list[float], list[float], list[float]] = ([], [], [])
        for _ in range(ROUNDS if benchmark.enabled else 1):
            times[0].append(beyond_the_runtime_s(alone, tmp_path))
            times[1].append(beyond_the_runtime_s(by_workload, tmp_path))
            began_ns = time.monotonic_ns()
            assert run_argv([*interpreter, "-c", "pass"], tmp_path).code == 0
            times[2].append((time.monotonic_ns() - began_ns) / 1e9)
        return times

    host_s, workload_s, python_s = benchmark.pedantic(rounds, rounds=1, iterations=1)
    middle_s = note(benchmark, "host", host_s)
    note(benchmark, "by the workload", workload_s)
    note(benchmark, "python -c pass", python_s)
    assert middle_s > 0
    if benchmark.enabled:
        assert middle_s < LARGEST_START_S
