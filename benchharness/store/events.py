"""Events of trials in the results file: buffered, written in batches, read in time order."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchharness.store.faults import translated, understood
from benchharness.store.records import EventRecord
from benchharness.store.text import marks, storable

_BEYOND = 1 << 63
_COLUMNS = "t_ns, participant, kind, edge, name, value, text, unit, step"


class Events:
    """The table of events, and those that are not yet committed."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._pending: list[tuple[Any, ...]] = []

    def add(self, trial_id: int, event: EventRecord) -> None:
        """Buffer an event. Raises ValueError for a time or a step beyond 64 bits."""
        value = event.value
        if not all(-_BEYOND <= number < _BEYOND for number in (event.t_ns, event.step or 0)):
            raise ValueError(f"beyond 64 bits: {event}")
        self._pending.append(
            (
                trial_id,
                event.t_ns,
                storable(event.participant),
                event.kind,
                event.edge,
                storable(event.name),
                "nan" if value is not None and value != value else value,  # noqa: PLR0124 - NaN
                storable(event.text),
                storable(event.unit),
                event.step,
            )
        )

    def has_pending(self) -> bool:
        """Return whether events wait for a commit."""
        return bool(self._pending)

    def write_pending(self) -> None:
        """Write what is buffered; the caller holds a transaction."""
        self._connection.executemany(
            f"INSERT INTO event (trial_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own names
            self._pending,
        )

    def clear_pending(self) -> None:
        """Drop the buffer: the caller's transaction has been committed."""
        self._pending.clear()

    def of_trial(self, trial_id: int, kind: str | None) -> list[EventRecord]:
        """Return a trial's events, or those of one kind, in time order."""
        chosen, values = ("", (trial_id,)) if kind is None else (" AND kind = ?", (trial_id, kind))
        with translated(self._path):
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM event WHERE trial_id = ?{chosen} ORDER BY t_ns, id",  # noqa: S608 - our own names
                values,
            ).fetchall()
        with understood(self._path):
            return [_event(row) for row in rows]

    def of_trials(self, trial_ids: Sequence[int]) -> dict[int, list[EventRecord]]:
        """Return the events of several trials at once, each trial's in time order."""
        found: dict[int, list[EventRecord]] = {trial_id: [] for trial_id in trial_ids}
        with translated(self._path), understood(self._path):
            for trial_id, *row in self._connection.execute(
                f"SELECT trial_id, {_COLUMNS} FROM event WHERE trial_id IN ({marks(trial_ids)})"  # noqa: S608 - our own names
                " ORDER BY trial_id, t_ns, id",
                trial_ids,
            ):
                found[trial_id].append(_event(tuple(row)))
        return found


def _event(row: tuple[Any, ...]) -> EventRecord:
    value = None if row[5] is None else float(row[5])
    return EventRecord(*(*row[:5], value, *row[6:]))
