"""matrix.py under every runtime and build: the right checksum, and phases that make sense."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.integration.wasm_programs import HOST, MATRIX, MODULES, Done, run

VARIANTS = [
    pytest.param(("--runtime", "wasmtime", "--build", "scalar"), id="wasmtime-scalar"),
    pytest.param(("--runtime", "wasmtime", "--build", "simd128"), id="wasmtime-simd128"),
    pytest.param(("--runtime", "native"), id="native", marks=pytest.mark.rust),
    pytest.param(("--runtime", "numpy"), id="numpy"),
]
# Alone, below and above four rows at once, the edges of a block of 64 rows and of 512 columns.
SIZES = (1, 2, 3, 4, 5, 63, 64, 65, 130, 511, 513)


def words(seed: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return outputs of SplitMix64 by its definition, without workloads/matrix."""
    state, found = seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & (2**64 - 1)
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & (2**64 - 1)
        found.append(z ^ (z >> 31))
    return np.array(found, dtype=np.uint64)


def product_checksum(n: int, seed: int) -> str:
    """Return the checksum from the whole product, in integers."""
    a, b = (
        ((words(int(s), n * n) >> np.uint64(44)).astype(np.int64) - 2**19).reshape(n, n)
        for s in words(seed, 2)
    )
    rows, columns = (words(int(s), n) | np.uint64(1) for s in words(seed, 4)[2:])
    return f"{int(rows @ (a @ b).view(np.uint64) @ columns):016x}"


