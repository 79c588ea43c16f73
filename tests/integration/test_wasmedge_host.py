"""What is WasmEdge's own: its library and loader, its modes, its limits, sockets, one line."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.integration.wasm_hosts import WASI, built, command, run_text, start_host
from tests.integration.wasm_programs import DATA_HOME, MATRIX, MODULES, Done, run, run_argv
from wasm_modules.hosts import find_wasmedge, start, wasmedge_stack

CALLS = Path(__file__).with_name("wasmedge_calls.py")
MODES = find_wasmedge.MODES
N64_CHECKSUM = "081a26e5f13c291d"  # of test_matrix_runtimes.py's product of integers
COUNT = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))"
DEEP = f"(func $deep (call $deep) {COUNT})"  # LLVM would make a loop of the call alone

every_mode = pytest.mark.parametrize("mode", MODES)


def one_line(done: Done, code: int, *words: str) -> None:
    assert (done.code, done.stderr.count("\n")) == (code, 1), done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.slow
@every_mode
def test_the_matrix_product_is_right_in_every_mode(mode: str, tmp_path: Path) -> None:
    options = ("--runtime", "wasmedge", "--mode", mode, "--n", 64)
    done = run(MATRIX, *options, folder=tmp_path)
    assert (done.code, done.stderr) == (0, "")
    assert done.outputs() == {"checksum": N64_CHECKSUM}


@pytest.mark.slow
def test_what_is_compiled_just_in_time_is_compiled_in_that_phase(tmp_path: Path) -> None:
    module = MODULES / "matrix-scalar.wasm"
    spans = {}
    for mode in ("interpreter", "jit"):
        done = start_host("wasmedge", tmp_path, "--report", "--mode", mode, module, 64)
        for name in ("compile", "instantiate", "multiply"):
            begun_ns, ended_ns = done.span_ns(name)
            spans[mode, name] = ended_ns - begun_ns
    assert spans["jit", "compile"] > 300_000_000
    assert spans["jit", "compile"] > 10 * spans["interpreter", "compile"]
    assert spans["jit", "instantiate"] < spans["jit", "compile"] / 50
    assert spans["jit", "multiply"] < spans["interpreter", "multiply"] / 20


def test_a_shared_library_is_built_once_and_mapped(tmp_path: Path) -> None:
    path = built(tmp_path, command(""))
    first, second = (start_host("wasmedge", tmp_path, "--mode", "aot", path) for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert "build start" in first.marks()
    assert second.marks()[:4] == ["load start", "load end", "deserialize start", "deserialize end"]
    assert second.metrics()["aot_bytes"] > 1000
    assert second.metrics()["host_bytes"] > 50_000_000  # LLVM is a part of it


def test_a_shared_library_that_is_broken_is_named(tmp_path: Path) -> None:
    path = built(tmp_path, command(""))
    start_host("wasmedge", tmp_path, "--mode", "aot", path)
    for artefact in tmp_path.glob(".cache/benchharness/aot/*.so"):
        artefact.write_text("no library")
        digest = hashlib.sha256(artefact.read_bytes()).hexdigest()
        artefact.with_name(f"{artefact.name}.sha256").write_text(digest)
    done = start_host("wasmedge", tmp_path, "--mode", "aot", path)
    one_line(done, 1, "guest.wasm: cannot be loaded from ", "; delete it")


@every_mode
def test_host_functions(mode: str, tmp_path: Path) -> None:
    here = find_wasmedge.find({"XDG_DATA_HOME": DATA_HOME})
    done = subprocess.run(
        [*here.interpreter(), str(CALLS), mode, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "numbers": [[0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFE, 0.25, 0.5]],
        "growing": ["host", 0, "outside", "host", 0, "outside"],
        "refusing": ["the GPIO line has gone", 7],
        "mistaken": ["host::f failed: ZeroDivisionError: division by zero", 1],
        "outside": [
            "the guest trapped: host::f: 4 bytes at 4294967280 are outside the guest's memory",
            134,
        ],
        "no memory": "the guest trapped: host::f: 1 bytes at 0 are outside the guest's memory",
    }


@every_mode
@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("unreachable", "unreachable"),
        ("(drop (i32.load (i32.const 65536)))", "out of bounds memory access"),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "integer divide by zero"),
        ("(call $deep)", wasmedge_stack.EXHAUSTED),
    ],
)
def test_a_trap_is_one_line_with_its_cause(
    mode: str, body: str, cause: str, tmp_path: Path
) -> None:
    done = run_text("wasmedge", tmp_path, command(body, rest=DEEP), "--mode", mode)
    assert done.code == 134
    assert done.stderr == f"guest.wasm: the guest trapped: {cause}\n"
    assert done.marks()[-2:] == ["run end", "window end"]


@pytest.mark.slow
def test_a_memory_by_any_name_is_no_stack(tmp_path: Path) -> None:
    """Nearly 600 MiB, which the interpreter touches page by page; a memory has one or two names."""
    touch = (
        "(drop (memory.grow (i32.const 9500))) (loop"
        " (i32.store (global.get $at) (i32.const 1))"
        " (global.set $at (i32.add (global.get $at) (i32.const 4096)))"
        " (br_if 0 (i32.lt_u (global.get $at) (i32.const 622592000))))"
    )
    text = (
        '(module (memory (export "mine") (export "ours") 1)'
        f' (global $at (mut i32) (i32.const 0)) (func (export "_start") {touch}))'
    )
    done = run_text("wasmedge", tmp_path, text, "--mode", "interpreter")
    assert (done.code, done.stderr) == (0, "")


@every_mode
def test_exit_codes_are_the_guests(mode: str, tmp_path: Path) -> None:
    done = run_text("wasmedge", tmp_path, command("(call $exit (i32.const 101))"), "--mode", mode)
    one_line(done, 101, "the guest ended with exit code 101")


@every_mode
def test_fuel(mode: str, tmp_path: Path) -> None:
    loop = command("(loop (br_if 0 (i32.const 1)))")
    done = run_text("wasmedge", tmp_path, loop, "--mode", mode, "--fuel", 1000)
    one_line(done, 134, "guest.wasm: the guest used up its fuel of 1000")
    done = run_text("wasmedge", tmp_path, command(""), "--mode", mode, "--fuel", 1000)
    assert (done.code, done.stderr) == (0, "")


@every_mode
def test_memory(mode: str, tmp_path: Path) -> None:
    text = command("(call $exit (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))")
    limits = {"--memory-limit": 65536}
    options = [part for pair in limits.items() for part in pair]
    assert run_text("wasmedge", tmp_path, text, "--mode", mode, *options).code == 1
    assert run_text("wasmedge", tmp_path, text, "--mode", mode).code == 0


def test_a_start_function_that_traps_is_a_trap(tmp_path: Path) -> None:
    text = command("", rest="(func $init unreachable) (start $init)")
    one_line(run_text("wasmedge", tmp_path, text), 134, "the guest trapped: unreachable")


def test_a_folder_with_a_colon_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a:b").mkdir()
    done = run_text("wasmedge", tmp_path, command(""), "--dir", "a:b::/data")
    one_line(done, 2, "cannot open the folder a:b: its name has a colon")


@every_mode
def test_a_guest_opens_a_socket_of_its_own(mode: str, tmp_path: Path) -> None:
    sock_open = f'(import "{WASI}" "sock_open" (func $open (param i32 i32 i32) (result i32)))'
    body = "(call $exit (call $open (i32.const 1) (i32.const 2) (i32.const 0)))"  # IPv4, stream
    options = ("--mode", mode, "--with", "net=yes")
    done = run_text("wasmedge", tmp_path, command(body, sock_open), *options)
    assert (done.code, done.stderr) == (0, "")


@every_mode
@pytest.mark.parametrize("name", ["sock_open", "sock_getaddrinfo"])
def test_a_guest_has_no_network_unless_it_is_given(mode: str, name: str, tmp_path: Path) -> None:
    text = command("", f'(import "{WASI}" "{name}" (func))')
    for options in ((), ("--prepare",), ("--with", "net=no")):
        done = run_text("wasmedge", tmp_path, text, "--mode", mode, *options)
        if "--prepare" not in options or mode == "aot":
            one_line(done, 2, f"imports {WASI}::{name}, which opens the network", "--with net=yes")


def test_its_plugin_for_neural_networks_is_missed_in_one_line(tmp_path: Path) -> None:
    done = run_text("wasmedge", tmp_path, command(""), "--with", "nn=plugin")
    one_line(done, 3, "WasmEdge's plugin wasi_nn is not installed", "WASMEDGE_PLUGIN_PATH")


def test_a_library_that_is_none_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    library = tmp_path / "libwasmedge.so"
    library.write_text("no library")
    path = built(tmp_path, command(""))
    argv = start.command_for("wasmedge", [str(path)])
    done = run_argv(argv, tmp_path, **{find_wasmedge.VARIABLE: str(library)})
    one_line(done, 3, f"{library} cannot be used", "scripts/install-wasmedge")


def test_a_library_of_something_else_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    argv = start.command_for("wasmedge", [str(built(tmp_path, command("")))])
    other = find_wasmedge.find({"XDG_DATA_HOME": DATA_HOME}).library.with_name("libz.so.1")
    done = run_argv(argv, tmp_path, **{find_wasmedge.VARIABLE: str(other)})
    one_line(done, 3, "cannot be used", "WasmEdge_VersionGet", "scripts/install-wasmedge")
