"""Plays the traces of a trial's links: each change is made when it is due, and noted.

Time 0 is the start of the window; until then every link has its first rates.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, seconds
from benchharness.errors import BenchharnessError
from benchharness.links.records import LinkTrace


@dataclass(frozen=True, slots=True)
class Change:
    """The rates that a program's link has from a time on, in bit/s."""

    t_ns: int
    program: str
    up_bit_s: float
    down_bit_s: float


class Schedule:
    """The changes of several traces after their first rates, in their order. Knows no clock."""

    def __init__(self, traces: Mapping[str, LinkTrace], start_ns: int) -> None:
        self._traces = dict(traces)
        self._start_ns = start_ns
        self._due: list[tuple[float, str]] = []
        for program in self._traces:
            self._await_next(program, 0.0)

    def next_ns(self) -> int | None:
        """Return when the next change is due; None if none is to come."""
        if not self._due:
            return None
        return self._start_ns + math.ceil(self._due[0][0] * NANOSECONDS_PER_SECOND)

    def take(self, now_ns: int) -> list[Change]:
        """Return the changes that are due, of each program the latest."""
        latest: dict[str, Change] = {}
        while (due_ns := self.next_ns()) is not None and due_ns <= now_ns:
            t_s, program = heapq.heappop(self._due)
            trace = self._traces[program]
            latest[program] = Change(due_ns, program, *trace.rates_at(t_s))
            self._await_next(program, t_s)
        return list(latest.values())

    def _await_next(self, program: str, t_s: float) -> None:
        trace = self._traces[program]
        next_s = None if trace.is_constant else trace.next_change_s(t_s)
        if next_s is not None:
            heapq.heappush(self._due, (next_s, program))


class Player:
    """Makes the changes in a thread of its own, from :meth:`begin` to :meth:`stop`.

    ``apply`` is called with each change; what it made of it (the time may be later) waits in
    :meth:`taken`. ``fault`` is why it has given up, if so.
    """

    def __init__(
        self, traces: Mapping[str, LinkTrace], apply: Callable[[Change], Change], clock: Clock
    ) -> None:
        self._traces = traces
        self._apply = apply
        self._clock = clock
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._taken: list[Change] = []
        self._thread: threading.Thread | None = None
        self.fault: str | None = None

    def begin(self, start_ns: int) -> None:
        """Let the traces begin at ``start_ns``; another call does nothing."""
        if self._thread is None:
            schedule = Schedule(self._traces, start_ns)
            self._thread = threading.Thread(
                target=self._play, args=(schedule,), name="links", daemon=True
            )
            self._thread.start()

    def taken(self) -> list[Change]:
        """Return the changes that have been made since the last call."""
        with self._lock:
            taken, self._taken = self._taken, []
        return taken

    def stop(self) -> None:
        """Make no more changes; may be called twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _play(self, schedule: Schedule) -> None:
        while (due_ns := schedule.next_ns()) is not None:
            if self._stop.wait(max(0.0, seconds(due_ns - self._clock.now_ns()))):
                return
            for change in schedule.take(self._clock.now_ns()):
                try:
                    made = self._apply(change)
                except (BenchharnessError, OSError) as error:
                    self.fault = str(error)
                    return
                with self._lock:
                    self._taken.append(made)
