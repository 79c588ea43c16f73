"""A counter that begins anew after a known range, made one that only rises."""

from __future__ import annotations

from benchharness.clock import seconds

# A counter may be updated a little late, so that a look sees what belongs to the one before.
_SLACK_S = 0.05


class WrappingCounter:
    """Unwraps one counter, whose greatest rate ``most_per_s`` is known.

    Between two values at most one wrap is made good. What could be more than one wrap, or more
    than the greatest rate allows, such as a counter that was set to 0 while the machine slept,
    is not guessed at.
    """

    def __init__(self, range_units: int, most_per_s: float) -> None:
        self._range = range_units
        self._most_per_s = most_per_s
        self._last: tuple[int, int] | None = None

    @property
    def longest_s(self) -> float:
        """Return within how many seconds it must be looked at again."""
        return self._range / self._most_per_s - _SLACK_S

    def rise(self, t_ns: int, value: int) -> int | None:
        """Return the rise since the last value, 0 at the first one; None where nobody can tell."""
        last, self._last = self._last, (t_ns, value)
        if last is None:
            return 0
        most = self._most_per_s * (seconds(t_ns - last[0]) + _SLACK_S)
        risen = value - last[1] + (self._range if value < last[1] else 0)
        return risen if risen <= most < self._range else None
