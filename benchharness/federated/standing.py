"""How a client stands that is not in a leg: it waits, is late, or is gone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

WAIT = "wait"  # for the next question
LATE = "late"  # given up, and as far as anybody knows still at that question
GONE = "gone"  # not connected, or its node is not there
BUSY = "is still at an earlier question"  # what a grid says of the absence of one that is late


@dataclass(frozen=True, slots=True)
class Change:
    """Since ``t_ns`` (CLOCK_MONOTONIC) client ``client`` stands as ``name`` says."""

    client: int
    name: str
    t_ns: int


class Changes:
    """A list of changes that somebody writes and somebody else takes away."""

    def __init__(self) -> None:
        self._found: list[Change] = []

    def note(self, client: int, name: str) -> None:
        """Say how a client stands from now on."""
        self._found.append(Change(client, name, time.monotonic_ns()))

    def take(self) -> Sequence[Change]:
        """Return what has been noted since this was asked before."""
        found, self._found = self._found, []
        return found


@runtime_checkable
class WatchingGrid(Protocol):
    """A grid that knows when a client came, left, or was heard at last."""

    def changes(self) -> Sequence[Change]:
        """Return what has changed since this was last asked, in the order of time."""
        ...


def standing(absence: str | None) -> str:
    """Return how a client stands of whom a grid says ``absence`` (TimedGrid), None: it is there."""
    if absence is None:
        return WAIT
    return LATE if absence == BUSY else GONE
