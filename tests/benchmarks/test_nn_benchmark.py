"""What wasi-nn adds to LiteRT called directly: an inference through a runtime, beside one without.

The two run in turns, each in a process of its own, many times over: on a machine that does
other things as well, the shortest inference of all is what can be compared. The figures of the
other steps are noted.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.integration.wasm_programs import DATA_HOME, run
from tests.unit.nn_workload import FOLDER

pytestmark = pytest.mark.slow

ROUNDS, REPEAT = 6, 200
LARGEST_RATIO = 1.05
MODES = [
    *(("wasmtime", mode) for mode in ("jit", "aot", "interpreter")),
    *(("wasmer", mode) for mode in ("jit", "aot")),
    *(("wasmedge", mode) for mode in ("aot", "interpreter")),
]
NOTED = ("preprocess_s", "load_s", "first_inference_s", "inference_median_s", "inference_min_s")


def metrics(folder: Path, runtime: str, mode: str, repeat: int) -> dict[str, float]:
    """Return what one run has measured."""
    options = ("--runtime", runtime, "--mode", mode, "--repeat", repeat)
    done = run(FOLDER / "nn_module.py", *options, folder=folder, XDG_DATA_HOME=DATA_HOME)
    assert done.code == 0, done.stderr
    return done.metrics()


def note(benchmark: BenchmarkFixture, name: str, runs: list[dict[str, float]]) -> None:
    middles = {key: statistics.median(each[key] for each in runs) for key in NOTED}
    benchmark.extra_info[name] = ", ".join(
        f"{key.removesuffix('_s')} {1e3 * middles[key]:.2f} ms" for key in NOTED
    )


@pytest.mark.parametrize(("runtime", "mode"), MODES)
def test_wasi_nn_adds_little_to_an_inference(
    benchmark: BenchmarkFixture, runtime: str, mode: str, tmp_path: Path
) -> None:
    rounds, repeat = (ROUNDS, REPEAT) if benchmark.enabled else (1, 2)
    through, direct = [], []

    def in_turns() -> None:
        for _ in range(rounds):
            direct.append(metrics(tmp_path, "native", "jit", repeat))
            through.append(metrics(tmp_path, runtime, mode, repeat))

    benchmark.pedantic(in_turns, rounds=1, iterations=1)
    note(benchmark, "through wasi-nn", through)
    note(benchmark, "direct", direct)
    shortest = [min(each["inference_min_s"] for each in runs) for runs in (through, direct)]
    ratio = shortest[0] / shortest[1]
    benchmark.extra_info["ratio"] = round(ratio, 4)
    assert shortest[0] > 0
    if benchmark.enabled:
        assert ratio < LARGEST_RATIO