@pytest.fixture(scope="module")
def checksums() -> dict[int, str]:
    return {n: product_checksum(n, 1) for n in SIZES}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache in which the native program is built once for this file."""
    return str(tmp_path_factory.mktemp("cache"))


def start(folder: Path, cache: str, *arguments: object) -> Done:
    return run(MATRIX, *arguments, folder=folder, XDG_CACHE_HOME=cache)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_checksums_are_those_of_an_integer_product(
    tmp_path: Path, cache: str, checksums: dict[int, str], variant: tuple[str, ...]
) -> None:
    found = {}
    for n in SIZES:
        done = start(tmp_path, cache, "--n", n, *variant)
        assert (done.code, done.stdout, done.stderr) == (0, b"", "")
        found[n] = done.outputs()["checksum"]
    assert found == checksums


@pytest.mark.parametrize("variant", VARIANTS)
def test_another_seed_gives_other_matrices(
    tmp_path: Path, cache: str, variant: tuple[str, ...]
) -> None:
    seed = 2**64 - 1
    done = start(tmp_path, cache, "--n", 20, "--seed", seed, *variant)
    assert done.outputs() == {"checksum": product_checksum(20, seed)}


@pytest.mark.parametrize("n", [1, 7, 130])
def test_the_expected_program_needs_no_product(n: int) -> None:
    said = subprocess.run(
        [sys.executable, str(MATRIX.with_name("expected.py")), "--n", str(n)],
        capture_output=True,
        check=True,
    ).stdout
    assert json.loads(said) == {"checksum": product_checksum(n, 1)}


@pytest.mark.parametrize("variant", VARIANTS)
def test_phases_fill_the_window_in_order(
    tmp_path: Path, cache: str, variant: tuple[str, ...]
) -> None:
    start(tmp_path, cache, "--n", 2, "--prepare", *variant)
    done = start(tmp_path, cache, "--n", 300, *variant)
    stamps = [event["t_ns"] for event in done.events if "edge" in event]
    assert stamps == sorted(stamps)
    before = {"wasmtime": ["load", "compile", "instantiate"], "native": ["load"], "numpy": ["load"]}
    marks = done.marks()
    opening = [f"{name} {edge}" for name in before[variant[1]] for edge in ("start", "end")]
    assert marks[: len(opening)] == opening
    assert marks[len(opening) :] == [
        *("window start", "run start", "fill start", "fill end", "multiply start"),
        *("multiply end", "check start", "check end", "run end", "window end"),
    ]
    start_ns, end_ns = done.span_ns("window")
    inner = [done.span_ns(name) for name in ("fill", "multiply", "check")]
    assert 0 < sum(end - begin for begin, end in inner) <= end_ns - start_ns


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.alone
def test_gflops_are_those_of_the_multiply_phase(
    tmp_path: Path, cache: str, variant: tuple[str, ...]
) -> None:
    done = start(tmp_path, cache, "--n", 400, *variant)
    begin_ns, end_ns = done.span_ns("multiply")
    by_phase = 2 * 400**3 / (end_ns - begin_ns)
    if "numpy" in variant:  # its phase has the harness's own lines in it
        assert done.metrics()["gflops"] > by_phase
    else:
        assert done.metrics()["gflops"] == pytest.approx(by_phase, rel=1e-3)


def test_numpy_says_how_many_threads_its_blas_took(tmp_path: Path, cache: str) -> None:
    arguments = ("--n", 100, "--runtime", "numpy")
    one = run(MATRIX, *arguments, folder=tmp_path, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    assert one.metrics()["threads"] == 1
    assert start(tmp_path, cache, *arguments).metrics()["threads"] >= 1


@pytest.mark.rust
def test_prepare_builds_once_and_again_for_another_compiler(tmp_path: Path) -> None:
    arguments = ("--n", 1, "--runtime", "native", "--prepare")
    cache = str(tmp_path / "cache")
    assert start(tmp_path, cache, *arguments).code == 0
    (program,) = Path(cache).glob("benchharness/native/*/matrix")
    built = program.stat().st_mtime_ns
    assert start(tmp_path, cache, *arguments).code == 0
    assert program.stat().st_mtime_ns == built
    program.with_name("compiler.txt").write_text("another")
    assert start(tmp_path, cache, *arguments).code == 0
    assert program.stat().st_mtime_ns > built
    assert sorted(path.name for path in program.parent.iterdir()) == ["compiler.txt", "matrix"]


@pytest.mark.rust
def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = start(tmp_path, str(tmp_path / "file"), "--n", 1, "--runtime", "native")
    assert done.code == 3
    assert done.stderr.startswith("matrix: cannot write ")
    assert done.stderr.endswith("set XDG_CACHE_HOME to a folder that can be written\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.rust
def test_a_native_program_that_dies_is_one_line(tmp_path: Path, cache: str) -> None:
    start(tmp_path, cache, "--n", 1, "--runtime", "native", "--prepare")
    (program,) = Path(cache).glob("benchharness/native/*/matrix")
    whole = program.read_bytes()
    program.unlink()
    try:
        program.write_text("#!/bin/sh\nkill -9 $$\n")
        program.chmod(0o755)
        done = start(tmp_path, cache, "--n", 3, "--runtime", "native")
    finally:
        program.unlink()
        program.write_bytes(whole)
        program.chmod(0o755)
    assert done.code == 137
    assert done.stderr == "matrix: matrix: killed by signal 9\n"
    assert "window start" not in done.marks()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--n", "0"], "0 is not between 1 and 9000"),
        (["--n", "9001"], "9001 is not between 1 and 9000"),
        (["--n", "ten"], "invalid _size value: 'ten'"),
        ([], "the following arguments are required: --n"),
        (["--n", "3", "--runtime", "wamstime"], "invalid choice: 'wamstime'"),
        (["--n", "3", "--seed", "-1"], "-1 is not a 64-bit unsigned integer"),
    ],
)
def test_wrong_usage_is_one_line(tmp_path: Path, arguments: list[str], reason: str) -> None:
    done = run(MATRIX, *arguments, folder=tmp_path)
    assert done.code == 2
    assert done.stderr.startswith("matrix: ")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.events


def test_a_python_without_wasmtime_says_how_to_get_it(tmp_path: Path) -> None:
    # -S leaves out site-packages, where the wheel is.
    module = MODULES / "matrix-scalar.wasm"
    done = run(HOST, "--report", module, 3, folder=tmp_path, python=("-S",))
    assert done.code == 3
    assert "the Python module wasmtime cannot be imported" in done.stderr
    assert "install it: " in done.stderr
    assert done.stderr.count("\n") == 1
