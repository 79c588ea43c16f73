"""Bad input is one line and an exit code, the same under every runtime."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.wasm_hosts import (
    EXIT,
    FOLDER,
    OPEN,
    WASI,
    WRITE,
    built,
    command,
    data,
    every_runtime,
    finding_folder,
    opening,
    printing,
    run_text,
    start_host,
)
from tests.integration.wasm_programs import MODULES, Done, run_argv
from wasm_modules.hosts import start

PAGE = 65536


def refused(done: Done, reason: str) -> None:
    assert (done.code, done.stderr.count("\n")) == (2, 1), done.stderr
    assert reason in done.stderr
    assert "window start" not in done.marks()


@every_runtime
def test_not_a_wasm_file(runtime: str, tmp_path: Path) -> None:
    (tmp_path / "guest.wasm").write_text("#!/bin/sh\n")
    refused(start_host(runtime, tmp_path, "guest.wasm"), "guest.wasm: is not a WebAssembly module")


@every_runtime
@pytest.mark.parametrize("size", [11, 5000])
def test_a_truncated_file(runtime: str, size: int, tmp_path: Path) -> None:
    whole = (MODULES / "matrix-scalar.wasm").read_bytes()
    (tmp_path / "guest.wasm").write_bytes(whole[:size])
    refused(start_host(runtime, tmp_path, "guest.wasm"), "guest.wasm: is not a valid module:")


@every_runtime
@pytest.mark.parametrize(
    ("namespace", "name"), [("env", "magic"), ("bench", "stop"), (WASI, "fd_teleport")]
)
def test_an_import_that_nobody_offers_is_named(
    runtime: str, namespace: str, name: str, tmp_path: Path
) -> None:
    done = run_text(runtime, tmp_path, command("", f'(import "{namespace}" "{name}" (func))'))
    refused(done, name)
    assert namespace in done.stderr


@every_runtime
def test_an_import_of_another_type_is_refused(runtime: str, tmp_path: Path) -> None:
    text = command("", '(import "bench" "start" (func (param i64)))')
    refused(run_text(runtime, tmp_path, text), "start")


@every_runtime
def test_a_module_that_is_no_command(runtime: str, tmp_path: Path) -> None:
    text = '(module (memory (export "memory") 1) (func (export "run")))'
    refused(run_text(runtime, tmp_path, text), "exports no function _start")


@every_runtime
@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("unreachable", "unreachable"),
        (f"(drop (i32.load (i32.const {PAGE})))", "out of bounds memory access"),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "divide by zero"),
        ("(call $deep)", "stack"),
    ],
)
def test_a_trap_is_named(runtime: str, body: str, cause: str, tmp_path: Path) -> None:
    # What follows the call keeps LLVM from making a loop of it.
    count = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))"
    deep = f"(func $deep (call $deep) {count})"
    done = run_text(runtime, tmp_path, command(body, rest=deep))
    assert (done.code, done.stderr.count("\n")) == (134, 1), done.stderr
    assert done.stderr.startswith("guest.wasm: the guest trapped: ")
    assert cause in done.stderr
    assert done.marks()[-2:] == ["run end", "window end"]


@every_runtime
def test_a_trap_under_a_memory_limit_names_it(runtime: str, tmp_path: Path) -> None:
    grow = "(if (i32.eq (memory.grow (i32.const 63)) (i32.const -1)) (then unreachable))"
    limit = ("--memory-limit", str(16 * PAGE))
    done = run_text(runtime, tmp_path, command(grow), *limit)
    assert done.code == 134
    assert done.stderr.endswith(" (its memory was limited to 1048576 bytes)\n")
    assert done.stderr.count("\n") == 1


@every_runtime
@pytest.mark.parametrize("code", [256, -65536])
def test_an_exit_code_whose_low_bits_are_0_is_no_success(
    runtime: str, code: int, tmp_path: Path
) -> None:
    done = run_text(runtime, tmp_path, command(f"(call $exit (i32.const {code}))"))
    # Wasmtime takes such a code for a trap.
    assert (done.code, done.stderr.count("\n")) == (134 if runtime == "wasmtime" else 1, 1)
    assert "exit" in done.stderr


@every_runtime
def test_an_endless_loop_ends_at_its_time_limit(runtime: str, tmp_path: Path) -> None:
    done = run_text(runtime, tmp_path, command("(loop (br 0))"), "--time-limit", 0.2)
    assert done.code == -9
    assert done.stderr == "guest.wasm: the guest ran longer than its limit of 0.2 s\n"
    assert done.marks()[-3:] == ["instantiate end", "window start", "run start"]


ENDLESS = "the guest ran longer than its limit of 0.2 s\n"


@every_runtime
def test_what_a_guest_had_printed_at_its_time_limit_is_passed_on(
    runtime: str, tmp_path: Path
) -> None:
    body = f"{printing(1, 64, 5)} {printing(2, 72, 5)} (loop (br 0))"
    text = command(body, WRITE, data(64, "begun") + data(72, "error"))
    for option, error in (("--report", "error"), ("--outputs", "error\n")):
        done = run_text(runtime, tmp_path, text, "--time-limit", 0.2, option)
        assert (done.code, done.stdout) == (-9, b"begun\n")
        assert done.stderr == f"{error}guest.wasm: {ENDLESS}"


@pytest.mark.parametrize("closed", ["2>/dev/full", ">/dev/full 2>/dev/full", "2>&-"])
def test_a_time_limit_holds_whoever_reads(closed: str, tmp_path: Path) -> None:
    path = built(tmp_path, command("(loop (br 0))"))
    argv = start.command_for("wasmtime", ["--time-limit", "0.2", "--outputs", str(path)])
    done = run_argv(["sh", "-c", f'"$@" {closed}; exit $?', "sh", *argv], tmp_path)
    assert done.code == 128 + 9


def test_a_time_limit_holds_where_nobody_reads(tmp_path: Path) -> None:
    flood = f"(loop {printing(2, 64, 5)} (br 0))"
    path = built(tmp_path, command(flood, WRITE, data(64, "flood")))
    argv = start.command_for("wasmtime", ["--time-limit", "0.2", str(path)])
    with subprocess.Popen(argv, stderr=subprocess.PIPE) as host:
        assert host.wait(timeout=20) == -9


@every_runtime
def test_a_guest_that_prints_without_end_is_stopped(runtime: str, tmp_path: Path) -> None:
    nothing_written = "(i32.store (i32.const 8) (i32.const 0))"
    flood = f"(loop {nothing_written} {printing(1, 64, 1000)} (br_if 0 (i32.load (i32.const 8))))"
    path = built(tmp_path, command(flood, WRITE))
    argv = start.command_for(runtime, ["--outputs", str(path)])
    done = run_argv(["sh", "-c", 'ulimit -f 64; exec "$@"', "sh", *argv], tmp_path)
    assert (done.code, len(done.stdout)) == (1, 64 * 512)
    assert done.stderr == "guest.wasm: the guest printed 32768 bytes or more\n"


LOOPING_START = '(module {} (func $s (loop (br 0))) (start $s) (func (export "_start")))'


@every_runtime
@pytest.mark.parametrize("imports", ["", EXIT])
def test_an_endless_start_function_ends_at_its_time_limit(
    runtime: str, imports: str, tmp_path: Path
) -> None:
    done = run_text(runtime, tmp_path, LOOPING_START.format(imports), "--time-limit", 0.2)
    assert done.code == -9
    assert done.stderr == "guest.wasm: the guest ran longer than its limit of 0.2 s\n"
    assert done.marks()[-1] == "instantiate start"


@pytest.mark.parametrize("runtime", ["wasmtime", "wasmedge"])  # Wasmer has no fuel
@pytest.mark.parametrize("mode", ["jit", "aot", "interpreter"])
def test_an_endless_start_function_ends_with_its_fuel(
    runtime: str, mode: str, tmp_path: Path
) -> None:
    text = LOOPING_START.format("").replace("(br 0)", "(br_if 0 (i32.const 1))")
    done = run_text(runtime, tmp_path, text, "--mode", mode, "--fuel", 1000)
    assert done.code == 134
    assert done.stderr == "guest.wasm: the guest used up its fuel of 1000\n"


@every_runtime
@pytest.mark.parametrize("limit", [60, 1e300])
def test_a_guest_within_its_time_limit_is_left_alone(
    runtime: str, limit: float, tmp_path: Path
) -> None:
    done = run_text(runtime, tmp_path, command(""), "--time-limit", limit)
    assert (done.code, done.stderr) == (0, "")


@every_runtime
@pytest.mark.parametrize(("limit", "code"), [(16 * PAGE, 0), (16 * PAGE - 1, 1)])
def test_memory_does_not_grow_beyond_its_limit(
    runtime: str, limit: int, code: int, tmp_path: Path
) -> None:
    text = command("(call $exit (i32.eq (memory.grow (i32.const 15)) (i32.const -1)))")
    assert run_text(runtime, tmp_path, text, "--memory-limit", limit).code == code


@every_runtime
@pytest.mark.parametrize(("grown", "code"), [(PAGE // 16 - 1, 0), (PAGE // 16, 1)])
def test_a_table_does_not_grow_beyond_the_limit_of_memory(
    runtime: str, grown: int, code: int, tmp_path: Path
) -> None:
    growing = f"(table.grow (ref.null func) (i32.const {grown}))"
    body = f"(call $exit (i32.eq {growing} (i32.const -1)))"
    text = command(body, rest="(table 1 funcref)")
    assert run_text(runtime, tmp_path, text, "--memory-limit", PAGE).code == code


@every_runtime
def test_a_table_that_starts_above_the_limit_of_memory_is_refused(
    runtime: str, tmp_path: Path
) -> None:
    text = command("", rest="(table 60000000 funcref)")
    refused(run_text(runtime, tmp_path, text, "--memory-limit", 1 << 20), "table")


@every_runtime
def test_memory_that_starts_above_its_limit_is_refused(runtime: str, tmp_path: Path) -> None:
    refused(run_text(runtime, tmp_path, command(""), "--memory-limit", 1000), "memory")


@every_runtime
@pytest.mark.parametrize("kept_share", [0.0, 0.5, 1.0])
def test_a_damaged_artefact_is_built_again(runtime: str, kept_share: float, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()  # for which Wasmer has a small module of its own
    options = ("--mode", "aot", "--dir", tmp_path / "folder", built(tmp_path, command("")))
    assert start_host(runtime, tmp_path, *options).code == 0
    artefacts = list(tmp_path.glob(f".cache/benchharness/aot/{runtime}-*.so"))
    assert artefacts
    for artefact in artefacts:
        whole = artefact.read_bytes()
        kept = round(kept_share * (len(whole) - 1))
        artefact.write_bytes(whole[:kept] + bytes([whole[kept] ^ 1]))
    done = start_host(runtime, tmp_path, *options)
    assert (done.code, done.stderr) == (0, "")
    assert "build start" in done.marks()
    again = start_host(runtime, tmp_path, *options)
    assert again.code == 0
    assert "build start" not in again.marks()


INSIDE = ("known", "sub/../known")
OUTSIDE = (
    *("/etc/hostname", "../secret", "sub/../../secret", "out/secret", "link"),
    *("../new", "out/new", "dangling"),
)


@every_runtime
def test_a_guest_opens_nothing_outside_its_folder(runtime: str, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    (folder / "sub").mkdir(parents=True)
    (folder / "known").touch()
    (tmp_path / "secret").touch()
    (folder / "out").symlink_to(tmp_path)
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "dangling").symlink_to(tmp_path / "new")
    texts, calls = [data(64, "known")], [finding_folder(64, 5)]
    for index, path in enumerate((*INSIDE, *OUTSIDE)):
        at = 2048 + 64 * index
        texts.append(data(at, path))
        failed = opening(at, len(path), create=path.endswith(("new", "dangling")))
        calls.append(f"(i32.store8 (i32.const {1024 + index}) (i32.add (i32.const 48) {failed}))")
    body = "".join(calls) + printing(1, 1024, len(INSIDE) + len(OUTSIDE))
    text = command(body, f"{OPEN} {WRITE}", FOLDER + "".join(texts))
    done = run_text(runtime, tmp_path, text, "--dir", f"{folder}::.")
    assert (done.code, done.stderr) == (0, "")
    opened = [errno == ord("0") for errno in done.stdout]
    assert opened == [True] * len(INSIDE) + [False] * len(OUTSIDE)
    assert not (tmp_path / "new").exists()


@every_runtime
def test_a_mode_that_it_has_not(runtime: str, tmp_path: Path) -> None:
    done = start_host(runtime, tmp_path, "--mode", "jit-magic", built(tmp_path, command("")))
    refused(done, "has no mode jit-magic; known: ")
