"""Host functions under Wasmer, and the guest's memory for the time of a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wasm_modules.hosts.failures import EXIT_USAGE, HostError
from wasm_modules.hosts.runtime import HostFunction

if TYPE_CHECKING:
    import wasmer

_MASKS = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}
_BITS = {"i32": 32, "i64": 64}


class Memory:
    """The memory that an instance exports. It may move, so each view is made anew."""

    def __init__(self) -> None:
        self._memory: wasmer.Memory | None = None

    def attach(self, instance: wasmer.Instance) -> None:
        """Take the memory of an instance that exports one, which it need not."""
        try:
            self._memory = instance.exports.memory
        except LookupError:
            self._memory = None

    def view(self, at: int, size: int) -> memoryview:
        """Return bytes of the guest. Raises IndexError outside its memory."""
        whole = memoryview(self._memory.buffer if self._memory is not None else b"")
        if at + size > len(whole):
            raise IndexError(f"{size} bytes at {at} are outside the guest's memory")
        return whole[at : at + size]


def namespaces(
    store: wasmer.Store, functions: Sequence[HostFunction], memory: Memory
) -> dict[str, dict[str, wasmer.Function]]:
    """Return the functions as Wasmer takes them: by namespace and name."""
    found: dict[str, dict[str, wasmer.Function]] = {}
    for function in functions:
        found.setdefault(function.module, {})[function.name] = define(
            store, function.parameters, function.results, _called(function, memory)
        )
    return found


def define(
    store: wasmer.Store,
    parameters: Sequence[str],
    results: Sequence[str],
    call: Callable[..., object],
) -> wasmer.Function:
    """Return a function of the host with WebAssembly types by name."""
    import wasmer

    kinds = {
        "i32": wasmer.Type.I32,
        "i64": wasmer.Type.I64,
        "f32": wasmer.Type.F32,
        "f64": wasmer.Type.F64,
    }
    kind = wasmer.FunctionType(
        [kinds[each] for each in parameters], [kinds[each] for each in results]
    )
    return wasmer.Function(store, call, kind)


def _called(function: HostFunction, memory: Memory) -> Callable[..., object]:
    masks = [_MASKS.get(each) for each in function.parameters]
    bits = _BITS.get(function.results[0]) if function.results else None

    def call(*arguments: int) -> object:
        unsigned = [
            value if mask is None else value & mask
            for value, mask in zip(arguments, masks, strict=True)
        ]
        result = function.invoke(memory, *unsigned)
        return result if bits is None or result is None else signed(result, bits)

    return call


def signed(value: int, bits: int) -> int:
    """Return the integer whose two's complement a number of so many bits is."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def missing_import(error: Exception) -> HostError:
    """Return the failure of an instance that Wasmer could not link."""
    return HostError(f"cannot be instantiated: {first_line(error)}", EXIT_USAGE)


def first_line(error: BaseException) -> str:
    """Return what Wasmer says, without the stack below it and the name before it."""
    lines = str(error).strip().splitlines()
    line = lines[0] if lines else type(error).__name__
    return line.removeprefix("RuntimeError: ")
