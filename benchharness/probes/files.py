"""Small files of /proc and /sys."""

from __future__ import annotations

import os

NAN = float("nan")
NUMBER_BYTES = 32  # of a file that holds one number


def open_file(path: str) -> int | None:
    """Return a descriptor to read ``path`` with ``pread``, or None where it cannot be opened."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def number(raw: bytes) -> float:
    """Return the one whole number that the bytes hold; NaN where they hold another thing."""
    try:
        return float(int(raw))
    except (ValueError, OverflowError):
        return NAN


def is_missing(value: float) -> bool:
    """Return whether a value is NaN."""
    return not value <= float("inf")


def read_whole(path: str) -> bytes:
    """Return a file's content, for what is read once; empty where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def read_text(path: str) -> str:
    """Return a one-line file's text without its end of line; empty where there is none."""
    return read_whole(path).decode("utf-8", "replace").strip()


def names(folder: str) -> list[str]:
    """Return the names in a folder in natural order (zone2 before zone10); none where missing."""
    try:
        found = os.listdir(folder)  # noqa: PTH208 - pathlib costs the sampler a megabyte
    except OSError:
        return []
    return sorted(found, key=lambda name: (len(name), name))


def write_text(path: str, text: str) -> bool:
    """Write to a file of the kernel; return whether it is there and the kernel took the text."""
    try:
        # Without O_CREAT: a control file is there or it is not.
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.write(descriptor, text.encode())
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def close_all(descriptors: list[int]) -> None:
    """Close descriptors and forget them."""
    while descriptors:
        os.close(descriptors.pop())
