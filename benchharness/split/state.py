"""What a server that is started again must know: the weights after a round, and the devices.

One .npz file, written beside the old one, forced to the disk and put in its place: a reader finds a
whole round, the last or the one before. Its member "story" is JSON.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchharness.cuts.profile import Profile, from_document, to_document
from benchharness.cuts.records import Layers
from benchharness.errors import UsageError
from benchharness.learning import arrays as model_arrays
from benchharness.learning.arrays import Arrays
from benchharness.split.config import SplitConfig
from benchharness.split.estimates import Estimate

FOLDER, FILE_NAME = "state", "state.npz"
_STORY, _ARRAY = "story", "arrays/"
_REMEDY = "remove it to begin from the start"


@dataclass(frozen=True, slots=True)
class State:
    """What there is after ``len(cuts)`` rounds.

    ``cuts`` are those of each round, ``tested`` the last test's figures, ``window_ns`` when the
    window began (CLOCK_MONOTONIC), ``resumed_after`` the rounds after which a server was started
    again, ``is_closed`` whether the window has ended.
    """

    arrays: Arrays
    cuts: list[list[int | None]]
    tested: dict[str, float]
    estimates: dict[int, Estimate]
    window_ns: int
    resumed_after: tuple[int, ...] = ()
    is_closed: bool = False


def save(folder: Path, config: SplitConfig, layers: Layers, state: State) -> None:
    """Keep the state, in place of an earlier one. Raises OSError where there is no room for it."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = sorted(state.estimates)
    profiles = tuple(state.estimates[number].profile for number in numbers)
    story = {
        "config": config.digest(),
        "cuts": state.cuts,
        "tested": state.tested,
        "window_ns": state.window_ns,
        "resumed_after": list(state.resumed_after),
        "is_closed": state.is_closed,
        "devices": numbers,
        "profile": to_document(Profile(layers, profiles)),
        "cores": [state.estimates[number].cores for number in numbers],
        "corrections": [state.estimates[number].corrections() for number in numbers],
    }
    members = {_ARRAY + name: array for name, array in state.arrays.items()}
    part = folder / f"{FILE_NAME}.part"
    with part.open("wb") as stream:
        text = np.frombuffer(json.dumps(story).encode(), dtype=np.uint8)
        np.savez(stream, **{**members, _STORY: text})  # type: ignore[arg-type]
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(folder / FILE_NAME)


def load(folder: Path, config: SplitConfig, like: Mapping[str, Any]) -> State | None:
    """Return the state of an earlier server, its arrays those of ``like``; None if there was none.

    Raises UsageError for a file that is damaged, or of a training with other options.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return None
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as members:
            story = json.loads(members[_STORY].tobytes())
            arrays = {
                name.removeprefix(_ARRAY): members[name]
                for name in members.files
                if name.startswith(_ARRAY)
            }
        if story["config"] != config.digest():
            raise UsageError("belongs to a training with other options", remedy=_REMEDY)
        wrong = model_arrays.fault(arrays, like)
        if wrong is not None:
            raise ValueError(wrong)
        return State(
            arrays,
            story["cuts"],
            story["tested"],
            _estimates(story, config, str(file)),
            int(story["window_ns"]),
            tuple(story["resumed_after"]),
            bool(story["is_closed"]),
        )
    except UsageError as error:
        raise UsageError(str(error), where=str(file)) from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"is damaged: {error}", where=str(file), remedy=_REMEDY) from None


def _estimates(story: Mapping[str, Any], config: SplitConfig, where: str) -> dict[int, Estimate]:
    profile = from_document(story["profile"], where)
    found = {}
    for number, device, cores, corrections in zip(
        story["devices"], profile.devices, story["cores"], story["corrections"], strict=True
    ):
        found[int(number)] = Estimate(device, config.smoothing, cores)
        found[int(number)].restore(corrections)
    return found
