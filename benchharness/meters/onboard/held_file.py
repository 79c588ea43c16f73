"""One small file of the kernel, held open and read again and again with ``pread``.

A ``pread`` of an open file of /sys costs a few microseconds, opening it anew ten times that. What
cannot be read has a reason and no value: a file that vanished is no reading, never the old one.
"""

from __future__ import annotations

import errno
import os

_BYTES = 64  # of a file that holds one number or one word
_AGAIN = (errno.EAGAIN, errno.EINTR)


class Unreadable(Exception):  # noqa: N818 - not an error of the program: one reading less
    """Why there is no reading now. The reasons of a driver are few, since they are counted."""


class HeldFile:
    """A file that is opened at its first reading, and again after it has vanished."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = -1
        # /sys answers ENODEV when a device is gone; another file still reads as it was.
        self._may_be_deleted = not path.startswith("/sys/")

    def read(self) -> bytes:
        """Return the content without its end of line. Raises Unreadable with the reason."""
        for attempt in (1, 2):
            try:
                if self._descriptor < 0:
                    self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                raw = os.pread(self._descriptor, _BYTES, 0)
                gone = self._may_be_deleted and os.fstat(self._descriptor).st_nlink == 0
            except OSError as error:
                if error.errno not in _AGAIN:
                    self.close()  # a device that was taken out and came back has another file
                if attempt == 1 and error.errno in (errno.ENODEV, errno.ENXIO, *_AGAIN):
                    continue
                raise Unreadable(f"{self.path}: {error.strerror}") from None
            if not gone:
                return raw.strip()
            self.close()
        raise Unreadable(f"{self.path}: keeps vanishing")

    def number(self) -> int:
        """Return the whole number in the file. Raises Unreadable where there is none."""
        raw = self.read()
        try:
            return int(raw)
        except ValueError:
            what = "is not a number" if raw else "is empty"
            raise Unreadable(f"{self.path}: {what}") from None

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def number_in(path: str) -> int | None:
    """Return the whole number in a file that is read once; None where there is none."""
    file = HeldFile(path)
    try:
        return file.number()
    except Unreadable:
        return None
    finally:
        file.close()


def text_in(path: str) -> str:
    """Return the line in a file that is read once; empty where there is none."""
    file = HeldFile(path)
    try:
        return file.read().decode("utf-8", "replace")
    except Unreadable:
        return ""
    finally:
        file.close()


def names_in(folder: str) -> list[str]:
    """Return the names in a folder in natural order (hwmon2 before hwmon10); none where missing."""
    try:
        found = os.listdir(folder)  # noqa: PTH208 - paths of /sys are texts here
    except OSError:
        return []
    return sorted(found, key=lambda name: (len(name), name))
