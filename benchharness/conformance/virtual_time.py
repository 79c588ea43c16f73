"""A clock that takes no time, and what is due on it: drivers, devices and brokers of one bench.

Everything runs on the thread of the caller. Whoever sleeps or waits lets the others act at their
times, so that a trial of an hour with its telemetry takes milliseconds.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable

from benchharness.clock import NANOSECONDS_PER_SECOND

START_NS = 1_000 * NANOSECONDS_PER_SECOND

Action = Callable[[], object]


def nanoseconds(duration_s: float) -> int:
    """Convert seconds to whole nanoseconds."""
    return round(duration_s * NANOSECONDS_PER_SECOND)


class VirtualTime:
    """A :class:`benchharness.clock.Clock`: sleeping moves it on and lets happen what is due."""

    def __init__(self, start_ns: int = START_NS) -> None:
        self._now_ns = start_ns
        self._due: list[tuple[int, int, Action]] = []
        self._count = 0

    def now_ns(self) -> int:
        """Return the virtual CLOCK_MONOTONIC in nanoseconds."""
        return self._now_ns

    def sleep_s(self, duration_s: float) -> None:
        """Move on by ``duration_s`` seconds; what is due in them happens at its time."""
        self.run_until(self._now_ns + max(0, nanoseconds(duration_s)))

    def at(self, t_ns: int, action: Action) -> None:
        """Call ``action`` at ``t_ns``, or as soon as time moves on where that has passed."""
        heapq.heappush(self._due, (t_ns, self._count, action))
        self._count += 1

    def every(self, period_s: float, action: Action) -> Action:
        """Call ``action`` every ``period_s`` seconds from now on; return what ends it."""
        period_ns = max(1, nanoseconds(period_s))
        going = True

        def act() -> None:
            if going:
                self.at(self._now_ns + period_ns, act)
                action()

        def stop() -> None:
            nonlocal going
            going = False

        self.at(self._now_ns + period_ns, act)
        return stop

    def run_until(self, t_ns: int) -> None:
        """Move on to ``t_ns``."""
        while self._due and self._due[0][0] <= t_ns:
            self._step()
        self._now_ns = max(self._now_ns, t_ns)

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Move on until ``event`` is set, at most ``timeout_s`` seconds; return whether it is."""
        end_ns = self._now_ns + max(0, nanoseconds(timeout_s))
        while not event.is_set() and self._due and self._due[0][0] <= end_ns:
            self._step()
        if not event.is_set():
            self._now_ns = max(self._now_ns, end_ns)
        return event.is_set()

    def _step(self) -> None:
        t_ns, _, action = heapq.heappop(self._due)
        self._now_ns = max(self._now_ns, t_ns)
        action()
