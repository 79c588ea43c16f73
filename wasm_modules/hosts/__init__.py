"""Hosts: one small program a runtime, one command line, one set of events and host functions.

A host may run under an interpreter of its own (Wasmer's wheels need CPython 3.10) in which
benchharness is not installed. Of benchharness it needs the events only, which need nothing but
the standard library, so they are loaded from where they lie: beside a checkout's wasm_modules,
or around an installed wheel's.
"""

import importlib.util
import sys
from pathlib import Path


def _find_benchharness() -> None:
    if importlib.util.find_spec("benchharness") is not None:
        return
    package = Path(__file__).resolve().parents[3]  # benchharness/_declarations/wasm_modules/hosts
    spec = importlib.util.spec_from_file_location(
        "benchharness", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"benchharness is neither installed nor at {package}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchharness"] = module
    spec.loader.exec_module(module)


_find_benchharness()
