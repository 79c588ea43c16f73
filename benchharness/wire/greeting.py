"""How a program says which of many it is, and who is let in."""

from __future__ import annotations

from benchharness.wire.frames import Frame

LARGEST_BYTES = 1 << 16  # of a frame from somebody who has not said who it is


def hello(index: int, boot_id: str, limit_bytes: int, task: str) -> dict[str, object]:
    """Return the fields of a first frame; ``task`` is the digest of what both are configured for.

    ``boot_id`` is of the machine whose CLOCK_MONOTONIC its stamps are of.
    """
    return {"index": index, "boot_id": boot_id, "limit_bytes": limit_bytes, "task": task}


def refusal(frame: Frame, count: int, task: str, word: str = "client") -> str | None:
    """Return why who says this cannot be one of ``count`` (of ``word``) of ``task``, or None."""
    if frame.kind != "hello":
        return f"the first frame is {frame.kind!r}, not 'hello'"
    index, limit = frame.fields.get("index"), frame.fields.get("limit_bytes")
    if type(index) is not int or not 1 <= index <= count:
        return f"there is no {word} {index!r} of {count}"
    if type(limit) is not int or limit < LARGEST_BYTES:
        return f"frames of {limit!r} bytes, and {LARGEST_BYTES} are the least"
    if frame.fields.get("task") != task:
        return "it is configured for another training: give both the same options"
    return None
