"""Numbers that cross the link are finite: NaN would spoil the other side's weights for good."""

from __future__ import annotations

from typing import Any, Literal

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


def check(array: npt.NDArray[np.floating[Any]], direction: Direction | None = None) -> None:
    """Raise NotFiniteError where a number is NaN or infinite."""
    finite = np.isfinite(array)
    if not finite.all():
        count, nan = int(np.sum(~finite)), int(np.isnan(array).sum())
        raise NotFiniteError(
            f"{count} of {array.size} numbers are not finite ({nan} NaN)", direction
        )
