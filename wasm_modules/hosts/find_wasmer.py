"""Where Wasmer is: in a CPython 3.10 with its wheels, or as the ``wasmer`` command.

Its last wheels, 1.1.0, are for x86-64 and CPython 3.7 to 3.10. In this order: the interpreter
that BENCHHARNESS_WASMER_PYTHON names, this interpreter, the environment that
scripts/install-wasmer makes, ``wasmer`` on PATH. Folders are looked at and no process is
started, because this happens before every run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wasm_modules.hosts.failures import EXIT_UNFIT, HostError
from wasm_modules.hosts.user_folders import data_folder

VARIABLE = "BENCHHARNESS_WASMER_PYTHON"
COMPILERS = ("cranelift", "singlepass", "llvm")  # the first is the usual one
_TIMEOUT_S = 5.0
_ROOT = Path(__file__).resolve().parents[2]
_BY_HAND = (
    "python3.10 -m venv wasmer310 && wasmer310/bin/pip install wasmer==1.1.0"
    " wasmer-compiler-cranelift==1.1.0 && export " + VARIABLE + "=$PWD/wasmer310/bin/python"
)


@dataclass(frozen=True, slots=True)
class Wasmer:
    """A Wasmer of this machine. ``python`` is None for the command; ``version`` if unknown."""

    python: str | None
    command: str | None
    version: str | None
    compilers: tuple[str, ...]

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes that its compilers give."""
        return tuple(
            mode if compiler == COMPILERS[0] else f"{mode}-{compiler}"
            for mode in ("jit", "aot")
            for compiler in self.compilers
        )


def find(environ: Mapping[str, str] | None = None) -> Wasmer:
    """Return the Wasmer to use. Raises HostError, with the command that installs one."""
    environ = os.environ if environ is None else environ
    named = environ.get(VARIABLE)
    if named:
        return _named(named)
    for python in (sys.executable, str(environment_python(environ))):
        found = in_python(python)
        if found is not None:
            return found
    command = shutil.which("wasmer", path=environ.get("PATH"))
    if command is not None:
        return Wasmer(None, command, None, COMPILERS)
    raise HostError(f"Wasmer is not installed; {install()}", EXIT_UNFIT)


def interpreter() -> list[str]:
    """Return the command of the Python that runs Wasmer's host. Raises HostError."""
    return [find().python or sys.executable]


def install() -> str:
    """Return the one command that installs Wasmer, or its missing compilers."""
    script = _ROOT / "scripts" / "install-wasmer"
    return f"install it: {'scripts/install-wasmer' if script.is_file() else _BY_HAND}"


def environment_python(environ: Mapping[str, str]) -> Path:
    """Return where the Python of scripts/install-wasmer is, if it has been run."""
    return data_folder(environ) / "wasmer" / "bin" / "python"


def in_python(python: str) -> Wasmer | None:
    """Return the Wasmer whose wheels an interpreter has; None if it has none."""
    if not os.access(python, os.X_OK):
        return None
    for packages in (Path(python).parent.parent / "lib").glob("python3.*/*-packages"):
        # The wheel for other machines has no library, only a file that raises ImportError.
        if not _has_library(packages / "wasmer"):
            continue
        compilers = tuple(name for name in COMPILERS if compiler_loads(packages, name))
        return Wasmer(python, None, _version(packages), compilers)
    return None


def compiler_loads(packages: Path, name: str) -> bool:
    """Return whether a compiler's wheel is there, and does not abort in the loader.

    The wheel of LLVM does on current C libraries, until its libtinfo has the name that its
    versions go by; scripts/install-wasmer sees to that.
    """
    libraries = packages / f"wasmer_compiler_{name}.libs"
    return _has_library(packages / f"wasmer_compiler_{name}") and not any(
        libraries.glob("libtinfo-*")
    )


def describe() -> dict[str, object]:
    """Return what ``benchharness list runtimes`` says of Wasmer. Raises HostError."""
    found = find()
    complete = len(found.compilers) == len(COMPILERS)
    return {
        "version": found.version or command_version(str(found.command)),
        "modes": list(found.modes),
        "compilers": list(found.compilers),
        "where": found.python or found.command,
        "install": None if complete else install(),
    }


def command_version(command: str) -> str | None:
    """Return the version that the command prints, ``wasmer 4.3.7``; None without one."""
    try:
        done = subprocess.run(
            [command, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.split()
    return words[1] if done.returncode == 0 and len(words) > 1 else None


def _named(python: str) -> Wasmer:
    place = shutil.which(python)
    if place is None:
        raise HostError(
            f"{VARIABLE} is {python}, which is no program here; set it to a CPython 3.10 with"
            f" Wasmer's wheels, or unset it and {install()}",
            EXIT_UNFIT,
        )
    found = in_python(place)
    if found is None:
        raise HostError(
            f"{VARIABLE} is {python}, which has no Wasmer; set it to the python of a virtual"
            f" environment with wasmer==1.1.0, or unset it and {install()}",
            EXIT_UNFIT,
        )
    return found


def _has_library(folder: Path) -> bool:
    return any(folder.glob("*.so"))


def _version(packages: Path) -> str | None:
    for folder in packages.glob("wasmer-*.dist-info"):
        return folder.name[len("wasmer-") : -len(".dist-info")]
    return None
