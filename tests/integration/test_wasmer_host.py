"""What is Wasmer's own: its compilers, its Python, its host functions, and its command."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.integration.wasm_hosts import (
    FOLDER,
    OPEN,
    built,
    command,
    data,
    opening,
    run_text,
    start_host,
)
from tests.integration.wasm_programs import DATA_HOME, MATRIX, MODULES, Done, run
from wasm_modules.hosts import find_wasmer

HOST = Path(find_wasmer.__file__).with_name("wasmer_host.py")
CALLS = Path(__file__).with_name("wasmer_calls.py")
MODES = ("jit", "jit-singlepass", "jit-llvm", "aot", "aot-singlepass", "aot-llvm")
QUICK_MODES = ("jit", "jit-singlepass", "aot")
N64_CHECKSUM = "081a26e5f13c291d"  # of test_matrix_runtimes.py's product of integers


def python() -> str:
    return str(find_wasmer.environment_python({"XDG_DATA_HOME": DATA_HOME}))


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_the_matrix_product_is_right_in_every_mode(mode: str, tmp_path: Path) -> None:
    options = ("--runtime", "wasmer", "--mode", mode, "--n", 64)
    done = run(MATRIX, *options, folder=tmp_path)
    assert (done.code, done.stderr) == (0, "")
    assert done.outputs() == {"checksum": N64_CHECKSUM}
    ready = ["build", "deserialize"] if mode.startswith("aot") else ["compile"]
    marks = [f"{name} {edge}" for name in ("load", *ready) for edge in ("start", "end")]
    assert done.marks()[: len(marks)] == marks
    assert ("aot_bytes" in done.metrics()) == mode.startswith("aot")


def test_what_is_compiled_ahead_of_time_needs_no_compiler(tmp_path: Path) -> None:
    path = built(tmp_path, command(""))
    sizes = {
        mode: start_host("wasmer", tmp_path, "--mode", mode, path).metrics()["host_bytes"]
        for mode in ("jit", "aot")
    }
    assert 3_000_000 < sizes["aot"] < sizes["jit"] - 3_000_000


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_host_functions(mode: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [python(), str(CALLS), mode, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "numbers": [[0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFE, 0.5]],
        "growing": ["host", "outside", "host", "outside"],
        "refusing": ["the GPIO line has gone", 7],
        "mistaken": ["host::f failed: ZeroDivisionError: division by zero", 1],
        "outside": [
            "the guest trapped: host::f: 4 bytes at 4294967280 are outside the guest's memory",
            134,
        ],
        "no memory": 0,
    }


@pytest.mark.parametrize(
    ("path_at", "result_at", "errno"), [(-16, 1000, 21), (65530, 1000, 21), (64, 65534, 21)]
)
def test_an_address_outside_the_guest_is_an_error_of_the_call(
    path_at: int, result_at: int, errno: int, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "known-by-name").touch()
    opened = opening(path_at, 13).replace("(i32.const 1000)", f"(i32.const {result_at})")
    body = f"(global.set $folder (i32.const 4)) (call $exit {opened})"
    text = command(body, OPEN, FOLDER + data(64, "known-by-name"))
    done = run_text("wasmer", tmp_path, text, "--dir", f"{tmp_path / 'folder'}::.")
    one_line(done, errno, f"the guest ended with exit code {errno}")


def one_line(done: Done, code: int, *words: str) -> None:
    assert (done.code, done.stderr.count("\n")) == (code, 1), done.stderr
    for word in words:
        assert word in done.stderr


def test_fuel_is_refused(tmp_path: Path) -> None:
    one_line(run_text("wasmer", tmp_path, command(""), "--fuel", 5), 3, "no fuel", "--time-limit")


@pytest.mark.parametrize("mode", ["jit-singlepass", "aot-singlepass"])
def test_a_compiler_that_knows_no_vectors_says_so(mode: str, tmp_path: Path) -> None:
    done = start_host("wasmer", tmp_path, "--mode", mode, MODULES / "matrix-simd128.wasm", 3)
    one_line(done, 2, "Wasmer's compiler singlepass cannot compile it: ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(module (type (struct (field i32))))", "is not a valid module: "),  # WasmGC
        ("(module (func $f (return_call $f)))", "is not a valid module: tail calls"),
        ('(module (func (export "_start") (param i32)))', "exports no function _start"),
        (f"{command('')[:-1]} (func $s unreachable) (start $s))", "the guest trapped: unreachable"),
    ],
)
def test_what_wasmer_does_not_run_is_one_line(text: str, reason: str, tmp_path: Path) -> None:
    done = start_host("wasmer", tmp_path, built(tmp_path, text))
    one_line(done, 134 if "trapped" in reason else 2, f"guest.wasm: {reason}")


def test_a_memory_limit_holds_for_what_was_compiled_before(tmp_path: Path) -> None:
    path = built(tmp_path, command("(call $exit (memory.grow (i32.const 1)))"))
    limit = ("--memory-limit", 65536)
    assert start_host("wasmer", tmp_path, "--mode", "aot", path).code == 1
    assert start_host("wasmer", tmp_path, "--mode", "aot", *limit, path).code == 255


def test_another_python_starts_the_one_that_has_wasmer(tmp_path: Path) -> None:
    path = built(tmp_path, command("(call $exit (i32.const 5))"))
    assert run(HOST, path, folder=tmp_path).code == 5


def test_a_python_that_is_gone_is_one_line(tmp_path: Path) -> None:
    place = str(tmp_path / "python")
    options = ("--runtime", "wasmer", "--n", 3)
    for more in ((), ("--prepare",)):
        done = run(MATRIX, *options, *more, folder=tmp_path, BENCHHARNESS_WASMER_PYTHON=place)
        one_line(
            done,
            3,
            f"BENCHHARNESS_WASMER_PYTHON is {place}, which is no program here",
            "install-wasmer",
        )


def test_a_compiler_that_is_not_installed_has_its_command(tmp_path: Path) -> None:
    packages = next(Path(python()).parent.parent.glob("lib/python3.*/site-packages"))
    (tmp_path / "wasmer").symlink_to(packages / "wasmer")
    path = built(tmp_path, command(""))
    done = subprocess.run(
        [python(), str(HOST), "--mode", "jit-llvm", str(path)],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "Wasmer's compiler llvm cannot be imported" in done.stderr
    assert "scripts/install-wasmer" in done.stderr


COMMAND = """#!/bin/sh
echo "$@" >> "$0.log"
case $1 in
--version) echo "wasmer 4.3.7" ;;
compile) [ -s "$5" ] && cp "$5" "$4" ;;
run) echo hello; {run} ;;
esac
"""


def by_command(folder: Path, text: str, *options: str, run_line: str = "exit 0") -> Done:
    """Run Wasmer's host where there is no Python for it, only a stand-in for its command."""
    stand_in = folder / "bin" / "wasmer"
    stand_in.parent.mkdir()
    stand_in.write_text(COMMAND.format(run=run_line))
    stand_in.chmod(0o755)
    return run(
        HOST,
        *options,
        built(folder, text),
        *("7", "-x"),
        folder=folder,
        PATH=f"{stand_in.parent}:/usr/bin:/bin",
        XDG_DATA_HOME=str(folder),
    )


