"""What a server that is started again must know: the weights and the story after a round.

One .npz file, which is written beside the old one, forced to the disk and put in its place: a
reader finds a whole round, the last or the one before. Its member "story" is JSON.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchharness.errors import UsageError
from benchharness.federated.config import TaskConfig
from benchharness.learning.arrays import fault
from benchharness.wire.frames import Tensor

FILE_NAME = "state.npz"
_CLOSED = "closed"
_STORY = "story"
_ARRAY = "arrays/"
_REMEDY = "remove it to begin from the start"
_NOT_A_ZIP = (zipfile.BadZipFile, NotImplementedError)  # the second: a method no zip file has


@dataclass(frozen=True, slots=True)
class State:
    """What there is after ``round_number`` rounds.

    ``curve`` has the figures of each round, the first before training. ``resumed_after`` are the
    rounds after which a server was started again.
    """

    round_number: int
    arrays: Mapping[str, Tensor]
    curve: tuple[Mapping[str, float], ...] = ()
    resumed_after: tuple[int, ...] = field(default=())


def load(folder: Path, config: TaskConfig, like: Mapping[str, Tensor]) -> State | None:
    """Return the state of an earlier server; None if there was none.

    ``like`` are the model's arrays. Raises UsageError for a file that is damaged, of a training
    with other options, or whose arrays are not those of the model by name, shape and type.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return None
    try:
        # NumPy leaves a damaged file open that it opened itself.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as members:
            story = json.loads(members[_STORY].tobytes())
            arrays = {
                name.removeprefix(_ARRAY): members[name]
                for name in members.files
                if name.startswith(_ARRAY)
            }
        state = State(
            int(story["round"]), arrays, tuple(story["curve"]), tuple(story["resumed_after"])
        )
        owner = story["config"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, *_NOT_A_ZIP) as error:
        raise UsageError(f"is damaged: {error}", where=str(file), remedy=_REMEDY) from None
    if owner != config.digest():
        raise UsageError(
            "belongs to a training with other options", where=str(file), remedy=_REMEDY
        )
    if (wrong := fault(state.arrays, like)) is not None:
        raise UsageError(f"is not of this model: {wrong}", where=str(file), remedy=_REMEDY)
    return state


def save(folder: Path, config: TaskConfig, state: State) -> None:
    """Keep the state, in place of an earlier one. Raises OSError where there is no room for it."""
    folder.mkdir(parents=True, exist_ok=True)
    story = {
        "config": config.digest(),
        "round": state.round_number,
        "curve": list(state.curve),
        "resumed_after": list(state.resumed_after),
    }
    members = {_ARRAY + name: array for name, array in state.arrays.items()}
    members[_STORY] = np.frombuffer(json.dumps(story).encode(), dtype=np.uint8)
    part = folder / f"{FILE_NAME}.part"
    with part.open("wb") as stream:
        np.savez(stream, **members)  # type: ignore[arg-type]
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(folder / FILE_NAME)
    (folder / _CLOSED).unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def close(folder: Path, config: TaskConfig) -> None:
    """Note that the window has ended: a server that is started again must not end it twice."""
    (folder / _CLOSED).write_text(config.digest())


def is_closed(folder: Path, config: TaskConfig) -> bool:
    """Return whether an earlier server of this training ended the window."""
    file = folder / _CLOSED
    return file.exists() and file.read_text() == config.digest()
