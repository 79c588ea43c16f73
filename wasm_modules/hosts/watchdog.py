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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

_LONGEST_S = 1e8  # about three years; select(2) takes no number of seconds
_PATIENCE_S = 1.0  # for whoever reads what is said before the end


def _nothing() -> Iterable[tuple[int, bytes]]:
    return ()


@contextmanager
def time_limit(
    limit_s: float | None,
    what: str,
    last_words: Callable[[], Iterable[tuple[int, bytes]]] = _nothing,
) -> Iterator[Callable[[], None]]:
    """Give the body a function that starts its time; None is no limit.

    A body that takes longer is ended with its process, by SIGKILL, after one line on stderr.
    ``last_words`` are descriptors, and what goes there before that line; it is called in a
    process that was forked from this one before the body.
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
        try:  # nothing of what called this function is to run here, whatever happens
            os.close(there)
            if _is_over(here, min(limit_s, _LONGEST_S)):
                line = f"{what}: the guest ran longer than its limit of {limit_s:g} s\n"
                _end(watched, last_words, line)
        finally:
            os._exit(0)
    os.close(here)
    try:
        yield lambda: _start(there)
    finally:
        os.close(there)
        os.waitpid(pid, 0)


def _start(there: int) -> None:
    os.write(there, b"s")


def _is_over(here: int, limit_s: float) -> bool:
    """Wait for the start, then for the end of the time or of the process; return whether time."""
    return bool(os.read(here, 1)) and not select.select([here], [], [], limit_s)[0]


def _end(watched: int, last_words: Callable[[], Iterable[tuple[int, bytes]]], line: str) -> None:
    """Say what is to be said, to whoever listens, and kill the host in any case."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _give_up)
    try:
        for descriptor, words in last_words():
            _say(descriptor, words)
        _say(2, line.encode())
    finally:
        if os.getppid() == watched:
            os.kill(watched, signal.SIGKILL)


def _say(descriptor: int, words: bytes) -> None:
    """Write, unless the descriptor is closed or full, or nobody reads it in time."""
    with suppress(OSError):
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE_S)
        while words:
            words = words[os.write(descriptor, words) :]
        signal.setitimer(signal.ITIMER_REAL, 0)


def _give_up(_signal: int, _frame: object) -> None:
    raise TimeoutError
