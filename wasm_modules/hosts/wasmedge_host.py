"""Runs a WASI preview 1 module under WasmEdge, in this process, through its C API.

Modes: interpreter; jit, which compiles by LLVM at every start; aot, which loads the shared
library that the compiler has written. Options and exit codes: wasm_modules/README.md.
``--with net=yes`` lets a guest open sockets, for which WasmEdge has functions beyond WASI's.
``--with nn=plugin`` serves wasi_ephemeral_nn by WasmEdge's own plugin. No distribution has that
plugin: beyond the refusal where it is missing, this has not been tried.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts import find_wasmedge, module_binary
from wasm_modules.hosts.command import main
from wasm_modules.hosts.failures import EXIT_TRAP, EXIT_UNFIT, EXIT_USAGE, HostError, TrapError
from wasm_modules.hosts.imports import WASI
from wasm_modules.hosts.request import INTERPRETER, Request
from wasm_modules.hosts.runtime import HostFunction
from wasm_modules.hosts.wasmedge_api import (
    COST_LIMIT_EXCEEDED,
    TERMINATED,
    Api,
    Result,
    strings,
    text,
)
from wasm_modules.hosts.wasmedge_functions import HostFunctions
from wasm_modules.hosts.wasmedge_imports import explain
from wasm_modules.hosts.wasmedge_stack import NAMESPACE, TRAMPOLINE, CompiledCall, interpret
from wasm_modules.hosts.wasmedge_vm import Vm, build, configure

_NN = "wasi_ephemeral_nn"
# Of WASI preview 1: for sockets that the host has opened, of which there are none.
_SOCKETS = ("sock_accept", "sock_recv", "sock_send", "sock_shutdown")
_EXECUTION = 0x04  # the category of codes that are traps


class WasmEdgeRuntime:
    """WasmEdge behind the calls of a host."""

    name = "wasmedge"
    modes: tuple[str, ...] = find_wasmedge.MODES

    def load(self, request: Request) -> None:
        """Load the library and configure it for the mode."""
        self._api = Api(find_wasmedge.find().library)
        self._configuration = configure(self._api, request)
        self._functions = HostFunctions(self._api)
        self._uses_plugin = request.settings.get("nn") == "plugin"
        if self._uses_plugin:
            self._plugin = _nn_plugin(self._api)

    def version(self) -> str:
        """Return the library's version."""
        return self._api.version()

    def compile(self, request: Request, code: bytes) -> None:
        """Validate, and in mode jit compile to machine code."""
        self._code = _limited(request, code)
        self._vm = self._new_vm(request, self._code)
        self._vm.load(self._code)
        if module_binary.imports(code) or not module_binary.has_start(code):
            self._vm.translate()  # else when it is instantiated, within its limits
        if request.mode != INTERPRETER:
            self._trampoline = Vm(self._api, self._configuration, [NAMESPACE])
            self._trampoline.load(TRAMPOLINE)
            self._trampoline.translate()

    def build(self, request: Request, code: bytes, artefact: Path) -> None:
        """Compile to a shared library."""
        code = _limited(request, code)
        self._new_vm(request, code).load(
            code
        )  # which finds what is wrong with it, and says so better
        build(self._api, self._configuration, code, artefact)

    def deserialize(self, request: Request, artefact: Path) -> None:
        """Map the shared library."""
        self._code = module_binary.read_module(request.module)
        self._vm = self._new_vm(request, self._code)
        self._vm.load_compiled(artefact)
        self._trampoline = Vm(self._api, self._configuration, [NAMESPACE])
        self._trampoline.load_compiled(self._compiled_trampoline(request))

    def instantiate(self, request: Request, functions: Sequence[HostFunction]) -> None:
        """Link to WASI and to the host functions."""
        api, vm = self._api, self._vm
        for function in functions:
            if not (self._uses_plugin and function.module == _NN):
                self._functions.add(vm.namespaces[function.module], function)
        if self._uses_plugin:
            vm.register(self._plugin)
        self._wasi = _wasi(api, request)
        vm.register(self._wasi)
        if request.fuel is not None:
            api.WasmEdge_StatisticsSetCostLimit(vm.statistics, request.fuel)
        self._fuel = request.fuel
        self._mode = request.mode
        if request.mode != INTERPRETER:
            self._compiled = CompiledCall(api, self._trampoline)
        result = vm.instantiate()
        if result.code >> 8 in (0, _EXECUTION) and result.code:
            raise self._ended(result)
        if result.code:
            why = explain(vm, {WASI: self._wasi}, self._code) or api.message(result)
            raise HostError(f"cannot be instantiated: {why}", EXIT_USAGE)
        start = vm.function("_start")
        if start is None:
            raise HostError("exports no function _start: not a WASI command", EXIT_USAGE)
        self._start = start

    def run(self) -> int:
        """Call ``_start``; a guest that returns has exit code 0."""
        if self._mode == INTERPRETER:
            result = interpret(self._vm, self._start)
        else:
            result = self._compiled.invoke(self._vm, self._start)
        if result.code == TERMINATED and self._functions.failure is None:
            return int(self._api.WasmEdge_ModuleInstanceWASIGetExitCode(self._wasi))
        if result.code:
            raise self._ended(result)
        return 0

    def _new_vm(self, request: Request, code: bytes) -> Vm:
        imports = module_binary.imports(code)
        if request.settings.get("net") != "yes":
            _refuse_sockets(imports)
        wanted = dict.fromkeys(each.module for each in imports)
        hidden = {WASI, _NN} if self._uses_plugin else {WASI}
        return Vm(self._api, self._configuration, [name for name in wanted if name not in hidden])

    def _compiled_trampoline(self, request: Request) -> Path:
        from wasm_modules.hosts import aot_cache

        place = aot_cache.artefact_path(TRAMPOLINE, self.name, self.version(), request.mode)
        aot_cache.ensure(
            place, lambda made: build(self._api, self._configuration, TRAMPOLINE, made)
        )
        return place

    def _ended(self, result: Result) -> HostError:
        """Return what ended the guest: a host function, its fuel, or its own fault."""
        if self._functions.failure is not None:
            return self._functions.failure
        if result.code == COST_LIMIT_EXCEEDED:
            return HostError(f"the guest used up its fuel of {self._fuel}", EXIT_TRAP)
        return TrapError(self._api.message(result))


