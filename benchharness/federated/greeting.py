"""How a client says who it is, and who is let in."""

from __future__ import annotations

from benchharness.wire.frames import Frame

LARGEST_BYTES = 1 << 16  # of a frame from somebody who has not said who it is


def hello(index: int, boot_id: str, limit_bytes: int, task: str) -> dict[str, object]:
    """Return the fields of a client's first frame; ``task`` is the digest of its training."""
    return {"index": index, "boot_id": boot_id, "limit_bytes": limit_bytes, "task": task}


def refusal(frame: Frame, clients: int, task: str) -> str | None:
    """Return why who says this cannot be one of ``clients`` clients of ``task``, or None."""
    if frame.kind != "hello":
        return f"the first frame is {frame.kind!r}, not 'hello'"
    index, limit = frame.fields.get("index"), frame.fields.get("limit_bytes")
    if type(index) is not int or not 1 <= index <= clients:
        return f"there is no client {index!r} of {clients}"
    if type(limit) is not int or limit < LARGEST_BYTES:
        return f"frames of {limit!r} bytes, and {LARGEST_BYTES} are the least"
    if frame.fields.get("task") != task:
        return "it is configured for another training: give both the same options"
    return None
