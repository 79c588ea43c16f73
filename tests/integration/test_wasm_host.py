"""The Wasmtime host: what a guest sees, how it ends, and one line for whatever goes wrong."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from tests.integration.wasm_programs import HOST, MODULES, Done, run
from wasm_modules.hosts import guest_report, streams

WASI = "wasi_snapshot_preview1"
EXIT = f'(import "{WASI}" "proc_exit" (func $exit (param i32)))'
PAIR = "(param i32 i32) (result i32)"


def module(folder: Path, text: str) -> Path:
    path = folder / "guest.wasm"
    path.write_bytes(wasmtime.wat2wasm(f"(module {text})"))
    return path


def command(body: str, imports: str = "", rest: str = "") -> str:
    memory = '(memory (export "memory") 1)'
    return f'{EXIT} {imports} {memory} {rest} (func (export "_start") {body})'


def start(folder: Path, text: str, *options: object) -> Done:
    return run(HOST, *options, module(folder, text), folder=folder)


def printing(*texts: str) -> str:
    """Return a guest that prints the texts, one call of fd_write each."""
    write = f'(import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'
    data, calls, at = [], [], 64
    for text in texts:
        raw = text.encode()
        escaped = "".join(f"\\{byte:02x}" for byte in raw)
        data.append(f'(data (i32.const {at}) "{escaped}")')
        calls.append(
            f"(i32.store (i32.const 0) (i32.const {at}))"
            f"(i32.store (i32.const 4) (i32.const {len(raw)}))"
            "(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
        )
        at += len(raw)
    return command(" ".join(calls), write, " ".join(data))


def test_a_guest_that_returns_is_done(tmp_path: Path) -> None:
    done = start(tmp_path, command(""))
    assert (done.code, done.stdout, done.stderr) == (0, b"", "")


def test_phases_are_separate_and_the_window_is_the_run(tmp_path: Path) -> None:
    done = start(tmp_path, command(""))
    assert done.marks() == [
        *("load start", "load end", "compile start", "compile end"),
        *("instantiate start", "instantiate end"),
        *("window start", "run start", "run end", "window end"),
    ]
    stamps = [event["t_ns"] for event in done.events]
    assert stamps == sorted(stamps)
    metrics = done.metrics()
    assert metrics["module_bytes"] == (tmp_path / "guest.wasm").stat().st_size
    assert metrics["host_bytes"] > 1_000_000


@pytest.mark.parametrize("code", [1, 7, 101])
def test_the_exit_code_is_the_guests(tmp_path: Path, code: int) -> None:
    done = start(tmp_path, command(f"(call $exit (i32.const {code}))"))
    assert done.code == code
    assert done.stderr == f"guest.wasm: the guest ended with exit code {code}\n"
    assert done.marks()[-2:] == ["run end", "window end"]


def test_an_exit_with_0_is_no_failure(tmp_path: Path) -> None:
    done = start(tmp_path, command("(call $exit (i32.const 0)) unreachable"))
    assert (done.code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("unreachable", "unreachable"),
        ("(drop (i32.load (i32.const 65536)))", "out of bounds memory access"),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "integer divide by zero"),
        ("(call $deep)", "call stack exhausted"),
    ],
)
def test_a_trap_is_one_line_with_its_cause(tmp_path: Path, body: str, cause: str) -> None:
    done = start(tmp_path, command(body, rest="(func $deep (call $deep))"))
    assert done.code == 134
    assert done.stderr.startswith("guest.wasm: the guest trapped: ")
    assert cause in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.marks()[-2:] == ["run end", "window end"]


@pytest.mark.parametrize(
    ("counts", "options", "arguments", "expected"),
    [
        ("args_sizes_get", [], [], 1),  # the module's name is the first
        ("args_sizes_get", [], ["a", "--report", "-h"], 4),
        ("environ_sizes_get", [], [], 0),
        ("environ_sizes_get", ["--env", "A=1", "--env", "B=x=y"], [], 2),
    ],
)
def test_the_guest_sees_what_it_is_given(
    tmp_path: Path, counts: str, options: list[str], arguments: list[str], expected: int
) -> None:
    text = command(
        "(drop (call $sizes (i32.const 0) (i32.const 4))) (call $exit (i32.load (i32.const 0)))",
        f'(import "{WASI}" "{counts}" (func $sizes {PAIR}))',
    )
    done = run(HOST, *options, module(tmp_path, text), *arguments, folder=tmp_path)
    assert done.code == expected


@pytest.mark.parametrize(("options", "errno"), [([], 8), (["--dir", ".::/data"], 0)])
def test_the_guest_has_only_the_folders_it_is_given(
    tmp_path: Path, options: list[str], errno: int
) -> None:
    text = command(
        "(call $exit (call $prestat (i32.const 3) (i32.const 0)))",
        f'(import "{WASI}" "fd_prestat_get" (func $prestat {PAIR}))',
    )
    assert start(tmp_path, text, *options).code == errno  # 8 is EBADF


def test_a_folder_with_colons_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "a::b").mkdir()
    text = command(
        "(call $exit (call $prestat (i32.const 3) (i32.const 0)))",
        f'(import "{WASI}" "fd_prestat_get" (func $prestat {PAIR}))',
    )
    assert start(tmp_path, text, "--dir", "a::b::/data").code == 0
    done = start(tmp_path, text, "--dir", "c::b::/data")
    assert (done.code, "--dir c::b: there is no such folder" in done.stderr) == (2, True)


def test_the_memory_limit_stops_growth(tmp_path: Path) -> None:
    grow = "(call $exit (i32.eq (memory.grow (i32.const 15)) (i32.const -1)))"
    assert start(tmp_path, command(grow), "--memory-limit", 16 * 65536).code == 0
    assert start(tmp_path, command(grow), "--memory-limit", 16 * 65536 - 1).code == 1


def test_a_module_that_starts_above_the_memory_limit_is_refused(tmp_path: Path) -> None:
    done = start(tmp_path, command(""), "--memory-limit", 1000)
    assert done.code == 2
    assert done.stderr.startswith("guest.wasm: cannot be instantiated: memory minimum size")
    assert done.stderr.count("\n") == 1


def refused(done: Done, reason: str) -> bool:
    return (
        done.code == 2
        and done.stderr.count("\n") == 1
        and reason in done.stderr
        and "window start" not in done.marks()
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = run(HOST, tmp_path / "nothing.wasm", folder=tmp_path)
    assert refused(done, "nothing.wasm: cannot be read: No such file")


def test_a_file_that_is_no_module(tmp_path: Path) -> None:
    (tmp_path / "guest.wasm").write_text("#!/bin/sh")
    done = run(HOST, tmp_path / "guest.wasm", folder=tmp_path)
    assert refused(done, "guest.wasm: is not a WebAssembly module")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "guest.wasm").write_bytes(b"")
    assert refused(run(HOST, "guest.wasm", folder=tmp_path), "is not a WebAssembly module")


def test_a_component_is_not_a_core_module(tmp_path: Path) -> None:
    (tmp_path / "guest.wasm").write_bytes(b"\0asm\x0d\0\1\0")
    assert refused(run(HOST, "guest.wasm", folder=tmp_path), "perhaps a component")


@pytest.mark.parametrize("size", [8 + 3, 5000, 115_000])
def test_a_truncated_module(tmp_path: Path, size: int) -> None:
    whole = (MODULES / "matrix-scalar.wasm").read_bytes()
    (tmp_path / "guest.wasm").write_bytes(whole[:size])
    assert refused(run(HOST, "guest.wasm", folder=tmp_path), "guest.wasm: is not a valid module:")


def test_an_import_that_nobody_offers(tmp_path: Path) -> None:
    done = start(tmp_path, command("", '(import "env" "magic" (func))'))
    assert refused(done, "env::magic")


def test_a_module_that_is_no_command(tmp_path: Path) -> None:
    done = start(tmp_path, '(memory (export "memory") 1) (func (export "run"))')
    assert refused(done, "exports no function _start")


@pytest.mark.parametrize(
    "options",
    [
        *(["--dir", "nowhere"], ["--env", "A"], ["--memory-limit", "0"], ["--memory-limit", "x"]),
        ["--unknown"],
    ],
)
def test_wrong_usage(tmp_path: Path, options: list[str]) -> None:
    done = start(tmp_path, command(""), *options)
    assert done.code == 2
    assert done.stderr.startswith("wasmtime_host.py: ")
    assert done.stderr.count("\n") == 1


def test_a_missing_wheel_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "wasmtime.py").write_text("raise ImportError('no such wheel')")
    done = run(HOST, module(tmp_path, command("")), folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.code == 3
    assert "-m pip install wasmtime" in done.stderr
    assert done.stderr.count("\n") == 1


def test_output_reaches_stdout_as_it_is(tmp_path: Path) -> None:
    done = start(tmp_path, printing("héllo ", "wörld\n", '{"benchharness": no}'))
    assert (done.code, done.stdout.decode()) == (0, 'héllo wörld\n{"benchharness": no}')


def test_the_report_becomes_events_and_the_rest_is_passed_on(tmp_path: Path) -> None:
    report = '{"benchharness":{"outputs":{"a":1},"phases":[["p",1,2]],"clock_ns":3}}\n'
    done = start(tmp_path, printing("before\n", report, "after"), "--report")
    assert (done.code, done.stdout, done.stderr) == (0, b"before\nafter", "")
    assert done.outputs() == {"a": 1}
    assert done.marks()[-6:] == [
        *("window start", "run start", "p start", "p end", "run end", "window end"),
    ]


def test_a_report_begins_a_line_and_nothing_else_does(tmp_path: Path) -> None:
    mark = '{"benchharness":'
    text = "x" * (1 << 16) + mark + "}\n"  # where the host's buffer begins anew
    guest = printing(text).replace('(memory (export "memory") 1)', '(memory (export "memory") 2)')
    done = start(tmp_path, guest, "--report")
    assert (done.code, done.stdout.decode()) == (1, text)


def test_a_promised_report_that_does_not_come(tmp_path: Path) -> None:
    done = start(tmp_path, printing("hello\n"), "--report")
    assert (done.code, done.stdout) == (1, b"hello\n")
    assert done.stderr == "guest.wasm: the guest printed no report line\n"


def test_a_report_that_is_wrong(tmp_path: Path) -> None:
    done = start(tmp_path, printing('{"benchharness":{"clock_ns":"x"}}\n'), "--report")
    assert done.code == 1
    assert done.stderr.count("\n") == 1
    assert "report line is wrong: clock_ns" in done.stderr


def test_a_report_without_an_end_is_refused_and_not_gathered(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_bytes(guest_report.PREFIX + b"1" * (4 << 20) + b"\nafter\n")
    printed, to = streams.Printed(), io.BytesIO()
    with spool.open("rb") as file:
        line = streams._pass_on(file, to, printed, reports=True)
    assert line is not None
    assert len(line) < guest_report.LARGEST_BYTES + (1 << 17)
    assert (to.getvalue(), printed.value()) == (b"after\n", "after\n")
    with pytest.raises(guest_report.ReportError, match="longer than 1 MiB"):
        guest_report.parse(line)


def test_what_a_trapped_guest_has_printed_is_kept(tmp_path: Path) -> None:
    text = printing("last words\n")
    body, end = text[:-1], text[-1]
    done = start(tmp_path, f"{body} unreachable {end}", "--report")
    assert (done.code, done.stdout) == (134, b"last words\n")


def test_every_start_compiles_anew_and_leaves_nothing_behind(tmp_path: Path) -> None:
    for _ in range(2):
        done = run(HOST, "--report", MODULES / "matrix-scalar.wasm", 3, folder=tmp_path)
        start_ns, end_ns = done.span_ns("compile")
        assert end_ns - start_ns > 2_000_000  # from a cache it would take 0.2 ms
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl"]


def cpu_ticks(pid: int) -> int:
    """Return the ticks that a process has spent in user mode (proc(5), field 14)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11])


def test_ctrl_c_ends_a_guest_that_never_ends(tmp_path: Path) -> None:
    path = module(tmp_path, command("(loop (br 0))"))
    events = tmp_path / "events.jsonl"
    events.touch()
    process = subprocess.Popen(
        [sys.executable, str(HOST), str(path)],
        env={**os.environ, "BENCHHARNESS_EVENTS": str(events)},
    )
    at_run = 0
    try:
        while '"run"' not in events.read_text() or cpu_ticks(process.pid) < at_run + 5:
            if '"run"' not in events.read_text():
                at_run = cpu_ticks(process.pid)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == -signal.SIGINT
    finally:
        process.kill()
        process.wait()
