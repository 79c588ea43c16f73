"""Host functions for WasmEdge: the guest's memory, and arguments as unsigned numbers."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterable
from typing import Any

from wasm_modules.hosts.failures import EXIT_FAILED, HostError
from wasm_modules.hosts.runtime import HostFunction
from wasm_modules.hosts.wasmedge_api import STRIDE, USER_ERROR, Api, HostCall, ValueType

_READERS: dict[str, Callable[[int], Any]] = {
    "i32": lambda word: word & 0xFFFF_FFFF,
    "i64": lambda word: word,
    "f32": lambda word: struct.unpack("<f", struct.pack("<I", word & 0xFFFF_FFFF))[0],
    "f64": lambda word: struct.unpack("<d", struct.pack("<Q", word))[0],
}
_WRITERS: dict[str, Callable[[Any], int]] = {
    "i32": lambda value: int(value) & 0xFFFF_FFFF,
    "i64": lambda value: int(value) & 0xFFFF_FFFF_FFFF_FFFF,
    "f32": lambda value: int(struct.unpack("<I", struct.pack("<f", value))[0]),
    "f64": lambda value: int(struct.unpack("<Q", struct.pack("<d", value))[0]),
}


class HostFunctions:
    """Makes host functions, and keeps the first failure that one of them had.

    An exception must not leave a callback: C would go on as if nothing had happened. What is
    made is kept as well, because WasmEdge keeps no reference to it.
    """

    def __init__(self, api: Api) -> None:
        self.failure: HostError | None = None
        self._api = api
        self._calls: list[object] = []

    def add(self, instance: int, function: HostFunction) -> None:
        """Add a function to a module's instance."""
        call = HostCall(self._called(function))
        self._calls.append(call)
        self._api.add_function(instance, function.name, call, self._type(function))

    def _type(self, function: HostFunction) -> int:
        takes, gives = self._types(function.parameters), self._types(function.results)
        made: int = self._api.WasmEdge_FunctionTypeCreate(takes, len(takes), gives, len(gives))
        return made

    def _types(self, names: Iterable[str]) -> ctypes.Array[ValueType]:
        made = [getattr(self._api, f"WasmEdge_ValTypeGen{name.upper()}")() for name in names]
        return (ValueType * len(made))(*made)

    def _called(self, function: HostFunction) -> Callable[..., int]:
        readers = [
            (index * STRIDE, _READERS[name]) for index, name in enumerate(function.parameters)
        ]
        write = _WRITERS[function.results[0]] if function.results else None

        def call(_data: object, frame: int, parameters: Any, returns: Any) -> int:
            try:
                result = function.invoke(
                    _Memory(self._api, frame), *[read(parameters[at]) for at, read in readers]
                )
                if write is not None:
                    returns[0], returns[1] = write(result), 0
            except HostError as error:
                self.failure = self.failure or error
                return USER_ERROR
            except Exception as error:  # a mistake of the host function's own
                name = f"{function.module}::{function.name}"
                said = f"{type(error).__name__}: {error}"
                self.failure = self.failure or HostError(f"{name} failed: {said}", EXIT_FAILED)
                return USER_ERROR
            return 0

        return call


class _Memory:
    """The first memory of the module that calls. Its place is asked for at every view."""

    def __init__(self, api: Api, frame: int) -> None:
        self._api, self._frame = api, frame

    def view(self, at: int, size: int) -> memoryview:
        api = self._api
        memory = api.WasmEdge_CallingFrameGetMemoryInstance(self._frame, 0)
        has = api.WasmEdge_MemoryInstanceGetPageSize(memory) << 16 if memory else 0
        if not 0 <= at <= at + size <= has:
            raise IndexError(f"{size} bytes at {at} are outside the guest's memory")
        if size == 0:
            return memoryview(bytearray())
        address = api.WasmEdge_MemoryInstanceGetPointer(memory, at, size)
        return memoryview((ctypes.c_uint8 * size).from_address(address)).cast("B")
