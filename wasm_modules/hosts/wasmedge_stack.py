"""What a guest under WasmEdge gets that calls itself without end: a trap, as elsewhere.

Compiled code uses the thread's stack. WasmEdge turns a fault into a trap, but its handler runs
on that stack, of which nothing is left then: the process dies. The handler gets a stack of its
own here. It is installed only while compiled code runs, so a tiny compiled module is started
first, whose one import puts things right and then starts the guest.

The interpreter keeps its frames on the heap, without a limit: it would fill the machine. It
runs in WasmEdge's own thread, is looked at now and then, and is stopped.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wasm_modules.hosts.failures import TrapError
from wasm_modules.hosts.wasmedge_api import INTERRUPTED, MEMORY_OUT_OF_BOUNDS, Api, HostCall, Result
from wasm_modules.hosts.wasmedge_vm import Vm

EXHAUSTED = "call stack exhausted"
NAMESPACE, _IMPORT, _EXPORT = "host", b"go", b"go"
_STACK_BYTES = 8 << 20  # where there is no limit; that of most systems
_NEAR_BYTES = 256 << 10
_HANDLER_BYTES = 64 << 10
_FRAMES_BYTES = 512 << 20
_LOOK_MS = 50
_SA_ONSTACK = 0x0800_0000


def _vector(*items: bytes) -> bytes:
    return bytes([len(items)]) + b"".join(items)


def _name(name: bytes) -> bytes:
    return bytes([len(name)]) + name


def _section(identifier: int, body: bytes) -> bytes:
    return bytes([identifier]) + _name(body)


# (module (import "host" "go" (func $go)) (func (export "go") (call $go)))
TRAMPOLINE = b"\0asm\1\0\0\0" + b"".join(
    (
        _section(1, _vector(b"\x60\0\0")),
        _section(2, _vector(_name(NAMESPACE.encode()) + _name(_IMPORT) + b"\0\0")),
        _section(3, _vector(b"\0")),
        _section(7, _vector(_name(_EXPORT) + b"\0\1")),
        _section(10, _vector(_name(b"\0\x10\0\x0b"))),
    )
)


class _SignalAction(ctypes.Structure):
    """Struct sigaction of the GNU C library, sigaction(2)."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ulong * (1024 // (8 * ctypes.sizeof(ctypes.c_ulong)))),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


class _SignalStack(ctypes.Structure):
    """Struct stack_t, sigaltstack(2)."""

    _fields_ = (
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("size", ctypes.c_size_t),
    )


class CompiledCall:
    """Calls a function of compiled code; ``trampoline`` holds TRAMPOLINE, compiled, loaded."""

    def __init__(self, api: Api, trampoline: Vm) -> None:
        self._api = api
        soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
        if soft == resource.RLIM_INFINITY:
            soft = _STACK_BYTES
            resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
        self._stack_bytes = soft
        self._c = ctypes.CDLL(None)
        self._room = mmap.mmap(-1, _HANDLER_BYTES)
        self._body: Callable[[], None] = lambda: None
        self._call = HostCall(self._called)
        self._trampoline = trampoline
        instance = trampoline.namespaces[NAMESPACE]
        kind = api.WasmEdge_FunctionTypeCreate(None, 0, None, 0)
        api.add_function(instance, _IMPORT.decode(), self._call, kind)
        trampoline.instantiate()
        self._go = trampoline.function(_EXPORT.decode())

    def invoke(self, vm: Vm, function: int) -> Result:
        """Call a function without parameters. Raises TrapError if the stack is used up."""
        results: list[Result] = []
        self._body = lambda: results.append(_invoke(vm, function))
        _invoke(self._trampoline, self._go or 0)
        result = results[0]
        if result.code == MEMORY_OUT_OF_BOUNDS and self._is_used_up():
            raise TrapError(EXHAUSTED)
        return result

    def _called(self, _data: object, _frame: int, _parameters: Any, _returns: Any) -> int:
        self._move_handlers()
        self._body()
        return 0

    def _move_handlers(self) -> None:
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._room))
        stack = _SignalStack(address, 0, _HANDLER_BYTES)
        self._c.sigaltstack(ctypes.byref(stack), None)
        action = _SignalAction()
        for number in (signal.SIGSEGV, signal.SIGBUS):
            self._c.sigaction(int(number), None, ctypes.byref(action))
            action.flags |= _SA_ONSTACK
            self._c.sigaction(int(number), ctypes.byref(action), None)

    def _is_used_up(self) -> bool:
        """Return whether the main thread's stack has grown to its limit."""
        for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
            if line.endswith("[stack]"):
                low, high = (int(part, 16) for part in line.split()[0].split("-"))
                return high - low > self._stack_bytes - _NEAR_BYTES
        return False


def interpret(vm: Vm, function: int) -> Result:
    """Call a function in the interpreter. Raises TrapError if its frames fill the memory."""
    api = vm.api
    before = _resident_bytes() - vm.memory_bytes()
    running = api.WasmEdge_ExecutorAsyncInvoke(vm.executor, function, None, 0)
    stopped = False
    while not api.WasmEdge_AsyncWaitFor(running, _LOOK_MS):
        if _resident_bytes() - vm.memory_bytes() - before > _FRAMES_BYTES:
            api.WasmEdge_AsyncCancel(running)
            stopped = True
    result: Result = api.WasmEdge_AsyncGet(running, None, 0)
    if stopped and result.code == INTERRUPTED:
        raise TrapError(EXHAUSTED)
    return result


def _invoke(vm: Vm, function: int) -> Result:
    result: Result = vm.api.WasmEdge_ExecutorInvoke(vm.executor, function, None, 0, None, 0)
    return result


def _resident_bytes() -> int:
    with Path("/proc/self/statm").open(encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
