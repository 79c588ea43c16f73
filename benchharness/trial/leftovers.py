"""Names of what a trial makes outside the store, and the removal of what a killed harness left.

Scratch folders and control groups carry the harness's process id in their names, so that the
next harness knows whose they are: those of a process that is gone can go.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(r"benchharness-(\d+)-.+")


def own_prefix() -> str:
    """Return how the names of this process's folders and groups begin."""
    return f"benchharness-{os.getpid()}-"


def abandoned(folder: Path) -> Iterator[Path]:
    """Yield the folders in ``folder`` that a harness made which is gone."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        match = _NAME.fullmatch(entry.name)
        if match and not Path(f"/proc/{match[1]}").exists() and entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)


def remove_abandoned_scratch() -> None:
    """Remove scratch folders of a harness that was killed, as far as they are ours."""
    for folder in abandoned(Path(tempfile.gettempdir())):
        if folder.stat(follow_symlinks=False).st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)
