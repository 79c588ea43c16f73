"""Observations as bytes: raw rows while a trial runs, packed rows afterwards. Both lossless.

Only the standard library here, because the harness packs while a trial runs and must stay
small; ``reading.py`` decodes with numpy. All numbers are little-endian.

A packed row is a CRC-32 of what follows (SQLite has no checksums, and cards do rot), one byte
that names the form, then the numbers, in the shortest of:

- RAW: as they are;
- PLAIN: deflated. Best for readings of few digits, which repeat;
- SHUFFLED: all first bytes, all second bytes ..., deflated. Best for counters and time steps;
- SPLIT: the six low byte planes as they are, sign, exponent and high mantissa deflated. Best
  for full float64 noise, whose low bytes do not compress and would only cost time.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Sequence
from itertools import pairwise
from operator import sub

RAW, PLAIN, SHUFFLED, SPLIT = b"\x00", b"\x01", b"\x02", b"\x03"

CRC_BYTES = 4
ITEM_BYTES = 8
SPLIT_PLANES = 6

_LEVEL = 6
_MASK = (1 << 64) - 1
_HALF = 1 << 63


def to_bytes(values: array[int] | array[float]) -> bytes:
    """Return the eight-byte items of an array as little-endian bytes."""
    if sys.byteorder == "little":
        return values.tobytes()
    swapped = values[:]
    swapped.byteswap()
    return swapped.tobytes()


def times_from_bytes(data: bytes) -> array[int]:
    """Return int64 time stamps from little-endian bytes."""
    times = array("q")
    times.frombytes(data)
    if sys.byteorder == "big":
        times.byteswap()
    return times


def encode_row(times_ns: array[int], columns: Sequence[array[float]]) -> bytes:
    """Return a raw row: the times, then each column."""
    return b"".join((to_bytes(times_ns), *map(to_bytes, columns)))


def split_row(data: bytes, samples: int) -> list[bytes]:
    """Return the times and the columns of a raw row as bytes."""
    size = samples * ITEM_BYTES
    return [data[start : start + size] for start in range(0, len(data), size)]


def pack_times(data: bytes) -> bytes:
    """Pack time stamps: the first as it is, then the steps, which wrap around as int64 does."""
    times = times_from_bytes(data)
    try:
        steps = array("q", map(sub, times[1:], times))
    except OverflowError:
        wrapped = ((later - earlier) & _MASK for earlier, later in pairwise(times))
        steps = array("q", (step - (1 << 64) if step >= _HALF else step for step in wrapped))
    return pack(to_bytes(times[:1]) + to_bytes(steps))


def pack(data: bytes) -> bytes:
    """Pack eight-byte items in the shortest of the four forms."""
    shuffled = b"".join(data[plane::ITEM_BYTES] for plane in range(ITEM_BYTES))
    low = len(data) // ITEM_BYTES * SPLIT_PLANES
    forms = (
        RAW + data,
        SPLIT + shuffled[:low] + zlib.compress(shuffled[low:], _LEVEL),
        PLAIN + zlib.compress(data, _LEVEL),
        SHUFFLED + zlib.compress(shuffled, _LEVEL),
    )
    shortest = min(forms, key=len)
    return zlib.crc32(shortest).to_bytes(CRC_BYTES, "little") + shortest


def is_intact(packed: bytes) -> bool:
    """Return whether a packed row is what was written."""
    crc = int.from_bytes(packed[:CRC_BYTES], "little")
    return zlib.crc32(memoryview(packed)[CRC_BYTES:]) == crc
