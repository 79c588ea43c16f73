"""The same Rust source as a native program: built once into the user's cache, then run.

The flags are those that all builds share (wasm_modules/rustc-flags). There is no
``-C target-cpu=native``: the program uses what every processor of its architecture has (SSE2,
NEON), as a distributed binary does, while a just-in-time runtime may use all that this
processor has.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchharness import events
from wasm_modules.hosts import guest_report
from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_UNFIT, HostError

_MODULES = Path(__file__).resolve().parents[2] / "wasm_modules"
SOURCE = _MODULES / "matrix" / "matrix.rs"
FLAGS = _MODULES / "rustc-flags"
PROGRAM = "matrix"
COMPILER_NOTE = "compiler.txt"
_REMEDY = "install it: sudo apt-get install rustc"


def cache_folder() -> Path:
    """Return where the program belongs: a folder named after its source, flags and machine."""
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    digest = hashlib.sha256()
    for part in (SOURCE.read_bytes(), FLAGS.read_bytes(), platform.machine().encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return root / "benchharness" / "native" / digest.hexdigest()[:32]


def find_compiler() -> str:
    """Return the Rust compiler: $RUSTC, else Debian's (which built the modules), else on PATH."""
    chosen = os.environ.get("RUSTC")
    for candidate in (chosen,) if chosen else ("/usr/bin/rustc", shutil.which("rustc")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    what = f"there is no compiler {chosen} (RUSTC)" if chosen else "it needs a Rust compiler"
    raise HostError(f"runtime native: {what}; {_REMEDY}", EXIT_UNFIT)


def prepare() -> Path:
    """Build the program unless the cache has it from this very compiler; return its path.

    Raises HostError if there is no compiler, or it fails.
    """
    compiler = find_compiler()
    version = _compile(compiler, "-vV")
    folder = cache_folder()
    program, note = folder / PROGRAM, folder / COMPILER_NOTE
    if program.is_file() and note.is_file() and note.read_text() == version:
        return program
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            built = Path(scratch) / PROGRAM
            _compile(compiler, f"@{FLAGS}", SOURCE.name, "-o", str(built))
            (Path(scratch) / COMPILER_NOTE).write_text(version)
            built.replace(program)
            (Path(scratch) / COMPILER_NOTE).replace(note)
    except OSError as error:
        raise HostError(
            f"cannot write {folder}: {error.strerror}; set XDG_CACHE_HOME to a folder that"
            " can be written",
            EXIT_UNFIT,
        ) from None
    return program


def run(n: int, seed: int) -> int:
    """Run the program, which is built first if it must be; return its exit code.

    A program in the cache is not compared with the compiler here: asking the compiler would
    count in this trial's memory and processor time. ``prepare`` has done it.
    """
    program = cache_folder() / PROGRAM
    if not program.is_file():
        with events.phase("build"):
            program = prepare()
    events.metric("module_bytes", program.stat().st_size, unit="B")
    with guest_report.run_window() as window:
        line, window.end_ns, exit_code = _run([str(program), str(n), str(seed)])
        if exit_code == 0:
            try:
                window.report = guest_report.parse(line)
            except guest_report.ReportError as error:
                raise HostError(f"{PROGRAM}: the report is wrong: {error}", EXIT_FAILED) from None
    if exit_code < 0:
        raise HostError(f"{PROGRAM}: killed by signal {-exit_code}", 128 - exit_code)
    return exit_code


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


def _compile(compiler: str, *arguments: str) -> str:
    """Run the compiler beside the source and return its stdout. Raises HostError."""
    try:
        done = subprocess.run(
            [compiler, *arguments], cwd=SOURCE.parent, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise HostError(
            f"{compiler} cannot be run: {error.strerror}; {_REMEDY}", EXIT_UNFIT
        ) from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("error")]
        said = lines[0] if lines else f"exit code {done.returncode}"
        raise HostError(f"{compiler} cannot build {SOURCE.name}: {said}", EXIT_UNFIT)
    return done.stdout
