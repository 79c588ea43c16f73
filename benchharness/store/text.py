"""Text from programs and file names, made fit for SQLite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, overload


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """Return text that UTF-8 can hold; a lone surrogate, as in file names, becomes an escape."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def marks(values: Sequence[object]) -> str:
    """Return ``?, ?, ?``: a question mark for each value of an SQL list."""
    return ", ".join("?" * len(values))


@lru_cache(maxsize=1024)
def parsed(text: str) -> Any:
    """Return JSON as data, which the caller leaves as it is: a campaign repeats the same texts."""
    return json.loads(text)
