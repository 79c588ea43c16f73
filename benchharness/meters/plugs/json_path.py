"""Where a figure stands in a JSON document: ``$.a.b[0]``, ``a.b.0`` or ``$['a key'].b``.

The part of JSONPath (RFC 9535) that names one place: no wildcards, slices or filters. The empty
path, and ``$``, mean the whole document.
"""

from __future__ import annotations

import re
from typing import Any

_LONGEST_PATH = 200
_PART = re.compile(
    r"""\.?(?P<name>[^.\[\]'"*?@$]+)"""
    r"""|\[(?P<index>\d{1,6})\]"""
    r"""|\[(?P<quote>['"])(?P<quoted>[^'"]+)(?P=quote)\]""",
    re.ASCII,
)

Path = tuple[str | int, ...]


def parse_path(text: str) -> Path:
    """Return the parts of a path. Raises ValueError with the place that is not understood."""
    if len(text) > _LONGEST_PATH:
        raise ValueError(f"longer than {_LONGEST_PATH} characters")
    rest = text.strip().removeprefix("$")
    parts: list[str | int] = []
    while rest:
        match = _PART.match(rest)
        if match is None or (rest.startswith(".") and match["name"] is None):
            raise ValueError(f"not a path to one place, from {rest[:20]!r} on")
        parts.append(int(match["index"]) if match["index"] else match["name"] or match["quoted"])
        rest = rest[match.end() :]
        if rest and rest[0] not in ".[":
            raise ValueError(f"not a path to one place, from {rest[:20]!r} on")
    return tuple(parts)


def follow(document: Any, path: Path) -> Any:
    """Return what stands there; None if there is no such place."""
    for part in path:
        if isinstance(document, dict):
            document = document.get(str(part))
        elif isinstance(document, list):
            place = int(part) if str(part).isascii() and str(part).isdigit() else len(document)
            document = document[place] if place < len(document) else None
        else:
            return None
    return document
