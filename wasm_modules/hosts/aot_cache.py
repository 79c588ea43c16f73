"""Where compiled modules are kept: by module, runtime, its version, mode and processor.

Machine code that was made for another processor may use instructions that this one lacks, so
the processor's model and features are part of the name.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

from wasm_modules.hosts.failures import EXIT_UNFIT, HostError

_IDENTIFYING = ("model name", "flags", "features", "cpu implementer", "cpu part", "isa")


def artefact_path(code: bytes, runtime: str, version: str, mode: str) -> Path:
    """Return where the machine code of a module belongs; it need not exist yet."""
    digest = hashlib.sha256()
    for part in (code, runtime.encode(), version.encode(), mode.encode(), processor().encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    return root / "benchharness" / "aot" / f"{runtime}-{digest.hexdigest()[:32]}.so"


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


def ensure(artefact: Path, build: Callable[[Path], None]) -> None:
    """Build an artefact beside its place and move it there whole, so that no half one is seen.

    Raises HostError if the cache cannot be written.
    """
    try:
        artefact.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=artefact.parent) as scratch:
            built = Path(scratch) / artefact.name
            build(built)
            built.replace(artefact)
    except OSError as error:
        raise HostError(
            f"cannot write {artefact.parent}: {error.strerror}; set XDG_CACHE_HOME to a folder"
            " that can be written",
            EXIT_UNFIT,
        ) from None
