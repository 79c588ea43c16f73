"""The step of a gauge, from the values that it has shown."""

from __future__ import annotations

import math

_ENOUGH = 3


class StepSeen:
    """The greatest common divisor of the values: the step, or a multiple of it.

    Until enough different values have been seen, it is taken to be no more than ``usual``.
    """

    def __init__(self, usual: int) -> None:
        self._usual = usual
        self._divisor = 0
        self._last = 0
        self._different = 0

    def add(self, value: int) -> None:
        """Count one value, in whole units of the kernel's file."""
        if value != self._last:
            self._last = value
            self._different += 1
            self._divisor = math.gcd(self._divisor, value)

    @property
    def step(self) -> int | None:
        """Return the step in units of the file, None before the first value."""
        if not self._divisor:
            return None
        if self._different < _ENOUGH:
            return min(self._divisor, self._usual)
        return self._divisor
