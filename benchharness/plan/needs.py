"""Is what a workload needs on this machine, and if not, which command brings it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchharness import declarations
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

# Extras that a script of the checkout installs better than pip does: PyPI's PyTorch brings CUDA.
_SCRIPTS: Mapping[str, str] = {"fl": "install-fl"}


def missing_needs(needs: Needs) -> list[str]:
    """Return what is missing as ``what; remedy`` lines; empty if everything is there."""
    lines = [
        f"the program {name!r} is not on PATH; {install_program(name)}"
        for name in needs.programs
        if shutil.which(name) is None
    ]
    lines += [
        f"the Python module {name!r} is missing; "
        f"{install_extras(needs.extras) if needs.extras else install_module(name)}"
        for name in needs.modules
        if not has_module(name)
    ]
    lines += [
        f"the extra {name!r} is not installed; {install_extras([name])}"
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


def install_extras(extras: Sequence[str]) -> str:
    """Return what brings extras of benchharness: a command, or another Python."""
    for wanted in (version for extra in extras for version in _pythons(extra)):
        if sys.version_info[:2] < wanted:
            least, here = (".".join(map(str, v)) for v in (wanted, sys.version_info[:2]))
            return (
                f"it needs CPython {least}, and this is {here}: make an environment of a later one"
            )
    checkout = declarations.shipped_folder("scripts")
    if len(extras) == 1 and extras[0] in _SCRIPTS and Path(sys.prefix) == checkout.parent / ".venv":
        return f"install it: {checkout / _SCRIPTS[extras[0]]}"
    return install_module(f"benchharness[{','.join(extras)}]")


def has_module(name: str) -> bool:
    """Return whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False


def extra_installed(extra: str) -> bool:
    """Return whether every distribution that an extra of benchharness asks for is installed."""
    try:
        return None not in extra_versions(extra).values()
    except importlib.metadata.PackageNotFoundError:  # run from a checkout, not installed
        return False


def extra_versions(extra: str) -> dict[str, str | None]:
    """Return the version of each distribution that an extra asks for, None where it is missing.

    Raises PackageNotFoundError where benchharness itself is not installed.
    """
    versions: dict[str, str | None] = {}
    for wanted, _ in _requirements(extra):
        name = re.split(r"[\s\[<>=!~(]", wanted.strip(), maxsplit=1)[0]
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def _requirements(extra: str) -> Iterator[tuple[str, str]]:
    """Yield the requirements of an extra with their markers. Raises PackageNotFoundError."""
    for requirement in importlib.metadata.requires("benchharness") or ():
        wanted, _, marker = requirement.partition(";")
        if re.search(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]", marker):
            yield wanted, marker


def _pythons(extra: str) -> list[tuple[int, int]]:
    """Return the least Pythons that requirements of an extra are limited to."""
    least = re.compile(r"python_version\s*>=\s*['\"](\d+)\.(\d+)['\"]")
    try:
        found = [least.search(marker) for _, marker in _requirements(extra)]
    except importlib.metadata.PackageNotFoundError:
        return []
    return [(int(match[1]), int(match[2])) for match in found if match]
