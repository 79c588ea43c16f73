"""Which import WasmEdge could not link: its C API only says that there is one."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence

from wasm_modules.hosts.wasmedge_api import Api, Bytes, Text, ValueType, text
from wasm_modules.hosts.wasmedge_vm import Vm

_Types = Sequence[ValueType]
_Signature = tuple[_Types, _Types]  # what a function takes, what it gives


def explain(vm: Vm, further: Mapping[str, int], code: bytes) -> str | None:
    """Return what is wrong with the first wrong import; None if it is something else.

    ``further`` are modules by name, beside those of the VM.
    """
    api = vm.api
    offered = {**vm.namespaces, **further}
    for module, name, kind in _function_imports(api, code):
        found = (
            api.WasmEdge_ModuleInstanceFindFunction(offered[module], text(name))
            if module in offered
            else None
        )
        if not found:
            return f"unknown import: {module}::{name}"
        here = _signature(api, api.WasmEdge_FunctionInstanceGetFunctionType(found))
        if not all(_same(api, wanted, given) for wanted, given in zip(kind, here, strict=True)):
            return f"incompatible import type: {module}::{name}"
    return None


def _function_imports(api: Api, code: bytes) -> Iterator[tuple[str, str, _Signature]]:
    """Yield module, name and signature of each function that a valid module imports."""
    module = ctypes.c_void_p()
    loader = api.WasmEdge_LoaderCreate(None)
    api.WasmEdge_LoaderParseFromBytes(loader, ctypes.byref(module), Bytes(len(code), code))
    count = api.WasmEdge_ASTModuleListImportsLength(module)
    imports = (ctypes.c_void_p * count)()
    api.WasmEdge_ASTModuleListImports(module, imports, count)
    for each in imports:
        kind = api.WasmEdge_ImportTypeGetFunctionType(module, each)
        if kind:
            names = api.WasmEdge_ImportTypeGetModuleName, api.WasmEdge_ImportTypeGetExternalName
            space, name = (_decoded(get(each)) for get in names)
            yield space, name, _signature(api, kind)


def _signature(api: Api, kind: int) -> _Signature:
    takes = (ValueType * api.WasmEdge_FunctionTypeGetParametersLength(kind))()
    gives = (ValueType * api.WasmEdge_FunctionTypeGetReturnsLength(kind))()
    api.WasmEdge_FunctionTypeGetParameters(kind, takes, len(takes))
    api.WasmEdge_FunctionTypeGetReturns(kind, gives, len(gives))
    return list(takes), list(gives)


def _same(api: Api, wanted: _Types, given: _Types) -> bool:
    return len(wanted) == len(given) and all(
        api.WasmEdge_ValTypeIsEqual(*pair) for pair in zip(wanted, given, strict=True)
    )


def _decoded(name: Text) -> str:
    return bytes(name.data[: name.length]).decode("utf-8", "replace")
