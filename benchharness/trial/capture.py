"""What a child writes, bounded: the head, the tail and the count, however much it is."""

from __future__ import annotations

import os

_HEAD_BYTES = 64 * 1024
_TAIL_BYTES = 64 * 1024
_READ_BYTES = 1 << 20
_READS_AT_ONCE = 16


class Capture:
    """Drains a pipe so that the child never waits for a reader, and keeps both ends of the text."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.total_bytes = 0
        self.closed = False
        self._head = bytearray()
        self._tail = bytearray()

    def drain(self) -> bool:
        """Read what is there; return False once the pipe has ended."""
        if self.closed:
            return False
        for _ in range(_READS_AT_ONCE):
            try:
                data = os.read(self.descriptor, _READ_BYTES)
            except BlockingIOError:
                return True
            if not data:
                self.close()
                return False
            self._keep(data)
        return True

    def close(self) -> None:
        """Close the pipe; may be called twice."""
        if not self.closed:
            self.closed = True
            os.close(self.descriptor)

    def text(self) -> str:
        """Return the text, with a line in place of what was left out."""
        left_out = self.total_bytes - len(self._head) - len(self._tail)
        head = self._head.decode("utf-8", "replace")
        tail = self._tail.decode("utf-8", "replace")
        return f"{head}\n[... {left_out} bytes left out ...]\n{tail}" if left_out else head + tail

    def last_line(self, before: int = 0) -> str:
        """Return the last line that is not empty, or the one so many before it, or ``""``.

        At most 200 characters of it.
        """
        lines = [line.strip() for line in self.text().splitlines() if line.strip()]
        return lines[-1 - before][:200] if len(lines) > before else ""

    def _keep(self, data: bytes) -> None:
        self.total_bytes += len(data)
        room = _HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail += data[-_TAIL_BYTES:]
            del self._tail[:-_TAIL_BYTES]
