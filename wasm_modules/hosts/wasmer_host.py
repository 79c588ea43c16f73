"""Runs a WASI preview 1 module under Wasmer, in this process, through its wheels.

They are for CPython 3.10, under which this program is started (find_wasmer.py); by another
Python it starts itself anew under that, and where there is only the ``wasmer`` command it
uses that (wasmer_cli.py). Modes: ``jit`` and ``aot`` by Cranelift, -singlepass and -llvm by
those. What was compiled ahead of time is loaded by an engine without a compiler. Wasmer 1.1 has
no fuel, and no limit of memory but the module's own, which is lowered. Options and exit codes:
wasm_modules/README.md.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts import find_wasmer
from wasm_modules.hosts.command import main
from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_UNFIT, EXIT_USAGE, HostError, TrapError
from wasm_modules.hosts.module_binary import limit_memory
from wasm_modules.hosts.request import Request
from wasm_modules.hosts.runtime import HostFunction, Runtime
from wasm_modules.hosts.wasmer_folders import guarded_wasi
from wasm_modules.hosts.wasmer_functions import Memory, first_line, missing_import, namespaces
from wasm_modules.hosts.wasmer_quiet import quiet

if TYPE_CHECKING:
    import wasmer

_EXIT = re.compile(r"WASI exited with code: (\d+)")
_TRAPS = (
    "unreachable",
    "out of bounds memory access",
    "out of bounds table access",
    "integer divide by zero",
    "integer overflow",
    "invalid conversion to integer",
    "call stack exhausted",
    "uninitialized element",
    "indirect call type mismatch",
    "unaligned atomic",
)


class WasmerRuntime:
    """Wasmer behind the calls of a host."""

    name = "wasmer"
    modes: tuple[str, ...] = (
        *("jit", "jit-singlepass", "jit-llvm"),
        *("aot", "aot-singlepass", "aot-llvm"),
    )

    def __init__(self) -> None:
        self._memory = Memory()

    def load(self, request: Request) -> None:
        """Import the wheel, and the compiler unless the code is compiled already."""
        if request.fuel is not None:
            raise HostError(
                "Wasmer has no fuel; limit the time instead: --time-limit SECONDS", EXIT_UNFIT
            )
        try:
            importlib.import_module("wasmer")
        except ImportError as error:
            raise HostError(
                f"Wasmer cannot be imported ({error}); {find_wasmer.install()}", EXIT_UNFIT
            ) from None
        self._store: wasmer.Store | None = None
        if not request.is_aot:
            self._store = _store(request)

    def version(self) -> str:
        """Return the wheel's version."""
        return importlib.metadata.version("wasmer")

    def compile(self, request: Request, code: bytes) -> None:
        """Compile to machine code in memory; a memory limit becomes the module's own."""
        import wasmer

        if self._store is None:
            self._store = _store(request)
        if request.memory_limit_bytes is not None:
            code = limit_memory(code, request.memory_limit_bytes)
        try:
            with quiet():
                self._module = wasmer.Module(self._store, code)
        except RuntimeError as error:
            raise _refusal(error, request) from None

    def build(self, request: Request, code: bytes, artefact: Path) -> None:
        """Compile and write the machine code."""
        self.compile(request, code)
        artefact.write_bytes(self._module.serialize())

    def deserialize(self, request: Request, artefact: Path) -> None:
        """Load the machine code by an engine that has no compiler."""
        import wasmer

        self._store = wasmer.Store(wasmer.engine.Universal())
        self._module = _loaded(self._store, artefact)

    def instantiate(self, request: Request, functions: Sequence[HostFunction]) -> None:
        """Link to WASI and to the host functions."""
        import wasmer

        assert self._store is not None  # compile or deserialize has been called
        imports = {
            **guarded_wasi(
                self._store, request, self._memory, lambda text: self._small(request, text)
            ),
            **namespaces(self._store, functions, self._memory),
        }
        try:
            self._instance = wasmer.Instance(self._module, imports)
        except RuntimeError as error:
            raise _trap(error) or missing_import(error) from None
        self._memory.attach(self._instance)
        try:
            self._start = self._instance.exports._start
        except LookupError:
            raise HostError("exports no function _start: not a WASI command", EXIT_USAGE) from None
        if not isinstance(self._start, wasmer.Function) or self._start.type.params:
            raise HostError("exports no function _start: not a WASI command", EXIT_USAGE)

    def run(self) -> int:
        """Call ``_start``. A HostError of a host function comes through as it is."""
        try:
            self._start()
        except RuntimeError as error:
            ended = _EXIT.search(str(error))
            if ended:
                return int(ended[1])
            raise _trap(error) or TrapError(first_line(error)) from None
        return 0

    def _small(self, request: Request, text: str) -> wasmer.Module:
        """Return a small module from its text; ahead of time too where there is no compiler."""
        import wasmer

        if not request.is_aot:
            return wasmer.Module(self._store, text)
        from wasm_modules.hosts import aot_cache

        artefact = aot_cache.artefact_path(text.encode(), self.name, self.version(), request.mode)
        aot_cache.ensure(artefact, lambda place: _write(place, request, text))
        return _loaded(self._store, artefact)


