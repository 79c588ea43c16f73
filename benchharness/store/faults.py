"""What can be wrong with a results file, each as one line with its remedy."""

from __future__ import annotations

import errno
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchharness.errors import BenchharnessError, ResultsFileError, UnfitError

# What SQLite, and Python of text that is no UTF-8, say of a file that is damaged.
_DAMAGED = ("malformed", "not a database", "corrupt", "Could not decode")
ELSEWHERE = "name another file with --results"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file into an error with a remedy; a bug passes through."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        explained = _explain(error, path)
        if explained is None:
            raise
        raise explained from error


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Make rows that are no records the error that the file is damaged: cards do rot.

    Text in SQLite has no checksum: a flipped bit makes JSON no JSON, and a status unknown.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise damaged(path) from error


def cannot_use(error: OSError, path: Path) -> BenchharnessError:
    """Return what the operating system says about the file, with a remedy."""
    where = str(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(where)
    no_folder = error.errno in (errno.EEXIST, errno.ENOTDIR)
    reason = "a file lies where its folder should be" if no_folder else error.strerror
    what = f"the results file cannot be used: {reason}"
    return ResultsFileError(what, where=where, remedy=ELSEWHERE)


def _explain(error: sqlite3.DatabaseError, path: Path) -> BenchharnessError | None:
    if isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
        return None
    message, where = str(error), str(path)
    if "full" in message or "disk I/O error" in message:
        return _disk_full(where, message)
    if "locked" in message:
        what = "has been locked by another program for too long"
        return ResultsFileError(what, where=where, remedy="end that program, then try again")
    if "readonly" in message or "unable to open" in message:
        what = f"the results file cannot be used: {message}"
        remedy = "make the file and its folder writable, or name another file with --results"
        return ResultsFileError(what, where=where, remedy=remedy)
    if any(word in message for word in _DAMAGED):
        return damaged(path)
    return None


def _disk_full(where: str, message: str = "database or disk is full") -> UnfitError:
    return UnfitError(
        f"the results cannot be written ({message}); what was committed is kept",
        where=where,
        remedy="free space on that disk, then resume the campaign",
    )


def damaged(path: Path) -> ResultsFileError:
    """Return the error that says how a file is damaged and how to save what is left of it."""
    file = shlex.quote(str(path))
    return ResultsFileError(
        f"the results file is damaged ({_damage(path)})",
        where=str(path),
        remedy=(
            f"save what is left: {sys.executable} -m benchharness.store.rescue {file} rescued.db, "
            "then go on with --results rescued.db"
        ),
    )


def _damage(path: Path) -> str:
    """Say what is wrong: how much of the file is missing, else what SQLite's check finds."""
    page_bytes, pages = page_counts(path)
    size = path.stat().st_size
    if size < pages * page_bytes:
        return f"cut short: {size} of {pages * page_bytes} bytes are there"
    try:
        uri = path.absolute().as_uri() + "?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "rows are not what was written" if finding == "ok" else str(finding)


def page_counts(path: Path) -> tuple[int, int]:
    """Return the bytes of a page and the number of pages that a file's header declares."""
    with path.open("rb") as file:
        header = file.read(100)
    page_bytes = int.from_bytes(header[16:18], "big")
    return 65536 if page_bytes == 1 else page_bytes, int.from_bytes(header[28:32], "big")
