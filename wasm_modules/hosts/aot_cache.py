"""Where compiled modules are kept: by module, runtime, its version, mode and processor.

Machine code that was made for another processor may use instructions that this one lacks, so
the processor's model and features are part of the name. No runtime looks at all of what it loads:
a file that is cut short or damaged ends the process with a signal. So a digest lies beside each,
and what does not have its own is built anew.
"""

from __future__ import annotations

import hashlib
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

from wasm_modules.hosts.failures import EXIT_UNFIT, HostError
from wasm_modules.hosts.user_folders import cache_folder

_PIECE_BYTES = 1 << 16
_IDENTIFYING = ("model name", "flags", "features", "cpu implementer", "cpu part", "isa")


def artefact_path(code: bytes, runtime: str, version: str, mode: str) -> Path:
    """Return where the machine code of a module belongs; it need not exist yet."""
    digest = hashlib.sha256()
    for part in (code, runtime.encode(), version.encode(), mode.encode(), processor().encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return cache_folder() / "aot" / f"{runtime}-{digest.hexdigest()[:32]}.so"


def processor(cpuinfo: str = "/proc/cpuinfo") -> str:
    """Return what tells this machine's processor from others, for machine code."""
    lines = {platform.machine()}
    try:
        with Path(cpuinfo).open(encoding="utf-8", errors="replace") as file:
            lines |= {
                " ".join(line.split())
                for line in file
                if line.partition(":")[0].strip().lower() in _IDENTIFYING
            }
    except OSError:
        pass  # a chroot without /proc: the architecture must do
    return "\n".join(sorted(lines))


def is_whole(artefact: Path) -> bool:
    """Return whether an artefact is there and is what was built."""
    try:
        return _digest_file(artefact).read_text(encoding="ascii") == _digest(artefact)
    except (OSError, UnicodeDecodeError):
        return False


def ensure(artefact: Path, build: Callable[[Path], None]) -> None:
    """Build an artefact beside its place, unless it is whole, and move it there.

    No half one is seen by another process. Raises HostError if the cache cannot be written.
    """
    if is_whole(artefact):
        return
    try:
        artefact.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=artefact.parent) as scratch:
            built = Path(scratch) / artefact.name
            build(built)
            _digest_file(built).write_text(_digest(built), encoding="ascii")
            _digest_file(built).replace(_digest_file(artefact))
            built.replace(artefact)
    except OSError as error:
        raise HostError(
            f"cannot write {artefact.parent}: {error.strerror}; set XDG_CACHE_HOME to a folder"
            " that can be written",
            EXIT_UNFIT,
        ) from None


def _digest_file(artefact: Path) -> Path:
    return artefact.with_name(f"{artefact.name}.sha256")


def _digest(file: Path) -> str:
    """Return a file's digest; piece by piece, so that it costs no memory that is measured."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
