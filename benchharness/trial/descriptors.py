"""Open files: waiting for one of many, and room for the pipes of many programs."""

from __future__ import annotations

import resource
import select

_FOR_ONE_PROGRAM = 10  # three pipes, what wakes us, the events file, and those of a start
_FOR_THE_HARNESS = 256


def readable(descriptor: int, timeout_s: float) -> bool:
    """Return whether there is something to read, or the end, within the time.

    With poll: select cannot wait for a descriptor beyond 1023.
    """
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(timeout_s * 1000))


def make_room(programs: int) -> None:
    """Allow the files that so many programs take, as far as the machine lets us.

    Only where they are more than is allowed: programs inherit it, and some look at each.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FOR_THE_HARNESS + _FOR_ONE_PROGRAM * programs
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
