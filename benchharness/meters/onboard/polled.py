"""The base of meters that the harness reads by itself, at a pace of its own.

A driver says where its source is, how it is read, and how good it is; the looking is the work of
:class:`~benchharness.meters.onboard.poller.Poller`. A meter that is given a clock has no thread:
each ``read()`` takes the reading that is due, so that a test steps it with a FakeClock.

``sysroot`` is the root under which /sys lies. What comes from another root than ``/`` is of class
*replayed* unless the instrument says otherwise, so that a recorded tree cannot pass as measured.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, MonotonicClock
from benchharness.errors import MeterError
from benchharness.meters.base import Instrument
from benchharness.meters.checks import observe, reading_checks
from benchharness.meters.common import CommonDefaults, first_known, read_common
from benchharness.meters.onboard.poller import Poller
from benchharness.meters.onboard.sample import Figures, Sample
from benchharness.meters.options import OptionReader
from benchharness.model import (
    Capabilities,
    Check,
    CheckState,
    MeasurementClass,
    MeterEvent,
    Reading,
)

BOARD = "board"
# Before the first reading, a source that cannot be read yet is tried again at this pace.
_RETRY_S = 0.02


class PolledMeter(ABC):
    """A meter that is read by us."""

    default_poll_s: ClassVar[float] = 0.1
    least_poll_s: ClassVar[float] = 0.01
    looks_per_poll: ClassVar[int] = 1
    defaults: ClassVar[CommonDefaults] = CommonDefaults(check_s=2.0)

    def __init__(
        self, instrument: Instrument, clock: Clock | None = None, sysroot: str | None = None
    ) -> None:
        self.instrument = instrument
        self._clock = clock or MonotonicClock()
        self._stepped = clock is not None
        keys = OptionReader(instrument)
        named = keys.text("sysroot")
        self.sysroot = (sysroot or named or "/").rstrip("/")  # "" for /: paths are joined with /
        poll_s = keys.number("poll_s", minimum=self.least_poll_s, maximum=3600.0)
        self.poll_s = self.default_poll_s if poll_s is None else poll_s
        self._configure(keys)
        usual = replace(self.defaults, period_s=self.poll_s, measurement_class=self._class())
        self._common = read_common(keys, usual)
        keys.done()
        self._opened = False
        self._poller = self._new_poller()

    # What a driver fills in.

    @abstractmethod
    def _configure(self, keys: OptionReader) -> None:
        """Take the driver's own keys; raises UsageError with file and key."""

    @abstractmethod
    def _connect(self) -> None:
        """Find and open the source. Raises MeterError: what was looked for, where, the remedy."""

    @abstractmethod
    def _sample(self) -> Sample | None:
        """Look once; None if nothing is new. Raises Unreadable with a reason that is counted."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Let go of the source; may be called twice."""

    @abstractmethod
    def _figures(self) -> Figures:
        """Return what is known of the source."""

    def _about(self) -> list[Check]:
        """Return what check() says of the source itself."""
        return []

    # What a meter does.

    def open(self) -> None:
        """Find the source, take the first reading, and begin to poll.

        Raises MeterError in one line with the remedy.
        """
        if self._opened:
            return
        self._poller = self._new_poller()
        try:
            self._connect()
            self._first_reading()
        except BaseException:
            self._disconnect()
            raise
        self._opened = True
        if not self._stepped:
            self._poller.start(f"meter {self.instrument.name}")

    def capabilities(self) -> Capabilities:
        """Return what the source can do, as stated, as known, and as seen so far."""
        known, stated = self._figures(), self._common
        can = stated.capabilities(
            has_power=known.has_power,
            has_counter=known.has_counter,
            period_s=self._poller.pace.effective_s(),
            power_step_w=known.power_step_w,
            energy_step_j=known.energy_step_j,
            measurement_class=known.measurement_class,
        )
        if stated.latency_bound_s is None:
            latency_s = first_known(known.latency_bound_s, can.latency_bound_s)
            if latency_s is not None:
                can = replace(can, latency_bound_s=latency_s + self._poller.half_width_s)
        if stated.gain_bound is None and known.gain_bound is not None:
            can = replace(can, gain_bound=known.gain_bound)
        if stated.max_power_w is None and known.max_power_w is not None:
            can = replace(can, max_power_w=known.max_power_w)
        return can

    def read(self) -> list[Reading]:
        """Return the readings since the last call, oldest first; never blocks."""
        if self._opened and self._stepped:
            self._poller.step_if_due()
        return self._poller.take_readings()

    def events(self) -> list[MeterEvent]:
        """Return what happened since the last call, oldest first; also what close() left."""
        return self._poller.take_events(last=not self._opened)

    def request(self) -> None:
        """Have a reading taken now, beside those of the schedule."""
        if self._opened:
            self._poller.request()

    def rejected(self) -> dict[str, int]:
        """Return how many readings could not be had for each reason since open()."""
        return self._poller.rejections.counts()

    def check(self) -> list[Check]:
        """Say whether the meter is fit; takes ``check_s`` seconds."""
        name = self.instrument.name
        opened_here = not self._opened
        try:
            self.open()
        except MeterError as error:
            found = f"{error.where}: {error.what}" if error.where else error.what
            return [Check(name, CheckState.ERROR, found, error.remedy)]
        try:
            readings, _ = observe(self, self._common.check_s, self._clock)
            judged = reading_checks(name, readings, self._common.check_s, self.capabilities())
            return [*self._about(), *judged, self._unreadable_check()]
        finally:
            if opened_here:
                self.close()

    def close(self) -> None:
        """End the thread and let go of the source; may be called twice."""
        if not self._opened:
            return
        self._opened = False
        # A descriptor must not be closed under a look that hangs: it stays open.
        if self._poller.stop():
            self._disconnect()

    # What is left to the base.

    def _class(self) -> MeasurementClass:
        return MeasurementClass.REPLAYED if self.sysroot else MeasurementClass.MEASURED

    def _new_poller(self) -> Poller:
        return Poller(self._sample, self.poll_s, self._clock, self.looks_per_poll)

    def _first_reading(self) -> None:
        wait_s = first_known(self._common.wait_s, self.defaults.wait_s) or 0.0
        end_ns = self._clock.now_ns() + round(wait_s * NANOSECONDS_PER_SECOND)
        self._poller.step()
        while not self._poller.has_readings:
            if self._clock.now_ns() >= end_ns:
                why = self._poller.rejections.summary() or "it says nothing"
                raise MeterError(
                    f"no reading within {wait_s:g} s ({why})",
                    where=self.instrument.name,
                    remedy="see that the source can be read",
                )
            self._clock.sleep_s(_RETRY_S)
            self._poller.step()

    def _unreadable_check(self) -> Check:
        subject = f"{self.instrument.name}: unreadable"
        found = self._poller.rejections.summary()
        if not found:
            return Check(subject, CheckState.OK, "nothing")
        return Check(subject, CheckState.ADVICE, found, "see what else uses it, or raise poll_s")

    def _named(self, target: str) -> None:
        """Name the target, where the instrument does not, as a part of the board."""
        own = self.instrument.target
        self.instrument = replace(
            self.instrument,
            target=target if own == BOARD else own,
            part_of=self.instrument.part_of or BOARD,
        )
