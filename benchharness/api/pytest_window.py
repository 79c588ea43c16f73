"""When the measured rounds of a pytest-benchmark fixture ran, and how many there were.

pytest-benchmark calibrates, perhaps warms up, runs its measured rounds, and calls the function
once more for its result. Its statistics hear of measured rounds only, so the window is from the
start of the first round that they hear of to the end of the last. There is no public hook for
that; the two methods that are wrapped here are in every version from 4.0 to 5.3, and where one is
missing there is no window, and the reason is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

NOT_KNOWN = "this version of pytest-benchmark does not tell when its rounds run"


class Rounds:
    """Watches one fixture; its cost is two readings of the clock for each round, outside of it."""

    def __init__(self, fixture: Any, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.count = 0
        self.busy_s = 0.0  # in the rounds themselves, by pytest-benchmark's timer
        self.iterations = 1
        self.known = callable(getattr(fixture, "_make_runner", None)) and callable(
            getattr(fixture, "_make_stats", None)
        )
        self._now_ns = now_ns
        self._began_ns = 0  # the round that runs now, of whatever kind
        self._first_ns = self._last_ns = 0
        if self.known:
            self._wrap(fixture)

    @property
    def window_ns(self) -> tuple[int, int] | None:
        """Return start and end of the measured rounds, None if there were none."""
        return (self._first_ns, self._last_ns) if self.count else None

    @property
    def calls(self) -> int:
        """Return how often the function was called in the window."""
        return self.count * self.iterations

    def _wrap(self, fixture: Any) -> None:
        make_runner, make_stats = fixture._make_runner, fixture._make_stats

        def noting_runner(*args: Any, **kwargs: Any) -> Callable[..., Any]:
            runner = make_runner(*args, **kwargs)

            def run(*loops: Any, **options: Any) -> Any:
                self._began_ns = self._now_ns()
                return runner(*loops, **options)

            return run

        def noting_stats(iterations: int) -> Any:
            stats = make_stats(iterations)
            self.iterations = int(iterations)
            update = stats.update

            def note(duration: float) -> None:
                self._ended(duration)
                update(duration)

            stats.update = note
            return stats

        fixture._make_runner, fixture._make_stats = noting_runner, noting_stats

    def _ended(self, duration_s: float) -> None:
        self._last_ns = self._now_ns()
        if self.count == 0:
            self._first_ns = self._began_ns
        self.count += 1
        self.busy_s += float(duration_s)
