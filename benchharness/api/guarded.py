"""A meter that may fail in the middle: the block goes on, and the silence is on record."""

from __future__ import annotations

from benchharness.clock import Clock
from benchharness.errors import BenchharnessError
from benchharness.meters.base import Meter
from benchharness.model import Capabilities, Check, MeterEvent, Reading


class GuardedMeter:
    """Hands everything on to a meter until it raises; from then on it is disconnected."""

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._failure: MeterEvent | None = None
        self._told = False
        self.instrument = meter.instrument

    def open(self) -> None:
        """Open the meter."""
        self._meter.open()

    def capabilities(self) -> Capabilities:
        """Return what the instrument can do."""
        return self._meter.capabilities()

    def read(self) -> list[Reading]:
        """Return the readings since the last call; none once the meter has failed."""
        if self._failure is not None:
            return []
        try:
            return self._meter.read()
        except (BenchharnessError, OSError) as error:
            self._fail(error)
            return []

    def events(self) -> list[MeterEvent]:
        """Return what happened since the last call, and the failure once."""
        if self._failure is None:
            return self._meter.events()
        if self._told:
            return []
        self._told = True
        return [self._failure]

    def request(self) -> None:
        """Ask for a reading now."""
        if self._failure is None:
            try:
                self._meter.request()
            except (BenchharnessError, OSError) as error:
                self._fail(error)

    @property
    def failure(self) -> str | None:
        """Return how the meter failed, in its own words."""
        return None if self._failure is None else self._failure.detail

    def check(self) -> list[Check]:
        """Say whether the meter is fit."""
        return self._meter.check()

    def close(self) -> None:
        """Disconnect."""
        self._meter.close()

    def _fail(self, error: Exception) -> None:
        said = error.line() if isinstance(error, BenchharnessError) else str(error)
        self._failure = MeterEvent(self._clock.now_ns(), "disconnected", said)
