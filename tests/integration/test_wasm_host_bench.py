"""Guests that mark their own window, as sightglass's do, under every runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.wasm_hosts import (
    BENCH,
    INPUT_NAME,
    SAID_ERROR,
    SAID_OUT,
    built,
    command,
    every_runtime,
    run_text,
    sightglass_like,
    start_host,
)

MODES = [
    *(("wasmtime", mode) for mode in ("interpreter", "jit", "aot", "jit-winch")),
    *(("wasmer", mode) for mode in ("jit", "aot")),
    *(("wasmedge", mode) for mode in ("interpreter", "jit", "aot")),
]


@pytest.mark.parametrize(("runtime", "mode"), MODES)
def test_a_guest_like_those_of_sightglass(runtime: str, mode: str, tmp_path: Path) -> None:
    (tmp_path / INPUT_NAME).write_text("some input\n")
    module = built(tmp_path, sightglass_like())
    done = start_host(runtime, tmp_path, "--mode", mode, "--dir", f"{tmp_path}::.", module)
    assert (done.code, done.stdout.decode(), done.stderr) == (
        0,
        f"{SAID_OUT}some input\n",
        SAID_ERROR,
    )
    assert done.marks()[-4:] == ["run start", "window start", "window end", "run end"]
    run, window = done.span_ns("run"), done.span_ns("window")
    assert run[0] < window[0] < window[1] < run[1]


@every_runtime
def test_what_it_prints_can_be_compared(runtime: str, tmp_path: Path) -> None:
    (tmp_path / INPUT_NAME).write_text("é\n")
    module = built(tmp_path, sightglass_like())
    done = start_host(runtime, tmp_path, "--outputs", "--dir", f"{tmp_path}::.", module)
    assert done.outputs() == {"stdout": f"{SAID_OUT}é\n", "stderr": SAID_ERROR}
    assert (done.stdout.decode(), done.stderr) == (f"{SAID_OUT}é\n", SAID_ERROR)


@every_runtime
@pytest.mark.parametrize(
    ("body", "reason", "marks"),
    [
        (
            "(call $start) (call $start)",
            "called bench.start twice",
            ["run start", "window start", "run end"],
        ),
        (
            "(call $start) (call $end) (call $start)",
            "called bench.start twice",
            ["run start", "window start", "window end", "run end"],
        ),
        ("(call $end)", "called bench.end outside its window", ["run start", "run end"]),
        (
            "(call $start) (call $end) (call $end)",
            "called bench.end outside its window",
            ["run start", "window start", "window end", "run end"],
        ),
        ("", "ended without calling bench.start", ["run start", "run end"]),
        (
            "(call $start)",
            "ended without calling bench.end",
            ["run start", "window start", "run end", "window end"],
        ),
    ],
)
def test_a_window_is_started_and_ended_once(
    runtime: str, body: str, reason: str, marks: list[str], tmp_path: Path
) -> None:
    done = run_text(runtime, tmp_path, command(body, BENCH))
    assert done.code == 1
    assert done.stderr == f"guest.wasm: the guest {reason}\n"
    assert done.marks()[-len(marks) :] == marks
    assert done.marks().count("window start") == marks.count("window start")


@every_runtime
def test_a_trap_inside_the_window(runtime: str, tmp_path: Path) -> None:
    done = run_text(runtime, tmp_path, command("(call $start) unreachable", BENCH))
    assert done.code == 134
    assert "trapped: " in done.stderr
    assert done.marks()[-3:] == ["run start", "window start", "run end"]


@every_runtime
def test_an_exit_inside_the_window_is_its_own_code(runtime: str, tmp_path: Path) -> None:
    done = run_text(runtime, tmp_path, command("(call $start) (call $exit (i32.const 3))", BENCH))
    assert (done.code, done.stderr) == (3, "guest.wasm: the guest ended with exit code 3\n")


@every_runtime
def test_an_exit_with_0_inside_the_window_is_a_window_without_an_end(
    runtime: str, tmp_path: Path
) -> None:
    done = run_text(runtime, tmp_path, command("(call $start) (call $exit (i32.const 0))", BENCH))
    assert (done.code, done.stderr) == (
        1,
        "guest.wasm: the guest ended without calling bench.end\n",
    )
