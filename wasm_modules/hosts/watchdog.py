"""Ends a host whose guest runs too long, at no cost to the guest.

Fuel and epochs make compiled code about 2.5 times slower, and one of the runtimes has neither
and holds the interpreter's lock while the guest runs. So another process sleeps until the time
is over, says why, and kills the host. It is forked before the runtime is loaded: it stays small,
shares no page of the guest's memory, and no thread of a compiler is there yet.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def time_limit(limit_s: float | None, what: str) -> Iterator[Callable[[], None]]:
    """Give the body a function that starts its time; None is no limit.

    A body that takes longer is ended with its process, by SIGKILL, after one line on stderr.
    """
    if limit_s is None:
        yield lambda: None
        return
    here, there = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    watched = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(there)
        _watch(here, limit_s, watched, what)
        os._exit(0)
    os.close(here)
    try:
        yield lambda: _start(there)
    finally:
        os.close(there)
        os.waitpid(pid, 0)


def _start(there: int) -> None:
    os.write(there, b"s")


def _watch(here: int, limit_s: float, watched: int, what: str) -> None:
    """Wait for the start, then for the end of the time or of the process, however that comes."""
    if not os.read(here, 1):
        return
    if not select.select([here], [], [], limit_s)[0]:
        line = f"{what}: the guest ran longer than its limit of {limit_s:g} s\n"
        os.write(2, line.encode())
        os.kill(watched, signal.SIGKILL)
