"""Looks at a source at a pace of its own, on a thread of its own, and keeps what came.

A look is stamped with CLOCK_MONOTONIC in the middle between before and after. What cannot be
read is counted by its reason and is no reading. Nobody waits for the thread: it may hang in a
device. Without a thread the owner steps it, so that a test needs no time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, seconds
from benchharness.meters.onboard.held_file import Unreadable
from benchharness.meters.onboard.pace import Pace
from benchharness.meters.onboard.sample import Sample
from benchharness.meters.rejections import RejectionLog
from benchharness.model import MeterEvent, Reading

_LATE_PERIODS = 3.0
_SHORTEST_SILENCE_S = 3.0
_JOIN_S = 2.0


class Poller:
    """``look`` returns a sample, None if nothing is new, or raises Unreadable with a reason."""

    def __init__(
        self, look: Callable[[], Sample | None], poll_s: float, clock: Clock, looks: int = 1
    ) -> None:
        """``looks`` is how often to look per ``poll_s``, at sources with a pace of their own."""
        self.rejections = RejectionLog()
        self.pace = Pace(poll_s)
        self.half_width_s = 0.0  # of the longest look that became a reading
        self._look = look
        self._poll_s = poll_s
        self._look_ns = round(poll_s * NANOSECONDS_PER_SECOND / looks)
        self._clock = clock
        self._readings: deque[Reading] = deque()
        self._events: deque[MeterEvent] = deque()
        self._due_ns = clock.now_ns() + self._look_ns
        self._last_ns = 0
        self._silent = False
        self._stopping = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def has_readings(self) -> bool:
        """Return whether a reading waits to be taken."""
        return bool(self._readings)

    def start(self, name: str) -> None:
        """Begin to look every ``poll_s`` on a thread of this name."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """End the thread; returns whether it has ended, or hangs in a look."""
        self._stopping = True
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(_JOIN_S)
        if thread.is_alive():
            self.note("stuck", f"a look has not come back for {_JOIN_S:g} s")
            return False
        return True

    def step_if_due(self) -> None:
        """Look once if it is time; for owners without a thread."""
        if self._thread is None and self._clock.now_ns() >= self._due_ns:
            self._skip_to_next()
            self.step()

    def request(self) -> None:
        """Look now, beside the schedule."""
        if self._thread is None:
            self.step(scheduled=False)
        else:
            self._wake.set()

    def step(self, *, scheduled: bool = True) -> None:
        """Look once; what fails is counted."""
        before_ns = self._clock.now_ns()
        try:
            sample = self._look()
        except Unreadable as failure:
            self.rejections.add(before_ns, str(failure))
            return
        if sample is None:
            return
        t_ns = sample.t_ns
        if t_ns is None:
            after_ns = self._clock.now_ns()
            took_s = seconds(after_ns - before_ns)
            if took_s > self._poll_s:
                self.rejections.add(before_ns, f"the look took longer than {self._poll_s:g} s")
                return
            t_ns = (before_ns + after_ns) // 2
            self.half_width_s = max(self.half_width_s, took_s / 2.0)
        # Two looks in one tick of the clock keep their order.
        self._last_ns = max(t_ns, self._last_ns + 1)
        self._silent = False
        self._readings.append(
            Reading(
                self._last_ns,
                sample.power_w,
                sample.energy_j,
                sample.current_a,
                sample.voltage_v,
            )
        )
        said = self.pace.add(self._last_ns) if scheduled else None
        if said:
            self.note("period", said, self._last_ns)

    def take_readings(self) -> list[Reading]:
        """Return the readings since the last call, oldest first; notes a silence once."""
        readings = [self._readings.popleft() for _ in range(len(self._readings))]
        if not readings:
            self._note_silence()
        return readings

    def take_events(self, *, last: bool) -> list[MeterEvent]:
        """Return the events since the last call, oldest first."""
        events = [self._events.popleft() for _ in range(len(self._events))]
        events += self.rejections.take_events(self._clock.now_ns(), last=last)
        return sorted(events, key=lambda event: event.t_ns)

    def note(self, kind: str, detail: str, t_ns: int | None = None) -> None:
        """Record an event, now unless a time is given."""
        t_ns = self._clock.now_ns() if t_ns is None else t_ns
        self._events.append(MeterEvent(t_ns, kind, detail))

    def _note_silence(self) -> None:
        silence_s = seconds(self._clock.now_ns() - self._last_ns)
        longest_s = max(_LATE_PERIODS * self._poll_s, _SHORTEST_SILENCE_S)
        if not self._silent and self._last_ns and silence_s > longest_s:
            self._silent = True
            self.note("stale", f"no reading for {silence_s:.1f} s")

    def _skip_to_next(self) -> None:
        """Set the next deadline on the grid of the schedule, past those that were missed."""
        missed = (self._clock.now_ns() - self._due_ns) // self._look_ns
        self._due_ns += (missed + 1) * self._look_ns

    def _run(self) -> None:
        try:
            while not self._stopping:
                left_s = seconds(self._due_ns - self._clock.now_ns())
                if left_s > 0 and self._wake.wait(left_s):
                    if not self._stopping:
                        self._wake.clear()
                        self.step(scheduled=False)
                    continue
                self._skip_to_next()
                self.step()
        finally:
            if not self._stopping:
                self.note("offline", "the thread that reads the meter has ended")
