"""A client of the ``process`` engine: it asks to take part, does what it is asked, and comes back.

It imports PyTorch and not Flower: what a device without Flower's services would run.
"""

from __future__ import annotations

import math
import socket
import time
from pathlib import Path
from typing import NoReturn, Protocol

from benchharness.errors import BenchharnessError, GateError, UsageError
from benchharness.federated import greeting
from benchharness.federated.config import TaskConfig
from benchharness.federated.task import Arrays, ClientWork, Metrics, boot_id
from benchharness.wire.connection import Connection, keep_alive
from benchharness.wire.frames import LARGEST_FRAME_BYTES, Frame, Tensor, WireError

PORT_FILE = "port"
OVER = "over: "  # what the port file begins with when there is nobody to call any more
_LAST_WORD_S = 10.0  # the server's own start is not much slower than a client's
PATIENCE_S = 120.0  # of a client without a server; importing PyTorch takes a Pi most of a minute
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - what a server may listen on is no place to call
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


class Work(Protocol):
    """What a client does when it is asked to: ClientWork, or a test's."""

    def train(self, arrays: dict[str, Tensor], round_number: int) -> tuple[Arrays, Metrics]:
        """Train from ``arrays``; return the new ones and the metrics."""
        ...

    def evaluate(self, arrays: dict[str, Tensor], round_number: int) -> Metrics:
        """Evaluate ``arrays``; return the metrics."""
        ...


def take_part(config: TaskConfig, index: int, shared: Path, patience_s: float = PATIENCE_S) -> None:
    """Be client ``index`` until the server says good-bye.

    It connects when it is ready to train, so that the server need not ask. Raises GateError when
    there has been no server for ``patience_s``, and UsageError where the server refuses it. Where
    it cannot take part (too little memory, no such data) it tells the server, which then does not
    wait for it, and raises that.
    """
    try:
        work = ClientWork(config, index)
    except BenchharnessError as error:
        if 1 <= index <= config.clients:
            _say_unable(str(error), config, index, shared)
        raise
    attend(work, config, index, shared, patience_s)


def over(file: Path) -> str | None:
    """Return how the training of a port file has ended; None if it has not."""
    try:
        text = file.read_text()
    except FileNotFoundError:
        return None
    return text.removeprefix(OVER).strip() if text.startswith(OVER) else None


def attend(
    work: Work, config: TaskConfig, index: int, shared: Path, patience_s: float = PATIENCE_S
) -> None:
    """Be client ``index`` with this ``work``; see ``take_part``."""
    last_seen_s, pause_s = time.monotonic(), _FIRST_PAUSE_S
    while True:
        try:
            with _connect(config, shared) as connection:
                _greet(connection, config, index)
                _serve(connection, work)
                return
        except _OverError:
            return  # it was started again, and the others have done without it
        except (OSError, WireError, _NotListeningError) as error:
            if isinstance(error, _LostError):
                last_seen_s, pause_s = time.monotonic(), _FIRST_PAUSE_S
            if time.monotonic() - last_seen_s + pause_s > patience_s:
                _give_up(error, patience_s)
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


class _NotListeningError(Exception):
    """There is no server yet: it has not written its port."""


class _OverError(Exception):
    """The training is over."""


class _LostError(WireError):
    """The server was there, and has gone."""


def _connect(config: TaskConfig, shared: Path) -> Connection:
    """Connect to the address of the options; where that has no port, the server has written it."""
    port = config.port
    if over(shared / PORT_FILE) is not None:
        raise _OverError
    if not port:
        try:
            port = int((shared / PORT_FILE).read_text())
        except (FileNotFoundError, ValueError):
            raise _NotListeningError(f"there is no port in {shared / PORT_FILE}") from None
    host = "127.0.0.1" if config.host == _EVERYWHERE else config.host
    sock = socket.create_connection((host, port), timeout=10.0)
    keep_alive(sock)
    return Connection(sock, LARGEST_FRAME_BYTES)


def _say_unable(text: str, config: TaskConfig, index: int, shared: Path) -> None:
    """Tell the server, if it can be found, that it need not wait for this client."""
    until = time.monotonic() + _LAST_WORD_S
    while time.monotonic() < until:
        try:
            with _connect(config, shared) as connection:
                hello = greeting.hello(index, boot_id(), connection.limit_bytes, config.digest())
                connection.send("hello", {**hello, "unable": text}, timeout_s=1.0)
            return
        except _OverError:
            return
        except (OSError, WireError, _NotListeningError):
            time.sleep(_LONGEST_PAUSE_S / 4)


def _greet(connection: Connection, config: TaskConfig, index: int) -> None:
    fields = greeting.hello(index, boot_id(), connection.limit_bytes, config.digest())
    connection.send("hello", fields, timeout_s=10.0)
    answer = connection.receive(timeout_s=config.timeout_s)  # it may be in the midst of a test
    if answer.kind == "refused":
        raise UsageError(f"the server refuses client {index}: {answer.fields.get('text')}")
    if answer.kind != "welcome":
        raise WireError(f"the server answers {answer.kind!r} to 'hello'")
    connection.limit_bytes = int(answer.fields["limit_bytes"])


def _serve(connection: Connection, work: Work) -> None:
    """Do what the server asks until it says good-bye. Raises _LostError when it has gone."""
    try:
        while (frame := connection.receive()).kind != "bye":
            _answer(connection, work, frame)
    except (OSError, WireError) as error:
        raise _LostError(str(error)) from error


def _answer(connection: Connection, work: Work, frame: Frame) -> None:
    leg, round_number = frame.fields.get("leg"), int(frame.fields.get("round", 0))
    arrays = dict(frame.tensors)
    try:
        if frame.kind == "train":
            new, metrics = work.train(arrays, round_number)
        elif frame.kind == "evaluate":
            new, metrics = {}, work.evaluate(arrays, round_number)
        else:
            raise UsageError(f"the server asks for {frame.kind!r}, and no client does that")
    except (BenchharnessError, RuntimeError, MemoryError) as error:
        text = str(error).strip().partition("\n")[0] or type(error).__name__
        connection.send("failed", {"leg": leg, "text": text})
        if isinstance(error, BenchharnessError):
            return  # what is asked is wrong; this client is not
        raise GateError(f"{frame.kind} failed in round {round_number}: {text}") from error
    connection.send("reply", {"leg": leg, "metrics": as_json(metrics)}, new)


def as_json(metrics: Metrics) -> dict[str, int | float | str | None]:
    """Return the metrics with None for what is not finite: a training may diverge."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in metrics.items()
    }


def _give_up(error: Exception, patience_s: float) -> NoReturn:
    raise GateError(
        f"the server has gone: no connection for {patience_s:g} s, the last time: {error}",
        remedy="see what the server said, and start it again",
    ) from None
