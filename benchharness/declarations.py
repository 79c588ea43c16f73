"""Where the declarations are: workloads, instruments, modules, templates and published results.

In a checkout they lie beside the package; in an installed wheel inside it. A user's own come
first, from ``$XDG_CONFIG_HOME/benchharness`` (``~/.config/benchharness``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_CHECKOUT = {"published": "results/published"}  # the others are called what they are


def user_folder() -> Path:
    """Return the user's configuration folder for benchharness; it need not exist."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "benchharness"


def shipped_folder(kind: str) -> Path:
    """Return the shipped folder ``kind``: workloads, testbeds, links, meters, reports ..."""
    inside = _PACKAGE / "_declarations" / kind
    if inside.is_dir():
        return inside
    return _PACKAGE.parent / _IN_CHECKOUT.get(kind, kind)


def folders(kind: str) -> Iterator[Path]:
    """Yield the folders to search for ``kind``, the user's own first, those that exist."""
    for folder in (user_folder() / kind, shipped_folder(kind)):
        if folder.is_dir():
            yield folder
