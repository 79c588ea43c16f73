"""The WebAssembly runtimes of this machine, as wasm_modules/hosts/available.py finds them.

That program is asked, in a process of its own: the harness never imports a host, let alone a
runtime's library.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchharness.declarations import shipped_folder

NAMES = ("wasmtime", "wasmer", "wasmedge")
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class WasmRuntime:
    """What a finder says: ``version`` None is a missing runtime.

    ``install`` brings the runtime, or what is missing of it, such as a compiler.
    """

    name: str
    version: str | None
    modes: tuple[str, ...]
    compilers: tuple[str, ...]
    where: str | None
    install: str | None


class Question:
    """Asks, and goes on: ``answer`` waits for what the program says."""

    def __init__(self) -> None:
        program = shipped_folder("wasm_modules") / "hosts" / "available.py"
        self._child = subprocess.Popen(
            [sys.executable, str(program)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def answer(self) -> dict[str, WasmRuntime]:
        """Return the runtimes by name, all of them; those it says nothing of are missing."""
        try:
            said, _ = self._child.communicate(timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            said, _ = self._child.communicate()
        return parse(said)


def parse(said: bytes) -> dict[str, WasmRuntime]:
    """Return the runtimes by name from the program's JSON."""
    try:
        entries = {entry["name"]: _runtime(entry) for entry in json.loads(said)["runtimes"]}
    except (ValueError, KeyError, TypeError):
        entries = {}
    broken = "it cannot be asked: install benchharness anew"
    return {
        name: entries.get(name, WasmRuntime(name, None, (), (), None, broken)) for name in NAMES
    }


def _runtime(entry: Mapping[str, Any]) -> WasmRuntime:
    return WasmRuntime(
        name=entry["name"],
        version=entry["version"],
        modes=tuple(entry["modes"]),
        compilers=tuple(entry["compilers"]),
        where=entry["where"],
        install=entry["install"],
    )
