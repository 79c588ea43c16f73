"""WasmEdge's C API, as much of it as the host calls: libwasmedge.so.0 through ctypes.

After wasmedge/wasmedge.h of 0.14.1. That of 0.13 has the same library name and other types.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_bool, c_char_p, c_int, c_uint8, c_uint32, c_uint64, c_void_p
from pathlib import Path

from wasm_modules.hosts import find_wasmedge
from wasm_modules.hosts.failures import EXIT_UNFIT, HostError

_OLDEST = (0, 14)
TERMINATED = 0x01
COST_LIMIT_EXCEEDED = 0x03
INTERRUPTED = 0x07
USER_ERROR = 0x0C
MEMORY_OUT_OF_BOUNDS = 0x0408
STRIDE = 4  # a value is 32 bytes, four words: 128 bits of value, 64 of type, 64 of nothing


class Text(ctypes.Structure):
    """WasmEdge_String: not ended by a zero, and not owned."""

    _fields_ = (("length", c_uint32), ("data", c_char_p))


class Bytes(ctypes.Structure):
    """WasmEdge_Bytes, not owned."""

    _fields_ = (("length", c_uint32), ("data", c_char_p))


class ValueType(ctypes.Structure):
    """WasmEdge_ValType."""

    _fields_ = (("data", c_uint8 * 8),)


class Result(ctypes.Structure):
    """WasmEdge_Result; 0 is success."""

    _fields_ = (("code", c_uint32),)


# A callback cannot return a structure; this one is passed like its only member.
HostCall = ctypes.CFUNCTYPE(
    c_uint32, c_void_p, c_void_p, ctypes.POINTER(c_uint64), ctypes.POINTER(c_uint64)
)

_STRINGS = ctypes.POINTER(c_char_p)
_OUT = ctypes.POINTER(c_void_p)
_FUNCTIONS: dict[str, tuple[object, ...]] = {  # name without WasmEdge_: result, arguments
    "VersionGet": (c_char_p,),
    "VersionGetMajor": (c_uint32,),
    "VersionGetMinor": (c_uint32,),
    "LogOff": (None,),
    "ResultGetMessage": (c_char_p, Result),
    "ConfigureCreate": (c_void_p,),
    "ConfigureSetMaxMemoryPage": (None, c_void_p, c_uint32),
    "ConfigureSetForceInterpreter": (None, c_void_p, c_bool),
    "ConfigureSetAllowAFUNIX": (None, c_void_p, c_bool),
    "ConfigureCompilerSetOutputFormat": (None, c_void_p, c_int),
    "ConfigureStatisticsSetCostMeasuring": (None, c_void_p, c_bool),
    "StatisticsSetCostLimit": (None, c_void_p, c_uint64),
    "CompilerCreate": (c_void_p, c_void_p),
    "CompilerCompileFromBuffer": (Result, c_void_p, c_char_p, c_uint64, c_char_p),
    "LoaderCreate": (c_void_p, c_void_p),
    "LoaderParseFromBytes": (Result, c_void_p, _OUT, Bytes),
    "ASTModuleListImportsLength": (c_uint32, c_void_p),
    "ASTModuleListImports": (c_uint32, c_void_p, c_void_p, c_uint32),
    "ImportTypeGetModuleName": (Text, c_void_p),
    "ImportTypeGetExternalName": (Text, c_void_p),
    "ImportTypeGetFunctionType": (c_void_p, c_void_p, c_void_p),
    "StoreCreate": (c_void_p,),
    "VMCreate": (c_void_p, c_void_p, c_void_p),
    "VMLoadWasmFromBytes": (Result, c_void_p, Bytes),
    "VMLoadWasmFromFile": (Result, c_void_p, c_char_p),
    "VMValidate": (Result, c_void_p),
    "VMInstantiate": (Result, c_void_p),
    "VMGetExecutorContext": (c_void_p, c_void_p),
    "VMGetStatisticsContext": (c_void_p, c_void_p),
    "VMGetActiveModule": (c_void_p, c_void_p),
    "ExecutorCreate": (c_void_p, c_void_p, c_void_p),
    "ExecutorRegisterImport": (Result, c_void_p, c_void_p, c_void_p),
    "ExecutorInvoke": (Result, c_void_p, c_void_p, c_void_p, c_uint32, c_void_p, c_uint32),
    "ExecutorAsyncInvoke": (c_void_p, c_void_p, c_void_p, c_void_p, c_uint32),
    "AsyncWaitFor": (c_bool, c_void_p, c_uint64),
    "AsyncCancel": (None, c_void_p),
    "AsyncGet": (Result, c_void_p, c_void_p, c_uint32),
    "ModuleInstanceCreate": (c_void_p, Text),
    "ModuleInstanceCreateWASI": (
        *(c_void_p, _STRINGS, c_uint32, _STRINGS, c_uint32, _STRINGS, c_uint32),
    ),
    "ModuleInstanceWASIGetExitCode": (c_uint32, c_void_p),
    "ModuleInstanceFindFunction": (c_void_p, c_void_p, Text),
    "ModuleInstanceFindMemory": (c_void_p, c_void_p, Text),
    "ModuleInstanceListMemoryLength": (c_uint32, c_void_p),
    "ModuleInstanceListMemory": (c_uint32, c_void_p, ctypes.POINTER(Text), c_uint32),
    "ModuleInstanceAddFunction": (None, c_void_p, Text, c_void_p),
    "FunctionInstanceGetFunctionType": (c_void_p, c_void_p),
    "FunctionTypeCreate": (c_void_p, c_void_p, c_uint32, c_void_p, c_uint32),
    "FunctionTypeGetParametersLength": (c_uint32, c_void_p),
    "FunctionTypeGetReturnsLength": (c_uint32, c_void_p),
    "FunctionTypeGetParameters": (c_uint32, c_void_p, c_void_p, c_uint32),
    "FunctionTypeGetReturns": (c_uint32, c_void_p, c_void_p, c_uint32),
    "FunctionInstanceCreate": (c_void_p, c_void_p, HostCall, c_void_p, c_uint64),
    "CallingFrameGetMemoryInstance": (c_void_p, c_void_p, c_uint32),
    "MemoryInstanceGetPointer": (c_void_p, c_void_p, c_uint32, c_uint32),
    "MemoryInstanceGetPageSize": (c_uint32, c_void_p),
    "PluginLoadWithDefaultPaths": (None,),
    "PluginFind": (c_void_p, Text),
    "PluginCreateModule": (c_void_p, c_void_p, Text),
    "ValTypeIsEqual": (c_bool, ValueType, ValueType),
    "ValTypeGenI32": (ValueType,),
    "ValTypeGenI64": (ValueType,),
    "ValTypeGenF32": (ValueType,),
    "ValTypeGenF64": (ValueType,),
}


class Api(ctypes.CDLL):
    """The library, with its functions declared and its log switched off.

    The log would put lines of its own beside the one line that a failure is.
    """

    def __init__(self, library: Path) -> None:
        """Load it. Raises HostError."""
        try:
            super().__init__(str(library))
            self._declare()
        except (OSError, AttributeError) as error:
            raise HostError(
                f"{library} cannot be used ({error}); {find_wasmedge.remedy()}", EXIT_UNFIT
            ) from None
        if (self.WasmEdge_VersionGetMajor(), self.WasmEdge_VersionGetMinor()) < _OLDEST:
            raise HostError(
                f"{library} is WasmEdge {self.version()}, but the host needs 0.14;"
                f" {find_wasmedge.remedy()}",
                EXIT_UNFIT,
            )
        self.WasmEdge_LogOff()

    def _declare(self) -> None:
        for name, (result, *arguments) in _FUNCTIONS.items():
            function = getattr(self, f"WasmEdge_{name}")
            function.restype, function.argtypes = result, arguments

    def version(self) -> str:
        """Return the library's version."""
        return bytes(self.WasmEdge_VersionGet()).decode()

    def message(self, result: Result) -> str:
        """Return what a result means, in WasmEdge's words."""
        return bytes(self.WasmEdge_ResultGetMessage(result)).decode()

    def add_function(self, instance: int, name: str, call: object, kind: int) -> None:
        """Add a HostCall of a function type to a module's instance; the caller keeps the call."""
        handle = self.WasmEdge_FunctionInstanceCreate(kind, call, None, 0)
        self.WasmEdge_ModuleInstanceAddFunction(instance, text(name), handle)


def text(value: str) -> Text:
    """Return a string for the API; its bytes live as long as it does."""
    raw = value.encode()
    return Text(len(raw), raw)


def strings(values: Sequence[str]) -> ctypes.Array[c_char_p]:
    """Return an array of strings for the API."""
    return (c_char_p * len(values))(*(value.encode() for value in values))
