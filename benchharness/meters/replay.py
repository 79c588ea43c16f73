"""Replays a recording: its readings come again, as their time comes, and are called *replayed*.

    replay:readings.csv                                     a CSV file (see replay_csv)
    replay:results.db?campaign=7f3c&trial=4&meter=wall      a stored trial: run 4, its meter

The first reading comes when the meter is opened. ``speed`` 2 plays twice as fast: watts stay as
they were and the counter is stretched alike, so that both still tell one energy. At the end
there is an event and silence, never 0 W; with ``loop`` it begins again, the counter going on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from benchharness.clock import Clock, MonotonicClock, seconds
from benchharness.meters.base import Instrument
from benchharness.meters.checks import reading_checks
from benchharness.meters.common import CommonDefaults, first_known, read_common
from benchharness.meters.options import OptionReader
from benchharness.meters.replay_recording import Tape, read_recording
from benchharness.model import (
    Capabilities,
    Check,
    CheckState,
    MeasurementClass,
    MeterEvent,
    Reading,
)
from benchharness.units import format_duration

_TEXTS = ("file", "campaign", "meter", "class", "loop")
_LAST_TRIAL = 1_000_000
# What is shorter, or counts less, where time runs faster.
_STRETCHED = (
    *("period_s", "energy_resolution_j", "latency_bound_s", "latency_s", "latency_u_s"),
    "pulse_j",
)


class ReplayMeter:
    """A meter whose readings were taken before."""

    def __init__(self, instrument: Instrument, clock: Clock | None = None) -> None:
        """Read the recording. Raises UsageError with file and line, or file and key."""
        self.instrument = instrument
        self._clock = clock or MonotonicClock()
        keys = OptionReader(_spelled_out(instrument))
        path = keys.path("file")
        if path is None:
            raise keys.error("file", "is missing", 'add file = "readings.csv"')
        choices = _choices(keys)
        speed = keys.number("speed", minimum=0.001, maximum=1e6) or 1.0
        self._loop = keys.choice("loop", ("true", "false")) == "true"
        self._tape = Tape(read_recording(path, choices), speed)
        self._capabilities = _capabilities(keys, self._tape)
        keys.done()
        self._start_ns: int | None = None
        self._next = 0
        self._events: list[MeterEvent] = []

    def open(self) -> None:
        """Begin: the first reading is due now."""
        if self._start_ns is not None:
            return
        self._start_ns = self._clock.now_ns()
        self._next = 0
        self._events = [MeterEvent(self._start_ns, "replaying", self._tape.recording.source)]

    def capabilities(self) -> Capabilities:
        """Return what the recorded instrument could do; the class is replayed."""
        return self._capabilities

    def read(self) -> list[Reading]:
        """Return the readings whose time has come since the last call."""
        found: list[Reading] = []
        if self._start_ns is None:
            return found
        now_ns = self._clock.now_ns()
        while self._loop or self._next < len(self._tape):
            reading = self._tape.reading(self._next, self._start_ns)
            if reading.t_ns > now_ns:
                break
            found.append(reading)
            self._next += 1
            if self._next == len(self._tape) and not self._loop:
                self._say_ended(reading.t_ns)
        return found

    def events(self) -> list[MeterEvent]:
        """Return that the replay began, and that the recording has ended."""
        events, self._events = self._events, []
        return events

    def request(self) -> None:
        """Do nothing: a recording cannot be asked."""

    def check(self) -> list[Check]:
        """Judge the whole recording at once: nothing has to be waited for."""
        name, tape = self.instrument.name, self._tape
        length_s = seconds(tape.length_ns)
        readings = [tape.reading(number, 0) for number in range(len(tape))]
        found = f"{tape.recording.source}, {format_duration(length_s)}"
        return [
            Check(f"{name}: recording", CheckState.OK, found),
            *reading_checks(name, readings, length_s, self._capabilities),
        ]

    def close(self) -> None:
        """End the replay; may be called twice."""
        self._start_ns = None

    def _say_ended(self, t_ns: int) -> None:
        # "offline": what comes after it is silence, as with a plug that was pulled out.
        length = format_duration(seconds(self._tape.length_ns))
        self._events.append(MeterEvent(t_ns, "offline", f"the recording of {length} has ended"))


def _spelled_out(instrument: Instrument) -> Instrument:
    """Turn the option ``address`` (FILE?key=value&...) into the keys of an instrument's file."""
    options = dict(instrument.options)
    address = options.pop("address", None)
    if isinstance(address, str):
        path, _, query = address.partition("?")
        options = {"file": path, **dict(parse_qsl(query, keep_blank_values=True)), **options}
    if isinstance(options.get("loop"), bool):
        options["loop"] = str(options["loop"]).lower()
    return replace(instrument, options={key: _scalar(key, v) for key, v in options.items()})


def _scalar(key: str, value: object) -> object:
    """Return the numbers of an address as numbers; what is a text in it stays one."""
    if key in _TEXTS or not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _choices(keys: OptionReader) -> Mapping[str, str]:
    """Return what chooses among the recordings of a results file."""
    trial = keys.integer("trial", 0, minimum=1, maximum=_LAST_TRIAL)
    said = {
        "campaign": keys.text("campaign"),
        "trial": str(trial) if trial else None,
        "meter": keys.text("meter"),
    }
    return {key: text for key, text in said.items() if text is not None}


def _capabilities(keys: OptionReader, tape: Tape) -> Capabilities:
    """Return what the file states, else what was noted of the instrument, as fast as it plays."""
    readings = tape.recording.readings
    noted = tape.recording.capabilities or Capabilities(
        measurement_class=MeasurementClass.REPLAYED,
        has_power=any(reading.power_w is not None for reading in readings),
        has_counter=any(reading.energy_j is not None for reading in readings),
        period_s=None if tape.interval_s is None else tape.interval_s * tape.speed,
    )
    faster = {
        name: value / tape.speed
        for name in _STRETCHED
        if (value := getattr(noted, name)) is not None
    }
    known = replace(noted, **faster)
    common = read_common(
        keys,
        CommonDefaults(
            period_s=known.period_s,
            power_resolution_w=known.power_resolution_w,
            energy_resolution_j=known.energy_resolution_j,
            floor_w=known.floor_w,
            gain_bound=known.gain_bound,
            latency_bound_s=known.latency_bound_s,
            pulse_j=known.pulse_j,
            measurement_class=MeasurementClass.REPLAYED,
        ),
    )
    can = common.capabilities(has_power=noted.has_power, has_counter=noted.has_counter)
    if can.measurement_class is not MeasurementClass.REPLAYED:
        raise keys.error("class", "a recording is replayed", 'write class = "replayed"')
    if can.latency_s is None:  # a calibrated delay consists of two
        can = replace(can, latency_s=known.latency_s, latency_u_s=known.latency_u_s)
    return replace(can, max_power_w=first_known(can.max_power_w, known.max_power_w))
