"""How a mode becomes a configuration of Wasmtime, and which modes its wheel offers.

``interpreter`` is Pulley: Cranelift translates the module to portable bytecode (the phase
``compile``), which Wasmtime then interprets. ``jit-winch`` is the baseline compiler, fast to
compile and slower to run; the wheel's Python has no word for it, its C interface has.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from wasm_modules.hosts.failures import EXIT_UNFIT, HostError
from wasm_modules.hosts.request import AOT, DEFAULT_MODE, INTERPRETER, Request

if TYPE_CHECKING:
    import wasmtime

WINCH = "winch"
_WINCH_STRATEGY = 2  # WASMTIME_STRATEGY_WINCH of wasmtime/config.h
_WINCH_MACHINES = ("x86_64", "aarch64")


def offered_modes(machine: str) -> tuple[str, ...]:
    """Return the modes that the wheels (from 25 on) offer on a machine, as uname names it."""
    modes = (INTERPRETER, DEFAULT_MODE, AOT)
    return (*modes, f"{DEFAULT_MODE}-{WINCH}") if machine in _WINCH_MACHINES else modes


def modes_here() -> tuple[str, ...]:
    """Return the modes that are offered on this machine."""
    return offered_modes(os.uname().machine)


def pulley_target() -> str:
    """Return the name that Wasmtime has for the bytecode of a machine like this one."""
    bits = "64" if sys.maxsize > 1 << 32 else "32"
    return f"pulley{bits}{'be' if sys.byteorder == 'big' else ''}"


def engine_for(request: Request) -> wasmtime.Engine:
    """Return the engine for a request's mode and fuel; no cache of compiled modules is on.

    Raises HostError if the wheel is not there or does not know the mode.
    """
    try:
        import wasmtime
    except ImportError as error:
        raise HostError(
            f"the Python module wasmtime cannot be imported ({error});"
            f" install it: {sys.executable} -m pip install wasmtime",
            EXIT_UNFIT,
        ) from None
    config = wasmtime.Config()
    try:
        if request.mode == INTERPRETER:
            config.target = pulley_target()
        if request.compiler == WINCH:
            from wasmtime import _ffi

            _ffi.wasmtime_config_strategy_set(config.ptr(), _WINCH_STRATEGY)
        if request.fuel is not None:
            config.consume_fuel = True
        return wasmtime.Engine(config)
    except (wasmtime.WasmtimeError, AttributeError) as error:
        raise HostError(
            f"this wasmtime has no mode {request.mode} ({error});"
            f" update it: {sys.executable} -m pip install --upgrade wasmtime",
            EXIT_UNFIT,
        ) from None
