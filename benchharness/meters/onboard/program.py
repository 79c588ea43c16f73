"""Asks a program for one answer, and says what that cost."""

from __future__ import annotations

import os
import select
import signal
import time
from dataclasses import dataclass

from benchharness.meters.onboard.held_file import Unreadable

_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program wrote, and the CPU time that it took to say so."""

    text: str
    cpu_s: float


def ask(arguments: list[str], timeout_s: float) -> Answer:
    """Run a program and return its output. Raises Unreadable with a reason that can be counted.

    The CPU time is that of the program itself; starting it costs the caller as much again.
    """
    reader, writer = os.pipe()
    try:
        process = os.posix_spawn(
            arguments[0],
            arguments,
            {"PATH": os.defpath, "LC_ALL": "C"},
            file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_DUP2, writer, 2)],
        )
    except OSError as error:
        os.close(reader)
        raise Unreadable(f"{arguments[0]}: {error.strerror}") from None
    finally:
        os.close(writer)
    try:
        raw = _read_all(reader, time.monotonic() + timeout_s)
    finally:
        os.close(reader)
    if raw is None:
        os.kill(process, signal.SIGKILL)  # our own child, not waited for yet: the id is its
    _, status, used = os.wait4(process, 0)
    if raw is None:
        raise Unreadable(f"{arguments[0]}: no answer within {timeout_s:g} s")
    text = raw.decode("utf-8", "replace")
    if status != 0:
        said = " ".join(text.split())[:80] or f"exit status {os.waitstatus_to_exitcode(status)}"
        raise Unreadable(f"{arguments[0]}: {said}")
    return Answer(text, used.ru_utime + used.ru_stime)


def _read_all(descriptor: int, until_s: float) -> bytes | None:
    """Return what is written until the end, None if that takes too long or too much."""
    parts = b""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN | select.POLLHUP)
    while True:
        left_s = until_s - time.monotonic()
        if left_s <= 0 or not waiting.poll(1000.0 * left_s):
            return None
        part = os.read(descriptor, 4096)
        if not part:
            return parts
        parts += part
        if len(parts) > _MOST_BYTES:
            return None
