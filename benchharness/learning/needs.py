"""The modules that learning needs beyond the core, or the one command that brings them."""

from __future__ import annotations

import importlib.util
import sys

from benchharness.errors import UsageError

EXTRA = "benchharness[fl]"
_FLOWER_NEEDS = (3, 11)


def require(*modules: str) -> None:
    """Raise UsageError, one line with the install command, for the first module that is missing.

    Looks without importing: PyTorch takes seconds to import, Flower too.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise UsageError(f"the Python module {module!r} is missing", remedy=_remedy(module))


def _remedy(module: str) -> str:
    if module == "flwr" and sys.version_info < _FLOWER_NEEDS:
        here = ".".join(map(str, sys.version_info[:2]))
        return f"Flower needs CPython 3.11 and this is {here}: make an environment of a newer one"
    return f"install it: {sys.executable} -m pip install '{EXTRA}'"
