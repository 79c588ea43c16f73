"""A file with the weights after a round and the story of how they came about.

One .npz file, which is written beside the old one, forced to the disk and put in its place: a
reader finds a whole round, the last or the one before. Its member "story" is JSON.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

REMEDY = "remove it to begin from the start"
# What reading a damaged file, or a story that is none, may raise; the last but one: a method that
# no zip file has.
DAMAGED = (
    *(OSError, ValueError, KeyError, TypeError, EOFError),
    *(NotImplementedError, zipfile.BadZipFile),
)
_STORY = "story"
_ARRAY = "arrays/"


def write(file: Path, story: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Keep story and arrays, in place of earlier ones. Raises OSError without room for them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    members = {_ARRAY + name: array for name, array in arrays.items()}
    members[_STORY] = np.frombuffer(json.dumps(story).encode(), dtype=np.uint8)
    part = file.with_name(f"{file.name}.part")
    with part.open("wb") as stream:
        np.savez(stream, **members)  # type: ignore[arg-type]
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
    settle(file.parent)


def settle(folder: Path) -> None:
    """Force to the disk which files a folder has."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(file: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return story and arrays. Raises one of DAMAGED for a file that is not whole."""
    # NumPy leaves a damaged file open that it opened itself.
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as members:
        story: dict[str, Any] = json.loads(members[_STORY].tobytes())
        arrays = {
            name.removeprefix(_ARRAY): members[name]
            for name in members.files
            if name.startswith(_ARRAY)
        }
    return story, arrays
