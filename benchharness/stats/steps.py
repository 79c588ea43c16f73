"""The step in which rounded values move: the greatest common divisor of what they differ by."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

# What cannot be told from a divisor of 1 unit: values that move in steps that are no step.
_UNITS = 1e-6
# k random whole numbers have the divisor 1 with probability 1/zeta(k): 96 % for 5.
ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Step:
    """``size`` in the values' unit, and how many changes between different values it divides."""

    size: float
    changes: int

    @property
    def is_certain(self) -> bool:
        """Say whether a finer step would have shown: else ``size`` is at least the step."""
        return self.changes >= ENOUGH


def common_step(values: Sequence[float]) -> Step | None:
    """Return the greatest step that all changes are multiples of, to a millionth of the unit.

    None where nothing changes, or where the changes have no step: a value that is not rounded.
    """
    finite = sorted({round(value / _UNITS) for value in values if math.isfinite(value)})
    changes = [high - low for low, high in itertools.pairwise(finite)]
    divisor = math.gcd(*changes)
    # Beyond 2^53 units a float has no room for the digits that would be compared.
    if divisor <= 1 or max(abs(finite[0]), abs(finite[-1])) > 2**53:
        return None
    return Step(round(divisor * _UNITS, 6), len(changes))
