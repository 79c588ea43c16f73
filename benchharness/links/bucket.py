"""A token bucket that follows a link's trace: how a program shapes what it sends by itself.

Source: RFC 2697 and tc-tbf(8). In any time t no more than burst + rate x t bytes are let go, and
what 0.1 s carry where a sender that wanted to send could not: it stood still in a full machine, or
in the rest of a period (0.1 s in Linux) whose share of the CPU its device had used.
"""

from __future__ import annotations

import math
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Literal

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, MonotonicClock, seconds
from benchharness.links.records import PAYLOAD_SHARE, LinkTrace
from benchharness.links.shaping import burst_bytes as kernel_burst_bytes

Side = Literal["up", "down"]
_BITS = 8
_PIECE = 0.5  # of the burst, sent at once
CATCH_UP_S = 0.1  # what a sender may catch up, of the time in which it wanted to send


class TokenBucket:
    """Lets bytes of the wire go at a trace's rate, up or down. For one sender at a time.

    It is full at first. Without ``burst_bytes`` the burst is that of the kernel's shaping. Until
    :meth:`begin` the first rate of the trace holds. While a sender waits, or has said that it has
    more to send, what a burst does not hold is kept too, for CATCH_UP_S; in a pause it goes by.
    """

    def __init__(
        self,
        trace: LinkTrace,
        side: Side,
        *,
        burst_bytes: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        if burst_bytes is None:
            rates = trace.up_bit_s if side == "up" else trace.down_bit_s
            burst_bytes = kernel_burst_bytes(max(rates))
        if burst_bytes < 1:
            raise ValueError(f"a burst is at least one byte, got {burst_bytes}")
        self.burst_bytes = burst_bytes
        self._trace = trace
        self._side = 0 if side == "up" else 1
        self._clock = MonotonicClock() if clock is None else clock
        self._begin_ns: int | None = None
        self._tokens = float(burst_bytes)
        self._wanted = False
        self._at_ns = self._clock.now_ns()

    def begin(self, t_ns: int | None = None) -> None:
        """Let the trace begin: its time 0 is ``t_ns`` on CLOCK_MONOTONIC, or now."""
        self._fill()
        self._begin_ns = self._clock.now_ns() if t_ns is None else t_ns

    @property
    def rate_bit_s(self) -> float:
        """Return the rate that holds now."""
        return self._rate_at(self._clock.now_ns())[0]

    def take(self, wire_bytes: float, *, more: bool = False) -> None:
        """Wait until so many bytes may go, and take them; ``more`` if others are to follow at once.

        Who takes more than the burst at once sends more than the burst at once: cut it before, or
        use :class:`ShapedSocket`.
        """
        self._fill()
        self._wanted = True
        left = float(wire_bytes)
        while left > 0:
            piece = min(left, self.burst_bytes)
            self._wait_for(piece)
            self._tokens -= piece
            left -= piece
        self._wanted = more

    def ready_bytes(self) -> float:
        """Return how many bytes may go now."""
        self._fill()
        return self._tokens

    def give_back(self, wire_bytes: float) -> None:
        """Return what was taken and has not been sent."""
        self._tokens += wire_bytes

    def _wait_for(self, piece: float) -> None:
        while self._tokens < piece:
            bit_s, until_ns = self._rate_at(self._at_ns)
            wait_ns = math.ceil((piece - self._tokens) * _BITS / bit_s * NANOSECONDS_PER_SECOND)
            if until_ns is not None:
                wait_ns = min(wait_ns, until_ns - self._at_ns)
            # At least 1 ns: a remainder that rounds to nothing would never be waited for.
            self._clock.sleep_s(seconds(max(1, wait_ns)))
            self._fill()

    def _fill(self) -> None:
        """Add what has come since the last time, at the rates that held, as far as it is kept."""
        now_ns = self._clock.now_ns()
        while self._at_ns < now_ns and (self._wanted or self._tokens != self.burst_bytes):
            bit_s, until_ns = self._rate_at(self._at_ns)
            end_ns = now_ns if until_ns is None else min(now_ns, until_ns)
            self._add(bit_s / _BITS, seconds(end_ns - self._at_ns))
            self._at_ns = end_ns
        self._at_ns = max(self._at_ns, now_ns)

    def _add(self, byte_s: float, lasting_s: float) -> None:
        """Add what a rate brings; in a pause what was to be caught up goes by as fast."""
        came, burst = lasting_s * byte_s, float(self.burst_bytes)
        if self._wanted:
            # What is there already was earned at a rate that may have been higher.
            most = max(self._tokens, burst + CATCH_UP_S * byte_s)
            self._tokens = min(most, self._tokens + came)
        elif self._tokens > burst:
            self._tokens = max(burst, self._tokens - came)
        else:
            self._tokens = min(burst, self._tokens + came)

    def _rate_at(self, t_ns: int) -> tuple[float, int | None]:
        """Return the rate at a time, and the time of the next entry, which is later."""
        if self._begin_ns is None:
            return self._trace.rates_at(0.0)[self._side], None
        t_s = seconds(t_ns - self._begin_ns)
        change_s = self._trace.next_change_s(t_s)
        until_ns = None
        if change_s is not None:
            # Rounded up: at that nanosecond the next entry does hold.
            until_ns = self._begin_ns + math.ceil(change_s * NANOSECONDS_PER_SECOND)
        if until_ns is not None and until_ns <= t_ns:
            until_ns = t_ns + 1
        return self._trace.rates_at(t_s)[self._side], until_ns


class ShapedSocket:
    """A connected socket whose sends wait for a bucket; all else is the socket's own.

    Bytes of payload are charged with their share of headers, so that goodput is the same as under
    the kernel's shaping. What is received has been shaped by who sent it. A send sends at most half
    a burst, or what is to be caught up, as sockets that take only a part do. Works with TLS, whose
    records' few bytes are free.
    """

    def __init__(self, sock: socket.socket, bucket: TokenBucket) -> None:
        self._socket = sock
        self._bucket = bucket
        self._least = max(1, math.floor(bucket.burst_bytes * _PIECE * PAYLOAD_SHARE))

    def sendmsg(self, buffers: Sequence[Any]) -> int:
        """Send a piece of the buffers, when it may go; return how many bytes went."""
        views = [memoryview(buffer).cast("B") for buffer in buffers]
        most = max(self._least, math.floor(self._bucket.ready_bytes() * PAYLOAD_SHARE))
        pieces: list[memoryview] = []
        size = 0
        for view in views:
            if size == most:
                break
            pieces.append(view[: most - size])
            size += pieces[-1].nbytes
            if isinstance(self._socket, ssl.SSLSocket) and size:
                break  # it sends one buffer at a time
        more = size < sum(view.nbytes for view in views)
        self._bucket.take(size / PAYLOAD_SHARE, more=more)
        sent = 0
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                sent = self._socket.send(pieces[-1]) if size else 0
            else:
                sent = self._socket.sendmsg(pieces)
        finally:
            self._bucket.give_back((size - sent) / PAYLOAD_SHARE)
        return sent

    def send(self, data: Any) -> int:
        """Send a piece of the data, when it may go; return how many bytes went."""
        return self.sendmsg([data])

    def sendall(self, data: Any) -> None:
        """Send all of the data, piece by piece."""
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view) :]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)
