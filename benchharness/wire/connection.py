"""Sending and receiving frames over a socket: what is left to send, and a side that may wait."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from benchharness.errors import UnfitError
from benchharness.wire.frames import (
    LARGEST_FRAME_BYTES,
    Decoder,
    Frame,
    Tensor,
    WireError,
    encode,
)

_SILENT_S = 30  # a machine that has gone without a word is noticed after about a minute
_BUFFERS_AT_ONCE = 512  # Linux takes 1024 (IOV_MAX)


class ClosedError(WireError):
    """The other side has closed the connection, between two frames or within one."""


class Outgoing:
    """The buffers of a frame that have not been sent yet."""

    def __init__(self, buffers: list[memoryview]) -> None:
        self.size_bytes = sum(buffer.nbytes for buffer in buffers)
        self._buffers = deque(buffers)

    def __bool__(self) -> bool:
        return bool(self._buffers)

    def send(self, sock: socket.socket) -> None:
        """Send once, as much as the socket takes. Raises OSError as the socket does."""
        if isinstance(sock, ssl.SSLSocket):  # which takes one buffer at a time
            self._forget(sock.send(self._buffers[0]))
            return
        head = [self._buffers[index] for index in range(min(len(self._buffers), _BUFFERS_AT_ONCE))]
        self._forget(sock.sendmsg(head))

    def _forget(self, sent: int) -> None:
        while self._buffers and sent >= self._buffers[0].nbytes:
            sent -= self._buffers.popleft().nbytes
        if sent:
            self._buffers[0] = self._buffers[0][sent:]


def receive_some(sock: socket.socket, decoder: Decoder) -> Frame | None:
    """Receive once; return the frame that this completes, or None.

    Raises ClosedError where the other side has closed, WireError for what is no frame, OSError.
    """
    count = sock.recv_into(decoder.room())
    if not count:
        missing = decoder.missing
        text = f"closed within a frame, without {missing}" if missing else "closed"
        raise ClosedError(f"the connection was {text}")
    return decoder.took(count)


class Connection:
    """Frames over a socket of one's own, waiting for each. A context manager that closes it.

    ``received_ns`` is when the first and the last byte of the latest frame came, CLOCK_MONOTONIC.
    """

    def __init__(self, sock: socket.socket, limit_bytes: int = LARGEST_FRAME_BYTES) -> None:
        self._socket = sock
        self._decoder = Decoder(limit_bytes)
        self._first_ns: int | None = None
        self.received_ns = (0, 0)

    @property
    def limit_bytes(self) -> int:
        """The largest frame, in bytes, of both directions."""
        return self._decoder.limit_bytes

    @limit_bytes.setter
    def limit_bytes(self, value: int) -> None:
        self._decoder.limit_bytes = value

    def send(
        self,
        kind: str,
        fields: Mapping[str, Any] | None = None,
        tensors: Mapping[str, Tensor] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> int:
        """Send a frame; return its size in bytes. Raises WireError, TimeoutError, OSError."""
        outgoing = Outgoing(encode(kind, fields, tensors, limit_bytes=self.limit_bytes))
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while outgoing:
            self._wait_until(until)
            outgoing.send(self._socket)
        return outgoing.size_bytes

    def receive(self, timeout_s: float | None = None) -> Frame:
        """Wait for a frame. Raises ClosedError, WireError, TimeoutError, OSError.

        After TimeoutError it may be called again: what has come of a frame is kept.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            self._wait_until(until)
            frame = receive_some(self._socket, self._decoder)
            now_ns = time.monotonic_ns()
            first_ns = self._first_ns = self._first_ns or now_ns
            if frame is not None:
                self.received_ns, self._first_ns = (first_ns, now_ns), None
                return frame

    def close(self) -> None:
        """Close; may be called twice, and by another thread than the one that waits for a frame."""
        with contextlib.suppress(OSError):  # wakes who waits; closing alone does not
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _wait_until(self, until: float | None) -> None:
        left_s = None if until is None else until - time.monotonic()
        if left_s is not None and left_s <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left_s)


def keep_alive(sock: socket.socket) -> None:
    """Send small frames at once, and notice when the other machine has gone without a word."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


def listen(host: str, *ports: int) -> socket.socket:
    """Listen on the first of ``ports`` that can be had; 0 is any that is free.

    A port whose last connections are still being closed can be had: that of a server that is
    started again. The socket does not wait. Raises UnfitError where none can be had.
    """
    for wanted in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, wanted))
            listener.listen(128)
        except OSError as error:
            listener.close()
            problem = error
            continue
        listener.setblocking(False)
        return listener
    raise UnfitError(
        f"cannot listen at {host}:{wanted}: {problem.strerror}",
        remedy="take another address, or port 0 for any that is free",
    )
