"""Host functions for Wasmtime: the guest's memory, and arguments as unsigned numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.runtime import HostFunction

if TYPE_CHECKING:
    import wasmtime

_MASKS = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}


class HostFunctions:
    """Defines host functions in a linker, and keeps the first failure that one of them had.

    The wheel turns an exception into a trap on its way through the guest; which exception comes
    out at the other end is not promised, so it is kept here.
    """

    def __init__(self) -> None:
        self.failure: HostError | None = None

    def define(self, linker: wasmtime.Linker, function: HostFunction) -> None:
        """Define one function."""
        import wasmtime

        types = {
            "i32": wasmtime.ValType.i32,
            "i64": wasmtime.ValType.i64,
            "f32": wasmtime.ValType.f32,
            "f64": wasmtime.ValType.f64,
        }
        linker.define_func(
            function.module,
            function.name,
            wasmtime.FuncType(
                [types[each]() for each in function.parameters],
                [types[each]() for each in function.results],
            ),
            self._called(function),
            access_caller=True,
        )

    def _called(self, function: HostFunction) -> Callable[..., int | None]:
        masks = [_MASKS.get(each) for each in function.parameters]

        def call(caller: wasmtime.Caller, *arguments: int) -> int | None:
            unsigned = [
                value if mask is None else value & mask
                for value, mask in zip(arguments, masks, strict=True)
            ]
            try:
                return function.invoke(_Memory(caller), *unsigned)
            except HostError as error:
                self.failure = self.failure or error
                raise

        return call


class _Memory:
    """The guest's memory as the caller of a host function exports it.

    Its place and size are asked for at every view: the guest may have grown it since.
    """

    def __init__(self, caller: wasmtime.Caller) -> None:
        self._caller = caller

    def view(self, at: int, size: int) -> memoryview:
        import wasmtime

        memory = self._caller.get("memory")
        if not isinstance(memory, wasmtime.Memory) or at + size > memory.data_len(self._caller):
            raise IndexError(f"{size} bytes at {at} are outside the guest's memory")
        return memoryview(memory.get_buffer_ptr(self._caller, size, at)).cast("B")
