"""One module in a WasmEdge VM: made executable in a mode, linked, instantiated.

A VM brings modules of its own under names such as wasi_ephemeral_nn, where it has no plugin to
put there. It does so only where nobody has taken the name, so the names that a module imports
are taken before the VM is made.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from pathlib import Path

from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_UNFIT, EXIT_USAGE, HostError
from wasm_modules.hosts.module_binary import PAGE_BYTES
from wasm_modules.hosts.request import INTERPRETER, Request
from wasm_modules.hosts.wasmedge_api import Api, Bytes, Result, Text, text

_NATIVE = 0  # WasmEdge_CompilerOutputFormat_Native: a shared library
_PAGES = (0x5EED, 0x3ACE)  # two numbers that are found again
_PAGES_AT_MOST = 1 << 16


class Vm:
    """A VM whose store has a module for every namespace that was named, empty at first."""

    def __init__(self, api: Api, configuration: int, namespaces: Iterable[str] = ()) -> None:
        self.api = api
        self.store = api.WasmEdge_StoreCreate()
        self.namespaces: dict[str, int] = {}
        executor = api.WasmEdge_ExecutorCreate(configuration, None)
        for name in namespaces:
            self.namespaces[name] = api.WasmEdge_ModuleInstanceCreate(text(name))
            api.WasmEdge_ExecutorRegisterImport(executor, self.store, self.namespaces[name])
        self.vm = api.WasmEdge_VMCreate(configuration, self.store)
        self.executor = api.WasmEdge_VMGetExecutorContext(self.vm)
        self.statistics = api.WasmEdge_VMGetStatisticsContext(self.vm)

    def load(self, code: bytes) -> None:
        """Parse and validate a module. Raises HostError."""
        result = self.api.WasmEdge_VMLoadWasmFromBytes(self.vm, Bytes(len(code), code))
        if not result.code:
            result = self.api.WasmEdge_VMValidate(self.vm)
        if result.code:
            raise HostError(f"is not a valid module: {self.api.message(result)}", EXIT_USAGE)

    def load_compiled(self, artefact: Path) -> None:
        """Map what ``build`` has written. Raises HostError."""
        result = self.api.WasmEdge_VMLoadWasmFromFile(self.vm, str(artefact).encode())
        if not result.code:
            result = self.api.WasmEdge_VMValidate(self.vm)
        if result.code:
            cause = self.api.message(result)
            raise HostError(f"cannot be loaded from {artefact}: {cause}; delete it", EXIT_FAILED)

    def translate(self) -> None:
        """Compile just in time, if the configuration says so.

        WasmEdge does so at the beginning of an instantiation, once for a module. This one ends
        there: the namespaces are still empty, and WASI is not there. A module that imports
        nothing is instantiated, and once more later; nobody can see that, unless it has a start
        function: such a one must not be translated so (module_binary.has_start).
        """
        self.api.WasmEdge_VMInstantiate(self.vm)

    def register(self, instance: int) -> Result:
        """Offer a module's exports to the guest."""
        result: Result = self.api.WasmEdge_ExecutorRegisterImport(
            self.executor, self.store, instance
        )
        return result

    def instantiate(self) -> Result:
        """Link and instantiate."""
        result: Result = self.api.WasmEdge_VMInstantiate(self.vm)
        return result

    def function(self, name: str) -> int | None:
        """Return an exported function that takes and gives nothing; None if there is none."""
        api = self.api
        instance = api.WasmEdge_VMGetActiveModule(self.vm)
        found: int | None = api.WasmEdge_ModuleInstanceFindFunction(instance, text(name))
        if not found:
            return None
        kind = api.WasmEdge_FunctionInstanceGetFunctionType(found)
        takes = api.WasmEdge_FunctionTypeGetParametersLength(kind)
        return None if takes or api.WasmEdge_FunctionTypeGetReturnsLength(kind) else found

    def memory_bytes(self) -> int:
        """Return the size of all exported memories, whatever their names."""
        api = self.api
        instance = api.WasmEdge_VMGetActiveModule(self.vm)
        names = (Text * api.WasmEdge_ModuleInstanceListMemoryLength(instance))()
        api.WasmEdge_ModuleInstanceListMemory(instance, names, len(names))
        memories = {api.WasmEdge_ModuleInstanceFindMemory(instance, name) for name in names}
        pages = sum(int(api.WasmEdge_MemoryInstanceGetPageSize(each)) for each in memories)
        return pages * PAGE_BYTES


def configure(api: Api, request: Request) -> int:
    """Return a configuration for a mode and its limits. Raises HostError."""
    made: int = api.WasmEdge_ConfigureCreate()
    if request.mode == INTERPRETER:
        api.WasmEdge_ConfigureSetForceInterpreter(made, True)
    elif not request.is_aot:
        enable_jit(api, made)
    if request.fuel is not None:
        api.WasmEdge_ConfigureStatisticsSetCostMeasuring(made, True)
    return made


def build(api: Api, configuration: int, code: bytes, artefact: Path) -> None:
    """Compile to a shared library. Raises HostError."""
    api.WasmEdge_ConfigureCompilerSetOutputFormat(configuration, _NATIVE)
    compiler = api.WasmEdge_CompilerCreate(configuration)
    result = api.WasmEdge_CompilerCompileFromBuffer(
        compiler, code, len(code), str(artefact).encode()
    )
    if result.code:
        raise HostError(f"is not a valid module: {api.message(result)}", EXIT_USAGE)


def enable_jit(api: Api, configuration: int) -> None:
    """Switch the compilation just in time on, for which 0.14 to 0.16 have no call.

    The command line's --enable-jit sets a byte of the configuration. It lies between two
    settings that do have calls: the most pages, four bytes before it, and the interpreter's
    switch, the byte after it. The two are looked for, and nothing is written unless they and
    the next switch are where they should be. Raises HostError.
    """
    size = ctypes.CDLL(None).malloc_usable_size
    size.restype, size.argtypes = ctypes.c_size_t, (ctypes.c_void_p,)
    memory = (ctypes.c_uint8 * size(configuration)).from_address(configuration)
    places = set(range(0, len(memory) - 6, 4))
    for pages in (*_PAGES, _PAGES_AT_MOST):
        api.WasmEdge_ConfigureSetMaxMemoryPage(configuration, pages)
        places &= {at for at in places if bytes(memory[at : at + 4]) == pages.to_bytes(4, "little")}
    at = places.pop() if len(places) == 1 else -1
    if at < 0 or not _are_switches(api, configuration, memory, at + 4):
        raise HostError(
            f"WasmEdge {api.version()} has no way that is known here to compile just in time;"
            " use the mode aot or interpreter",
            EXIT_UNFIT,
        )
    memory[at + 4] = 1


def _are_switches(
    api: Api, configuration: int, memory: ctypes.Array[ctypes.c_uint8], at: int
) -> bool:
    """Return whether the two switches after a byte are the ones that stand there in 0.14."""
    seen = [bytes(memory[at : at + 3])]
    for switch in (
        api.WasmEdge_ConfigureSetForceInterpreter,
        api.WasmEdge_ConfigureSetAllowAFUNIX,
    ):
        switch(configuration, True)
        seen.append(bytes(memory[at : at + 3]))
        switch(configuration, False)
    return seen == [b"\0\0\0", b"\0\1\0", b"\0\0\1"]