def _store(request: Request) -> wasmer.Store:
    """Return a store with the compiler that the mode names, which is imported here."""
    import wasmer

    name = request.compiler or find_wasmer.COMPILERS[0]
    packages = Path(wasmer.__file__).parent.parent
    try:
        if not find_wasmer.compiler_loads(packages, name):
            raise ImportError("there is none that this system's loader takes")
        compiler = importlib.import_module(f"wasmer_compiler_{name}").Compiler
    except ImportError as error:
        raise HostError(
            f"Wasmer's compiler {name} cannot be imported ({error}); {find_wasmer.install()}",
            EXIT_UNFIT,
        ) from None
    return wasmer.Store(wasmer.engine.Universal(compiler))


def _loaded(store: wasmer.Store | None, artefact: Path) -> wasmer.Module:
    import wasmer

    try:
        code = artefact.read_bytes()
        with quiet():
            return wasmer.Module.deserialize(store, code)
    except (OSError, RuntimeError) as error:
        raise HostError(
            f"cannot be loaded from {artefact}: {first_line(error)}; delete it", EXIT_FAILED
        ) from None


def _write(place: Path, request: Request, text: str) -> None:
    import wasmer

    place.write_bytes(wasmer.Module(_store(request), text).serialize())


def _refusal(error: Exception, request: Request) -> HostError:
    """Return why a module was not compiled: singlepass, for one, knows no SIMD."""
    line = first_line(error)
    kind, separator, cause = line.partition("Compilation error: ")
    if separator and not kind:
        name = request.compiler or find_wasmer.COMPILERS[0]
        return HostError(f"Wasmer's compiler {name} cannot compile it: {cause}", EXIT_USAGE)
    cause = line.removeprefix("Validation error: ")
    by = f" for Wasmer's {request.compiler}" if request.compiler else ""
    return HostError(f"is not a valid module{by}: {cause}", EXIT_USAGE)


def _trap(error: Exception) -> TrapError | None:
    """Return the trap that an error is, by its cause in words; None if it is none."""
    line = first_line(error)
    cause = next((cause for cause in _TRAPS if cause in line), None)
    return TrapError(cause) if cause is not None else None


def _runtime() -> Runtime:
    """Return Wasmer as it is here. Does not return if another Python has it."""
    if find_wasmer.in_python(sys.executable) is not None:
        return WasmerRuntime()
    found = find_wasmer.find()
    if found.python is not None:
        os.execv(found.python, [found.python, __file__, *sys.argv[1:]])  # noqa: S606
    from wasm_modules.hosts.wasmer_cli import WasmerCommand

    return WasmerCommand(found.command or "wasmer")


if __name__ == "__main__":
    try:
        runtime = _runtime()
    except HostError as error:
        print(f"{Path(__file__).name}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    sys.exit(main(runtime, sys.argv[1:]))
