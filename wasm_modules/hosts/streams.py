"""What a guest prints: kept aside while it runs, passed on afterwards, given as an output.

A pipe would need a reader that runs beside the guest, and some runtimes hold the interpreter's
lock for the whole call; so it goes to a file.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from wasm_modules.hosts import guest_report

_COPY_BYTES = 1 << 16
_LARGEST_TEXT_BYTES = 4096


class Printed:
    """What a program printed, as a value to compare: its text, or if it is long its digest."""

    def __init__(self) -> None:
        self._size = 0
        self._text = b""
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        """Add what comes next."""
        self._size += len(piece)
        self._text += piece[: max(0, _LARGEST_TEXT_BYTES - len(self._text))]
        self._digest.update(piece)

    def value(self) -> str:
        """Return the text, or its size and digest."""
        if self._size <= _LARGEST_TEXT_BYTES:
            return self._text.decode("utf-8", "backslashreplace")
        return f"{self._size} bytes, SHA-256 {self._digest.hexdigest()}"


class Spools:
    """Files for what a guest prints to stdout and, if asked, to stderr."""

    def __init__(self, *, stderr: bool) -> None:
        self.stdout, self.stderr = Printed(), Printed()
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by pass_on
        self._error: IO[bytes] | None = None
        if stderr:
            self._error = tempfile.TemporaryFile()  # noqa: SIM115 - likewise

    @contextmanager
    def filled(self) -> Iterator[None]:
        """Let the body print there, whatever the runtime."""
        with ExitStack() as stack:
            stack.enter_context(_redirected(1, self._out))
            if self._error is not None:
                stack.enter_context(_redirected(2, self._error))
            yield

    def pass_on(self, *, reports: bool) -> bytes | None:
        """Copy it to where it belongs, if asked less the report lines; return the last of those.

        The files are closed.
        """
        line = _pass_on(self._out, sys.stdout.buffer, self.stdout, reports=reports)
        self._out.close()
        if self._error is not None:
            _pass_on(self._error, sys.stderr.buffer, self.stderr, reports=False)
            self._error.close()
        return line


@contextmanager
def _redirected(descriptor: int, file: IO[bytes]) -> Iterator[None]:
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(descriptor)
    os.dup2(file.fileno(), descriptor)
    try:
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)


def _pass_on(spool: IO[bytes], to: IO[bytes], printed: Printed, *, reports: bool) -> bytes | None:
    spool.seek(0)
    report = None
    at_start = True
    in_report = False
    while piece := spool.readline(_COPY_BYTES):
        if at_start and reports:
            in_report = piece.startswith(guest_report.PREFIX)
            if in_report:
                report = b""
        if in_report:
            report = (report or b"") + piece
        else:
            to.write(piece)
            printed.add(piece)
        at_start = piece.endswith(b"\n")
    to.flush()
    return report
