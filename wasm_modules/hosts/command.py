"""The command line that every host has, and what each does with a module between its lines.

Usage: HOST [--dir HOST_FOLDER[::GUEST_FOLDER]] [--env NAME=VALUE] [--memory-limit BYTES]
            [--report] MODULE [ARGUMENT ...]

A host is a runtime behind four calls, in this order: load, compile, instantiate, run. Each is
a phase of its own; ``run`` is the window as well. Exit codes: the guest's own; 134 after a
trap; 2 for wrong usage or a file that is no module; 3 for a runtime that is not installed.
Every failure is one line on stderr.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn, Protocol

from benchharness import events
from wasm_modules.hosts import guest_report

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNFIT = 3
EXIT_TRAP = 134  # 128 + SIGABRT, as the runtimes' own command lines have it
_MAGIC = b"\0asm"
_CORE_VERSION = b"\1\0\0\0"
_COPY_BYTES = 1 << 16


class HostError(Exception):
    """One line for the user, and the exit code that goes with it."""

    def __init__(self, line: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(" ".join(line.split()))


class TrapError(HostError):
    """The guest did what WebAssembly forbids, and was stopped."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the guest trapped: {cause}", EXIT_TRAP)


@dataclass(frozen=True, slots=True)
class Request:
    """What to run, and what the guest may see."""

    module: Path
    arguments: tuple[str, ...]
    folders: tuple[tuple[str, str], ...]  # (of the host, of the guest)
    environment: tuple[tuple[str, str], ...]
    memory_limit_bytes: int | None
    report: bool


class Runtime(Protocol):
    """A WebAssembly runtime. Every method raises HostError, in one line, and nothing else."""

    def load(self) -> None:
        """Load the runtime's library."""
        ...

    def compile(self, request: Request) -> None:
        """Read the module and make it executable, from nothing: no cache is used."""
        ...

    def instantiate(self, request: Request) -> None:
        """Link the module to WASI and make its memory."""
        ...

    def run(self) -> int:
        """Call ``_start`` and return the guest's exit code."""
        ...


def main(runtime: Runtime, arguments: Sequence[str]) -> int:
    """Run a module as the command line says; return the exit code."""
    # A call into a runtime is not interrupted by Python's own handlers.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    request = parse(arguments)
    try:
        exit_code = execute(runtime, request)
        if exit_code != 0:
            raise HostError(f"the guest ended with exit code {exit_code}", exit_code)
    except HostError as error:
        print(f"{request.module.name}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def execute(runtime: Runtime, request: Request) -> int:
    """Load, compile, instantiate and run; return the guest's exit code. Raises HostError."""
    size_bytes = check_module(request.module)
    with events.phase("load"):
        runtime.load()
    with events.phase("compile"):
        runtime.compile(request)
    with events.phase("instantiate"):
        runtime.instantiate(request)
    events.metric("module_bytes", size_bytes, unit="B")
    if not request.report:
        with guest_report.run_window() as run:
            return _call(runtime, run)
    with tempfile.TemporaryFile() as spool, guest_report.run_window() as run:
        try:
            with _stdout_to(spool):
                exit_code = _call(runtime, run)
        finally:
            line = pass_on(spool)
        if line is not None:
            run.report = _parsed(line)
        elif exit_code == 0:
            raise HostError("the guest printed no report line", EXIT_FAILED)
    return exit_code


def _call(runtime: Runtime, run: guest_report.Run) -> int:
    try:
        return runtime.run()
    finally:
        run.end_ns = events.now_ns()


def check_module(path: Path) -> int:
    """Return the size of a core module in bytes. Raises HostError for anything else."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
            size_bytes = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise HostError(f"cannot be read: {error.strerror}", EXIT_USAGE) from None
    if head[:4] != _MAGIC:
        raise HostError("is not a WebAssembly module", EXIT_USAGE)
    if head[4:] != _CORE_VERSION:
        raise HostError("is not a core module of version 1, perhaps a component", EXIT_USAGE)
    return size_bytes


def pass_on(spool: IO[bytes]) -> bytes | None:
    """Copy what the guest printed to stdout, less its report lines; return the last of those."""
    spool.seek(0)
    report = None
    at_start = True
    in_report = False
    sys.stdout.flush()
    while piece := spool.readline(_COPY_BYTES):
        if at_start:
            in_report = piece.startswith(guest_report.PREFIX)
            if in_report:
                report = b""
        if in_report:
            report = (report or b"") + piece
        else:
            sys.stdout.buffer.write(piece)
        at_start = piece.endswith(b"\n")
    sys.stdout.flush()
    return report


def parse(arguments: Sequence[str]) -> Request:
    """Parse the command line; exits with 2 and one line if it is wrong."""
    parser = _Parser(description="Run a WASI preview 1 module.", allow_abbrev=False)
    parser.add_argument("--dir", action="append", default=[], metavar="HOST[::GUEST]")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--memory-limit", type=_positive, metavar="BYTES")
    parser.add_argument("--report", action="store_true", help="the guest prints a report line")
    parser.add_argument("module", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    folders = tuple(_folder(text, parser) for text in options.dir)
    environment = tuple(_variable(text, parser) for text in options.env)
    return Request(
        options.module,
        tuple(options.arguments),
        folders,
        environment,
        options.memory_limit,
        options.report,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def _positive(text: str) -> int:
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _folder(text: str, parser: argparse.ArgumentParser) -> tuple[str, str]:
    host, separator, guest = text.partition("::")
    if not Path(host).is_dir():
        parser.error(f"--dir {host}: there is no such folder")
    return host, guest if separator else host


def _variable(text: str, parser: argparse.ArgumentParser) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        parser.error(f"--env {text}: not NAME=VALUE")
    return name, value


def _parsed(line: bytes) -> guest_report.GuestReport:
    try:
        return guest_report.parse(line)
    except guest_report.ReportError as error:
        raise HostError(f"the guest's report line is wrong: {error}", EXIT_FAILED) from None


@contextmanager
def _stdout_to(file: IO[bytes]) -> Iterator[None]:
    """Point descriptor 1 at a file: whatever the runtime, its guest writes there.

    A pipe would need a reader that runs beside the guest, and some runtimes hold the
    interpreter's lock for the whole call.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(file.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
