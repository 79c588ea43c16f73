"""What a server that is started again must know: the weights after a round, and the devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchharness.cuts.profile import Profile, from_document, to_document
from benchharness.cuts.records import Layers
from benchharness.errors import UsageError
from benchharness.learning import arrays as model_arrays
from benchharness.learning import kept
from benchharness.learning.arrays import Arrays
from benchharness.split.config import SplitConfig
from benchharness.split.estimates import Estimate

FOLDER, FILE_NAME = "state", "state.npz"


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
    kept.write(folder / FILE_NAME, story, state.arrays)


def load(folder: Path, config: SplitConfig, like: Mapping[str, Any]) -> State | None:
    """Return the state of an earlier server, its arrays those of ``like``; None if there was none.

    Raises UsageError for a file that is damaged, or of a training with other options.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return None
    try:
        story, arrays = kept.read(file)
        if story["config"] != config.digest():
            raise UsageError("belongs to a training with other options", remedy=kept.REMEDY)
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
    except kept.DAMAGED as error:
        raise UsageError(f"is damaged: {error}", where=str(file), remedy=kept.REMEDY) from None


def _estimates(story: Mapping[str, Any], config: SplitConfig, where: str) -> dict[int, Estimate]:
    profile = from_document(story["profile"], where)
    found = {}
    for number, device, cores, corrections in zip(
        story["devices"], profile.devices, story["cores"], story["corrections"], strict=True
    ):
        found[int(number)] = Estimate(device, config.smoothing, cores)
        found[int(number)].restore(corrections)
    return found
