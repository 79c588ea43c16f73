"""Ends a host whose guest runs too long, at no cost to the guest.

Fuel and epochs make compiled code about 2.5 times slower, and one of the runtimes has neither
and holds the interpreter's lock while the guest runs. So another process sleeps until the time
is over, says why, and kills the host.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def time_limit(limit_s: float | None, what: str) -> Iterator[None]:
    """Kill this process if the body takes longer, after one line on stderr; None is no limit."""
    if limit_s is None:
        yield
        return
    here, there = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    watched = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(there)
        # Readable at the end of the body, and at the end of the host, however that comes.
        ended = select.select([here], [], [], limit_s)[0]
        if not ended:
            line = f"{what}: the guest ran longer than its limit of {limit_s:g} s\n"
            os.write(2, line.encode())
            os.kill(watched, signal.SIGKILL)
        os._exit(0)
    os.close(here)
    try:
        yield
    finally:
        os.close(there)
        os.waitpid(pid, 0)
