"""What every host does with a module, from its command line to its exit code.

Usage: see request.py. Phases: load, then compile (or deserialize, of what was compiled ahead of
time), instantiate, and run; ``run`` is the window as well, unless the guest marks its own.
Exit codes: the guest's own; 134 after a trap; 2 for wrong usage or a file that is no module; 3
for a runtime that is not installed. Every failure is one line on stderr.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchharness import events
from wasm_modules.hosts import guest_report, imports, module_binary
from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_USAGE, HostError, TrapError
from wasm_modules.hosts.mapped import mapped_files, size_bytes
from wasm_modules.hosts.request import Request, parse
from wasm_modules.hosts.runtime import Runtime
from wasm_modules.hosts.watchdog import time_limit

if TYPE_CHECKING:
    from wasm_modules.hosts.streams import Spools


def main(runtime: Runtime, arguments: Sequence[str]) -> int:
    """Run a module as the command line says; return the exit code."""
    # A call into a runtime is not interrupted by Python's own handlers.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    _open_streams()
    request = parse(arguments)
    try:
        exit_code = execute(runtime, request)
        if exit_code != 0:
            raise HostError(f"the guest ended with exit code {exit_code}", exit_code)
    except HostError as error:
        print(f"{request.module.name}: {error}{_limits_in_words(error, request)}", file=sys.stderr)
        # The system keeps eight bits of it: of 256, say, those of success.
        return error.exit_code & 0xFF or EXIT_FAILED
    return 0


def _limits_in_words(error: HostError, request: Request) -> str:
    """Return what may be behind a trap: guests take refused memory for a reason to abort."""
    if not isinstance(error, TrapError) or request.memory_limit_bytes is None:
        return ""
    return f" (its memory was limited to {request.memory_limit_bytes} bytes)"


def _open_streams() -> None:
    """Have closed standard streams lead nowhere, lest what is opened next be one of them."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123


def execute(runtime: Runtime, request: Request) -> int:
    """Load, compile, instantiate and run; return the guest's exit code. Raises HostError."""
    if request.mode not in runtime.modes:
        known = ", ".join(runtime.modes)
        raise HostError(f"{runtime.name} has no mode {request.mode}; known: {known}", EXIT_USAGE)
    spools = _spools(request)
    words = (spools.tails,) if spools is not None else ()
    with time_limit(request.time_limit_s, request.module.name, *words) as start_time:
        provided = _make_ready(runtime, request)
        if request.prepare:
            return 0
        start_time()  # a module's start function, which runs here, is the guest's as well
        with events.phase("instantiate"):
            runtime.instantiate(request, provided.functions)
        exit_code = _run(runtime, request, spools, marks_window=provided.marks_window)
    if exit_code == 0:
        provided.finish()
    elif reason := provided.reason():
        raise HostError(f"the guest ended with exit code {exit_code}: {reason}", exit_code)
    return exit_code


def _make_ready(runtime: Runtime, request: Request) -> imports.Provided:
    """Load the runtime and make the module executable; return what it imports."""
    code = module_binary.read_module(request.module)
    events.metric("module_bytes", len(code), unit="B")
    wanted = module_binary.imports(code)
    before = mapped_files()  # first the runtime: a library that a provider shares is the runtime's
    with events.phase("load"):
        runtime.load(request)
    host_bytes = size_bytes(mapped_files() - before)
    if host_bytes is not None:
        events.metric("host_bytes", host_bytes, unit="B")
    provided = imports.provide(wanted, request.settings)
    _make_executable(runtime, request, code)
    return provided


def _make_executable(runtime: Runtime, request: Request, code: bytes) -> None:
    """Compile, or load what was compiled ahead of time; that is built here if it is missing."""
    if not request.is_aot:
        if request.prepare:  # every start compiles anew: once more beforehand proves nothing
            return
        with events.phase("compile"):
            runtime.compile(request, code)
        return
    from wasm_modules.hosts import aot_cache

    artefact = aot_cache.artefact_path(code, runtime.name, runtime.version(), request.built_as)
    if not aot_cache.is_whole(artefact):
        with events.phase("build"):
            aot_cache.ensure(artefact, lambda place: runtime.build(request, code, place))
    events.metric("aot_bytes", artefact.stat().st_size, unit="B")
    if not request.prepare:
        with events.phase("deserialize"):
            runtime.deserialize(request, artefact)


def _spools(request: Request) -> Spools | None:
    """Return where what the guest prints is kept, if anything in it is asked for."""
    if request.prepare or not (request.report or request.outputs):
        return None
    from wasm_modules.hosts.streams import Spools

    return Spools(stderr=request.outputs)


def _run(runtime: Runtime, request: Request, spools: Spools | None, *, marks_window: bool) -> int:
    """Run the guest in its window; what it prints becomes events where that is asked for."""
    if spools is None:
        with guest_report.run_window(marked_by_guest=marks_window) as run:
            return _call(runtime, run)
    with guest_report.run_window(marked_by_guest=marks_window) as run:
        try:
            with spools.filled():
                exit_code = _call(runtime, run)
        finally:
            line = spools.pass_on(reports=request.report)
        if line is not None:
            run.report = _parsed(line)
        elif request.report and exit_code == 0:
            raise HostError("the guest printed no report line", EXIT_FAILED)
    if request.outputs:
        events.output("stdout", spools.stdout.value())
        events.output("stderr", spools.stderr.value())
    return exit_code


def _call(runtime: Runtime, run: guest_report.Run) -> int:
    try:
        return runtime.run()
    finally:
        run.end_ns = events.now_ns()


def _parsed(line: bytes) -> guest_report.GuestReport:
    try:
        return guest_report.parse(line)
    except guest_report.ReportError as error:
        raise HostError(f"the guest's report line is wrong: {error}", EXIT_FAILED) from None
