"""Is what a workload needs on this machine, and if not, which command brings it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import sys
from collections.abc import Mapping

from benchharness.errors import UsageError
from benchharness.model import Factors
from benchharness.plan.records import Manifest, Needs

# Debian packages whose names differ from those of their programs.
_PACKAGES: Mapping[str, str] = {
    "gcc": "build-essential",
    "make": "build-essential",
    "rustc": "rustc libstd-rust-dev-wasm32 lld",
    "wasm-ld": "lld",
    "wasmedge": "wasmedge",
}


def missing_needs(needs: Needs) -> list[str]:
    """Return what is missing as ``what; remedy`` lines; empty if everything is there."""
    lines = [
        f"the program {name!r} is not on PATH; {install_program(name)}"
        for name in needs.programs
        if shutil.which(name) is None
    ]
    extra = f"'benchharness[{','.join(needs.extras)}]'" if needs.extras else None
    lines += [
        f"the Python module {name!r} is missing; {install_module(extra or name)}"
        for name in needs.modules
        if not has_module(name)
    ]
    lines += [
        f"the extra {name!r} is not installed; {install_module(f'benchharness[{name}]')}"
        for name in needs.extras
        if not extra_installed(name)
    ]
    return lines


def require_needs(manifest: Manifest, factors: Factors) -> None:
    """Raise UsageError, one line, for the first thing that a variant needs and lacks."""
    missing = missing_needs(manifest.needed(factors))
    if missing:
        what, _, remedy = missing[0].partition("; ")
        raise UsageError(what, where=manifest.name, remedy=remedy)


def install_program(name: str) -> str:
    """Return the command that installs a program on Debian."""
    return f"install it: sudo apt-get install {_PACKAGES.get(name, name)}"


def install_module(requirement: str) -> str:
    """Return the command that installs a requirement beside benchharness."""
    quoted = f"'{requirement}'" if "[" in requirement and "'" not in requirement else requirement
    return f"install it: {sys.executable} -m pip install {quoted}"


def has_module(name: str) -> bool:
    """Return whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False


def extra_installed(extra: str) -> bool:
    """Return whether every distribution that an extra of benchharness asks for is installed."""
    try:
        requirements = importlib.metadata.requires("benchharness") or ()
    except importlib.metadata.PackageNotFoundError:  # run from a checkout, not installed
        return False
    for requirement in requirements:
        wanted, _, marker = requirement.partition(";")
        if not re.search(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]", marker):
            continue
        name = re.split(r"[\s\[<>=!~(]", wanted.strip(), maxsplit=1)[0]
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return False
    return True
