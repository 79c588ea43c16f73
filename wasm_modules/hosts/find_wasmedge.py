"""Where WasmEdge is: the folder or library that is named, one of its own, or the system's.

Debian 12's C library is too old for the WasmEdge of Debian 13, so scripts/install-wasmedge puts
that with its own C library into a folder. Such a folder needs its own loader: Python itself is
started through it. No process is started here, because this happens before every run.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wasm_modules.hosts.failures import EXIT_UNFIT, HostError
from wasm_modules.hosts.user_folders import data_folder

VARIABLE = "BENCHHARNESS_WASMEDGE"
MODES = ("interpreter", "jit", "aot")
_LIBRARY = "libwasmedge.so.0"
_STAMP = "installed-by-scripts"  # scripts/install-wasmedge writes it last
_TIMEOUT_S = 8.0
_ROOT = Path(__file__).resolve().parents[2]
_INSTALLED = ("usr/lib64", "usr/lib")  # by a package: it fits the system
_BY_HAND = ("usr/local/lib", "usr/local/lib64")
_ASK = (
    "import ctypes, sys; f = ctypes.CDLL(sys.argv[1]).WasmEdge_VersionGet;"
    " f.restype = ctypes.c_char_p; print(f().decode())"
)


@dataclass(frozen=True, slots=True)
class WasmEdge:
    """A libwasmedge of this machine; ``loader`` is None where Python's own loader will do."""

    library: Path
    loader: Path | None = None

    def interpreter(self) -> list[str]:
        """Return the command of the Python that can load the library."""
        if self.loader is None:
            return [sys.executable]
        folders = [str(self.library.parent)]
        if os.environ.get("LD_LIBRARY_PATH"):  # which the option replaces
            folders.append(os.environ["LD_LIBRARY_PATH"])
        return [str(self.loader), "--library-path", ":".join(folders), sys.executable]


def find(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> WasmEdge:
    """Return the WasmEdge to use; ``root`` is where the system is. Raises HostError."""
    environ = os.environ if environ is None else environ
    named = environ.get(VARIABLE)
    if named:
        return _named(Path(named))
    place = folder_of_its_own(environ)
    found = _unpacked(place) if (place / _STAMP).is_file() else None
    if found is not None:  # it was unpacked because the system's, if any, will not do
        return found
    for folder in (*_of_this_processor(root), *(root / name for name in _INSTALLED)):
        if (folder / _LIBRARY).is_file():
            return WasmEdge(folder / _LIBRARY)
    own = Path(environ.get("HOME") or Path.home()) / ".wasmedge" / "lib"
    for folder in (*(root / name for name in _BY_HAND), own):
        if (folder / _LIBRARY).is_file() and _loads(folder / _LIBRARY):
            return WasmEdge(folder / _LIBRARY)
    raise HostError(f"WasmEdge is not installed; {install()}", EXIT_UNFIT)


def interpreter() -> list[str]:
    """Return the command of the Python that runs WasmEdge's host. Raises HostError."""
    return find().interpreter()


def describe() -> dict[str, object]:
    """Return what ``benchharness list runtimes`` says of WasmEdge. Raises HostError."""
    found = find()
    try:
        done = subprocess.run(
            [*found.interpreter(), "-c", _ASK, str(found.library)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        raise HostError(f"{found.library} cannot be loaded; {remedy()}", EXIT_UNFIT) from None
    return {
        "version": done.stdout.strip(),
        "modes": list(MODES),
        "compilers": ["llvm"],
        "where": str(found.library),
        "install": None,
    }


def install() -> str:
    """Return the one command that installs WasmEdge."""
    script = _ROOT / "scripts" / "install-wasmedge"
    if script.is_file():
        return "install it: scripts/install-wasmedge"
    return "install it: sudo apt-get install wasmedge"


def remedy(environ: Mapping[str, str] | None = None) -> str:
    """Return what helps where the library that was found will not do."""
    environ = os.environ if environ is None else environ
    return _correction() if environ.get(VARIABLE) else install()


def _correction() -> str:
    return (
        f"set {VARIABLE} to a folder that scripts/install-wasmedge has made or to a"
        " libwasmedge.so, or unset it"
    )


def folder_of_its_own(environ: Mapping[str, str]) -> Path:
    """Return where scripts/install-wasmedge puts WasmEdge if the distribution has none."""
    return data_folder(environ) / "wasmedge"


def _named(place: Path) -> WasmEdge:
    if place.is_file():
        return WasmEdge(place.absolute())
    found = _unpacked(place.absolute())
    if found is None:
        raise HostError(
            f"{VARIABLE} is {place}, where no {_LIBRARY} is; {_correction()}", EXIT_UNFIT
        )
    return found


def _unpacked(place: Path) -> WasmEdge | None:
    """Return the WasmEdge of a folder: with a C library of its own, or an installer's lib."""
    for folder in (place / "lib", place):
        if (folder / _LIBRARY).is_file():
            return WasmEdge(folder / _LIBRARY)
    for library in sorted(place.glob(f"usr/lib/*/{_LIBRARY}")):
        for loader in sorted(library.parent.glob("ld-linux*.so.*")):
            return WasmEdge(library, loader)
    return None


def _of_this_processor(root: Path) -> list[Path]:
    """Return Debian's folder for libraries; beside it are those of other processors, perhaps."""
    triplet = sysconfig.get_config_var("MULTIARCH")
    return [root / "usr" / "lib" / triplet] if triplet else []


def _loads(library: Path) -> bool:
    try:
        ctypes.CDLL(str(library))
    except OSError:
        return False
    return True
