"""Opening a results file, and its transactions.

WAL with ``synchronous = FULL``: what is committed survives a power cut, readers never wait, and
two harnesses share a file because every transaction is short.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchharness.errors import ResultsFileError
from benchharness.store import schema
from benchharness.store.faults import ELSEWHERE, cannot_use, translated

BUSY_TIMEOUT_S = 10.0

_MAGIC = b"SQLite format 3\x00"


def connect(path: Path, *, create: bool, read_only: bool) -> sqlite3.Connection:
    """Open a results file, creating or migrating it where that is asked for.

    Raises ResultsFileError for a path that is missing, not a file, not SQLite, another program's
    or of a newer schema; UnfitError where the disk is full.
    """
    fresh = look_at(path, create=create and not read_only)
    with translated(path):
        connection = _open(path, "ro" if read_only else "rwc" if fresh else "rw")
        try:
            _check_identity(connection, path)
            if read_only:
                return _current_or_migrated(connection, path)
            _use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            # Debian's SQLite overwrites what is deleted; here that would only wear a card out.
            connection.execute("PRAGMA secure_delete = OFF")
            _bring_up_to_date(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Run the body as one write: committed at its end, or nothing of it."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def snapshot(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Run the body's reads on one state of the file, whatever a harness writes meanwhile.

    Inside another snapshot, or a transaction, it is that one's state.
    """
    with translated(path):
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN")
        try:
            yield
        finally:
            if connection.in_transaction:  # else SQLite has ended it, because of an error
                connection.execute("ROLLBACK")


def _open(path: Path, mode: str) -> sqlite3.Connection:
    uri = path.absolute().as_uri()
    if mode == "ro" and not os.access(path.parent, os.W_OK) and not _wal(path).exists():
        # Nobody can write to it, and SQLite could not make its shared-memory file beside it.
        uri += "?mode=ro&immutable=1"
    else:
        uri += f"?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def look_at(path: Path, *, create: bool) -> bool:
    """Return whether the file is still to be made; raise if it cannot be a results file."""
    where = str(path)
    try:
        if path.is_dir():
            raise ResultsFileError("is a folder, not a results file", where=where, remedy=ELSEWHERE)
        if path.exists() and path.stat().st_size > 0:
            with path.open("rb") as file:
                if file.read(len(_MAGIC)) != _MAGIC:
                    what = "is not a results file (not SQLite); it is left as it is"
                    raise ResultsFileError(what, where=where, remedy=ELSEWHERE)
            return False
        if not create:
            if path.exists():
                raise ResultsFileError(
                    "the results file is there, and empty: nothing was ever run into it",
                    where=where,
                    remedy="run something first, or name the file with --results",
                )
            raise ResultsFileError(
                "there is no results file",
                where=where,
                remedy="run something first, or name the file with --results",
            )
        if not path.parent.is_dir() and not path.parent.parent.is_dir():
            raise ResultsFileError(
                f"there is no folder {path.parent}",
                where=where,
                remedy="make it, or name another file",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_use(error, path) from error
    return True


def _check_identity(connection: sqlite3.Connection, path: Path) -> None:
    with snapshot(connection, path):
        application_id, version, tables = schema.identity(connection)
    if application_id == schema.APPLICATION_ID:
        if version > schema.SCHEMA_VERSION:
            raise ResultsFileError(
                f"is of schema {version}, and this benchharness knows schemas up to "
                f"{schema.SCHEMA_VERSION}",
                where=str(path),
                remedy="update benchharness, or name another file with --results",
            )
    elif tables or application_id:
        what = "is a SQLite file of another program; it is left as it is"
        raise ResultsFileError(what, where=str(path), remedy=ELSEWHERE)


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    with snapshot(connection, path):
        version = schema.identity(connection)[1]
    if version < schema.SCHEMA_VERSION:
        with transaction(connection, path):
            schema.migrate(connection, schema.MIGRATIONS)


def _current_or_migrated(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return a read-only connection to the present schema, migrating an older file first."""
    with snapshot(connection, path):
        version = schema.identity(connection)[1]
    if version == schema.SCHEMA_VERSION:
        return connection
    connection.close()
    connect(path, create=False, read_only=False).close()
    return _open(path, "ro")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait when two processes do this at once, so this does.

    A file system without shared memory refuses; the rollback journal is as safe, and slower.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")
