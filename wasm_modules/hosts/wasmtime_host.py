"""Runs a WASI preview 1 module under Wasmtime, in this process, through its wheel.

Mode ``jit`` compiles by Cranelift from the module's bytes at every start: the code cache stays
off, so the phase ``compile`` is what a just-in-time start costs. Mode ``aot`` loads what
``Module.serialize`` has written. Options and exit codes: wasm_modules/README.md.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts.command import main
from wasm_modules.hosts.failures import EXIT_UNFIT, EXIT_USAGE, HostError, TrapError
from wasm_modules.hosts.request import Request
from wasm_modules.hosts.runtime import HostFunction

if TYPE_CHECKING:
    import wasmtime

_TRAP_MARK = "wasm trap: "


class WasmtimeRuntime:
    """Wasmtime behind the calls of a host."""

    name = "wasmtime"
    modes: tuple[str, ...] = ("jit", "aot")

    def __init__(self) -> None:
        self._failure: HostError | None = None

    def load(self, request: Request) -> None:
        """Import the wheel, which loads the library."""
        try:
            import wasmtime
        except ImportError as error:
            raise HostError(
                f"the Python module wasmtime cannot be imported ({error});"
                f" install it: {sys.executable} -m pip install wasmtime",
                EXIT_UNFIT,
            ) from None
        self._engine = wasmtime.Engine()

    def version(self) -> str:
        """Return the wheel's version, which is Wasmtime's."""
        return importlib.metadata.version("wasmtime")

    def compile(self, request: Request, code: bytes) -> None:
        """Compile to machine code in memory."""
        import wasmtime

        try:
            self._module = wasmtime.Module(self._engine, code)
        except wasmtime.WasmtimeError as error:
            raise HostError(f"is not a valid module: {_cause(error)}", EXIT_USAGE) from None

    def build(self, request: Request, code: bytes, artefact: Path) -> None:
        """Compile and write the machine code."""
        self.compile(request, code)
        artefact.write_bytes(self._module.serialize())

    def deserialize(self, request: Request, artefact: Path) -> None:
        """Map the machine code from its file."""
        import wasmtime

        try:
            self._module = wasmtime.Module.deserialize_file(self._engine, str(artefact))
        except wasmtime.WasmtimeError as error:
            raise HostError(f"cannot be loaded from {artefact}: {_cause(error)}", 1) from None

    def instantiate(self, request: Request, functions: Sequence[HostFunction]) -> None:
        """Link to WASI; a memory limit applies to the module's initial memory as well."""
        import wasmtime

        self._store = wasmtime.Store(self._engine)
        if request.memory_limit_bytes is not None:
            self._store.set_limits(memory_size=request.memory_limit_bytes)
        self._store.set_wasi(_wasi(request))
        linker = wasmtime.Linker(self._engine)
        linker.define_wasi()
        for function in functions:
            self._define(linker, function)
        try:
            instance = linker.instantiate(self._store, self._module)
        except wasmtime.Trap as trap:
            raise TrapError(_trap_cause(trap)) from None
        except wasmtime.WasmtimeError as error:
            raise HostError(f"cannot be instantiated: {_cause(error)}", EXIT_USAGE) from None
        start = instance.exports(self._store).get("_start")
        if not isinstance(start, wasmtime.Func):
            raise HostError("exports no function _start: not a WASI command", EXIT_USAGE)
        self._start = start

    def run(self) -> int:
        """Call ``_start``; a guest that returns has exit code 0."""
        import wasmtime

        try:
            self._start(self._store)
        except wasmtime.ExitTrap as end:
            return end.code
        except (wasmtime.Trap, wasmtime.WasmtimeError, HostError) as error:
            if self._failure is not None:
                raise self._failure from None
            if isinstance(error, HostError):
                raise
            raise TrapError(_trap_cause(error)) from None
        return 0

    def _define(self, linker: wasmtime.Linker, function: HostFunction) -> None:
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
        masks = [
            {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}.get(each)
            for each in function.parameters
        ]

        def call(caller: wasmtime.Caller, *arguments: int) -> int | None:
            unsigned = [
                value if mask is None else value & mask
                for value, mask in zip(arguments, masks, strict=True)
            ]
            try:
                return function.call(_Memory(caller), *unsigned)
            except HostError as error:
                self._failure = error
                raise

        return call


class _Memory:
    """The guest's memory as the caller of a host function exports it."""

    def __init__(self, caller: wasmtime.Caller) -> None:
        self._caller = caller

    def view(self, at: int, size: int) -> memoryview:
        import wasmtime

        memory = self._caller["memory"]
        if not isinstance(memory, wasmtime.Memory) or at + size > memory.data_len(self._caller):
            raise IndexError(f"{size} bytes at {at} are outside the guest's memory")
        return memoryview(memory.get_buffer_ptr(self._caller, size, at)).cast("B")


def _wasi(request: Request) -> wasmtime.WasiConfig:
    import wasmtime

    wasi = wasmtime.WasiConfig()
    wasi.argv = [request.module.name, *request.arguments]
    wasi.env = request.environment
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for host, guest in request.folders:
        try:
            wasi.preopen_dir(host, guest)
        except wasmtime.WasmtimeError as error:
            raise HostError(f"cannot open the folder {host}: {error}", EXIT_USAGE) from None
    return wasi


def _cause(error: Exception) -> str:
    """Return the innermost cause, which Wasmtime puts last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _trap_cause(trap: Exception) -> str:
    _, mark, cause = str(trap).partition(_TRAP_MARK)
    return cause.splitlines()[0] if mark and cause else _cause(trap)


if __name__ == "__main__":
    sys.exit(main(WasmtimeRuntime(), sys.argv[1:]))
