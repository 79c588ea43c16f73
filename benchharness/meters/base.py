"""What every meter driver offers, built-in or third-party (entry point ``benchharness.meters``).

A driver is a class that is called with an :class:`Instrument`. It never blocks in ``read``,
never invents a reading (no reading is not 0 W), and stamps each reading on CLOCK_MONOTONIC of
the harness host when it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from benchharness.model import Capabilities, Check, MeterEvent, Reading

ENTRY_POINT_GROUP = "benchharness.meters"


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument as its TOML file or its address declares it; secrets are never in here.

    ``options`` holds the driver's own keys (broker, topic, idle_w ...), already type-checked
    by the driver when it is constructed; ``where`` is the file or address, for messages.
    ``part_of`` names the target that contains this one (a rail of a board, a board behind a
    wall plug): their energies are never added up.
    """

    name: str
    driver: str
    where: str
    target: str = "board"
    options: Mapping[str, Any] = field(default_factory=dict)
    part_of: str | None = None


@runtime_checkable
class Meter(Protocol):
    """A meter of one target. Open, read again and again, close."""

    instrument: Instrument

    def open(self) -> None:
        """Connect and wait for the first usable reading.

        Raises MeterError in one line with the remedy if there is none.
        """
        ...

    def capabilities(self) -> Capabilities:
        """Return what the instrument can do; may be refined while readings come in."""
        ...

    def read(self) -> list[Reading]:
        """Return the readings since the last call, oldest first; never blocks."""
        ...

    def events(self) -> list[MeterEvent]:
        """Return what happened since the last call (offline, rejected ...), oldest first."""
        ...

    def request(self) -> None:
        """Ask for a reading now, where the instrument allows it: used at the window's edges."""
        ...

    def check(self) -> list[Check]:
        """Say whether the meter is fit: opens and closes it itself if it is not open."""
        ...

    def close(self) -> None:
        """Disconnect; may be called twice."""
        ...


@runtime_checkable
class Switchable(Protocol):
    """A meter with a relay: it can take the power from its target and give it back."""

    def require_relay(self) -> None:
        """Return if the relay may be switched.

        Raises UsageError unless the instrument's file has ``relay = true``, MeterError if there
        is no relay.
        """
        ...

    def switch(self, on: bool) -> None:
        """Switch the relay and wait until the instrument says that it has.

        Raises what :meth:`require_relay` does, and MeterError if it does not confirm.
        """
        ...
