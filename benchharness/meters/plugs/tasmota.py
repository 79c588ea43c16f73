"""A plug with Tasmota firmware (Delock 11827 and others) as a meter, over MQTT.

The driver listens to ``tele/<topic>/SENSOR`` and asks ``cmnd/<topic>/Status 10`` every
``poll_s``, since TelePeriod alone gives a message each 10 s at best. ``Power`` is a snapshot of
recent pulses; ``Total`` integrates them and is the counter. Retained sensor messages are of
unknown age and rejected; the retained LWT is believed. Silence is never 0 W.
"""

from __future__ import annotations

from benchharness.clock import Clock, MonotonicClock
from benchharness.errors import MeterError
from benchharness.meters.base import Instrument
from benchharness.meters.checks import Refine, observe, reading_checks
from benchharness.meters.mqtt.connection import Arrival, MqttConnection
from benchharness.meters.plugs.inbox import RETAINED, PlugInbox
from benchharness.meters.plugs.options import read_plug_options
from benchharness.model import (
    Capabilities,
    Check,
    CheckState,
    MeasurementClass,
    MeterEvent,
    Reading,
)

# Whole watts and three decimals of kWh are what the firmware shows unless told otherwise.
_DEFAULT_POWER_STEP_W = 1.0
_DEFAULT_ENERGY_STEP_J = 3600.0
_IDENTIFY_S = 2.0
_LATE_PERIODS = 3.0
_SHORTEST_SILENCE_S = 3.0
_REFINE = Refine(power="send WattRes 1 to the plug", counter="send EnergyRes 5 to the plug")


