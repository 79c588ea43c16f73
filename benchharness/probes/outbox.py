"""Sending without ever waiting: what the pipe does not take now is sent at a later tick."""

from __future__ import annotations

import os

LIMIT_BYTES = 16 << 20  # of samples, when the reader has stopped reading for minutes


class Outbox:
    """The bytes on their way to the client, whose end of the pipe may be full or closed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()
        os.set_blocking(descriptor, False)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def is_full(self) -> bool:
        """Return whether more samples must not be added."""
        return len(self._waiting) > LIMIT_BYTES

    def put(self, data: bytes) -> None:
        """Send ``data`` after what waits. Raises BrokenPipeError when nobody can read it."""
        self._waiting += data
        self.push()

    def push(self) -> None:
        """Send what the pipe takes. Raises BrokenPipeError when nobody can read it."""
        try:
            while self._waiting:
                del self._waiting[: os.write(self._descriptor, self._waiting)]
        except BlockingIOError:
            return

    def drain(self) -> None:
        """Send everything, waiting for the reader. Raises BrokenPipeError when it is gone."""
        os.set_blocking(self._descriptor, True)
        self.push()
