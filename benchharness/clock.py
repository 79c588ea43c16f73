"""The one clock of the harness: CLOCK_MONOTONIC in integer nanoseconds.

Intervals never come from a wall clock; one anchor per campaign relates the two.
The clock is passed in where code waits, so that tests need not.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

NANOSECONDS_PER_SECOND = 1_000_000_000


class Clock(Protocol):
    """What code that waits needs to know of time."""

    def now_ns(self) -> int:
        """Return CLOCK_MONOTONIC in nanoseconds."""
        ...

    def sleep_s(self, duration_s: float) -> None:
        """Wait for ``duration_s`` seconds."""
        ...


class MonotonicClock:
    """The real clock."""

    def now_ns(self) -> int:
        """Return CLOCK_MONOTONIC in nanoseconds."""
        return time.monotonic_ns()

    def sleep_s(self, duration_s: float) -> None:
        """Wait for ``duration_s`` seconds; a negative duration returns at once."""
        if duration_s > 0:
            time.sleep(duration_s)


class FakeClock:
    """A clock for tests: sleeping moves it on and takes no time."""

    def __init__(self, start_ns: int = 1_000 * NANOSECONDS_PER_SECOND) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Return the time that has been set."""
        return self._now_ns

    def sleep_s(self, duration_s: float) -> None:
        """Move on by ``duration_s`` seconds."""
        self._now_ns += max(0, round(duration_s * NANOSECONDS_PER_SECOND))


@dataclass(frozen=True, slots=True)
class WallAnchor:
    """One reading of both clocks, taken together: wall = unix_ns + (t_ns - monotonic_ns)."""

    monotonic_ns: int
    unix_ns: int

    @classmethod
    def take(cls) -> WallAnchor:
        """Read both clocks, keeping the tightest of a few readings."""
        best: tuple[int, WallAnchor] | None = None
        for _ in range(5):
            before = time.monotonic_ns()
            unix = time.time_ns()
            after = time.monotonic_ns()
            anchor = cls((before + after) // 2, unix)
            if best is None or after - before < best[0]:
                best = (after - before, anchor)
        assert best is not None
        return best[1]


def seconds(duration_ns: int) -> float:
    """Convert an interval in nanoseconds to seconds."""
    return duration_ns / NANOSECONDS_PER_SECOND
