"""A device of the tests that speaks the protocol by hand, and in each round goes wrong anew."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchharness.split.phases import Phase, to_tensors
from benchharness.split.protocol import PROBE_BYTES
from benchharness.split.session import BYTES, CPU_SECONDS, SECONDS
from benchharness.wire.connection import Connection
from benchharness.wire.frames import Frame, WireError, encode
from tests.integration.split_rig import Rig

Fault = Callable[[Connection, Frame], None]


def run(rig: Rig, index: int, faults: Sequence[Fault]) -> None:
    """Be device ``index``: one connection a fault, profiled in the first; the last says "bye"."""
    for fault in faults:
        connection = rig.connect()
        connection.send("hello", rig.hello(index))
        welcome = connection.receive(5)
        assert welcome.kind == "welcome" and welcome.fields["limit_bytes"] == rig.limit_bytes
        while (frame := connection.receive(15)).kind != "round":
            _answer(connection, frame)
        with contextlib.suppress(WireError, OSError):  # the server hangs up on most
            fault(connection, frame)
            assert connection.receive(10).kind == "dropped"
        connection.close()
        until = time.monotonic() + (5 if fault is not faults[-1] else 0)
        while rig.reception.present().get(index) and time.monotonic() < until:
            time.sleep(0.005)  # the server hears of it before somebody comes back


def _answer(connection: Connection, frame: Frame) -> None:
    """Be profiled, as a device whose layers take no time to speak of."""
    if frame.kind == "profile":
        times = np.linspace(0.0, 0.001, 8)
        connection.send("profiled", {"device": None}, {"forward_s": times, "backward_s": times})
    elif frame.kind == "ping":
        connection.send("pong")
    elif frame.kind == "probe":
        payload = np.zeros(PROBE_BYTES, dtype=np.uint8)
        connection.send("probed", {"down_s": 0.001}, {"payload": payload})
    elif frame.kind == "rehearsal":
        connection.send("failed", {"text": "does not rehearse"})


def _activations(fill: float, count: int = 4) -> dict[str, np.ndarray[tuple[int, ...], np.dtype]]:
    values = np.full((count, 64, 8, 8), fill, dtype=np.float32)
    return {"values": values, "labels": np.zeros(count, dtype=np.int64)}


def nan(connection: Connection, _frame: Frame) -> None:
    connection.send("activations", {"iteration": 0}, _activations(np.nan))


def truncated(connection: Connection, _frame: Frame) -> None:
    whole = b"".join(encode("activations", {"iteration": 0}, _activations(1.0)))
    connection._socket.sendall(whole[:-300])
    connection.close()


def too_large(connection: Connection, _frame: Frame) -> None:
    connection.send("activations", {"iteration": 0}, _activations(1.0, count=2000))


def stalls(connection: Connection, _frame: Frame) -> None:
    time.sleep(0.01)  # and says nothing: the server waits for its answer


def dies(connection: Connection, _frame: Frame) -> None:
    connection.close()


def spoils(connection: Connection, frame: Frame) -> None:
    """Train as it should, and send weights that are not finite."""
    for iteration in range(int(frame.fields["iterations"])):
        connection.send("activations", {"iteration": iteration}, _activations(1.0))
        assert connection.receive(5).kind == "gradients"
    arrays = {name: array.copy() for name, array in frame.tensors.items()}
    next(iter(arrays.values())).reshape(-1)[0] = np.inf
    connection.send("part", {}, arrays)


def refuses(connection: Connection, _frame: Frame) -> None:
    """Say that it cannot; the server does not hang up on it."""
    connection.send("failed", {"text": "does not want to"})
    connection.close()


def overflows(connection: Connection, frame: Frame) -> None:
    """Train as it should on values whose variance no float32 holds: what crosses stays finite."""
    for iteration in range(int(frame.fields["iterations"])):
        tensors = _activations(1.0)
        tensors["values"][::2] = 1e25
        connection.send("activations", {"iteration": iteration}, tensors)
        assert connection.receive(5).kind == "gradients"
    connection.send("part", {}, dict(frame.tensors))
    assert connection.receive(5).kind == "got"
    sums = {**dict.fromkeys((*SECONDS, *CPU_SECONDS), 0.001), **dict.fromkeys(BYTES, 1)}
    connection.send("done", sums, to_tensors([Phase("train", 1, 2)]))
    connection.close()
