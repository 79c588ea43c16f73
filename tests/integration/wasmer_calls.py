"""Runs guests under Wasmer with host functions of its own; prints what happened as JSON.

For test_wasmer_host.py, which starts it under the Python that has Wasmer. Usage: MODE FOLDER
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.request import Request
from wasm_modules.hosts.runtime import EFAULT, GuestMemory, HostFunction
from wasm_modules.hosts.wasmer_host import WasmerRuntime

PAGE = 65536
I32, I64 = ("i32",), ("i64",)


def run(mode: str, folder: Path, text: str, *functions: HostFunction) -> int:
    request = Request(Path("guest.wasm"), mode=mode)
    runtime = WasmerRuntime()
    runtime.load(request)
    if request.is_aot:
        artefact = folder / "artefact"
        runtime.build(request, text.encode(), artefact)
        runtime = WasmerRuntime()
        runtime.load(request)
        runtime.deserialize(request, artefact)
    else:
        runtime.compile(request, text.encode())
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

    body = (
        "(if (i64.ne (call $f (i32.const -1) (i64.const -2) (f64.const 0.5)) (i64.const -2))"
        " (then unreachable))"
    )
    function = HostFunction("host", "f", ("i32", "i64", "f64"), I64, call)
    run(mode, folder, guest("(param i32 i64 f64) (result i64)", body), function)
    return seen


def growing(mode: str, folder: Path) -> object:
    """What is read back at the end of a memory that grows between two calls."""
    seen: list[object] = []

    def call(memory: GuestMemory, at: int) -> None:
        memory.view(at, 4)[:] = b"host"
        seen.append(bytes(memory.view(at, 4)).decode())
        try:
            memory.view(at, 5)
        except IndexError:
            seen.append("outside")

    calls = f"(call $f (i32.const {PAGE - 4})) (drop (memory.grow (i32.const 1)))"
    body = f"{calls} (call $f (i32.const {2 * PAGE - 4}))"
    run(mode, folder, guest("(param i32)", body), HostFunction("host", "f", I32, (), call))
    return seen


def failing(mode: str, folder: Path, call: Callable[..., int | None]) -> object:
    try:
        run(mode, folder, guest("", "(call $f)"), HostFunction("host", "f", (), (), call))
    except HostError as error:
        return [str(error), error.exit_code]
    return None


def refusing(_memory: GuestMemory) -> None:
    raise HostError("the GPIO line has gone", 7)


def mistaken(_memory: GuestMemory) -> None:
    raise ZeroDivisionError("division by zero")


def outside(memory: GuestMemory) -> None:
    memory.view(0xFFFF_FFF0, 4)


def errno(mode: str, folder: Path) -> object:
    text = guest(
        "(result i32)",
        f"(if (i32.ne (call $f) (i32.const {EFAULT})) (then unreachable))",
        "",  # a guest without a memory
    )

    def call(memory: GuestMemory) -> int:
        try:
            memory.view(0, 1)
        except IndexError:
            return EFAULT
        return 0

    return run(mode, folder, text, HostFunction("host", "f", (), I32, call))


def main() -> None:
    mode, folder = sys.argv[1], Path(sys.argv[2])
    found = {
        "numbers": numbers(mode, folder),
        "growing": growing(mode, folder),
        "refusing": failing(mode, folder, refusing),
        "mistaken": failing(mode, folder, mistaken),
        "outside": failing(mode, folder, outside),
        "no memory": errno(mode, folder),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
