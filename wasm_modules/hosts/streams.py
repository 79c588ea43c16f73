"""What a guest prints: kept aside while it runs, passed on afterwards, given as an output.

A pipe would need a reader that runs beside the guest, and some runtimes hold the interpreter's
lock for the whole call; so it goes to a file.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from wasm_modules.hosts import guest_report
from wasm_modules.hosts.failures import EXIT_FAILED, HostError

_COPY_BYTES = 1 << 16
_LARGEST_TEXT_BYTES = 4096
_TAIL_BYTES = 1 << 16
_MOST_BYTES = 256 << 20  # of a stream: the files may lie in memory, and a guest may never stop


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
        """Let the body print there, whatever the runtime, up to a limit.

        The limit is the system's, so that it is one for every file that the body writes. Raises
        HostError if a stream has reached it.
        """
        with ExitStack() as stack:
            most_bytes = stack.enter_context(_file_limit(_MOST_BYTES))
            stack.enter_context(_redirected(1, self._out))
            if self._error is not None:
                stack.enter_context(_redirected(2, self._error))
            yield
        files = [file for file in (self._out, self._error) if file is not None]
        if any(os.fstat(file.fileno()).st_size >= most_bytes for file in files):
            raise HostError(f"the guest printed {most_bytes} bytes or more", EXIT_FAILED)

    def tails(self) -> Iterator[tuple[int, bytes]]:
        """Yield each descriptor and the end of what is kept for it; nothing is moved or closed.

        For a process that was forked before ``filled``: its descriptors are the real ones.
        """
        for descriptor, file in ((1, self._out), (2, self._error)):
            if file is not None:
                size = os.fstat(file.fileno()).st_size
                tail = os.pread(file.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES))
                yield descriptor, tail if not tail or tail.endswith(b"\n") else tail + b"\n"

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
def _file_limit(most_bytes: int) -> Iterator[int]:
    """Let no file become larger, or not larger than the limit that there is; yield the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if soft != resource.RLIM_INFINITY:
        most_bytes = min(most_bytes, soft)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield most_bytes
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


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
            if report is not None and len(report) <= guest_report.LARGEST_BYTES:
                report += piece  # beyond that it is refused, however long
        else:
            to.write(piece)
            printed.add(piece)
        at_start = piece.endswith(b"\n")
    to.flush()
    return report
