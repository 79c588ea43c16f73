"""The same Rust source as a native program.

The flags are those that all builds share (wasm_modules/rustc-flags). There is no
``-C target-cpu=native``: the program uses what every processor of its architecture has (SSE2,
NEON), as a distributed binary does, while a just-in-time runtime may use all that this
processor has.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchharness import events
from wasm_modules.hosts import guest_report
from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_UNFIT, HostError
from workloads.matrix.rust_program import RustProgram

_MODULES = Path(__file__).resolve().parents[2] / "wasm_modules"
PROGRAM = RustProgram("matrix", _MODULES / "matrix" / "matrix.rs")


def run(n: int, seed: int) -> int:
    """Run the program, which is built first if it must be; return its exit code.

    A program in the cache is not compared with the compiler here: asking the compiler would
    count in this trial's memory and processor time. The preparation has done it.
    """
    program = PROGRAM.path
    if not program.is_file():
        with events.phase("build"):
            program = PROGRAM.build()
    events.metric("module_bytes", program.stat().st_size, unit="B")
    began_ns = events.now_ns()
    line, end_ns, exit_code = _run([str(program), str(n), str(seed)])
    if exit_code == 0:
        try:
            report = guest_report.parse(line)
        except guest_report.ReportError as error:
            what = f"{PROGRAM.name}: the report is wrong: {error}"
            raise HostError(what, EXIT_FAILED) from None
        _emit(report, began_ns, end_ns)
    if exit_code < 0:
        raise HostError(f"{PROGRAM.name}: killed by signal {-exit_code}", 128 - exit_code)
    return exit_code


def _emit(report: guest_report.GuestReport, began_ns: int, end_ns: int) -> None:
    """Emit the window, which begins where the program's own clock does: in its main.

    Starting a process is the phase ``load``, as loading a runtime is, and not the product's work.
    A program that fails leaves no window.
    """
    start_ns = min(max(began_ns, end_ns - report.clock_ns), end_ns)
    events.emit("phase", t_ns=began_ns, edge="start", name="load")
    events.emit("phase", t_ns=start_ns, edge="end", name="load")
    events.emit("window", t_ns=start_ns, edge="start")
    events.emit("phase", t_ns=start_ns, edge="start", name="run")
    guest_report.emit(report, start_ns, end_ns)
    events.emit("phase", t_ns=end_ns, edge="end", name="run")
    events.emit("window", t_ns=end_ns, edge="end")


def _run(argv: list[str]) -> tuple[bytes, int, int]:
    """Return the first line of a program's stdout, when it came, and the exit code."""
    try:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    except OSError as error:
        raise HostError(
            f"{argv[0]} cannot be started: {error.strerror}; set XDG_CACHE_HOME to a folder"
            " from which programs may be started",
            EXIT_UNFIT,
        ) from None
    with process:
        assert process.stdout is not None
        # The line comes when all is computed; that the system then takes the memory back is
        # not the program's work, and under a WebAssembly host it is outside the window too.
        line = process.stdout.readline()
        end_ns = events.now_ns()
        process.stdout.read()
    return line, end_ns, process.returncode
