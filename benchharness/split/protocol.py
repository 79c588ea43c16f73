"""What a device and the server say to each other, each a frame of ``wire``.

    device   hello       {"index", "boot_id", "limit_bytes", "task", "protocol", "shaping",
                          "link": trace, where programs shape it}
                         and "unable": why, from one that can only say that and go
    server   welcome     {"limit_bytes": the smaller of both}   or   refused {"text": why}
    server   profile     {"batches": n}                         device   profiled {...} and times
    server   ping        {}                                     device   pong {}
    server   probe       {} and bytes                           device   probed {"down_s"} and bytes
    server   round       {"round", "cut", "iterations", "learning_rate", ...} and the device's part
      device   activations {} and values, labels                  for each batch, but not at the
      server   gradients   {"server_s"} and values                last cut
      device   part        {"loss", "right"} and the device's part
      server   got         {"server_s"}
      device   done        {seconds of all kinds} and its phases
    server   rehearsal   as round, of fewer batches: all the same follows, and the weights are
                         thrown away
    device   failed      {"text": why}                          instead of any of its frames
    server   dropped     {"text": why}                          and hangs up; it may come back
    server   bye         {"text": why}

``server_s`` is what the server took from the last byte of the question to the first of the answer,
so that a device can tell its transfers from waiting without a clock that both share.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchharness.cuts.records import Layers
from benchharness.errors import BenchharnessError
from benchharness.wire import greeting
from benchharness.wire.connection import Connection
from benchharness.wire.frames import Frame, Tensor, WireError

VERSION = 1
LABELS = "labels"
ROUND, REHEARSAL = "round", "rehearsal"
PROBE_BYTES = 1 << 18
_FRAMING_BYTES = 1 << 16  # heads of frames, with the names of all arrays
DEVICE = "device"
LONGEST_S = 1e9
_MOST_BYTES = 1 << 53  # what a float64 still counts one by one
_SHOWN = 40


# What one device may bring about, for memory or PyTorch too: it ends that device's round alone.
WRONG = (BenchharnessError, OSError, ValueError, ArithmeticError, RuntimeError, MemoryError)


class FailedError(WireError):
    """Nothing comes of this round of the device, which says so or is told: it can go on after it.

    The connection is as good as before.
    """


class DroppedError(WireError):
    """The server says that it goes on without this device for now."""


def largest_frame_bytes(layers: Layers) -> int:
    """Return the size that no frame of this training is larger than."""
    largest = np.concatenate([layers.up_bytes, layers.down_bytes, layers.part_bytes]).max()
    return max(int(1.1 * largest), PROBE_BYTES) + _FRAMING_BYTES


def hello(index: int, boot_id: str, limit_bytes: int, task: str) -> dict[str, object]:
    """Return the fields of a device's first frame."""
    return {**greeting.hello(index, boot_id, limit_bytes, task), "protocol": VERSION}


def refusal(frame: Frame, devices: int, task: str) -> str | None:
    """Return why who says this is not let in; None if it is."""
    spoken = frame.fields.get("protocol")
    if frame.kind == "hello" and spoken != VERSION:
        return f"it speaks version {spoken!r} of the protocol, and this server {VERSION}"
    return greeting.refusal(frame, devices, task, DEVICE)


def receive(connection: Connection, kind: str, timeout_s: float | None = None) -> Frame:
    """Wait for a frame of this kind.

    Raises FailedError or DroppedError where the other side says that instead, WireError for another
    frame, and as ``Connection.receive``.
    """
    frame = connection.receive(timeout_s)
    if frame.kind == kind:
        return frame
    text = str(frame.fields.get("text"))
    if frame.kind == "failed":
        raise FailedError(text)
    if frame.kind == "dropped":
        raise DroppedError(text)
    raise WireError(f"a frame {frame.kind!r} where {kind!r} belongs")


def seconds_of(frame: Frame, name: str) -> float:
    """Return a number of seconds that a frame says. Raises WireError where it is none."""
    value = frame.fields.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < LONGEST_S:
        raise WireError(f"{name} is {in_words(value)} in a frame {frame.kind!r}, no seconds")
    return float(value)


def bytes_of(frame: Frame, name: str) -> int:
    """Return a number of bytes that a frame says. Raises WireError where it is none."""
    value = frame.fields.get(name)
    if type(value) is not int or not 0 <= value <= _MOST_BYTES:
        raise WireError(f"{name} is {in_words(value)} in a frame {frame.kind!r}, no bytes")
    return value


def in_words(value: object) -> str:
    """Return what a peer has said as text for a message, cut where it is long."""
    text = repr(value) if not isinstance(value, int) or abs(value) < _MOST_BYTES else "too large"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def in_a_line(error: Exception) -> str:
    """Return an error's message, or its kind where it has none."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def tensor_bytes(tensors: Mapping[str, Tensor]) -> int:
    """Return what tensors take without their framing."""
    return sum(tensor.nbytes for tensor in tensors.values())
