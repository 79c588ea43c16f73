"""The server's side of one device: what it asks over that connection, and what comes back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchharness.learning import arrays as model_arrays
from benchharness.learning.arrays import Arrays
from benchharness.links.bucket import TokenBucket
from benchharness.links.records import LinkTrace
from benchharness.links.shaping import burst_bytes
from benchharness.split import protocol
from benchharness.split.codec import pack, unpack
from benchharness.split.config import SplitConfig
from benchharness.split.network import LAYERS, divide
from benchharness.split.parts import ServerPart
from benchharness.split.phases import Phase, from_tensors, on_clock
from benchharness.split.protocol import (
    LABELS,
    LONGEST_S,
    FailedError,
    bytes_of,
    in_words,
    receive,
    seconds_of,
)
from benchharness.wire import meeting
from benchharness.wire.connection import Connection
from benchharness.wire.frames import Frame, Tensor, WireError

if TYPE_CHECKING:
    from torch import nn

FloatArray = npt.NDArray[np.float64]
SECONDS = ("forward_s", "backward_s", "upload_s", "server_s", "download_s")
BYTES = ("bytes_up", "bytes_down", "wire_bytes_up", "wire_bytes_down")
CPU_SECONDS = ("compute_cpu_s", "upload_cpu_s", "download_cpu_s")
PROFILE_BATCHES = 2
_PINGS = 5
_LEAST_S = 1e-6
_FAREWELL_S = 1.0
_LARGEST_LOSS = 1e30  # no float32 that is finite gives more; sums of these are finite too


@dataclass(frozen=True, slots=True)
class Order:
    """What a device is to do in a round; ``window_ns`` is when the window began.

    None: it has not begun, and this is a rehearsal, after which the weights are thrown away.
    """

    round_number: int
    cut: int
    learning_rate: float
    window_ns: int | None
    timeout_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What a round made of a device's part and of the server's for it, and what it took.

    ``sums`` are SECONDS, BYTES and CPU_SECONDS by name. ``loss`` None: it was not finite.
    ``busy_s`` is from the first byte of the part that goes down to the last that comes up, the
    server's work included.
    """

    device: Arrays
    server: Arrays
    samples: int
    loss: float | None
    right: int
    sums: Mapping[str, float]
    phases: list[Phase]
    sent_ns: int
    done_ns: int
    is_same_clock: bool

    @property
    def busy_s(self) -> float:
        """Seconds of the device's round without waiting for the other devices."""
        return sum(self.sums[name] for name in SECONDS)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A device before the first round: its layers, its link, and what its testbed says of it.

    ``forward_s`` and ``backward_s`` float64[L + 1], seconds a batch; ``round_trip_s`` of a frame
    without content.
    """

    forward_s: FloatArray
    backward_s: FloatArray
    up_bit_s: float
    down_bit_s: float
    round_trip_s: float
    description: Mapping[str, Any] | None


@dataclass(slots=True, eq=False)
class Session:
    """A device that is connected; one thread at a time uses it."""

    index: int
    connection: Connection
    boot_id: str
    trace: LinkTrace | None = None
    bucket: TokenBucket | None = None
    shaping: str | None = None  # who keeps its link's rates: "kernel", "program", or nobody
    since_ns: int = field(default_factory=time.monotonic_ns)
    is_replaced: bool = False  # the device has come back on another connection

    def measure(self, timeout_s: float) -> Measured:
        """Let the device time its layers, and time its link both ways."""
        until_s = time.monotonic() + timeout_s
        self.connection.send("profile", {"batches": PROFILE_BATCHES})
        frame = self._receive("profiled", until_s)
        forward_s, backward_s = (
            _times(frame.tensors.get(name), name) for name in ("forward_s", "backward_s")
        )
        described = frame.fields.get("device")
        trips_s = []
        for _ in range(_PINGS):
            start_ns = time.monotonic_ns()
            self.connection.send("ping")
            self._receive("pong", until_s)
            trips_s.append((time.monotonic_ns() - start_ns) / 1e9)
        payload = np.zeros(protocol.PROBE_BYTES, dtype=np.uint8)
        self.connection.send("probe", {}, {"payload": payload})
        probed = self._receive("probed", until_s)
        first_ns, last_ns = self.connection.received_ns
        return Measured(
            forward_s,
            backward_s,
            _rate_bit_s((last_ns - first_ns) / 1e9),
            _rate_bit_s(seconds_of(probed, "down_s")),
            median(trips_s),
            described if isinstance(described, dict) else None,
        )

    def train(
        self, order: Order, whole: Arrays, model: nn.Sequential, config: SplitConfig
    ) -> Trained:
        """Train from the weights ``whole`` at a cut; ``model`` becomes the server's part.

        Raises WireError (FailedError where the device says that it cannot, or the server's part for
        it diverged), OSError, TimeoutError, for anything but a whole round.
        """
        until_s = time.monotonic() + order.timeout_s
        device, server = divide(whole, order.cut)
        part = ServerPart(model, order.cut, config.sgd)
        part.learning_rate = order.learning_rate
        part.load(server)
        if self.bucket is not None and order.window_ns is not None:
            self.bucket.begin(order.window_ns)
        sent_ns = time.monotonic_ns()
        fields = {
            "round": order.round_number,
            "cut": order.cut,
            "iterations": config.iterations,
            "learning_rate": order.learning_rate,
            "sent_ns": sent_ns,
        }
        kind = protocol.REHEARSAL
        if order.window_ns is not None:
            kind, fields["window_s"] = protocol.ROUND, (sent_ns - order.window_ns) / 1e9
        self.connection.send(kind, fields, device, timeout_s=order.timeout_s)
        samples = config.iterations * config.batch
        losses, right = [], 0
        for _ in range(config.iterations if order.cut < LAYERS else 0):
            loss, count = self._batch(part, config, until_s)
            losses.append(loss)
            right += count
        frame = self._receive("part", until_s)
        last_ns = self.connection.received_ns[1]
        wrong = model_arrays.fault(dict(frame.tensors), device)
        if wrong is not None:
            raise WireError(f"its weights are wrong: {wrong}")
        if order.cut == LAYERS:
            losses, right = [_loss(frame)], _count(frame, samples)
        self.connection.send("got", {"server_s": (time.monotonic_ns() - last_ns) / 1e9})
        done = self._receive("done", until_s)
        done_ns = time.monotonic_ns()
        loss_sum = float(np.mean(losses))
        trained = part.arrays()  # BatchNorm's may overflow while all that crosses is finite
        if (wrong := model_arrays.fault(trained, server)) is not None:
            raise FailedError(f"the server's part for it diverged: {wrong}")
        return Trained(
            device=dict(frame.tensors),
            server=trained,
            samples=samples,
            loss=loss_sum if np.isfinite(loss_sum) else None,
            right=right,
            sums=_sums(done),
            phases=on_clock(
                from_tensors(done.tensors), sent_ns, done_ns, is_same_clock=self.is_same_clock
            ),
            sent_ns=sent_ns,
            done_ns=done_ns,
            is_same_clock=self.is_same_clock,
        )

    @property
    def is_same_clock(self) -> bool:
        """Whether the device's CLOCK_MONOTONIC is this machine's."""
        return bool(self.boot_id) and self.boot_id == meeting.boot_id()

    def hang_up(self, kind: str, text: str) -> None:
        """Say why ("dropped", "bye") if the device still hears, and close."""
        with contextlib.suppress(OSError, WireError):  # it has gone already
            self.connection.send(kind, {"text": text}, timeout_s=_FAREWELL_S)
        self.connection.close()

    def _batch(self, part: ServerPart, config: SplitConfig, until_s: float) -> tuple[float, int]:
        """Answer one batch: gradients go before the server takes its own step."""
        frame = self._receive("activations", until_s)
        last_ns = self.connection.received_ns[1]
        labels = frame.tensors.get(LABELS)
        if labels is None:
            raise WireError("activations without labels")
        stepped = part.propagate(unpack(frame.tensors, "up"), labels)
        tensors: dict[str, Tensor] = {}
        if stepped.gradients is not None:
            tensors = pack(stepped.gradients, config.gradients, "down")
        else:  # the device would send the next images meanwhile, and the step count as sending
            part.update()
        server_s = (time.monotonic_ns() - last_ns) / 1e9
        left_s = max(0.0, until_s - time.monotonic())
        self.connection.send("gradients", {"server_s": server_s}, tensors, timeout_s=left_s)
        if stepped.gradients is not None:
            part.update()
        return float(stepped.loss), int(stepped.right)

    def _receive(self, kind: str, until_s: float) -> Frame:
        return receive(self.connection, kind, max(0.0, until_s - time.monotonic()))


def _rate_bit_s(since_first_byte_s: float) -> float:
    """Return the rate of a probe; what a full bucket lets go at once came with its first byte."""
    taken_s = max(_LEAST_S, since_first_byte_s)
    at_once = burst_bytes(8 * protocol.PROBE_BYTES / taken_s)
    return 8 * max(protocol.PROBE_BYTES / 2, protocol.PROBE_BYTES - at_once) / taken_s


def _times(tensor: Tensor | None, name: str) -> FloatArray:
    fits = tensor is not None and tensor.dtype == np.float64 and tensor.shape == (LAYERS + 1,)
    if tensor is None or not fits or not ((tensor >= 0) & (tensor < LONGEST_S)).all():
        raise WireError(f"{name} of its layers are no {LAYERS + 1} seconds")
    return tensor


def _sums(frame: Frame) -> dict[str, float]:
    seconds = {name: seconds_of(frame, name) for name in (*SECONDS, *CPU_SECONDS)}
    return {**seconds, **{name: bytes_of(frame, name) for name in BYTES}}


def _loss(frame: Frame) -> float:
    value = frame.fields.get("loss")
    if value is None:  # it was not finite
        return float("nan")
    if type(value) not in (int, float) or not 0 <= value < _LARGEST_LOSS:
        raise WireError(f"the loss is {in_words(value)} in its part")
    return float(value)


def _count(frame: Frame, samples: int) -> int:
    value = frame.fields.get("right")
    if type(value) is not int or not 0 <= value <= samples:
        raise WireError(f"right answers are {in_words(value)} of {samples} in its part")
    return value
