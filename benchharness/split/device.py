"""A device of a split training as a program.

device.py --shared FOLDER --index I [--devices 3] [--scheme ares] ... (split/config.py)

It says that it has started before it is held to its speed, connects, and does what the server asks
until that says good-bye. Where the link is to be shaped by the program, it shapes what it sends.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchharness import events
from benchharness.errors import BenchharnessError, GateError, UsageError
from benchharness.learning import needs, options
from benchharness.links.bucket import ShapedSocket, TokenBucket
from benchharness.links.setting import LOOPBACK, own_link
from benchharness.split import config as split_config
from benchharness.split import protocol
from benchharness.split.config import SplitConfig
from benchharness.split.finite import NotFiniteError
from benchharness.split.memory import keep_freed
from benchharness.split.protocol import DroppedError, FailedError
from benchharness.split.secure import device_context
from benchharness.wire import meeting
from benchharness.wire.connection import Connection
from benchharness.wire.frames import Frame, WireError
from benchharness.wire.meeting import LostError

_DEVICE_VARIABLE = "BENCHHARNESS_DEVICE"
_LAST_WORD_S = 10.0


class Device:
    """Device ``index``: its images, its model, and its link to the server.

    Raises UsageError for an index, data or a model that are not there.
    """

    def __init__(self, config: SplitConfig, index: int, shared: Path) -> None:
        from benchharness.split import device_round, layer_times
        from benchharness.split.batches import Batches
        from benchharness.split.network import network
        from benchharness.split.sizes import sizes

        self._config, self._index, self._shared = config, index, shared
        self._batches = Batches(config, index)
        shape = self._batches.shape
        self._model = network(self._batches.classes, shape, seed=config.seed)
        layers = sizes(
            self._model,
            config.batch,
            image_shape=shape,
            activations=config.activations,
            gradients=config.gradients,
        )
        self._limit_bytes = protocol.largest_frame_bytes(layers)
        self._time, self._one_round = layer_times.layer_times, device_round.DeviceRound
        self._link = own_link()
        self._bucket: TokenBucket | None = None
        self._server_boot_id = ""
        self._idle_cpu_s: float | None = None

    def warm_up(self) -> None:
        """Go forward and back once: PyTorch imports much of itself at the first step."""
        x, labels = self._batches.batch(1, 0)
        self._time(self._model, x[:2], labels[:2], config=self._config.sgd, batches=1, warm_up=0)

    def visit(self) -> None:
        """Call the server and stay until it says good-bye. Raises LostError when it has gone."""
        with _connect(self._config, self._shared, self._shaped) as connection:
            connection.limit_bytes = self._limit_bytes
            self._greet(connection)
            try:
                while (frame := self._next(connection)).kind != "bye":
                    self._answer(connection, frame)
            except DroppedError as error:
                sys.stderr.write(f"device {self._index}: the server goes on without: {error}\n")
                raise LostError(str(error)) from error
            except (OSError, WireError) as error:
                raise LostError(str(error)) from error

    def _shaped(self, sock: Any) -> Any:
        """Return the socket, with the link's rate up where this program is to keep it."""
        if self._link.shaping != "program" or self._link.trace is None:
            return sock
        self._bucket = TokenBucket(self._link.trace, "up")
        return ShapedSocket(sock, self._bucket)

    def _greet(self, connection: Connection) -> None:
        fields = protocol.hello(
            self._index, meeting.boot_id(), self._limit_bytes, self._config.digest()
        )
        fields["shaping"] = self._link.shaping
        if self._bucket is not None and self._link.trace is not None:
            fields["link"] = self._link.trace.to_json()
        connection.send("hello", fields, timeout_s=10.0)
        answer = connection.receive(timeout_s=self._config.timeout_s)
        if answer.kind == "refused":
            text = answer.fields.get("text")
            raise UsageError(f"the server refuses device {self._index}: {text}")
        if answer.kind != "welcome":
            raise WireError(f"the server answers {answer.kind!r} to 'hello'")
        connection.limit_bytes = int(answer.fields["limit_bytes"])
        self._server_boot_id = str(answer.fields.get("boot_id", ""))

    def _next(self, connection: Connection) -> Frame:
        self._idle_cpu_s = time.process_time()  # from here on it receives
        return connection.receive()

    def _answer(self, connection: Connection, frame: Frame) -> None:
        """Do what the server asks; tell it what went wrong here, which ends this round alone."""
        try:
            self._do(connection, frame)
        except (NotFiniteError, FailedError, UsageError) as error:
            connection.send("failed", {"text": str(error)})
        except (RuntimeError, MemoryError) as error:
            text = str(error).strip().partition("\n")[0] or type(error).__name__
            connection.send("failed", {"text": text})
            raise GateError(f"{frame.kind} failed: {text}") from error

    def _do(self, connection: Connection, frame: Frame) -> None:
        if frame.kind in (protocol.ROUND, protocol.REHEARSAL):
            self._round(connection, frame)
        elif frame.kind == "ping":
            connection.send("pong")
        elif frame.kind == "probe":
            first_ns, last_ns = connection.received_ns
            payload = np.zeros(protocol.PROBE_BYTES, dtype=np.uint8)
            down_s = (last_ns - first_ns) / 1e9
            connection.send("probed", {"down_s": down_s}, {"payload": payload})
        elif frame.kind == "profile":
            self._profile(connection, int(frame.fields["batches"]))
        elif frame.kind == "dropped":
            raise DroppedError(str(frame.fields.get("text")))
        else:
            raise UsageError(f"the server asks for {frame.kind!r}, and no device does that")

    def _profile(self, connection: Connection, batches: int) -> None:
        """Time every layer, at the speed that the device has."""
        x, labels = self._batches.batch(1, 0)
        found = self._time(self._model, x, labels, config=self._config.sgd, batches=batches)
        tensors = {"forward_s": found.forward_s, "backward_s": found.backward_s}
        connection.send("profiled", {"device": _own_description()}, tensors)

    def _round(self, connection: Connection, frame: Frame) -> None:
        window_s = frame.fields.get("window_s")
        if self._bucket is not None and isinstance(window_s, (int, float)):
            self._bucket.begin(time.monotonic_ns() - round(window_s * 1e9))
        here = meeting.boot_id()
        is_same_clock = bool(here) and self._server_boot_id == here
        one = self._one_round(
            connection,
            frame,
            self._model,
            self._config,
            is_same_clock=is_same_clock,
            begun_cpu_s=self._idle_cpu_s,
        )
        one.run(self._batches)


