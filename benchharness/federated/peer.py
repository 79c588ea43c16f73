"""One connection of the hub: what is to be sent, what has come, and who is at the other end."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchharness.wire.connection import Outgoing, keep_alive, receive_some
from benchharness.wire.frames import Decoder, Frame, encode


@dataclass(frozen=True, slots=True)
class Answer:
    """One client's part in a leg; times are CLOCK_MONOTONIC.

    ``sent_ns`` is when the server began to send. ``frame`` is the reply, all of which the server
    had at ``done_ns``; or it is None, and ``lost`` says why the client was given up then.
    """

    sent_ns: int
    done_ns: int
    bytes_down: int
    frame: Frame | None = None
    lost: str | None = None


class Peer:
    """A connection that never waits. ``index`` is None until it has said which client it is.

    ``leg`` is the question that it has been asked and has not answered, None if there is none.
    """

    def __init__(self, sock: socket.socket, address: str, limit_bytes: int) -> None:
        sock.setblocking(False)
        keep_alive(sock)
        self.socket = sock
        self.address = address
        self.since_s = time.monotonic()
        self.index: int | None = None
        self.hello: Mapping[str, Any] = {}
        self.leg: int | None = None
        self.queue: deque[Outgoing] = deque()
        self._decoder = Decoder(limit_bytes)

    @property
    def name(self) -> str:
        """Return who it is, as far as it is known."""
        return self.address if self.index is None else f"client {self.index}"

    def welcome(self, index: int, hello: Mapping[str, Any], limit_bytes: int) -> None:
        """Learn who it is, what it says of itself, and the largest frame that both sides take."""
        self.index, self.hello = index, hello
        self._decoder.limit_bytes = limit_bytes

    @property
    def limit_bytes(self) -> int:
        """The largest frame that it sends or takes."""
        return self._decoder.limit_bytes

    def post(self, buffers: list[memoryview]) -> None:
        """Queue a frame."""
        self.queue.append(Outgoing(buffers))

    def tell(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Send a small frame, as far as that goes without waiting. Raises OSError."""
        self.post(encode(kind, fields))
        self.flush()

    def flush(self) -> None:
        """Send what goes without waiting. Raises OSError."""
        try:
            while self.queue:
                self.queue[0].send(self.socket)
                if not self.queue[0]:
                    self.queue.popleft()
        except BlockingIOError:
            pass

    def receive(self) -> Frame | None:
        """Return the next whole frame, None if the rest has not come. Raises WireError, OSError."""
        try:
            while True:
                frame = receive_some(self.socket, self._decoder)
                if frame is not None:
                    return frame
        except BlockingIOError:
            return None
