"""Plain columns for people: aligned, and readable through a pipe."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], gap: int = 2) -> list[str]:
    """Return the rows with their cells padded to the widest of each column but the last."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return [
        (" " * gap)
        .join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        .rstrip()
        for row in rows
    ]
