"""A smart plug on MQTT as a meter, whatever its make: the dialect says what it speaks.

It listens, asks at intervals where the plug can be asked, and keeps what arrives until it is
read. Readings are stamped when they arrive; silence is never 0 W.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence

from benchharness.clock import Clock, MonotonicClock
from benchharness.errors import MeterError, UsageError
from benchharness.meters.base import Instrument
from benchharness.meters.checks import observe, reading_checks
from benchharness.meters.common import first_known
from benchharness.meters.mqtt.links import Link, open_link
from benchharness.meters.mqtt.routes import Arrival
from benchharness.meters.options import OptionReader
from benchharness.meters.plugs.complaints import (
    no_reading,
    not_confirmed,
    plug_check,
    rejection_check,
    two_devices,
)
from benchharness.meters.plugs.dialect import Command, Dialect, Topic
from benchharness.meters.plugs.inbox import PlugInbox
from benchharness.meters.plugs.options import read_place, read_plug_options
from benchharness.model import (
    Capabilities,
    Check,
    CheckState,
    MeasurementClass,
    MeterEvent,
    Reading,
)

_IDENTIFY_S = 2.0
# A second device answers the same question a moment after the first.
_RIVAL_S = 0.25
_LATE_PERIODS = 3.0
_SHORTEST_SILENCE_S = 3.0
_CONFIRM_S = 5.0


class PlugMeter(ABC):
    """One channel of one plug. Readings come on the network's thread and wait to be read."""

    @classmethod
    @abstractmethod
    def read_dialect(cls, keys: OptionReader, topic: str, channel: int) -> Dialect:
        """Take the keys of this make only and return its dialect. Raises UsageError."""

    def __init__(self, instrument: Instrument, clock: Clock | None = None) -> None:
        self.instrument = instrument
        keys = OptionReader(instrument)
        place = read_place(keys, instrument)
        self._dialect = self.read_dialect(keys, place.topic, place.channel)
        self._options = read_plug_options(keys, place, self._dialect)
        keys.done()
        self._clock = clock or MonotonicClock()
        self._link: Link | None = None
        self._inbox = self._empty_inbox()

    def open(self) -> None:
        """Connect, ask the plug who it is, and wait for its first reading.

        Raises MeterError in one line within a few seconds if there is none, or if two devices
        answer.
        """
        if self._link is not None:
            return
        link = self._connect()
        try:
            self._identify()
            self.request()
            if self._options.poll_s > 0:
                link.every(self._options.poll_s, self.request)
            self._wait_until_usable(link)
        except BaseException:
            self.close()
            raise

    def capabilities(self) -> Capabilities:
        """Return what the plug can do, as declared and as its messages have shown so far."""
        seen = self._inbox.seen
        nothing_yet = not (seen.has_power or seen.has_counter)
        return self._options.common.capabilities(
            has_power=seen.has_power or nothing_yet,
            has_counter=seen.has_counter or nothing_yet,
            period_s=self._options.poll_s or None,
            power_step_w=seen.power_step_w,
            energy_step_j=seen.energy_step_j,
            measurement_class=MeasurementClass.EMULATED if seen.emulated else None,
        )

    def read(self) -> list[Reading]:
        """Return the readings since the last call, oldest first; never blocks."""
        readings = self._inbox.take_readings()
        common = self._options.common
        period_s = self._options.poll_s or common.period_s or common.defaults.period_s
        if not readings and period_s and self._link is not None:
            self._inbox.note_silence(max(_LATE_PERIODS * period_s, _SHORTEST_SILENCE_S))
        return readings

    def events(self) -> list[MeterEvent]:
        """Return what happened since the last call, oldest first; also what close() left."""
        return self._inbox.take_events(last=self._link is None)

    def request(self) -> None:
        """Ask for a reading now, if the plug can be asked; it answers within a fraction of a s."""
        try:
            questions = self._dialect.ask_reading()
        except Exception as error:  # somebody's dialect; this thread asks other plugs as well
            self._inbox.note("driver", f"it cannot ask: {type(error).__name__}: {error}")
            return
        # Over the broker's TCP a question arrives or the connection is lost: QoS 0 will do.
        if self._send(questions, qos=0):
            self._inbox.asked()

    def rejected(self) -> dict[str, int]:
        """Return how many messages were rejected for each reason since open()."""
        return self._inbox.rejections.counts()

    def check(self) -> list[Check]:
        """Say whether the plug is fit; takes ``check_s`` seconds once it is connected."""
        name = self.instrument.name
        opened_here = self._link is None
        try:
            self.open()
        except MeterError as error:
            found = f"{error.where}: {error.what}" if error.where else error.what
            return [Check(name, CheckState.ERROR, found, error.remedy)]
        try:
            length_s = self._options.common.check_s
            readings, _ = observe(self, length_s, self._clock)
            place, refine = self._options.place, self._dialect.traits.refine
            return [
                Check(f"{name}: broker", CheckState.OK, f"{place.mqtt.broker} accepts"),
                plug_check(name, self._inbox, place.channel),
                *reading_checks(name, readings, length_s, self.capabilities(), refine),
                rejection_check(name, self._inbox.rejections),
            ]
        finally:
            if opened_here:
                self.close()

    def require_relay(self) -> None:
        """Return if the relay may be switched.

        Raises UsageError unless the instrument's file has ``relay = true``, MeterError for a
        plug without a relay.
        """
        where = self.instrument.where
        if not self._options.relay:
            raise UsageError(
                "this plug's relay is not to be switched",
                where=where,
                remedy="write relay = true in its instrument file",
            )
        if not self._dialect.switch(True):
            make = self._dialect.traits.make
            raise MeterError(f"{make} has no relay that can be switched", where=where)

    def switch(self, on: bool) -> None:
        """Close or open the plug's relay and wait until the plug says that it has.

        What hangs on it gains or loses its power. Connects for itself if the meter is not open.
        Raises what :meth:`require_relay` does, and MeterError if the plug does not confirm.
        """
        self.require_relay()
        opened_here = self._link is None
        link = self._link or self._connect()
        try:
            done = self._inbox.expect_relay(on)
            sent = self._send(self._dialect.switch(on), qos=1)
            if not sent or not link.wait(done, _CONFIRM_S):
                raise not_confirmed(self._where(), on, self._inbox.seen, _CONFIRM_S)
        finally:
            if opened_here:
                self.close()

    def close(self) -> None:
        """Disconnect; may be called twice. What has arrived can still be read."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _empty_inbox(self) -> PlugInbox:
        common = self._options.common
        bound_s = first_known(common.latency_bound_s, common.defaults.latency_bound_s) or 0.0
        fixed = self._dialect.traits.fixed_decimals
        return PlugInbox(self._clock, bound_s, fixed_decimals=fixed)

    def _connect(self) -> Link:
        self._inbox = self._empty_inbox()
        self._link = link = open_link(self._options.place.mqtt)
        try:
            link.watch(self._on_link)
            link.subscribe(
                {
                    topic.name: functools.partial(self._on_message, topic)
                    for topic in self._dialect.topics()
                }
            )
        except BaseException:
            self.close()
            raise
        return link

    def _send(self, commands: Sequence[Command], *, qos: int) -> bool:
        """Publish; returns whether there was anything to send and all of it went."""
        link = self._link
        if link is None or not commands:
            return False
        return all(link.publish(one.topic, one.payload, qos=qos) for one in commands)

    def _identify(self) -> None:
        self._send(self._dialect.ask_identity(), qos=1)

    def _wait_until_usable(self, link: Link) -> None:
        inbox, wait_s = self._inbox, self._options.wait_s
        if not link.wait(inbox.usable, wait_s):
            raise no_reading(self._where(), inbox, wait_s)
        # Who it is decides the class of its joules, so that a moment is given to the answer.
        if self._dialect.traits.answers_identity and not link.wait(inbox.identified, _IDENTIFY_S):
            inbox.note("firmware", "the plug does not tell its version")
        rival_s = 0.0 if inbox.seen.hardware is None else _RIVAL_S
        if link.wait(inbox.contested, rival_s):
            raise two_devices(self._where(), inbox.rivals)

    def _where(self) -> str:
        return f"{self._options.place.mqtt.broker} {self._dialect.topics()[0].name}"

    # What follows runs on the network's thread.

    def _on_message(self, topic: Topic, message: Arrival) -> None:
        if self._inbox.take(topic, message):
            self._identify()

    def _on_link(self, t_ns: int, connected: bool, detail: str) -> None:
        self._inbox.note("connected" if connected else "disconnected", detail, t_ns)
        self._inbox.link_changed()
        if connected:
            self._identify()
            self.request()