def _limited(request: Request, code: bytes) -> bytes:
    if request.memory_limit_bytes is None:
        return code
    return module_binary.limit_memory(code, request.memory_limit_bytes)


def _refuse_sockets(imports: Sequence[module_binary.Import]) -> None:
    """Refuse what WasmEdge has beyond WASI preview 1: sockets that a guest opens. HostError."""
    for each in imports:
        if each.module == WASI and each.name.startswith("sock_") and each.name not in _SOCKETS:
            raise HostError(
                f"imports {WASI}::{each.name}, which opens the network to it; allow that:"
                " --with net=yes",
                EXIT_USAGE,
            )


def _wasi(api: Api, request: Request) -> int:
    """Return WASI's module; the guest's descriptors 0 to 2 are the host's."""
    for host, guest in request.folders:
        if ":" in host or ":" in guest:  # which separates the two for WasmEdge
            raise HostError(f"cannot open the folder {host}: its name has a colon", EXIT_USAGE)
    arguments = strings([request.module.name, *request.arguments])
    environment = strings([f"{name}={value}" for name, value in request.environment])
    folders = strings([f"{guest}:{host}" for host, guest in request.folders])
    made: int = api.WasmEdge_ModuleInstanceCreateWASI(
        *(arguments, len(arguments), environment, len(environment), folders, len(folders))
    )
    return made


def _nn_plugin(api: Api) -> int:
    """Return the module of WasmEdge's plugin for wasi-nn. Raises HostError."""
    api.WasmEdge_PluginLoadWithDefaultPaths()
    plugin = api.WasmEdge_PluginFind(text("wasi_nn"))
    made: int | None = plugin and api.WasmEdge_PluginCreateModule(plugin, text("wasi_nn"))
    if not made:
        raise HostError(
            "nn=plugin: WasmEdge's plugin wasi_nn is not installed; put libwasmedgePluginWasiNN.so"
            " into a folder that WASMEDGE_PLUGIN_PATH names",
            EXIT_UNFIT,
        )
    return made


if __name__ == "__main__":
    sys.exit(main(WasmEdgeRuntime(), sys.argv[1:]))
