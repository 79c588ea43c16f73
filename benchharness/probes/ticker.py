"""Ticks at absolute deadlines on CLOCK_MONOTONIC, and how late each of them was."""

from __future__ import annotations

import os
import time
from array import array

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
NANOSECONDS_PER_SECOND = 1_000_000_000


class TimerTicker:
    """A periodic kernel timer (timerfd): 20 to 30 us late at best, also on a loaded machine."""

    method = "timerfd"

    def __init__(self, descriptor: int) -> None:
        self._timer = descriptor

    def wait(self) -> int:
        """Wait for a deadline; return how many have passed since the last call."""
        return int.from_bytes(os.read(self._timer, 8), "little")


class SleepTicker:
    """The same by sleeping, where there is no timerfd."""

    method = "sleep"

    def __init__(self, first_ns: int, period_ns: int) -> None:
        self._next_ns = first_ns
        self._period_ns = period_ns

    def wait(self) -> int:
        """Wait for a deadline; return how many have passed since the last call."""
        while (left_ns := self._next_ns - time.monotonic_ns()) > 0:
            time.sleep(left_ns / 1e9)
        expired = -left_ns // self._period_ns + 1
        self._next_ns += expired * self._period_ns
        return expired


def make_ticker(first_ns: int, period_ns: int) -> TimerTicker | SleepTicker:
    """Return the best ticker there is; its deadlines are ``first_ns + n * period_ns``."""
    descriptor = _timer_descriptor(first_ns, period_ns)
    if descriptor is None:
        return SleepTicker(first_ns, period_ns)
    return TimerTicker(descriptor)


def _timer_descriptor(first_ns: int, period_ns: int) -> int | None:
    """Return an armed timerfd from the C library (CPython has it from 3.13 on), or None."""
    try:
        from ctypes import CDLL, byref, c_long
    except ImportError:
        return None
    library = CDLL(None)
    if not hasattr(library, "timerfd_create"):
        return None
    descriptor: int = library.timerfd_create(_CLOCK_MONOTONIC, os.O_CLOEXEC)
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


class Punctuality:
    """How late the ticks were, counted in steps of 10 us up to 10 ms: no list that grows."""

    STEP_NS = 10_000
    STEPS = 1000

    def __init__(self, first_ns: int, period_ns: int) -> None:
        self._deadline_ns = first_ns - period_ns
        self._period_ns = period_ns
        self._counts = array("Q", bytes(8 * (self.STEPS + 1)))
        self._worst_ns = 0
        self.ticks = 0
        self.missed = 0
        self.over_1ms = 0

    def add(self, t_ns: int, expired: int) -> None:
        """Count the tick at ``t_ns``, before which ``expired`` deadlines have passed."""
        self._deadline_ns += expired * self._period_ns
        late_ns = t_ns - self._deadline_ns
        self.ticks += 1
        self.missed += expired - 1
        self._counts[min(max(late_ns, 0) // self.STEP_NS, self.STEPS)] += 1
        self.over_1ms += late_ns > 1_000_000
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
