"""The server's side of one device: numbers that no training gives are this device's fault."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch")

from benchharness.learning.arrays import arrays_of
from benchharness.split.config import SplitConfig
from benchharness.split.network import network
from benchharness.split.session import Measured, Order, Session, Trained
from benchharness.wire.connection import Connection
from benchharness.wire.frames import WireError


def answered(answer: Callable[[Connection], None], ask: Callable[[Session], object]) -> None:
    """Let ``ask`` use a session whose device does ``answer``."""
    here, there = (Connection(end) for end in socket.socketpair())
    thread = threading.Thread(target=answer, args=(there,))
    thread.start()
    try:
        ask(Session(1, here, ""))
    finally:
        thread.join()
        here.close()
        there.close()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"loss": 10**400, "right": 1}, "the loss is too large in its part"),
        ({"loss": -1.0, "right": 1}, "the loss is -1.0 in its part"),
        ({"loss": "1", "right": 1}, "the loss is '1' in its part"),
        ({"loss": 1.0, "right": 10**400}, "right answers are too large of 8 in its part"),
        ({"loss": 1.0, "right": 9}, "right answers are 9 of 8 in its part"),
    ],
)
def test_a_loss_and_answers_that_cannot_be_are_refused(told: dict[str, object], why: str) -> None:
    config = SplitConfig(devices=1, scheme="local", batch=4, iterations=2)
    model = network(10, (3, 32, 32), seed=1)

    def answer(connection: Connection) -> None:
        connection.send("part", told, connection.receive(5).tensors)

    def train(session: Session) -> Trained:
        return session.train(Order(1, 7, 0.01, 0, 5.0), arrays_of(model), model, config)

    with pytest.raises(WireError, match=why):
        answered(answer, train)


@pytest.mark.parametrize("most_s", [1.7e308, 1e9, -1.0, np.nan])
def test_layers_that_take_longer_than_anything_are_refused(most_s: float) -> None:
    def answer(connection: Connection) -> None:
        connection.receive(5)
        times = np.linspace(0.0, most_s, 8)
        connection.send("profiled", {}, {"forward_s": times, "backward_s": times})

    def measure(session: Session) -> Measured:
        return session.measure(5.0)

    with pytest.raises(WireError, match="forward_s of its layers are no 8 seconds"):
        answered(answer, measure)
