"""A round of a device: it takes its part, trains it batch by batch with the server, sends it back.

The seconds of a round are told apart without a clock that both sides share. A batch goes from the
activations' first byte (t0) to the answer's first (t1) and last (t2), and the answer says how long
the server had the question: upload is t1 - server_s - t0, waiting server_s, download t2 - t1. All
else is the device's own work, with packing and unpacking; so the parts sum to the round.

CPU seconds are told apart where the program sends and where it receives: joules hang on them where
a testbed's watts are of a CPU's use.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchharness.split.batches import Batches
from benchharness.split.codec import pack, unpack
from benchharness.split.config import SplitConfig
from benchharness.split.network import LAYERS, check_cut
from benchharness.split.part import Floats
from benchharness.split.parts import DevicePart, ServerPart
from benchharness.split.phases import DOWNLOAD, TRAIN, UPLOAD, WAIT, Diary, to_tensors
from benchharness.split.protocol import LABELS, FailedError, receive, seconds_of, tensor_bytes
from benchharness.wire.connection import Connection
from benchharness.wire.frames import Frame, Tensor, WireError

if TYPE_CHECKING:
    from torch import nn


@dataclass(slots=True)
class Sums:
    """What the batches of a round took, in seconds and bytes of tensors, with the model's part.

    CPU seconds of the upload are those until the frame is sent, of the download until it is there.
    """

    forward_s: float = 0.0
    backward_s: float = 0.0
    upload_s: float = 0.0
    server_s: float = 0.0
    download_s: float = 0.0
    bytes_up: int = 0
    bytes_down: int = 0
    wire_bytes_up: int = 0
    wire_bytes_down: int = 0
    compute_cpu_s: float = 0.0
    upload_cpu_s: float = 0.0
    download_cpu_s: float = 0.0


class DeviceRound:
    """One round over ``connection``, as the frame ``order`` wants it."""

    def __init__(
        self,
        connection: Connection,
        order: Frame,
        model: nn.Sequential,
        config: SplitConfig,
        *,
        is_same_clock: bool,
        begun_cpu_s: float | None = None,
    ) -> None:
        fields: Mapping[str, Any] = order.fields
        self._connection, self._order, self._config = connection, order, config
        self._round, self._cut = int(fields["round"]), check_cut(fields["cut"])
        self._iterations = _iterations(fields.get("iterations"), config)
        self._cpu_s = time.process_time() if begun_cpu_s is None else begun_cpu_s
        first_ns, last_ns = connection.received_ns
        sent_ns = fields.get("sent_ns")
        knows = is_same_clock and type(sent_ns) is int and 0 < sent_ns <= first_ns
        self._sums, self._diary = Sums(), Diary(sent_ns if knows else first_ns)  # type: ignore[arg-type]
        self._sums.download_s = self._diary.until(DOWNLOAD, last_ns)
        self._sums.bytes_down = tensor_bytes(order.tensors)
        self._sums.wire_bytes_down = order.size_bytes
        self._sums.download_cpu_s = self._used()
        self._part = DevicePart(model, self._cut, config.sgd)
        self._part.learning_rate = float(fields["learning_rate"])
        self._part.load(order.tensors)
        # At the last cut what is left for the server, the loss, is worked out here.
        self._loss = ServerPart(model, LAYERS, config.sgd) if self._cut == LAYERS else None
        self._loss_sum, self._right = 0.0, 0

    def run(self, batches: Batches) -> None:
        """Train and send the part. Raises FailedError for what went wrong here, WireError, OSError.

        NaN and UsageError are this device's own too.
        """
        for iteration in range(self._iterations):
            x, labels = batches.batch(self._round, iteration)
            activations = self._part.forward(x)
            if self._loss is not None:
                self._locally(activations, labels)
            else:
                self._with_server(activations, labels, iteration)
        self._send_part()
        self._connection.send("done", asdict(self._sums), to_tensors(self._diary.phases))

    def _locally(self, logits: Floats, labels: Tensor) -> None:
        assert self._loss is not None
        self._sums.forward_s += self._worked()
        stepped = self._loss.propagate(logits, labels)
        self._loss_sum += float(stepped.loss)
        self._right += stepped.right
        self._part.backward(stepped.gradients)
        self._sums.backward_s += self._worked()

    def _with_server(self, activations: Floats, labels: Tensor, iteration: int) -> None:
        try:
            tensors = {**pack(activations, self._config.activations, "up"), LABELS: labels}
        except WireError as error:
            raise FailedError(str(error)) from error
        self._sums.forward_s += self._worked()
        answer = self._ask("activations", {"iteration": iteration}, tensors, "gradients")
        self._sums.bytes_down += tensor_bytes(answer.tensors)
        self._sums.wire_bytes_down += answer.size_bytes
        if self._cut:
            self._part.backward(unpack(answer.tensors, "down"))
        self._sums.backward_s += self._worked()

    def _send_part(self) -> None:
        arrays = self._part.arrays()
        mean = self._loss_sum / self._iterations
        fields: dict[str, Any] = {}
        if self._loss is not None:
            fields = {"loss": mean if math.isfinite(mean) else None, "right": self._right}
        self._sums.backward_s += self._worked()
        self._ask("part", fields, arrays, "got")

    def _ask(
        self, kind: str, fields: Mapping[str, Any], tensors: Mapping[str, Tensor], answer: str
    ) -> Frame:
        """Send a frame and wait for its answer; count what both took."""
        sums, diary = self._sums, self._diary
        sums.wire_bytes_up += self._connection.send(kind, fields, tensors)
        sums.bytes_up += tensor_bytes(tensors)
        sums.upload_cpu_s += self._used()
        frame = receive(self._connection, answer)
        sums.download_cpu_s += self._used()
        first_ns, last_ns = self._connection.received_ns
        server_s = seconds_of(frame, "server_s")
        sums.upload_s += diary.until(UPLOAD, first_ns - round(server_s * 1e9))
        waited_s = diary.until(WAIT, first_ns)
        if kind == "part":  # the server's look at it is no training
            sums.upload_s += waited_s
        else:
            sums.server_s += waited_s
        sums.download_s += diary.until(DOWNLOAD, last_ns)
        return frame

    def _worked(self) -> float:
        self._sums.compute_cpu_s += self._used()
        return self._diary.until(TRAIN, time.monotonic_ns(), counts_cpu=True)

    def _used(self) -> float:
        """Return the CPU seconds since the last call, of all threads."""
        before_s, self._cpu_s = self._cpu_s, time.process_time()
        return self._cpu_s - before_s


def _iterations(asked: object, config: SplitConfig) -> int:
    """Return how many batches the order wants: a round's, or fewer in a rehearsal."""
    if type(asked) is not int or not 1 <= asked <= config.iterations:
        raise WireError(f"a round of {asked!r} batches, not of 1 to {config.iterations}")
    return asked
