"""Calls things at fixed times, without drift, on one thread."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable


class PeriodicTimer:
    """One thread that calls actions at fixed times; started by the first of them."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, float, Callable[[], object]]] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def add(self, period_s: float, action: Callable[[], object]) -> None:
        """Call ``action`` every ``period_s`` seconds from now on."""
        with self._changed:
            number = len(self._due)
            heapq.heappush(self._due, (time.monotonic() + period_s, number, period_s, action))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mqtt-timer", daemon=True)
                self._thread.start()
            self._changed.notify()

    def stop(self) -> None:
        """End the thread; no action runs after this. May be called twice."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                due, number, period_s, action = self._due[0]
                now = time.monotonic()
                if due > now:
                    self._changed.wait(due - now)
                    continue
                # A time that was slept through is left out, not made up for in a burst.
                following = max(due + period_s, now)
                heapq.heapreplace(self._due, (following, number, period_s, action))
            action()
