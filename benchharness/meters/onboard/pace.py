"""How often a polled meter is really read: the median interval, and when it is not as asked."""

from __future__ import annotations

import statistics
from collections import deque

from benchharness.clock import seconds

# Fewer intervals say little; more hide a change for long.
_FEWEST = 10
_MOST = 100
DEVIATION = 0.2  # Green Metrics Tool: an interval 20 % off is a fault of the sampling


class Pace:
    """The intervals of the last scheduled readings, without those that were asked for."""

    def __init__(self, poll_s: float) -> None:
        self._poll_s = poll_s
        self._intervals_s: deque[float] = deque(maxlen=_MOST)
        self._last_ns: int | None = None
        self._unjudged = 0
        self._off = False

    def add(self, t_ns: int) -> str | None:
        """Count a scheduled reading; return a sentence when the pace has begun to be off or good.

        Costs a median once in ``_FEWEST`` readings.
        """
        last_ns, self._last_ns = self._last_ns, t_ns
        if last_ns is None:
            return None
        self._intervals_s.append(seconds(t_ns - last_ns))
        self._unjudged += 1
        if self._unjudged < _FEWEST:
            return None
        self._unjudged = 0
        return self._judge()

    def effective_s(self) -> float | None:
        """Return the median interval in seconds, None while there are few."""
        if len(self._intervals_s) < _FEWEST:
            return None
        return statistics.median(self._intervals_s.copy())

    def _judge(self) -> str | None:
        recent_s = statistics.median(list(self._intervals_s)[-_FEWEST:])
        off = abs(recent_s - self._poll_s) > DEVIATION * self._poll_s
        if off == self._off:
            return None
        self._off = off
        if off:
            return f"a reading each {recent_s:.3g} s instead of {self._poll_s:.3g} s"
        return f"a reading each {recent_s:.3g} s again"