class TasmotaMeter:
    """One channel of one plug. Readings come on the network's thread and wait to be read."""

    def __init__(self, instrument: Instrument, clock: Clock | None = None) -> None:
        self.instrument = instrument
        self._options = read_plug_options(instrument)
        self._clock = clock or MonotonicClock()
        self._connection: MqttConnection | None = None
        self._inbox = PlugInbox(self._options.channel, self._clock)

    def open(self) -> None:
        """Connect, ask the plug who it is, and wait for its first reading.

        Raises MeterError in one line within a few seconds if there is none.
        """
        if self._connection is not None:
            return
        options = self._options
        self._inbox = PlugInbox(options.channel, self._clock)
        connection = MqttConnection(options.mqtt)
        connection.watch(self._on_link)
        connection.open()
        self._connection = connection
        try:
            connection.subscribe(
                {
                    options.topic_of("tele", "SENSOR"): self._inbox.on_sensor,
                    options.topic_of("tele", "LWT"): self._on_lwt,
                    options.topic_of("stat", "STATUS8"): self._inbox.on_sensor,
                    options.topic_of("stat", "STATUS10"): self._inbox.on_sensor,
                    options.topic_of("stat", "STATUS2"): self._inbox.on_version,
                }
            )
            self._identify()
            self.request()
            if options.poll_s > 0:
                connection.every(options.poll_s, self.request)
            self._wait_until_usable()
        except BaseException:
            self.close()
            raise

    def capabilities(self) -> Capabilities:
        """Return what the plug can do, as declared and as its messages have shown so far."""
        options, seen = self._options, self._inbox
        nothing_yet = not (seen.has_power or seen.has_counter)
        return Capabilities(
            measurement_class=(
                MeasurementClass.EMULATED if seen.emulated else options.measurement_class
            ),
            has_power=seen.has_power or nothing_yet,
            has_counter=seen.has_counter or nothing_yet,
            period_s=options.period_s or options.poll_s or None,
            power_resolution_w=_first(
                options.power_resolution_w, seen.power_step_w, _DEFAULT_POWER_STEP_W
            ),
            energy_resolution_j=_first(
                options.energy_resolution_j, seen.energy_step_j, _DEFAULT_ENERGY_STEP_J
            ),
            floor_w=options.floor_w,
            gain_bound=options.gain_bound,
            latency_bound_s=options.latency_bound_s,
        )

    def read(self) -> list[Reading]:
        """Return the readings since the last call, oldest first; never blocks."""
        readings = self._inbox.take_readings()
        period_s = self._options.poll_s or self._options.period_s
        if not readings and period_s and self._connection is not None:
            self._inbox.note_silence(max(_LATE_PERIODS * period_s, _SHORTEST_SILENCE_S))
        return readings

    def events(self) -> list[MeterEvent]:
        """Return what happened since the last call, oldest first; also what close() left."""
        return self._inbox.take_events(last=self._connection is None)

    def request(self) -> None:
        """Ask for a reading now; the plug answers within a fraction of a second."""
        self._command("Status", "10")

    def rejected(self) -> dict[str, int]:
        """Return how many messages were rejected for each reason since open()."""
        return self._inbox.rejections.counts()

    def check(self) -> list[Check]:
        """Say whether the plug is fit; takes ``check_s`` seconds once it is connected."""
        name = self.instrument.name
        opened_here = self._connection is None
        try:
            self.open()
        except MeterError as error:
            found = f"{error.where}: {error.what}" if error.where else error.what
            return [Check(name, CheckState.ERROR, found, error.remedy)]
        try:
            seconds_of_it = self._options.check_s
            readings, _ = observe(self, seconds_of_it, self._clock)
            return [
                Check(f"{name}: broker", CheckState.OK, f"{self._options.mqtt.broker} accepts"),
                self._plug_check(name),
                *reading_checks(name, readings, seconds_of_it, self.capabilities(), _REFINE),
                self._rejection_check(name),
            ]
        finally:
            if opened_here:
                self.close()

    def close(self) -> None:
        """Disconnect; may be called twice. What has arrived can still be read."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _command(self, name: str, payload: str) -> None:
        connection = self._connection
        if connection is not None:
            connection.publish(self._options.topic_of("cmnd", name), payload)

    def _identify(self) -> None:
        self._command("Status", "2")

    def _wait_until_usable(self) -> None:
        wait_s = self._options.wait_s
        if not self._inbox.usable.wait(wait_s):
            raise self._no_reading(wait_s)
        # Who it is decides the class of its joules, so that a moment is given to the answer.
        if not self._inbox.identified.wait(_IDENTIFY_S):
            self._inbox.note("firmware", "the plug does not tell its version")

    def _no_reading(self, wait_s: float) -> MeterError:
        options = self._options
        where = f"{options.mqtt.broker} {options.topic_of('tele', 'SENSOR')}"
        rejected = self._inbox.rejections.summary()
        if self._inbox.online is False:
            return MeterError("the plug is offline", where=where, remedy="switch it on")
        if rejected:
            what = f"no usable reading within {wait_s:g} s (rejected: {rejected})"
            return MeterError(what, where=where, remedy="check that this topic is a plug's")
        if self._inbox.online:
            what = f"the plug is online and silent for {wait_s:g} s"
            return MeterError(what, where=where, remedy="see that it is a metering plug")
        what = f"no message from the plug within {wait_s:g} s"
        return MeterError(what, where=where, remedy="check the topic, and that the plug is on")

    def _plug_check(self, name: str) -> Check:
        seen = self._inbox
        firmware = seen.firmware or "of unknown version"
        found = f"online, firmware {firmware}, channel {self._options.channel} of {seen.channels}"
        if seen.channels > 1:
            advice = "set channel in the instrument if the board is on another one"
            return Check(f"{name}: plug", CheckState.ADVICE, found, advice)
        return Check(f"{name}: plug", CheckState.OK, found)

    def _rejection_check(self, name: str) -> Check:
        found = self._inbox.rejections.summary()
        if set(self.rejected()) <= {RETAINED}:
            return Check(f"{name}: rejected", CheckState.OK, found or "nothing")
        return Check(f"{name}: rejected", CheckState.ADVICE, found, "see what else uses this topic")

    # What follows runs on the network's thread.

    def _on_lwt(self, message: Arrival) -> None:
        if self._inbox.on_lwt(message):
            self._identify()

    def _on_link(self, t_ns: int, connected: bool, detail: str) -> None:
        self._inbox.note("connected" if connected else "disconnected", detail, t_ns)
        self._inbox.online = None
        if connected:
            self._identify()
            self.request()


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)
