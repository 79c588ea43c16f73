"""One core's burner: a child process that spins and sleeps by a table of times.

Started as ``python -I -S burner.py HARNESS_PID`` with lines ``on_ns off_ns`` (CLOCK_MONOTONIC) on
stdin; writes the same lines on stdout with the times that it truly kept. It ends when the harness
has gone, at the first signal, and at the end of its table. Standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
import time

_SLICE_S = 0.05  # how late it may notice that the harness has gone
_SPINS = 2_000  # about 50 µs of work between two looks at the clock
_PR_SET_PDEATHSIG = 1


def main(harness: int) -> None:
    """Keep the table."""
    _die_with(harness)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # at once, and without a traceback
    for line in sys.stdin:
        on_ns, off_ns = (int(word) for word in line.split())
        _sleep_until(on_ns, harness)
        started_ns = time.monotonic_ns()
        stopped_ns = _spin_until(off_ns, harness)
        sys.stdout.write(f"{started_ns} {stopped_ns}\n")
        sys.stdout.flush()


def _sleep_until(t_ns: int, harness: int) -> None:
    while (left_s := (t_ns - time.monotonic_ns()) / 1e9) > 0:
        time.sleep(min(_SLICE_S, left_s))
        _stay_only_with(harness)


def _spin_until(t_ns: int, harness: int) -> int:
    looked_ns = time.monotonic_ns()
    while (now_ns := time.monotonic_ns()) < t_ns:
        if now_ns - looked_ns > _SLICE_S * 1e9:
            looked_ns = now_ns
            _stay_only_with(harness)
        for _ in range(_SPINS):
            pass
    return now_ns


def _stay_only_with(harness: int) -> None:
    if os.getppid() != harness:
        sys.exit(0)


def _die_with(harness: int) -> None:
    """Have the kernel end us with the harness where it can; the loops look for it anyway."""
    import ctypes

    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        return  # no such call here
    _stay_only_with(harness)


if __name__ == "__main__":
    main(int(sys.argv[1]))
