"""Streams of observations in the results file: buffered, committed by the second, packed.

A commit writes one raw row per stream to ``recent``. When a minute of them is there, or many
samples, or the trial ends, they are replaced by one packed row per channel in the same
transaction, so that a reader sees every sample exactly once, also after ``kill -9``.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchharness.model import Channel
from benchharness.store.codec import encode_row, pack, pack_times, split_row
from benchharness.store.connection import transaction
from benchharness.store.faults import translated, understood
from benchharness.store.records import StreamRecord
from benchharness.store.schema import TIME_CHANNEL
from benchharness.store.text import marks, parsed, storable

_COLUMNS = "id, trial_id, source, name, channels, meta"
PACK_AFTER_NS = 60_000_000_000
PACK_AFTER_SAMPLES = 8192  # at 1 kHz packing stays a matter of milliseconds


class Observations:
    """The streams of the results file, and the samples that are not yet committed."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._width: dict[int, int] = {}  # stream -> number of channels
        self._pending: dict[int, tuple[array[int], list[array[float]]]] = {}
        # Stream -> (first time, samples) of its raw rows; and what that is after the commit,
        # which may fail and be tried again.
        self._raw: dict[int, tuple[int, int]] = {}
        self._raw_then: dict[int, tuple[int, int]] = {}

    def add_stream(
        self,
        trial_id: int,
        source: str,
        name: str,
        channels: Sequence[Channel],
        meta: Mapping[str, Any],
    ) -> int:
        """Add a stream to a trial and return its id."""
        listed = json.dumps([[channel.name, channel.unit] for channel in channels])
        with transaction(self._connection, self._path):
            stream_id = self._connection.execute(
                "INSERT INTO stream (trial_id, source, name, channels, meta)"
                " VALUES (?, ?, ?, ?, ?)",
                (trial_id, source, storable(name), listed, json.dumps(dict(meta))),
            ).lastrowid
        assert stream_id is not None
        self._width[stream_id] = len(channels)
        return stream_id

    def set_meta(self, stream_id: int, meta: Mapping[str, Any]) -> None:
        """Replace what is known about a stream, such as capabilities that were refined."""
        with transaction(self._connection, self._path):
            self._connection.execute(
                "UPDATE stream SET meta = ? WHERE id = ?", (json.dumps(dict(meta)), stream_id)
            )

    def append(self, stream_id: int, times_ns: array[int], columns: Sequence[array[float]]) -> None:
        """Buffer samples: array('q')[n] of times and one array('d')[n] per channel, NaN missing.

        Raises ValueError where the shapes or the types are not those of the stream.
        """
        if len(columns) != self._width[stream_id]:
            raise ValueError(f"{len(columns)} columns for {self._width[stream_id]} channels")
        if times_ns.typecode != "q" or any(column.typecode != "d" for column in columns):
            raise ValueError("times are array('q') and columns array('d')")
        if any(len(column) != len(times_ns) for column in columns):
            raise ValueError("columns and times differ in length")
        if not times_ns:
            return
        if stream_id not in self._pending:
            self._pending[stream_id] = (array("q"), [array("d") for _ in columns])
        pending_times, pending_columns = self._pending[stream_id]
        pending_times.extend(times_ns)
        for pending, column in zip(pending_columns, columns, strict=True):
            pending.extend(column)

    def has_pending(self) -> bool:
        """Return whether samples wait for a commit."""
        return bool(self._pending)

    def write_pending(self) -> None:
        """Write what is buffered and pack what is full; the caller holds a transaction."""
        self._raw_then = dict(self._raw)
        for stream_id, (times, columns) in self._pending.items():
            self._connection.execute(
                "INSERT INTO recent (stream_id, first_ns, samples, data) VALUES (?, ?, ?, ?)",
                (stream_id, times[0], len(times), encode_row(times, columns)),
            )
            first_ns, samples = self._raw.get(stream_id, (times[0], 0))
            samples += len(times)
            if samples >= PACK_AFTER_SAMPLES or times[-1] - first_ns >= PACK_AFTER_NS:
                self._pack(stream_id)
                self._raw_then.pop(stream_id, None)
            else:
                self._raw_then[stream_id] = (first_ns, samples)

    def clear_pending(self) -> None:
        """Drop the buffers: the caller's transaction has been committed."""
        self._pending.clear()
        self._raw = self._raw_then

    def pack_trial(self, trial_id: int) -> None:
        """Pack all that a trial still has in raw rows; the caller holds a transaction."""
        streams = self._connection.execute(
            "SELECT id FROM stream WHERE trial_id = ? AND id IN (SELECT stream_id FROM recent)",
            (trial_id,),
        ).fetchall()
        for (stream_id,) in streams:
            self._pack(stream_id)

    def _pack(self, stream_id: int) -> None:
        rows = self._connection.execute(
            "SELECT samples, data FROM recent WHERE stream_id = ? ORDER BY id", (stream_id,)
        ).fetchall()
        samples = sum(row[0] for row in rows)
        times, *columns = map(b"".join, zip(*(split_row(d, n) for n, d in rows), strict=True))
        # Deleted first, so that the packed rows take the pages that this sets free.
        self._connection.execute("DELETE FROM recent WHERE stream_id = ?", (stream_id,))
        packed = [(TIME_CHANNEL, pack_times(times)), *enumerate(map(pack, columns))]
        self._connection.executemany(
            "INSERT INTO observation (stream_id, channel, samples, data) VALUES (?, ?, ?, ?)",
            [(stream_id, channel, samples, data) for channel, data in packed],
        )

    def streams(self, trial_id: int) -> list[StreamRecord]:
        """Return a trial's streams in the order in which they were added."""
        with translated(self._path):
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM stream WHERE trial_id = ? ORDER BY id",  # noqa: S608 - our own names
                (trial_id,),
            ).fetchall()
        with understood(self._path):
            return [_stream(row) for row in rows]

    def streams_of_trials(self, trial_ids: Sequence[int]) -> dict[int, list[StreamRecord]]:
        """Return the streams of several trials at once, each trial's in order."""
        found: dict[int, list[StreamRecord]] = {trial_id: [] for trial_id in trial_ids}
        with translated(self._path), understood(self._path):
            for row in self._connection.execute(
                f"SELECT {_COLUMNS} FROM stream WHERE trial_id IN ({marks(trial_ids)}) ORDER BY id",  # noqa: S608 - our own names
                trial_ids,
            ):
                stream = _stream(row)
                found[stream.trial_id].append(stream)
        return found

    def meters(self, campaign_id: str) -> list[tuple[int, str, Mapping[str, Any]]]:
        """Return trial, name and meta of every meter's stream of a campaign, in run order."""
        with translated(self._path):
            rows = self._connection.execute(
                "SELECT trial.id, stream.name, stream.meta FROM trial"
                " JOIN stream ON stream.trial_id = trial.id"
                " WHERE trial.campaign_id = ? AND stream.source = 'meter'"
                " ORDER BY trial.run_index, trial.id, stream.id",
                (campaign_id,),
            ).fetchall()
        with understood(self._path):
            return [(trial_id, name, parsed(meta)) for trial_id, name, meta in rows]


def _stream(row: tuple[Any, ...]) -> StreamRecord:
    stream_id, trial_id, source, name, channels, meta = row
    return StreamRecord(stream_id, trial_id, source, name, _channels(channels), parsed(meta))


@lru_cache(maxsize=256)
def _channels(text: str) -> tuple[Channel, ...]:
    return tuple(Channel(*channel) for channel in json.loads(text))
