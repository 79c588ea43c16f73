"""Copies of the files of a run: what a guest sees of a folder, and may change, is its own.

Every runtime reads copies, LiteRT called directly too: what they take of the page cache counts
as a program's memory, so it must be the same for all.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # started by a program beside it

from wasm_modules.hosts.failures import EXIT_FAILED, HostError

_PIECE_BYTES = 1 << 30
_READ_BYTES = 1 << 18


def copy_into(folder: Path, name: str, file: Path) -> Path:
    """Copy a file to NAME/FILE in a folder; return where it is. Raises HostError."""
    copy = folder / name / file.name
    try:
        copy.parent.mkdir()
        _copy(file, copy)
    except OSError as error:
        raise HostError(
            f"{file} cannot be copied into {copy.parent}: {error.strerror}", EXIT_FAILED
        ) from None
    return copy


def _copy(file: Path, copy: Path) -> None:
    """Copy a file within the kernel: it shares the blocks where the file system can."""
    with file.open("rb") as source, copy.open("xb") as target:
        try:
            while os.copy_file_range(source.fileno(), target.fileno(), _PIECE_BYTES):
                pass
        except OSError:  # an old kernel, or two file systems that it cannot copy between
            source.seek(0)
            target.seek(0)
            target.truncate()
            while piece := source.read(_READ_BYTES):
                target.write(piece)