def take_part(
    config: SplitConfig, index: int, shared: Path, patience_s: float = meeting.PATIENCE_S
) -> None:
    """Be device ``index`` until the server says good-bye.

    Raises GateError when there has been no server for ``patience_s``, UsageError where the server
    refuses it. Where it cannot take part it tells the server, which then does not wait for it.
    """
    _share_cores(config)
    try:
        device = Device(config, index, shared)
    except BenchharnessError as error:
        if 1 <= index <= config.devices:
            _say_unable(str(error), config, index, shared)
        raise
    device.warm_up()
    events.started()
    meeting.keep_calling(device.visit, patience_s)


def _connect(config: SplitConfig, shared: Path, shaped: Any = lambda sock: sock) -> Connection:
    """Connect to the server: at its address in the trial's network, if there is one."""
    host, port = options.address(config.address)
    link = own_link()
    host = host if link.server == LOOPBACK else link.server
    sock = meeting.call(shared / meeting.PORT_FILE, host, port)
    if config.tls:
        sock = device_context(shared).wrap_socket(sock, server_hostname=host)
    return Connection(cast("Any", shaped(sock)))


def _say_unable(text: str, config: SplitConfig, index: int, shared: Path) -> None:
    def say() -> None:
        with _connect(config, shared) as connection:
            hello = protocol.hello(
                index, meeting.boot_id(), connection.limit_bytes, config.digest()
            )
            connection.send("hello", {**hello, "unable": text}, timeout_s=1.0)

    meeting.last_word(say, _LAST_WORD_S)


def _own_description() -> dict[str, Any] | None:
    """Return what the testbed says of this device; None where it is on none."""
    try:
        found = json.loads(os.environ.get(_DEVICE_VARIABLE, "null"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _share_cores(config: SplitConfig) -> None:
    """Let PyTorch take this device's share of the cores, unless a testbed has said how many."""
    if "OMP_NUM_THREADS" not in os.environ:
        share = len(os.sched_getaffinity(0)) // (config.devices + 1)
        os.environ["OMP_NUM_THREADS"] = str(max(1, share))


def main(arguments: Sequence[str] | None = None) -> int:
    """Take part; return the exit code, after one line to standard error if it is not 0."""
    parser = argparse.ArgumentParser(prog="device.py", allow_abbrev=False)
    parser.add_argument("--shared", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--index", type=int, required=True, metavar="I", help="from 1")
    split_config.add_arguments(parser)
    given = parser.parse_args(arguments)
    try:
        config = split_config.from_arguments(given)
        needs.require("torch")
        keep_freed()
        take_part(config, given.index, given.shared)
    except BenchharnessError as error:
        sys.stderr.write(f"device {given.index}: {error}\n")
        return error.exit_code
    gc.freeze()  # or Python looks through all of PyTorch once more at its end: 0.4 CPU-s
    return 0


if __name__ == "__main__":
    sys.exit(main())
