"""Counts what a driver rejects, by reason, and reports it without flooding anybody."""

from __future__ import annotations

import threading
from collections import Counter

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.model import MeterEvent

REPORT_EVERY_NS = 10 * NANOSECONDS_PER_SECOND


class RejectionLog:
    """Rejected messages by reason. Written on one thread, reported on another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total: Counter[str] = Counter()
        self._unreported: Counter[str] = Counter()
        self._first_ns: dict[str, int] = {}
        self._reported_ns: dict[str, int] = {}

    def add(self, t_ns: int, reason: str) -> None:
        """Count one rejected message."""
        with self._lock:
            self._total[reason] += 1
            self._unreported[reason] += 1
            self._first_ns.setdefault(reason, t_ns)

    def counts(self) -> dict[str, int]:
        """Return how many were rejected for each reason since the start."""
        with self._lock:
            return dict(self._total)

    def summary(self) -> str:
        """Return the counts as text, the most frequent first; empty if there are none."""
        with self._lock:
            return ", ".join(f"{count} x {reason}" for reason, count in self._total.most_common())

    def take_events(self, now_ns: int, *, last: bool = False) -> list[MeterEvent]:
        """Return an event for each reason that is new or was last reported 10 s ago.

        ``last`` reports everything. The event's time is that of the first message it counts.
        """
        events = []
        with self._lock:
            for reason in list(self._unreported):
                reported_ns = self._reported_ns.get(reason)
                if not last and reported_ns is not None and now_ns - reported_ns < REPORT_EVERY_NS:
                    continue
                count = self._unreported.pop(reason)
                self._reported_ns[reason] = now_ns
                events.append(
                    MeterEvent(self._first_ns.pop(reason), "rejected", f"{count} x {reason}")
                )
        return sorted(events, key=lambda event: event.t_ns)
