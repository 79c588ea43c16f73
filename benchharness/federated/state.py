"""What a server that is started again must know: the weights and the story after a round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchharness.errors import UsageError
from benchharness.federated.config import TaskConfig
from benchharness.learning import kept
from benchharness.learning.arrays import fault
from benchharness.wire.frames import Tensor

FILE_NAME = "state.npz"
_CLOSED = "closed"


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
        story, arrays = kept.read(file)
        state = State(
            int(story["round"]), arrays, tuple(story["curve"]), tuple(story["resumed_after"])
        )
        owner = story["config"]
    except kept.DAMAGED as error:
        raise UsageError(f"is damaged: {error}", where=str(file), remedy=kept.REMEDY) from None
    if owner != config.digest():
        raise UsageError(
            "belongs to a training with other options", where=str(file), remedy=kept.REMEDY
        )
    if (wrong := fault(state.arrays, like)) is not None:
        raise UsageError(f"is not of this model: {wrong}", where=str(file), remedy=kept.REMEDY)
    return state


def save(folder: Path, config: TaskConfig, state: State) -> None:
    """Keep the state, in place of an earlier one. Raises OSError where there is no room for it."""
    story = {
        "config": config.digest(),
        "round": state.round_number,
        "curve": list(state.curve),
        "resumed_after": list(state.resumed_after),
    }
    kept.write(folder / FILE_NAME, story, state.arrays)
    closed = folder / _CLOSED
    if closed.exists():
        closed.unlink()
        kept.settle(folder)


def close(folder: Path, config: TaskConfig) -> None:
    """Note that the window has ended: a server that is started again must not end it twice."""
    (folder / _CLOSED).write_text(config.digest())


def is_closed(folder: Path, config: TaskConfig) -> bool:
    """Return whether an earlier server of this training ended the window."""
    file = folder / _CLOSED
    return file.exists() and file.read_text() == config.digest()
