"""Which board this is, from the device tree that the kernel shows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_PLACES = ("proc/device-tree/model", "sys/firmware/devicetree/base/model")


def board_model(sysroot: str = "/") -> str | None:
    """Return the board's model, such as ``Raspberry Pi 4 Model B Rev 1.4``; None without one."""
    for place in _PLACES:
        try:
            raw = (Path(sysroot) / place).read_bytes()
        except OSError:
            continue
        text = raw.rstrip(b"\0").decode("utf-8", errors="replace").strip()
        if text:
            return text
    return None


def matches_board(model: str, prefixes: Iterable[object]) -> bool:
    """Return whether ``model`` begins with one of ``prefixes``, whatever their case."""
    lowered = model.lower()
    return any(
        isinstance(prefix, str) and prefix and lowered.startswith(prefix.lower())
        for prefix in prefixes
    )
