"""The token bucket: never more than it may, in the long run no less, at the right times."""

from __future__ import annotations

import socket
import ssl
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchharness.clock import FakeClock, seconds
from benchharness.links.bucket import CATCH_UP_S, ShapedSocket, TokenBucket
from benchharness.links.records import PAYLOAD_SHARE, LinkTrace, constant
from benchharness.links.shaping import burst_bytes
from benchharness.wire import certificates
from tests.unit.test_links_records import traces

FAST = constant(8e9, 8e9)


def carried_bytes(trace: LinkTrace, start_s: float, end_s: float) -> float:
    """Return what a trace carries up between two times, by its own list of changes."""
    edges = [start_s, *(t for t, _, _ in trace.changes(end_s) if t > start_s), end_s]
    return sum((later - t) * trace.rates_at((t + later) / 2)[0] / 8 for t, later in pairwise(edges))


@settings(max_examples=60, deadline=None)
@given(
    traces(),
    st.lists(st.tuples(st.integers(1, 4000), st.integers(0, 10**9)), min_size=2, max_size=30),
)
def test_never_more_than_the_burst_and_what_the_rate_carries(
    trace: LinkTrace, sends: list[tuple[int, int]]
) -> None:
    clock = FakeClock()
    bucket = TokenBucket(trace, "up", burst_bytes=4000, clock=clock)
    start_ns = clock.now_ns()
    bucket.begin()
    went: list[tuple[float, int]] = []
    for size, pause_ns in sends:
        clock.sleep_s(seconds(pause_ns))
        bucket.take(size)
        went.append((seconds(clock.now_ns() - start_ns), size))
    for first in range(len(went)):
        total = 0
        for t_s, size in went[first:]:
            total += size
            may = 4000 + carried_bytes(trace, went[first][0], t_s)
            assert total <= may * (1 + 1e-9) + 1


class HeldClock(FakeClock):
    """The clock of a device that runs in the first 3 ms of each period of 100 ms, as its share."""

    def sleep_s(self, duration_s: float) -> None:
        super().sleep_s(duration_s)
        in_period_ns = self.now_ns() % 100_000_000
        if in_period_ns > 3_000_000:
            super().sleep_s(seconds(100_000_000 - in_period_ns))


@settings(max_examples=40, deadline=None)
@given(
    traces(),
    st.lists(
        st.tuples(st.integers(1, 4000), st.integers(0, 10**8), st.booleans()),
        min_size=2,
        max_size=30,
    ),
)
def test_what_is_caught_up_is_a_tenth_of_a_second_at_most(
    trace: LinkTrace, sends: list[tuple[int, int, bool]]
) -> None:
    clock = HeldClock()
    bucket = TokenBucket(trace, "up", burst_bytes=4000, clock=clock)
    start_ns = clock.now_ns()
    bucket.begin()
    went: list[tuple[float, int]] = []
    for size, pause_ns, more in sends:
        clock.sleep_s(seconds(pause_ns))
        bucket.take(size, more=more)
        went.append((seconds(clock.now_ns() - start_ns), size))
    most = 4000 + CATCH_UP_S * max(trace.up_bit_s) / 8
    for first in range(len(went)):
        total = 0
        for t_s, size in went[first:]:
            total += size
            assert total <= (most + carried_bytes(trace, went[first][0], t_s)) * (1 + 1e-9) + 1


@pytest.mark.parametrize(("more", "least"), [(True, 0.99), (False, 0.9)])
def test_a_device_that_stands_still_for_most_of_the_time_gets_its_rate_if_it_wants_to_send(
    more: bool, least: float
) -> None:
    clock = HeldClock()
    bucket = TokenBucket(constant(20e6, 20e6), "up", clock=clock)
    bucket.take(bucket.burst_bytes, more=more)
    start_ns, sent = clock.now_ns(), 0
    while seconds(clock.now_ns() - start_ns) < 10:
        bucket.take(4096, more=more)
        sent += 4096
        clock.sleep_s(2e-5)  # what it takes to send them
    assert least < sent * 8 / 10 / 20e6 < 1.01


def test_nothing_is_caught_up_of_a_pause() -> None:
    clock = FakeClock()
    bucket = TokenBucket(constant(8e6, 8e6), "up", burst_bytes=1000, clock=clock)
    bucket.take(1000, more=True)
    clock.sleep_s(0.05)
    assert bucket.ready_bytes() == pytest.approx(50_000)
    clock.sleep_s(10.0)
    assert bucket.ready_bytes() == pytest.approx(1000 + CATCH_UP_S * 1e6)
    bucket.take(1000)  # and that was all
    assert bucket.ready_bytes() == pytest.approx(100_000)
    clock.sleep_s(0.06)
    assert bucket.ready_bytes() == pytest.approx(40_000)
    clock.sleep_s(10.0)
    assert bucket.ready_bytes() == 1000


