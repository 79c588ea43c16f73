"""Which command starts a runtime's host: what workloads call, so that none knows the runtimes.

Wasmer's host runs under a CPython 3.10 of its own, WasmEdge's perhaps through the loader of a
newer system's libraries; find_NAME.py of each knows: ``interpreter()`` gives the command of its
Python. Only the standard library is needed here.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from wasm_modules.hosts.failures import EXIT_UNFIT, HostError

_HOSTS = Path(__file__).resolve().parent
RUNTIMES = ("wasmtime", "wasmer", "wasmedge")


def command_for(runtime: str, options: Sequence[str]) -> list[str]:
    """Return the argv that starts a runtime's host with options of its command line.

    Raises HostError, with the remedy, for a runtime that is not on this machine.
    """
    return [*_interpreter(runtime), str(_HOSTS / f"{runtime}_host.py"), *options]


def become(runtime: str, options: Sequence[str]) -> NoReturn:
    """Replace this process by the runtime's host: one interpreter, not two, is measured."""
    argv = command_for(runtime, options)
    sys.stdout.flush()
    try:
        os.execv(argv[0], argv)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise HostError(f"{argv[0]} cannot be started: {error.strerror}", EXIT_UNFIT) from None


def prepare(runtime: str, options: Sequence[str]) -> None:
    """Look for everything that a run needs, and compile ahead of time where the mode says so.

    Raises HostError with the host's line.
    """
    import subprocess

    argv = command_for(runtime, ["--prepare", *options])
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise HostError(f"{argv[0]} cannot be started: {error.strerror}", EXIT_UNFIT) from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise HostError(lines[-1], done.returncode if done.returncode > 0 else EXIT_UNFIT)


def _interpreter(runtime: str) -> list[str]:
    if runtime not in RUNTIMES:
        raise HostError(f"there is no runtime {runtime}; known: {', '.join(RUNTIMES)}", 2)
    finder = importlib.import_module(f"wasm_modules.hosts.find_{runtime}")
    command: list[str] = finder.interpreter()
    return command