def test_the_command_is_used_where_there_are_no_wheels(tmp_path: Path) -> None:
    options = ("--mode", "jit-llvm", "--dir", f"{tmp_path}::data", "--env", "A=1")
    done = by_command(tmp_path, command(""), *options)
    assert (done.code, done.stdout, done.stderr) == (0, b"hello\n", "")
    assert done.marks()[2:4] == ["compile start", "compile end"]
    version, compiled, ran = (tmp_path / "bin/wasmer.log").read_text().splitlines()
    assert version == "--version"
    assert compiled.split()[:3] == ["compile", "--llvm", "-o"]
    place = compiled.split()[3]
    assert ran == f"run --mapdir=data:{tmp_path} --env=A=1 {place} -- 7 -x"
    assert not Path(place).exists()


def test_the_command_keeps_what_it_compiles_ahead_of_time(tmp_path: Path) -> None:
    done = by_command(tmp_path, command(""), "--mode", "aot")
    assert done.marks()[2:6] == ["build start", "build end", "deserialize start", "deserialize end"]
    (artefact,) = tmp_path.glob(".cache/benchharness/aot/wasmer-cli-*.so")
    assert artefact.read_bytes() == (tmp_path / "guest.wasm").read_bytes()


def test_the_command_passes_on_how_the_guest_ended(tmp_path: Path) -> None:
    done = by_command(tmp_path, command(""), run_line="exit 9")
    assert (done.code, done.stderr) == (9, "guest.wasm: the guest ended with exit code 9\n")


def test_a_trap_under_the_command_is_one_line(tmp_path: Path) -> None:
    line = "echo 'error: RuntimeError: unreachable' >&2; echo '  at f' >&2; exit 134"
    done = by_command(tmp_path, command(""), run_line=line)
    one_line(done, 134, "guest.wasm: the guest trapped: unreachable")


def test_the_command_offers_no_host_functions(tmp_path: Path) -> None:
    text = command("", '(import "bench" "start" (func)) (import "bench" "end" (func))')
    done = by_command(tmp_path, text)
    one_line(done, 3, "imports bench::start, which the wasmer command cannot offer")


def test_the_checksum_of_these_tests_is_wasmtimes(tmp_path: Path) -> None:
    done = run(MATRIX, "--runtime", "wasmtime", "--n", 64, folder=tmp_path)
    assert done.outputs() == {"checksum": N64_CHECKSUM}
