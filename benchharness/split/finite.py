"""Numbers that cross the link are finite: NaN would spoil the other side's weights for good."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from benchharness.wire.frames import WireError

Direction = Literal["up", "down"]
_WORDS = {
    "up": "activations, up from the device to the server",
    "down": "gradients, down from the server to the device",
}


class NotFiniteError(WireError):
    """NaN or infinity where numbers cross; ``direction`` is "up" or "down", None if not known."""

    def __init__(self, what: str, direction: Direction | None = None) -> None:
        self.direction = direction
        super().__init__(
            what,
            where=None if direction is None else _WORDS[direction],
            remedy="the training diverged: take a smaller learning rate",
        )


def check(array: npt.NDArray[np.floating], direction: Direction | None = None) -> None:
    """Raise NotFiniteError where a number is NaN or infinite.

    A sum is not finite if a number in it is not; only where it is not are they looked at one by
    one, for the sum of large numbers may be infinite too. That spares an array of truth values.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum(dtype=np.float32)):
            return
    wrong = ~np.isfinite(array)
    if count := int(wrong.sum()):
        nan = int(np.isnan(array).sum())
        raise NotFiniteError(
            f"{count} of {array.size} numbers are not finite ({nan} NaN)", direction
        )
