"""Observations back to numpy, exactly, packed and raw rows alike. Imported only to read."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchharness.store import codec
from benchharness.store.connection import snapshot
from benchharness.store.faults import damaged
from benchharness.store.schema import TIME_CHANNEL

TimesNs = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
_Items = npt.NDArray[np.uint8]  # [samples, 8]
_Rows = Iterable[tuple[int, bytes]]  # samples, bytes


def read_stream(
    connection: sqlite3.Connection,
    path: Path,
    stream_id: int,
    names: Sequence[str] | None = None,
) -> tuple[TimesNs, dict[str, Values]]:
    """Return a stream's int64[n] times and float64[n] channels: all, or only those named.

    Raises KeyError for a stream or a channel that is not there, ResultsFileError where the
    rows are not what was written.
    """
    with snapshot(connection, path):
        channels = _channel_names(connection, stream_id)
        wanted = channels if names is None else list(names)
        unknown = [name for name in wanted if name not in channels]
        if unknown:
            raise KeyError(f"no channel {unknown[0]!r} in stream {stream_id}: {channels}")
        recent = [
            (samples, codec.split_row(data, samples))
            for samples, data in connection.execute(
                "SELECT samples, data FROM recent WHERE stream_id = ? ORDER BY id", (stream_id,)
            )
        ]
        (total,) = connection.execute(
            "SELECT coalesce(sum(samples), 0) FROM observation WHERE stream_id = ? AND channel = ?",
            (stream_id, TIME_CHANNEL),
        ).fetchone()
        total += sum(samples for samples, _ in recent)

        def items(channel: int) -> tuple[_Items, list[slice]]:
            packed = connection.execute(
                "SELECT samples, data FROM observation WHERE stream_id = ? AND channel = ?"
                " ORDER BY id",
                (stream_id, channel),
            )
            raw = ((samples, parts[channel + 1]) for samples, parts in recent)
            return _items(packed, raw, total)

        try:
            times = _times(*items(TIME_CHANNEL))
            values = {name: _values(items(channels.index(name))[0]) for name in wanted}
        except (zlib.error, ValueError, TypeError) as error:
            raise damaged(path) from error
    return times, values


def _channel_names(connection: sqlite3.Connection, stream_id: int) -> list[str]:
    row = connection.execute("SELECT channels FROM stream WHERE id = ?", (stream_id,)).fetchone()
    if row is None:
        raise KeyError(f"no stream {stream_id}")
    return [name for name, _ in json.loads(row[0])]


def _values(items: _Items) -> Values:
    return items.view("<f8").ravel().astype(np.float64, copy=False)


def _times(items: _Items, packed: list[slice]) -> TimesNs:
    """Undo the steps of the packed parts; the sum wraps around as the steps did."""
    times = items.view("<i8").ravel().astype(np.int64, copy=False)
    for part in packed:
        np.cumsum(times[part], out=times[part])
    return times


def _items(packed: _Rows, raw: _Rows, total: int) -> tuple[_Items, list[slice]]:
    """Return all samples of a channel as bytes, and which parts of them came from packed rows."""
    items = np.empty((total, codec.ITEM_BYTES), dtype=np.uint8)
    parts = []
    position = 0
    for samples, data in packed:
        part = slice(position, position + samples)
        _unpack(data, items[part])
        parts.append(part)
        position += samples
    for samples, data in raw:
        items[position : position + samples].reshape(-1)[:] = np.frombuffer(data, np.uint8)
        position += samples
    if position != total:
        raise ValueError(f"{position} samples where the times say {total}")
    return items, parts


def _unpack(packed: bytes, out: npt.NDArray[np.uint8]) -> None:
    if not codec.is_intact(packed):
        raise ValueError("packed observations that have changed since they were written")
    start = codec.CRC_BYTES
    form, body = packed[start : start + 1], memoryview(packed)[start + 1 :]
    if form == codec.SPLIT:
        count = len(out)
        low = count * codec.SPLIT_PLANES
        out[:, : codec.SPLIT_PLANES] = _planes(body[:low], count)
        out[:, codec.SPLIT_PLANES :] = _planes(zlib.decompress(body[low:]), count)
    elif form == codec.SHUFFLED:
        out[:] = _planes(zlib.decompress(body), len(out))
    elif form == codec.PLAIN:
        out.reshape(-1)[:] = np.frombuffer(zlib.decompress(body), np.uint8)
    elif form == codec.RAW:
        out.reshape(-1)[:] = np.frombuffer(body, np.uint8)
    else:
        raise ValueError(f"packed observations of the unknown form {form!r}")


def _planes(data: bytes | memoryview, count: int) -> _Items:
    """Return planes of ``count`` bytes each, one after the other, as columns."""
    planes: _Items = np.frombuffer(data, np.uint8).reshape(-1, count).T
    return planes
