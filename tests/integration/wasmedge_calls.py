"""Runs guests under WasmEdge with host functions of its own; prints what happened as JSON.

For test_wasmedge_host.py, which starts it as WasmEdge's host is started. Usage: MODE FOLDER
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import wasmtime

from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.request import Request
from wasm_modules.hosts.runtime import GuestMemory, HostFunction
from wasm_modules.hosts.wasmedge_host import WasmEdgeRuntime

PAGE = 65536


def run(mode: str, folder: Path, text: str, *functions: HostFunction) -> int:
    path = folder / "guest.wasm"
    path.write_bytes(wasmtime.wat2wasm(text))
    request = Request(path, mode=mode)
    runtime = WasmEdgeRuntime()
    runtime.load(request)
    if request.is_aot:
        artefact = folder / f"{len(list(folder.iterdir()))}.so"
        runtime.build(request, path.read_bytes(), artefact)
        runtime.deserialize(request, artefact)
    else:
        runtime.compile(request, path.read_bytes())
    runtime.instantiate(request, functions)
    return runtime.run()


def guest(kind: str, body: str, memory: str = '(memory (export "memory") 1 8)') -> str:
    return f'(module (import "host" "f" (func $f {kind})) {memory} (func (export "_start") {body}))'


def numbers(mode: str, folder: Path) -> object:
    """Arguments as they come, and a result that is back in the guest as it was given."""
    seen: list[tuple[float, ...]] = []

    def call(_memory: GuestMemory, *arguments: int) -> int:
        seen.append(arguments)
        return 0xFFFF_FFFF_FFFF_FFFE

    kinds = ("i32", "i64", "f32", "f64")
    body = (
        "(if (i64.ne (call $f (i32.const -1) (i64.const -2) (f32.const 0.25) (f64.const 0.5))"
        " (i64.const -2)) (then unreachable))"
    )
    text = guest(f"(param {' '.join(kinds)}) (result i64)", body)
    run(mode, folder, text, HostFunction("host", "f", kinds, ("i64",), call))
    return seen


def growing(mode: str, folder: Path) -> object:
    """What is read back at the end of a memory that grows between two calls."""
    seen: list[object] = []

    def call(memory: GuestMemory, at: int) -> None:
        memory.view(at, 4)[:] = b"host"
        seen.append(bytes(memory.view(at, 4)).decode())
        seen.append(len(memory.view(at + 4, 0)))
        try:
            memory.view(at, 5)
        except IndexError:
            seen.append("outside")

    calls = f"(call $f (i32.const {PAGE - 4})) (drop (memory.grow (i32.const 1)))"
    at = 2 * PAGE - 4
    seen_by_guest = f"(if (i32.ne (i32.load (i32.const {at})) (i32.const 0x74736f68))"
    body = f"{calls} (call $f (i32.const {at})) {seen_by_guest} (then unreachable))"
    text = guest("(param i32)", body)
    run(mode, folder, text, HostFunction("host", "f", ("i32",), (), call))
    return seen


def failing(mode: str, folder: Path, call: Callable[..., int | None]) -> object:
    memory = '(memory (export "memory") 1)'
    text = guest("", "(call $f) (call $f)", memory)
    try:
        run(mode, folder, text, HostFunction("host", "f", (), (), call))
    except HostError as error:
        return [str(error), error.exit_code]
    return None


def refusing(_memory: GuestMemory) -> None:
    raise HostError("the GPIO line has gone", 7)


def mistaken(_memory: GuestMemory) -> None:
    raise ZeroDivisionError("division by zero")


def outside(memory: GuestMemory) -> None:
    memory.view(0xFFFF_FFF0, 4)


def nowhere(mode: str, folder: Path) -> object:
    """What a guest without a memory is told."""

    def call(memory: GuestMemory) -> None:
        memory.view(0, 1)

    try:
        run(mode, folder, guest("", "(call $f)", ""), HostFunction("host", "f", (), (), call))
    except HostError as error:
        return str(error)
    return None


def main() -> None:
    mode, folder = sys.argv[1], Path(sys.argv[2])
    found = {
        "numbers": numbers(mode, folder),
        "growing": growing(mode, folder),
        "refusing": failing(mode, folder, refusing),
        "mistaken": failing(mode, folder, mistaken),
        "outside": failing(mode, folder, outside),
        "no memory": nowhere(mode, folder),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