def test_in_the_long_run_the_rate_is_kept_and_changes_come_in_time() -> None:
    clock = FakeClock()
    trace = LinkTrace("", "", (0.0, 2.0), (8e6, 8e5), (1e6, 1e6), repeat_s=4.0)
    bucket = TokenBucket(trace, "up", burst_bytes=1500, clock=clock)
    bucket.take(15_000)  # not begun: the first rate, and the burst is gone
    bucket.begin()
    start_ns, counted = clock.now_ns(), {}
    for half in range(1, 9):
        sent = 0
        while seconds(clock.now_ns() - start_ns) < half:
            bucket.take(500)
            sent += 500
        counted[half] = sent
    assert list(counted.values()) == pytest.approx([1e6, 1e6, 1e5, 1e5] * 2, rel=0.01)
    assert bucket.rate_bit_s == 8e6


def test_a_trace_may_begin_earlier_or_later() -> None:
    clock = FakeClock()
    trace = LinkTrace("", "", (0.0, 10.0), (8e6, 8e5), (1e6, 2e6))
    bucket = TokenBucket(trace, "down", clock=clock)
    bucket.begin(clock.now_ns() - 11 * 10**9)
    assert bucket.rate_bit_s == 2e6
    bucket.begin(clock.now_ns() + 10**9)
    assert bucket.rate_bit_s == 1e6
    clock.sleep_s(11.0)
    assert bucket.rate_bit_s == 2e6


def test_what_waits_is_not_lost_and_what_was_not_sent_comes_back() -> None:
    clock = FakeClock()
    bucket = TokenBucket(constant(8e6, 8e6), "up", burst_bytes=1000, clock=clock)
    bucket.take(1000)
    bucket.give_back(400)
    start_ns = clock.now_ns()
    bucket.take(400)
    assert clock.now_ns() == start_ns
    bucket.take(3000)  # more than the burst: as long as it takes
    assert seconds(clock.now_ns() - start_ns) == pytest.approx(3e-3, rel=1e-6)
    clock.sleep_s(100.0)  # and no more than the burst is saved up
    bucket.take(1000)
    start_ns = clock.now_ns()
    bucket.take(1000)
    assert seconds(clock.now_ns() - start_ns) == pytest.approx(1e-3, rel=1e-6)
    with pytest.raises(ValueError, match="at least one byte"):
        TokenBucket(FAST, "up", burst_bytes=0)


def test_the_burst_is_that_of_the_kernel() -> None:
    assert burst_bytes(20e6) == 8192
    assert TokenBucket(constant(800e6, 20e6), "up").burst_bytes == burst_bytes(800e6) == 50_000


def test_a_shaped_socket_is_charged_for_headers_too() -> None:
    clock = FakeClock()
    here, there = socket.socketpair()
    with here, there:
        shaped = ShapedSocket(here, TokenBucket(constant(8e6, 8e6), "up", clock=clock))
        start_ns = clock.now_ns()
        data, got = bytes(range(256)) * 100, bytearray()
        for at in range(0, len(data), 5_000):
            shaped.sendall(data[at : at + 5_000])
            while len(got) < min(at + 5_000, len(data)):
                got += there.recv(65_536)
        assert bytes(got) == data
        took_s = seconds(clock.now_ns() - start_ns)
        assert took_s == pytest.approx((len(data) / PAYLOAD_SHARE - 8192) / 1e6, rel=1e-3)
        assert shaped.sendmsg([b"ab", b"", b"cd"]) == 4
        assert there.recv(9) == b"abcd"
        assert shaped.sendmsg([]) == 0
        assert shaped.fileno() == here.fileno()


def test_bytes_that_the_socket_did_not_take_are_not_charged() -> None:
    clock = FakeClock()
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        shaped = ShapedSocket(here, TokenBucket(constant(8e6, 8e6), "up", clock=clock))
        sent = 0
        with pytest.raises(BlockingIOError):
            while True:
                sent += shaped.send(bytes(4_000))
        start_ns = clock.now_ns()
        with pytest.raises(BlockingIOError):
            shaped.send(bytes(3_000))
        assert len(there.recv(1 << 20)) <= sent
        assert seconds(clock.now_ns() - start_ns) < 0.01


def test_a_shaped_socket_speaks_tls(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.server, made.key)
    client = ssl.create_default_context(cafile=str(made.authority))
    here, there = socket.socketpair()
    got: list[bytes] = []

    def receive() -> None:
        with server.wrap_socket(there, server_side=True) as secure:
            while data := secure.recv(65_536):
                got.append(data)

    thread = threading.Thread(target=receive)
    thread.start()
    with client.wrap_socket(here, server_hostname="localhost") as secure:
        shaped = ShapedSocket(secure, TokenBucket(FAST, "up"))
        assert shaped.sendmsg([b"first", b"second"]) == 5
        shaped.sendall(bytes(100_000))
    thread.join()
    assert b"".join(got) == b"first" + bytes(100_000)
