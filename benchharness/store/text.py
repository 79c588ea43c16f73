"""Text from programs and file names, made fit for SQLite."""

from __future__ import annotations

from typing import overload


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """Return text that UTF-8 can hold; a lone surrogate, as in file names, becomes an escape."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")
