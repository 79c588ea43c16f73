"""The files of a data set's archive: in a .tar.gz or already in a folder."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from benchharness.errors import UsageError

_GZIP = b"\x1f\x8b"
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError)
_BLOCK_BYTES = 1 << 20


def read_files(path: Path, wanted: Iterable[str], remedy: str) -> dict[str, bytes]:
    """Return the contents of the ``wanted`` files of the archive or folder at ``path``, by name.

    Those that are not there are absent; in a folder, files one level below count too, as the
    archive has a folder in it. Nothing is written. Raises UsageError with ``remedy`` where the
    path is missing, cannot be read, or is an archive that is truncated or fails its checksum.
    """
    where = str(path.absolute())
    if not path.exists():
        raise UsageError("there is no such file or folder", where=where, remedy=remedy)
    names = frozenset(wanted)
    try:
        return _in_folder(path, names) if path.is_dir() else _in_archive(path, names)
    except _DAMAGED as error:
        what = f"it is truncated, damaged or no .tar.gz archive ({error})"
        raise UsageError(what, where=where, remedy=remedy) from error
    except OSError as error:
        what = f"it cannot be read: {error.strerror or error}"
        raise UsageError(what, where=where, remedy=remedy) from error


def names_in(path: Path) -> frozenset[str]:
    """Return the names of all files of an archive or folder, to say what it is instead."""
    if path.is_dir():
        return frozenset(p.name for p in (*path.glob("*"), *path.glob("*/*")) if p.is_file())
    with _opened(path) as archive:
        return frozenset(PurePosixPath(m.name).name for m in archive if m.isfile())


def _in_folder(path: Path, names: frozenset[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file in (*path.glob("*/*"), *path.glob("*")):  # its own files before those below
        if file.name in names and file.is_file():
            found[file.name] = file.read_bytes()
    return found


def _in_archive(path: Path, names: frozenset[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with _opened(path) as archive:
        for member in archive:
            name = PurePosixPath(member.name).name
            content = archive.extractfile(member) if name in names and member.isfile() else None
            if content is not None:
                found[name] = content.read()
    return found


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive, compressed or not; at the end read what is left, to have it checked.

    An archive ends before its compression does: without that, gzip's checksum is never looked at.
    """
    with path.open("rb") as file:
        compressed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        if not compressed:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                yield archive
            return
        with gzip.open(file) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            yield archive
            while stream.read(_BLOCK_BYTES):
                pass
