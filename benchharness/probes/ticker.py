"""Ticks at absolute deadlines on CLOCK_MONOTONIC, and how late each of them was."""

from __future__ import annotations

import os
import select
import time
from array import array

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_TFD_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
NANOSECONDS_PER_SECOND = 1_000_000_000


class TimerTicker:
    """A periodic kernel timer (timerfd): 20 to 30 us late at best, also on a loaded machine."""

    method = "timerfd"

    def __init__(self, descriptor: int, commands: int) -> None:
        self._timer = descriptor
        self._commands = commands
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._poll.register(commands, select.POLLIN | select.POLLHUP)

    def wait(self) -> tuple[int, bool]:
        """Wait; return how many deadlines have passed, and whether there are commands."""
        expired, commands = 0, False
        for descriptor, _ in self._poll.poll():
            if descriptor == self._timer:
                expired = int.from_bytes(os.read(self._timer, 8), "little")
            else:
                commands = True
        return expired, commands


class SleepTicker:
    """The same by waiting for commands with a time limit, where there is no timerfd."""

    method = "select"

    def __init__(self, first_ns: int, period_ns: int, commands: int) -> None:
        self._next_ns = first_ns
        self._period_ns = period_ns
        self._commands = commands

    def wait(self) -> tuple[int, bool]:
        """Wait; return how many deadlines have passed, and whether there are commands."""
        left_ns = self._next_ns - time.monotonic_ns()
        readable = select.select([self._commands], [], [], max(0, left_ns) / 1e9)[0]
        late_ns = time.monotonic_ns() - self._next_ns
        expired = 0 if late_ns < 0 else late_ns // self._period_ns + 1
        self._next_ns += expired * self._period_ns
        return expired, bool(readable)


def make_ticker(first_ns: int, period_ns: int, commands: int) -> TimerTicker | SleepTicker:
    """Return the best ticker there is; its deadlines are ``first_ns + n * period_ns``."""
    descriptor = _timer_descriptor(first_ns, period_ns)
    if descriptor is None:
        return SleepTicker(first_ns, period_ns, commands)
    return TimerTicker(descriptor, commands)


def _timer_descriptor(first_ns: int, period_ns: int) -> int | None:
    """Return an armed timerfd. CPython has it from 3.13 on; before, the C library is asked."""
    try:
        from ctypes import CDLL, byref, c_long
    except ImportError:
        return None
    library = CDLL(None)
    if not hasattr(library, "timerfd_create"):
        return None
    descriptor: int = library.timerfd_create(_CLOCK_MONOTONIC, _TFD_FLAGS)
    if descriptor < 0:
        return None
    # struct itimerspec: the interval, then the first expiry, each in seconds and nanoseconds
    times = (
        *divmod(period_ns, NANOSECONDS_PER_SECOND),
        *divmod(first_ns, NANOSECONDS_PER_SECOND),
    )
    specification = (c_long * 4)(*times)
    if library.timerfd_settime(descriptor, _TFD_TIMER_ABSTIME, byref(specification), None) != 0:
        os.close(descriptor)
        return None
    return descriptor


class Lateness:
    """How late the ticks were, counted in steps of 10 us up to 10 ms: no list that grows."""

    STEP_NS = 10_000
    STEPS = 1000

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * (self.STEPS + 1)))
        self.ticks = 0
        self.over_1ms = 0
        self._worst_ns = 0

    def add(self, late_ns: int) -> None:
        """Count one tick."""
        self.ticks += 1
        self._counts[min(max(late_ns, 0) // self.STEP_NS, self.STEPS)] += 1
        if late_ns > 1_000_000:
            self.over_1ms += 1
        self._worst_ns = max(self._worst_ns, late_ns)

    def worst_s(self) -> float | None:
        """Return the latest tick's lateness; None without ticks."""
        return self._worst_ns / 1e9 if self.ticks else None

    def quantile_s(self, share: float) -> float | None:
        """Return an upper bound of the quantile, 10 us wide; None without ticks."""
        wanted = share * self.ticks
        passed = 0
        for step, count in enumerate(self._counts):
            passed += count
            if count and passed >= wanted:
                bound_ns = (step + 1) * self.STEP_NS
                return (self._worst_ns if step == self.STEPS else bound_ns) / 1e9
        return None
