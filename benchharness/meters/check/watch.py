"""Looking on while a driver checks its meter: progress for people, readings for findings.

A driver's ``check()`` watches its own readings (``checks.observe``) and judges them
(``checks.reading_checks``). Whoever calls it inside :func:`watching` sees what these two saw, of
every driver alike, without a second look at the instrument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from benchharness.model import Capabilities, MeterEvent, Reading

# seconds so far, seconds in all, the newest reading
Say = Callable[[float, float, "Reading | None"], None]


def say_nothing(elapsed_s: float, total_s: float, newest: Reading | None) -> None:
    """Say nothing."""


@dataclass(slots=True)
class Watch:
    """What one check has seen. ``seconds`` overrides how long the driver would look."""

    seconds: float | None = None
    say: Say = say_nothing
    readings: list[Reading] = field(default_factory=list)
    events: list[MeterEvent] = field(default_factory=list)
    capabilities: Capabilities | None = None
    observed_s: float | None = None

    def judged(
        self, readings: Sequence[Reading], duration_s: float, capabilities: Capabilities
    ) -> None:
        """Keep what a driver has based its judgement on."""
        self.readings = list(readings)
        self.observed_s = duration_s
        self.capabilities = capabilities


_current: ContextVar[Watch | None] = ContextVar("benchharness_watch", default=None)


def current_watch() -> Watch | None:
    """Return who looks on, None if nobody does."""
    return _current.get()


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """Look on while the block runs."""
    token = _current.set(watch)
    try:
        yield watch
    finally:
        _current.reset(token)
