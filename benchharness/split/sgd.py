"""How a part is trained: stochastic gradient descent with momentum, and its rate by round."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchharness.errors import UsageError


@dataclass(frozen=True, slots=True)
class Sgd:
    """Learning rate, momentum and weight decay, as published by default.

    Raises UsageError for a rate that is not positive, a momentum outside [0, 1), or a decay below
    0; none may be infinite.
    """

    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check("learning rate", self.learning_rate, self.learning_rate > 0, "over 0")
        _check("momentum", self.momentum, 0 <= self.momentum < 1, "0 to under 1")
        _check("weight decay", self.weight_decay, self.weight_decay >= 0, "from 0 up")


def rate_of_round(
    learning_rate: float, round_number: int, *, after: int = 50, factor: float = 0.1
) -> float:
    """Return the learning rate of a round, from 1: ``factor`` times the first beyond ``after``.

    The published schedule of 100 rounds: the rate, and a tenth of it from round 51 on. Raises
    UsageError for a round below 1.
    """
    if round_number < 1:
        raise UsageError(f"there is no round {round_number}", remedy="rounds count from 1")
    return learning_rate if round_number <= after else learning_rate * factor


def _check(what: str, value: float, fits: bool, wanted: str) -> None:
    if not (fits and math.isfinite(value)):
        raise UsageError(f"a {what} of {value}", where="training", remedy=f"take {wanted}")
