"""Two programs that say they are the same client: which of them is let in.

A program whose connection was lost comes back on another one; a program that was started again
finds the connection of the one before it, until the server hears of its end: at once from the same
machine, after about a minute from one that has gone without a word (``keep_alive``). Who has given
two programs one index must be told so, instead of the two pushing each other out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from benchharness.errors import UsageError
from benchharness.wire.frames import WireError

PROGRAM, TAKEN = "program", "taken"
_HERE_S, _ELSEWHERE_S = 5.0, 90.0  # how long the connection of a program that has ended may stand


def stamp() -> str:
    """Return what no other start of a program has."""
    return secrets.token_hex(8)


def taken(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, object] | None:
    """Return the fields of the frame that turns a client away; None where it is let in.

    ``earlier`` and ``later`` are what the one that is connected and the one that comes say of
    themselves (``hello``); the same program takes its own place.
    """
    if earlier.get(PROGRAM) == later.get(PROGRAM):
        return None
    here = earlier.get("boot_id") == later.get("boot_id")
    return {
        "text": f"another program is client {later.get('index')} already, and is connected",
        "lingers_s": _HERE_S if here else _ELSEWHERE_S,
    }


class TakenError(WireError):
    """The server says that another program is this client; it may be one that has ended."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(str(fields.get("text")))
        self.lingers_s = float(fields.get("lingers_s", _ELSEWHERE_S))

    def final(self, index: int) -> UsageError:
        """Return the error of a client that has asked for as long as that, and gives up."""
        return UsageError(
            f"the server refuses client {index}: {self}",
            remedy="end that one, or give each its own --index",
        )
