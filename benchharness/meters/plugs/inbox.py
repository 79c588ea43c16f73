"""What has arrived from a plug: filled on the network's thread, emptied on the harness's.

Here stands the gate of transport: what is retained, delivered twice, late, out of order or no
reading at all is counted by reason and never becomes a raw reading.
"""

from __future__ import annotations

import threading
from collections import deque

from benchharness.clock import Clock, seconds
from benchharness.meters.mqtt.routes import Arrival
from benchharness.meters.plugs.dialect import Topic
from benchharness.meters.plugs.order import CounterTrack, DeviceClock
from benchharness.meters.plugs.payload import PlugReading, Rejection
from benchharness.meters.plugs.said import Availability, Identity, RelayState, Said
from benchharness.meters.plugs.seen import PlugSeen
from benchharness.meters.rejections import RejectionLog
from benchharness.model import MeterEvent, Reading

RETAINED = "retained, so of unknown age"
TWICE = "delivered twice"
TWO_DEVICES = "two devices on one topic"
# Questions without an answer are forgotten, so that they do not excuse every repetition.
_MOST_OPEN_QUESTIONS = 4
# A time stamp this fine is of one measurement; within a whole second there may be several.
_FINE_STEP_S = 0.1


class PlugInbox:
    """Readings, events and rejections of one channel, and what its messages reveal of the plug.

    ``latency_bound_s`` is how much later than another a message may be by the plug's own clock.
    """

    def __init__(self, clock: Clock, latency_bound_s: float, *, fixed_decimals: bool = True):
        self.rejections = RejectionLog()
        self.usable = threading.Event()
        self.identified = threading.Event()
        self.contested = threading.Event()  # two devices speak on one topic
        self.seen = PlugSeen(fixed_decimals=fixed_decimals)
        self.rivals = ""
        self._clock = clock
        self._device_clock = DeviceClock(latency_bound_s)
        self._counter = CounterTrack()
        self._readings: deque[Reading] = deque()
        self._events: deque[MeterEvent] = deque()
        self._last_payload: dict[str, bytes] = {}
        self._last_figures: tuple[float, float | None, float | None] | None = None
        self._last_ns = 0
        self._silent = False
        self._open_questions = 0
        self._may_be_another = False
        self._relay_wanted: tuple[bool, threading.Event] | None = None

    def take_readings(self) -> list[Reading]:
        """Return the readings since the last call, oldest first."""
        return [self._readings.popleft() for _ in range(len(self._readings))]

    def take_events(self, *, last: bool) -> list[MeterEvent]:
        """Return the events since the last call, oldest first."""
        events = [self._events.popleft() for _ in range(len(self._events))]
        events += self.rejections.take_events(self._clock.now_ns(), last=last)
        return sorted(events, key=lambda event: event.t_ns)

    def note(self, kind: str, detail: str, t_ns: int | None = None) -> None:
        """Record an event, now unless a time is given."""
        t_ns = self._clock.now_ns() if t_ns is None else t_ns
        self._events.append(MeterEvent(t_ns, kind, detail))

    def note_silence(self, longest_s: float) -> None:
        """Record once that nothing has come for ``longest_s`` seconds, if that is so."""
        if self._silent or not self._last_ns:
            return
        silence_s = seconds(self._clock.now_ns() - self._last_ns)
        if silence_s > longest_s:
            self._silent = True
            self.note("stale", f"no reading for {silence_s:.1f} s")

    def asked(self) -> None:
        """Say that a question for a reading is on its way."""
        self._open_questions = min(self._open_questions + 1, _MOST_OPEN_QUESTIONS)

    def expect_relay(self, on: bool) -> threading.Event:
        """Return what is set when the plug says that its relay is so."""
        came = threading.Event()
        self._relay_wanted = (on, came)
        return came

    def link_changed(self) -> None:
        """Say that the connection was lost or is back: whoever answers now may be another."""
        self.seen.online = None
        self._forget()

    # What follows runs on the network's thread.

    def take(self, topic: Topic, message: Arrival) -> bool:
        """Take a message; returns whether a plug has just come, perhaps another one."""
        if message.retained and not topic.believe_retained:
            self.rejections.add(message.t_ns, RETAINED)
            return False
        try:
            said = topic.parse(message.payload)
        except Exception as error:  # somebody's dialect; this thread serves other plugs as well
            said = Rejection(f"its driver failed with {type(error).__name__}")
        came = False
        for one in said if isinstance(said, tuple) else (said,):
            came = self._take_one(topic, message, one) or came
        return came

    def _take_one(self, topic: Topic, message: Arrival, said: Said) -> bool:
        if isinstance(said, PlugReading):
            self._take_reading(topic, message, said)
        elif isinstance(said, Rejection):
            self.rejections.add(message.t_ns, said.reason)
        elif isinstance(said, Availability):
            return self._take_availability(message, said.online)
        elif isinstance(said, Identity):
            self._take_identity(message, said)
        elif isinstance(said, RelayState):
            self._take_relay(message, said.on)
        return False

    def _take_reading(self, topic: Topic, message: Arrival, reading: PlugReading) -> None:
        reason = self._reason_against(topic, message, reading)
        if reason is not None:
            self.rejections.add(message.t_ns, reason)
            return
        self.seen.learn(reading)
        # Two messages in one tick of the clock keep their order.
        self._last_ns = max(message.t_ns, self._last_ns + 1)
        self._silent = False
        self._readings.append(
            Reading(
                self._last_ns,
                reading.power_w,
                reading.energy_j,
                reading.current_a,
                reading.voltage_v,
            )
        )
        self.usable.set()

    def _reason_against(self, topic: Topic, message: Arrival, reading: PlugReading) -> str | None:
        if message.retained:
            return RETAINED
        answers_us = topic.answers and self._open_questions > 0
        if answers_us:
            self._open_questions -= 1
        repeated = self._last_payload.get(topic.name) == message.payload
        self._last_payload[topic.name] = message.payload
        # Without a time stamp, a steady load and a second delivery look the same.
        if repeated and (message.duplicate or (reading.device_s is not None and not answers_us)):
            return TWICE
        if self._is_known(reading):
            return TWICE
        reason = self._reason_of_order(message.t_ns, reading)
        if reason is None and self.contested.is_set():
            return TWO_DEVICES
        return reason

    def _is_known(self, reading: PlugReading) -> bool:
        """Return whether figures of this very moment came before: a bridge repeats what it has."""
        step_s = reading.device_step_s
        if reading.device_s is None or step_s is None or step_s >= _FINE_STEP_S:
            return False
        figures = (reading.device_s, reading.power_w, reading.energy_j)
        known, self._last_figures = figures == self._last_figures, figures
        return known

    def _reason_of_order(self, t_ns: int, reading: PlugReading) -> str | None:
        clock, counter = self._device_clock, self._counter
        energy_j, device_s = reading.energy_j, reading.device_s
        newer = False
        if device_s is not None:
            newer = clock.is_newer(device_s)
            grown = energy_j is not None and counter.is_grown(energy_j)
            reason = clock.judge(t_ns, device_s, reading.device_step_s or 0.0, grown=grown)
            if reason is not None:
                return reason
            if clock.jump_s is not None and not self.contested.is_set():
                self.note("clock", f"the plug's clock was set by {clock.jump_s:+.0f} s", t_ns)
        if energy_j is None:
            return None
        reason = counter.judge(energy_j, newer=newer, step_j=reading.energy_step_j or 0.0)
        if counter.two_devices:
            self._contest("their counters take turns", t_ns)
        elif counter.fell_from_j is not None:
            fell = f"from {counter.fell_from_j:.10g} J to {energy_j:.10g} J"
            self.note("counter", f"the counter went back {fell}", t_ns)
        return reason

    def _take_availability(self, message: Arrival, online: bool) -> bool:
        before, self.seen.online = self.seen.online, online
        if not online and before is not False:
            detail = "the plug is offline" if message.retained else "the plug went offline"
            self.note("offline", detail, message.t_ns)
        elif online and before is False:
            self.note("online", "the plug is back", message.t_ns)
        came = online and not message.retained
        if came:
            self._forget()
        return came

    def _take_identity(self, message: Arrival, who: Identity) -> None:
        version, hardware = self.seen.version, self.seen.hardware
        if who.hardware is not None and hardware not in (None, who.hardware):
            if self._may_be_another:
                self.note(
                    "replaced", f"{who.hardware} answers in place of {hardware}", message.t_ns
                )
            else:
                self._contest(f"{hardware} and {who.hardware}", message.t_ns)
        if who.hardware is not None:
            self._may_be_another = False
        self.seen.meet(who)
        if who.version is not None:
            if who.version != version:
                self.note("firmware", who.version, message.t_ns)
            self.identified.set()

    def _take_relay(self, message: Arrival, on: bool) -> None:
        before, self.seen.relay_on = self.seen.relay_on, on
        wanted = self._relay_wanted
        # Its first word is how it is, unless we have asked for it to be so.
        if before != on and (before is not None or wanted is not None):
            self.note("relay", "switched on" if on else "switched off", message.t_ns)
        if wanted is not None and wanted[0] == on and not message.retained:
            wanted[1].set()

    def _contest(self, rivals: str, t_ns: int) -> None:
        if not self.contested.is_set():
            self.rivals = rivals
            self.contested.set()
            self.usable.set()  # nobody need wait for more
            self.note("two-devices", f"{TWO_DEVICES}: {rivals}", t_ns)

    def _forget(self) -> None:
        self._may_be_another = True
        self.contested.clear()
        self._device_clock.restart()
        self._counter.restart()
