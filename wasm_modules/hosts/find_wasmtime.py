"""Where Wasmtime is: in the wheel beside this interpreter, which benchharness depends on."""

from __future__ import annotations

import sys

from wasm_modules.hosts.failures import EXIT_UNFIT, HostError


def interpreter() -> list[str]:
    """Return the command of the Python that runs Wasmtime's host."""
    return [sys.executable]


def describe() -> dict[str, object]:
    """Return what ``benchharness list runtimes`` says of Wasmtime. Raises HostError."""
    import importlib.metadata
    import importlib.util

    from wasm_modules.hosts.wasmtime_config import modes_here

    found = importlib.util.find_spec("wasmtime")
    if found is None:
        raise HostError(
            f"Wasmtime is not installed; install it: {sys.executable} -m pip install wasmtime",
            EXIT_UNFIT,
        )
    modes = modes_here()
    winch = ["winch"] if any(mode.endswith("-winch") for mode in modes) else []
    return {
        "version": importlib.metadata.version("wasmtime"),
        "modes": list(modes),
        "compilers": ["cranelift", *winch],
        "where": found.origin,
        "install": None,
    }
