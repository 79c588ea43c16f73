"""A client of the ``process`` engine: it asks to take part, does what it is asked, and comes back.

It imports PyTorch and not Flower: what a device without Flower's services would run.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Protocol

from benchharness import events
from benchharness.errors import BenchharnessError, GateError, UsageError
from benchharness.federated import rivals
from benchharness.federated.config import TaskConfig
from benchharness.federated.task import Arrays, ClientWork, Metrics
from benchharness.wire import greeting, meeting
from benchharness.wire.connection import Connection
from benchharness.wire.frames import LARGEST_FRAME_BYTES, Frame, Tensor, WireError
from benchharness.wire.meeting import PATIENCE_S, PORT_FILE, LostError, boot_id

_LAST_WORD_S = 10.0  # the server's own start is not much slower than a client's


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
    events.started()
    attend(work, config, index, shared, patience_s)


def attend(
    work: Work, config: TaskConfig, index: int, shared: Path, patience_s: float = PATIENCE_S
) -> None:
    """Be client ``index`` with this ``work``; see ``take_part``."""

    program, taken_since_s = rivals.stamp(), math.nan

    def visit() -> None:
        nonlocal taken_since_s
        with _connect(config, shared) as connection:
            try:
                _greet(connection, config, index, program)
            except rivals.TakenError as error:
                if math.isnan(taken_since_s):
                    taken_since_s = time.monotonic()
                    _complain(f"client {index}: {error}: asking for {error.lingers_s:g} s more")
                if time.monotonic() - taken_since_s > error.lingers_s:
                    raise error.final(index) from None
                raise
            taken_since_s = math.nan
            _serve(connection, work)

    meeting.keep_calling(visit, patience_s)


def _connect(config: TaskConfig, shared: Path) -> Connection:
    """Connect to the address of the options; where that has no port, the server has written it."""
    sock = meeting.call(shared / PORT_FILE, config.host, config.port)
    return Connection(sock, LARGEST_FRAME_BYTES)


def _say_unable(text: str, config: TaskConfig, index: int, shared: Path) -> None:
    """Tell the server, if it can be found, that it need not wait for this client."""

    def say() -> None:
        with _connect(config, shared) as connection:
            hello = greeting.hello(index, boot_id(), connection.limit_bytes, config.digest())
            connection.send("hello", {**hello, "unable": text}, timeout_s=1.0)

    meeting.last_word(say, _LAST_WORD_S)


def _greet(connection: Connection, config: TaskConfig, index: int, program: str) -> None:
    fields = greeting.hello(index, boot_id(), connection.limit_bytes, config.digest())
    connection.send("hello", {**fields, rivals.PROGRAM: program}, timeout_s=10.0)
    answer = connection.receive(timeout_s=config.timeout_s)  # it may be in the midst of a test
    if answer.kind == "refused":
        raise UsageError(f"the server refuses client {index}: {answer.fields.get('text')}")
    if answer.kind == rivals.TAKEN:
        raise rivals.TakenError(answer.fields)
    if answer.kind != "welcome":
        raise WireError(f"the server answers {answer.kind!r} to 'hello'")
    connection.limit_bytes = int(answer.fields["limit_bytes"])


def _serve(connection: Connection, work: Work) -> None:
    """Do what the server asks until it says good-bye. Raises LostError when it has gone."""
    try:
        while (frame := connection.receive()).kind != "bye":
            _answer(connection, work, frame)
    except (OSError, WireError) as error:
        raise LostError(str(error)) from error


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


def _complain(line: str) -> None:
    sys.stderr.write(f"{line}\n")
