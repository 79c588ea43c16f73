"""The size of a runtime: the files that loading it has mapped into the process.

The same rule for every runtime, and no list of files that a new version makes wrong. It counts
the runtime's own library and those that it brings (LLVM, say), as they lie on the disk.
"""

from __future__ import annotations

from pathlib import Path


def mapped_files() -> frozenset[str]:
    """Return the files that are mapped into this process."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    fields = (line.split(maxsplit=5) for line in lines)
    return frozenset(f[5] for f in fields if len(f) == 6 and f[5].startswith("/"))


def size_bytes(files: frozenset[str]) -> int | None:
    """Return the size of files together; None if there is none that can be asked."""
    known = [Path(file).stat().st_size for file in files if Path(file).is_file()]
    return sum(known) if known else None
