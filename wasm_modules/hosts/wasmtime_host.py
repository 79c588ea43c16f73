"""Runs a WASI preview 1 module under Wasmtime, in this process, through its wheel.

The module is compiled by Cranelift from its bytes at every start: the code cache stays off and
nothing is loaded ahead of time, so the phase ``compile`` is what a just-in-time start costs.
Options and exit codes: wasm_modules/README.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts.command import EXIT_UNFIT, EXIT_USAGE, HostError, Request, TrapError, main

if TYPE_CHECKING:
    import wasmtime

_TRAP_MARK = "wasm trap: "


class WasmtimeRuntime:
    """Wasmtime behind the four calls of a host."""

    def load(self) -> None:
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

    def compile(self, request: Request) -> None:
        """Compile to machine code in memory."""
        import wasmtime

        try:
            self._module = wasmtime.Module(self._engine, request.module.read_bytes())
        except OSError as error:
            raise HostError(f"cannot be read: {error.strerror}", EXIT_USAGE) from None
        except wasmtime.WasmtimeError as error:
            raise HostError(f"is not a valid module: {_cause(error)}", EXIT_USAGE) from None

    def instantiate(self, request: Request) -> None:
        """Link to WASI; a memory limit applies to the module's initial memory as well."""
        import wasmtime

        self._store = wasmtime.Store(self._engine)
        if request.memory_limit_bytes is not None:
            self._store.set_limits(memory_size=request.memory_limit_bytes)
        self._store.set_wasi(_wasi(request))
        linker = wasmtime.Linker(self._engine)
        linker.define_wasi()
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
        except wasmtime.Trap as trap:
            raise TrapError(_trap_cause(trap)) from None
        except wasmtime.WasmtimeError as error:
            raise TrapError(_cause(error)) from None
        return 0


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
