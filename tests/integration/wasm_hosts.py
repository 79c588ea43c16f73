"""Small guests in text, and every runtime's host to run them: one test for all of them.

A runtime that is not installed fails these tests: scripts/test installs all three.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime

from tests.integration.wasm_programs import Done, run_argv
from wasm_modules.hosts import start

every_runtime = pytest.mark.parametrize("runtime", start.RUNTIMES)

WASI = "wasi_snapshot_preview1"
EXIT = f'(import "{WASI}" "proc_exit" (func $exit (param i32)))'
WRITE = f'(import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'
READ = f'(import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))'
OPEN = (
    f'(import "{WASI}" "path_open"'
    " (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"
)
BENCH = '(import "bench" "start" (func $start)) (import "bench" "end" (func $end))'

_RIGHTS = (1 << 1) | (1 << 6)  # fd_read, fd_write
_OPENED_AT = 1000  # where path_open writes its descriptor


def command(body: str, imports: str = "", rest: str = "") -> str:
    """Return a module that is a command: EXIT imported, a page of memory, ``_start``."""
    memory = '(memory (export "memory") 1)'
    return f'(module {EXIT} {imports} {memory} {rest} (func (export "_start") {body}))'


def built(folder: Path, text: str, name: str = "guest.wasm") -> Path:
    path = folder / name
    path.write_bytes(wasmtime.wat2wasm(text))
    return path


def start_host(runtime: str, folder: Path, *arguments: object) -> Done:
    """Run a runtime's host in ``folder``, which is its home and its cache as well."""
    return run_argv(start.command_for(runtime, [str(each) for each in arguments]), folder)


def run_text(runtime: str, folder: Path, text: str, *options: object) -> Done:
    return start_host(runtime, folder, *options, built(folder, text))


def data(at: int, text: str) -> str:
    escaped = "".join(f"\\{byte:02x}" for byte in text.encode())
    return f'(data (i32.const {at}) "{escaped}")'


def printing(descriptor: int, at: int, size: int) -> str:
    """Return calls that write bytes of the guest; the first 12 bytes of its memory are used."""
    return (
        f"(i32.store (i32.const 0) (i32.const {at})) (i32.store (i32.const 4) (i32.const {size}))"
        f"(drop (call $write (i32.const {descriptor}) (i32.const 0) (i32.const 1) (i32.const 8)))"
    )


def opening(path_at: int, size: int, *, create: bool = False) -> str:
    """Return a call of path_open in the folder whose descriptor is $folder: the errno."""
    return (
        f"(call $path_open (global.get $folder) (i32.const 1) (i32.const {path_at})"
        f" (i32.const {size}) (i32.const {int(create)}) (i64.const {_RIGHTS}) (i64.const 0)"
        f" (i32.const 0) (i32.const {_OPENED_AT}))"
    )


def finding_folder(known_at: int, size: int) -> str:
    """Return code that finds the folder: 3 is the first, but Wasmer has one of its own there."""
    found = f"(if {opening(known_at, size)} (then (global.set $folder (i32.const 4))))"
    return f"(global.set $folder (i32.const 3)) {found}"


FOLDER = "(global $folder (mut i32) (i32.const 0))"
OPENED = f"(i32.load (i32.const {_OPENED_AT}))"

INPUT_NAME, SAID_OUT, SAID_ERROR = "default.input", "[guest] read: ", "[guest] done\n"


def sightglass_like() -> str:
    """Return a guest as sightglass's are: its input in ".", a window, words on both streams."""
    name, out = len(INPUT_NAME), len(SAID_OUT)
    read = (
        "(i32.store (i32.const 0) (i32.const 512)) (i32.store (i32.const 4) (i32.const 256))"
        f"(drop (call $read {OPENED} (i32.const 0) (i32.const 1) (i32.const 12)))"
    )
    echo = (
        "(i32.store (i32.const 0) (i32.const 512))"
        "(i32.store (i32.const 4) (i32.load (i32.const 12)))"
        "(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
    )
    body = (
        f"{finding_folder(64, name)}"
        f"(if {opening(64, name)} (then (call $exit (i32.const 9))))"
        f"{printing(1, 128, out)} (call $start) {read} (call $end) {echo}"
        f"{printing(2, 192, len(SAID_ERROR))}"
    )
    texts = data(64, INPUT_NAME) + data(128, SAID_OUT) + data(192, SAID_ERROR)
    return command(body, f"{WRITE} {READ} {OPEN} {BENCH}", f"{FOLDER} {texts}")
