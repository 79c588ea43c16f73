"""The bytes between the sampler and its client: frames with a kind and a length.

Columns travel as native ``int64`` and ``float64``: both ends are one interpreter on one
machine. A stream is announced once as JSON, then its batches carry its number.
"""

from __future__ import annotations

import struct
from array import array

READY = 1  # JSON: the sampler samples
STREAM = 2  # JSON: number, name, channels, meta
BATCH = 3  # number, rows, times in ns, one column after the other
FLUSHED = 4  # JSON: everything sampled before this command has been sent
REPORT = 5  # JSON: the last frame

_HEADER = struct.Struct("=BI")
_BATCH = struct.Struct("=II")


def frame(kind: int, *parts: bytes) -> bytes:
    """Return one frame of the parts, joined."""
    return b"".join((_HEADER.pack(kind, sum(map(len, parts))), *parts))


def batch(number: int, times_ns: array[int], rows: array[float]) -> bytes:
    """Return the batch of a stream from its row-wise values, rows after rows of equal width."""
    count = len(times_ns)
    width = len(rows) // count
    columns = (rows[column::width].tobytes() for column in range(width))
    return frame(BATCH, _BATCH.pack(number, count), times_ns.tobytes(), *columns)


def split_batch(payload: bytes) -> tuple[int, array[int], list[array[float]]]:
    """Return a batch's stream number, times and columns. Raises ValueError for broken bytes."""
    if len(payload) < _BATCH.size:
        raise ValueError("a batch is cut short")
    number, count = _BATCH.unpack_from(payload)
    step = 8 * count
    body = len(payload) - _BATCH.size
    if not count or not body or body % step:
        raise ValueError("a batch does not hold whole columns")
    times_ns: array[int] = array("q")
    times_ns.frombytes(payload[_BATCH.size : _BATCH.size + step])
    columns: list[array[float]] = []
    for start in range(_BATCH.size + step, len(payload), step):
        column = array("d")
        column.frombytes(payload[start : start + step])
        columns.append(column)
    return number, times_ns, columns


def take_frames(received: bytearray) -> list[tuple[int, bytes]]:
    """Remove the whole frames at the start of ``received`` and return (kind, payload) of each."""
    frames = []
    at = 0
    while len(received) - at >= _HEADER.size:
        kind, length = _HEADER.unpack_from(received, at)
        end = at + _HEADER.size + length
        if end > len(received):
            break
        frames.append((kind, bytes(received[at + _HEADER.size : end])))
        at = end
    del received[:at]
    return frames
