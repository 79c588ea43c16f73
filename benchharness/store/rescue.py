"""What is left of a damaged results file, copied into a new one.

A card that is pulled out leaves a file that is cut short or holds pages of rubbish; SQLite then
refuses the whole of it. Here the missing end is filled up, so that SQLite opens a copy, and each
row that can still be read is taken over. (The ``.recover`` of the sqlite3 program would do the
same, but Debian's build lacks the module that it needs.)

    python3 -m benchharness.store.rescue DAMAGED NEW
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import groupby
from pathlib import Path

from benchharness.errors import ResultsFileError
from benchharness.store.codec import is_intact
from benchharness.store.connection import connect, look_at, transaction
from benchharness.store.faults import page_counts
from benchharness.store.rescue_mark import lost_lines, mark_lost_trials
from benchharness.store.rescue_mend import mend

_GIVE_UP_AFTER = 10_000  # row numbers without a readable row, where the last one is not known

_Row = tuple[object, ...]


def rescue(damaged: Path, new: Path) -> Mapping[str, int]:
    """Copy every readable row of ``damaged`` into the new file ``new``; return rows by table.

    A minute of a stream of which a channel is lost or changed is left out whole, so that the
    channels of what remains belong together. Raises ResultsFileError if ``damaged`` was never
    a results file or ``new`` is there already.
    """
    look_at(damaged, create=False)
    if new.exists():
        raise ResultsFileError("is there already", where=str(new), remedy="name a new file")
    with tempfile.TemporaryDirectory(dir=new.parent) as folder:
        copy = _whole_copy(damaged, Path(folder))
        with (
            closing(sqlite3.connect(copy, isolation_level=None)) as source,
            closing(connect(new, create=True, read_only=False)) as target,
        ):
            target.execute("PRAGMA foreign_keys = OFF")
            saved = {}
            with transaction(target, new):
                for table, without_rowid in _tables(target):
                    rows = _rows(source, table, by_number=not without_rowid)
                    saved[table] = _insert(target, table, rows)
                mend(target)
                saved["observation"] -= _drop_torn_minutes(target)
                mark_lost_trials(target)
    return saved


def _whole_copy(damaged: Path, folder: Path) -> Path:
    """Copy the file and its write-ahead log; fill the copy up to the length in its header."""
    copy = folder / "copy.db"
    shutil.copyfile(damaged, copy)
    wal = damaged.with_name(damaged.name + "-wal")
    if wal.exists():
        shutil.copyfile(wal, folder / "copy.db-wal")
    page_bytes, pages = page_counts(copy)
    if copy.stat().st_size < page_bytes * pages:
        with copy.open("r+b") as file:
            file.truncate(page_bytes * pages)
    return copy


def _tables(connection: sqlite3.Connection) -> list[tuple[str, bool]]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return [(name, "WITHOUT ROWID" in sql) for name, sql in rows]


def _rows(source: sqlite3.Connection, table: str, *, by_number: bool) -> Iterator[_Row]:
    """Yield what can be read: in order up to the damage, from the end back to it, then between."""
    if not by_number:
        yield from _until_damage(source, f"SELECT * FROM {table}")  # noqa: S608 - our own names
        return
    numbered = f"SELECT rowid, * FROM {table}"  # noqa: S608 - our own names
    first = 0
    for number, *row in _until_damage(source, f"{numbered} ORDER BY rowid"):
        first = int(str(number))
        yield tuple(row)
    back = list(_until_damage(source, f"{numbered} WHERE rowid > {first} ORDER BY rowid DESC"))
    last = int(str(back[-1][0])) if back else None
    number, missed = first + 1, 0
    while number < last if last is not None else missed < _GIVE_UP_AFTER:
        found = list(_until_damage(source, f"SELECT * FROM {table} WHERE rowid = {number}"))  # noqa: S608 - our own names
        missed = 0 if found else missed + 1
        yield from found
        number += 1
    yield from (tuple(row[1:]) for row in reversed(back))


def _until_damage(source: sqlite3.Connection, query: str) -> Iterator[_Row]:
    try:
        yield from source.execute(query)
    except sqlite3.DatabaseError:
        return


def _insert(target: sqlite3.Connection, table: str, rows: Iterator[_Row]) -> int:
    count = 0
    for row in rows:
        marks = ", ".join("?" * len(row))
        try:
            target.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - our own names
        except sqlite3.IntegrityError:
            continue  # a row that rubbish has made impossible
        count += 1
    return count


def _drop_torn_minutes(target: sqlite3.Connection) -> int:
    """Delete packed minutes that lack a channel or hold rubbish; return how many rows that were.

    The rows of a minute are written together, times first: row number minus channel is the same.
    """
    widths = dict(target.execute("SELECT id, json_array_length(channels) FROM stream"))
    rows = target.execute(
        "SELECT stream_id, id - channel, id, data FROM observation ORDER BY 1, 2, 3"
    )
    torn = []
    for (stream, _), group in groupby(rows, key=lambda row: (row[0], row[1])):
        minute = [(number, is_intact(data)) for _, _, number, data in group]
        if len(minute) != widths.get(stream, -1) + 1 or not all(intact for _, intact in minute):
            torn += [number for number, _ in minute]
    target.executemany("DELETE FROM observation WHERE id = ?", [(number,) for number in torn])
    return len(torn)


def main(arguments: list[str]) -> int:
    """Rescue, and print the rows that were saved; return 1 where no trial was."""
    try:
        damaged, new = map(Path, arguments)
        saved = rescue(damaged, new)
    except (ValueError, ResultsFileError, OSError) as error:
        why = "two files are needed" if isinstance(error, ValueError) else str(error)
        _tell(f"{why}; use: python3 -m benchharness.store.rescue DAMAGED NEW")
        return 2
    for table, rows in saved.items():
        sys.stdout.write(f"{table:<12} {rows} rows\n")
    if saved["campaign"] and saved["trial"]:
        for line in lost_lines(new):
            _tell(line)
        return 0
    new.unlink()
    _tell(f"{damaged}: no trial can be read any more: nothing is saved")
    return 1


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
