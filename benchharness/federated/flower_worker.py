"""A node's training beside Flower: it keeps the data and the model while apps come and go.

Flower starts a new program for every message, and each would import PyTorch and read the data
again: 1.5 CPU seconds and more a leg. The participant therefore does the work, and Flower's
program hands it the message over a Unix socket in a folder of its own, which only this user can
enter. Frames are those of ``wire``:

    app       train | evaluate | hello  {"round": 3, "task": digest} and tensors
    worker    reply {"metrics": ...} and tensors   or   failed {"text": why}
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from benchharness.errors import BenchharnessError, GateError
from benchharness.federated.process_client import Work, as_json
from benchharness.federated.task import ClientWork, Metrics, TaskConfig, boot_id
from benchharness.wire.connection import Outgoing, receive_some
from benchharness.wire.frames import Decoder, Frame, Tensor, WireError, encode

VARIABLE = "BENCHHARNESS_FEDERATED_WORKER"
_LONGEST_NAME_BYTES = 100  # sun_path has 108
_ANSWER_S = 10.0  # within which an app on this machine takes or sends what it has begun
_LOOK_S = 0.2


class Worker:
    """Does the work of client ``index`` for the apps that ask for it, one after the other.

    A context manager: leaving it takes the socket away.
    """

    def __init__(self, work: Work, config: TaskConfig, index: int) -> None:
        self._work, self._config, self._index = work, config, index
        self._folder = _private_folder()
        self.address = self._folder / "worker"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.address))
        self._listener.listen(8)

    def serve(self, over: Callable[[], bool]) -> None:
        """Answer whoever asks, until ``over`` says that it is; it is asked 5 times a second."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not over():
                if selector.select(_LOOK_S):
                    self._attend()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _attend(self) -> None:
        sock, _ = self._listener.accept()
        # An app that was killed meanwhile, or a program that is none: the next one may be better.
        with sock, contextlib.suppress(OSError, WireError):
            sock.settimeout(_ANSWER_S)
            _send_whole(sock, self._answer(_receive(sock)))

    def _answer(self, frame: Frame) -> list[memoryview]:
        try:
            if frame.fields.get("task") != self._config.digest():
                raise GateError("the node is configured for another training than the server")
            arrays, metrics = self._do(frame)
            return encode("reply", {"metrics": as_json(metrics)}, arrays)
        except (BenchharnessError, RuntimeError, MemoryError) as error:
            return encode("failed", {"text": str(error) or type(error).__name__})

    def _do(self, frame: Frame) -> tuple[dict[str, Tensor], Metrics]:
        arrays, round_number = dict(frame.tensors), int(frame.fields.get("round", 0))
        if frame.kind == "train":
            new, metrics = self._work.train(arrays, round_number)
            return dict(new), metrics
        if frame.kind == "evaluate":
            return {}, self._work.evaluate(arrays, round_number)
        return {}, {"client": self._index, "boot_id": boot_id()}


def ask(
    kind: str, config: TaskConfig, arrays: dict[str, Tensor], round_number: int, index: int
) -> tuple[dict[str, Tensor], Metrics]:
    """Have the node's worker do it; where there is none, do it here.

    Raises GateError with the worker's words where it could not be done, BenchharnessError as
    ClientWork does.
    """
    address = os.environ.get(VARIABLE)
    if not address:
        return _do_here(kind, config, arrays, round_number, index)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        try:
            sock.connect(address)
            _send(sock, kind, {"round": round_number, "task": config.digest()}, arrays)
            frame = _receive(sock)
        except (OSError, WireError) as error:
            raise GateError(f"the node's worker is gone: {error}") from None
    if frame.kind != "reply":
        raise GateError(str(frame.fields.get("text")))
    metrics = frame.fields["metrics"]  # without those that were not finite
    return dict(frame.tensors), {
        name: value for name, value in metrics.items() if value is not None
    }


def _do_here(
    kind: str, config: TaskConfig, arrays: dict[str, Tensor], round_number: int, index: int
) -> tuple[dict[str, Tensor], Metrics]:
    if kind == "hello":
        return {}, {"client": index, "boot_id": boot_id()}
    work = ClientWork(config, index)
    if kind == "train":
        new, metrics = work.train(arrays, round_number)
        return dict(new), metrics
    return {}, work.evaluate(arrays, round_number)


def _private_folder() -> Path:
    """Return a new folder that only this user can enter, with a name short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="benchharness-"))
    if len(os.fsencode(folder)) > _LONGEST_NAME_BYTES - len("/worker"):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="benchharness-", dir="/tmp"))
    return folder


def _send(
    sock: socket.socket, kind: str, fields: dict[str, object], arrays: dict[str, Tensor]
) -> None:
    _send_whole(sock, encode(kind, fields, arrays))


def _send_whole(sock: socket.socket, buffers: list[memoryview]) -> None:
    outgoing = Outgoing(buffers)
    while outgoing:
        outgoing.send(sock)


def _receive(sock: socket.socket) -> Frame:
    decoder = Decoder()
    while (frame := receive_some(sock, decoder)) is None:
        pass
    return frame
