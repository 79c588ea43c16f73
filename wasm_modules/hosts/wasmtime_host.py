"""Runs a WASI preview 1 module under Wasmtime, in this process, through its wheel.

Modes: wasmtime_config.py. The code cache stays off, so the phase ``compile`` is what a
just-in-time start costs. Mode ``aot`` loads what ``Module.serialize`` has written. Options and
exit codes: wasm_modules/README.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts.command import main
from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_TRAP, EXIT_USAGE, HostError, TrapError
from wasm_modules.hosts.module_binary import table_elements
from wasm_modules.hosts.request import Request
from wasm_modules.hosts.runtime import HostFunction
from wasm_modules.hosts.wasmtime_config import engine_for, modes_here
from wasm_modules.hosts.wasmtime_functions import HostFunctions

if TYPE_CHECKING:
    import wasmtime

_TRAP_MARK = "wasm trap: "


class WasmtimeRuntime:
    """Wasmtime behind the calls of a host."""

    name = "wasmtime"

    def __init__(self) -> None:
        self.modes = modes_here()
        self._functions = HostFunctions()
        self._fuel: int | None = None

    def load(self, request: Request) -> None:
        """Import the wheel, which loads the library."""
        self._engine = engine_for(request)

    def version(self) -> str:
        """Return the wheel's version, which is Wasmtime's.

        The wheel's folder says it; importlib.metadata would take longer than the library.
        """
        import wasmtime

        for folder in Path(wasmtime.__file__).parents[1].glob("wasmtime-*.dist-info"):
            return folder.name.removeprefix("wasmtime-").removesuffix(".dist-info")
        import importlib.metadata

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
            raise HostError(
                f"cannot be loaded from {artefact}: {_cause(error)}; delete it", EXIT_FAILED
            ) from None

    def instantiate(self, request: Request, functions: Sequence[HostFunction]) -> None:
        """Link to WASI; a memory limit applies to initial memories and tables as well."""
        import wasmtime

        self._store = wasmtime.Store(self._engine)
        if request.memory_limit_bytes is not None:
            limit_bytes = request.memory_limit_bytes
            elements = table_elements(limit_bytes)
            self._store.set_limits(memory_size=limit_bytes, table_elements=elements)
        if request.fuel is not None:
            self._store.set_fuel(request.fuel)
            self._fuel = request.fuel
        self._store.set_wasi(_wasi(request))
        linker = wasmtime.Linker(self._engine)
        linker.define_wasi()
        for function in functions:
            self._functions.define(linker, function)
        try:
            instance = linker.instantiate(self._store, self._module)
        except wasmtime.Trap as trap:
            raise self._trapped(trap) from None
        except wasmtime.WasmtimeError as error:
            raise HostError(f"cannot be instantiated: {_story(error)}", EXIT_USAGE) from None
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
            raise self._trapped(error) from None
        return 0

    def _trapped(self, error: Exception) -> HostError:
        """Return what ended the guest: a host function, its fuel, or its own fault."""
        import wasmtime

        if self._functions.failure is not None:
            return self._functions.failure
        if isinstance(error, HostError):
            return error
        code = error.trap_code if isinstance(error, wasmtime.Trap) else None
        if code is wasmtime.TrapCode.OUT_OF_FUEL:
            return HostError(f"the guest used up its fuel of {self._fuel}", EXIT_TRAP)
        return TrapError(_trap_cause(error))


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


def _story(error: Exception) -> str:
    """Return what went wrong and its innermost cause: the one may name what the other does not."""
    first = str(error).partition("\n")[0].strip()
    cause = _cause(error)
    return first if cause == first else f"{first}: {cause}"


def _trap_cause(trap: Exception) -> str:
    _, mark, cause = str(trap).partition(_TRAP_MARK)
    return cause.splitlines()[0] if mark and cause else _cause(trap)


if __name__ == "__main__":
    sys.exit(main(WasmtimeRuntime(), sys.argv[1:]))
