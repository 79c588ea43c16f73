"""Calls things at fixed times, without drift, on one thread."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class _Entry:
    due_s: float
    number: int
    period_s: float = field(compare=False)
    action: Callable[[], object] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


class PeriodicTimer:
    """One thread that calls actions at fixed times; started by the first of them."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def add(self, period_s: float, action: Callable[[], object]) -> Callable[[], None]:
        """Call ``action`` every ``period_s`` seconds from now on; returns what ends that."""
        with self._changed:
            due_s = time.monotonic() + period_s
            entry = _Entry(due_s, next(self._numbers), period_s, action)
            heapq.heappush(self._entries, entry)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mqtt-timer", daemon=True)
                self._thread.start()
            self._changed.notify()

        def cancel() -> None:
            entry.cancelled = True  # it leaves the heap when it is due

        return cancel

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
                wait_s = self._wait_s()
                if wait_s is None or wait_s > 0:
                    self._changed.wait(wait_s)
                    continue
                entry = heapq.heappop(self._entries)
                if entry.cancelled:
                    continue
                # A time that was slept through is left out, not made up for in a burst.
                entry.due_s = max(entry.due_s + entry.period_s, time.monotonic())
                heapq.heappush(self._entries, entry)
            entry.action()

    def _wait_s(self) -> float | None:
        return self._entries[0].due_s - time.monotonic() if self._entries else None
