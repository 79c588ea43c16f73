"""Carries everything that is observed in a trial to the store, about once a second."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock
from benchharness.meters.base import Meter
from benchharness.meters.common import SUPPLY_PREFIX, SUPPLY_VOLTAGE_KEY
from benchharness.meters.options import DESCRIPTIVE_KEYS
from benchharness.model import Caution, Channel, Reading
from benchharness.store.database import Store
from benchharness.store.records import EventRecord
from benchharness.trial.event_file import EventFile
from benchharness.trial.phase_shown import PhaseShown
from benchharness.trial.sampler_frames import Batch
from benchharness.trial.trees import Trees

HARNESS = "harness"
METER_CHANNELS = (Channel("power_w", "W"), Channel("energy_j", "J"))
# Beside the readings of a meter that tells them; a stream of its own, since most do not.
SUPPLY_CHANNELS = (Channel("current_a", "A"), Channel("voltage_v", "V"))


class Samples(Protocol):
    """Where samples come from: the sampler process, or what watches this process itself."""

    def receive(self) -> list[Batch]:
        """Return the batches that have come; never blocks. Raises UnfitError if none will."""
        ...

    def flush(self) -> list[Batch]:
        """Return everything sampled up to now."""
        ...


class Recorder:
    """The observations of one trial: sampler, meters, events files, and the harness's own words.

    What is latest is kept at hand for the progress line and the cool-down gate.
    """

    def __init__(
        self, store: Store, trial_id: int, clock: Clock, sampler: Samples, meters: Sequence[Meter]
    ) -> None:
        self.store = store
        self.trial_id = trial_id
        self.clock = clock
        self.sampler = sampler
        self.meters = meters
        self.files: list[EventFile] = []
        self.supports: frozenset[str] = frozenset()  # whose windows and phases are not the trial's
        self.events: list[EventRecord] = []  # window edges, which decide what is measured
        self.shown = PhaseShown()
        self.cautions: list[Caution] = []
        self.last_reading: Reading | None = None
        self.temperature_c: float | None = None
        self.trees = Trees()
        # A tree that is watched again (after a warm-up) may have other channels: another stream.
        self._streams: dict[tuple[str, tuple[Channel, ...]], int] = {}
        self._meter_meta = [meter_meta(meter) for meter in meters]
        self._meter_streams = [
            store.add_stream(trial_id, "meter", meter.instrument.name, METER_CHANNELS, meta)
            for meter, meta in zip(meters, self._meter_meta, strict=True)
        ]

    def tick(self) -> None:
        """Take everything that has arrived and commit it."""
        self.take_samples()
        for stream, meter in zip(self._meter_streams, self.meters, strict=True):
            self._take_readings(stream, meter)
        for file in self.files:
            self.take_file(file)
        self.store.commit()

    def take_file(self, file: EventFile) -> None:
        """Take what a participant has said since the last time."""
        self._take_events(file.participant, file.read())

    def note_what_meters_learnt(self) -> None:
        """Store what the meters have learnt of themselves while readings came in.

        A plug shows its steps, its period, and that it is an emulated one, only by its readings;
        the trial is judged by what is known at its end.
        """
        for place, meter in enumerate(self.meters):
            meta = meter_meta(meter)
            if meta != self._meter_meta[place]:
                self.store.set_stream_meta(self._meter_streams[place], meta)
                self._meter_meta[place] = meta

    def take_samples(self) -> None:
        """Take the batches of the sampler; raises UnfitError if it has died."""
        self._take_batches(self.sampler.receive())

    def take_last_samples(self) -> None:
        """Take everything that was sampled up to now."""
        self._take_batches(self.sampler.flush())

    def forget(self) -> None:
        """Forget what is known of the programs: they were of a warm-up."""
        self.events.clear()
        self.trees.forget()
        self.shown.clear()

    def stage(self, name: str, edge: str) -> int:
        """Record that a stage of the trial starts or ends now; return the time."""
        t_ns = self.clock.now_ns()
        self.store.add_event(
            self.trial_id, EventRecord(t_ns, HARNESS, "stage", edge=edge, name=name)
        )
        return t_ns

    def caution(self, code: str, message: str, remedy: str | None = None) -> None:
        """Record a warning that belongs to this trial."""
        self.cautions.append(Caution(code, message, remedy))

    def note(self, event: EventRecord) -> None:
        """Record something that the harness has seen."""
        self.store.add_event(self.trial_id, event)

    def end_life(self, file: EventFile, t_ns: int, *, for_good: bool) -> None:
        """Take the last lines of a program that ended at ``t_ns``, and end what it was in.

        The file stays open: it may be started again.
        """
        self._take_events(file.participant, file.read(at_end=True))
        ends = file.leave(t_ns) if for_good else file.start_again(t_ns)
        self._take_events(file.participant, ends)

    def finish_file(self, file: EventFile) -> None:
        """Take the last lines of an events file and say what could not be used."""
        self._take_events(file.participant, file.read(at_end=True))
        for reason, count in file.rejected.items():
            self.caution(
                "event-rejected",
                f"{count} line(s) of the events of {file.participant!r} were left out: {reason}",
                "see benchharness.events for the format",
            )
        file.close()
        self.files.remove(file)

    def _take_batches(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            key = (batch.stream, batch.channels)
            stream = self._streams.get(key)
            if stream is None:
                stream = self.store.add_stream(
                    self.trial_id, "probe", batch.stream, batch.channels, dict(batch.meta)
                )
                self._streams[key] = stream
            self.store.append(stream, batch.times_ns, self.trees.take(batch))
            self._watch(batch)

    def _take_readings(self, stream: int, meter: Meter) -> None:
        readings = meter.read()
        if readings:
            self.store.append(
                stream,
                array("q", [reading.t_ns for reading in readings]),
                [
                    array("d", [_or_nan(reading.power_w) for reading in readings]),
                    array("d", [_or_nan(reading.energy_j) for reading in readings]),
                ],
            )
            self._take_supply(meter.instrument.name, readings)
            if meter is self.meters[0]:
                self.last_reading = readings[-1]
        for event in meter.events():
            self.store.add_event(
                self.trial_id,
                EventRecord(
                    event.t_ns,
                    HARNESS,
                    "meter",
                    name=meter.instrument.name,
                    text=f"{event.kind}: {event.detail}",
                ),
            )

    def _take_supply(self, meter: str, readings: Sequence[Reading]) -> None:
        told = [r for r in readings if r.current_a is not None or r.voltage_v is not None]
        if not told:
            return
        key = (f"{SUPPLY_PREFIX}{meter}", SUPPLY_CHANNELS)
        if key not in self._streams:
            self._streams[key] = self.store.add_stream(self.trial_id, "probe", *key)
        self.store.append(
            self._streams[key],
            array("q", [reading.t_ns for reading in told]),
            [
                array("d", [_or_nan(reading.current_a) for reading in told]),
                array("d", [_or_nan(reading.voltage_v) for reading in told]),
            ],
        )

    def _take_events(self, writer: str, events: list[EventRecord]) -> None:
        for event in events:
            self.store.add_event(self.trial_id, event)
            if event.kind == "window" and event.participant not in self.supports:
                self.events.append(event)
        self.shown.take(writer, events)

    def _watch(self, batch: Batch) -> None:
        """Keep what the progress line and the gate ask for."""
        if batch.stream == "board":
            for value in _column(batch, "temperature_c")[-1:]:
                self.temperature_c = None if math.isnan(value) else value


def _column(batch: Batch, name: str) -> Sequence[float]:
    """Return a channel of a batch, empty where the stream does not have it."""
    for channel, column in zip(batch.channels, batch.columns, strict=True):
        if channel.name == name:
            return column
    return ()


def meter_meta(meter: Meter) -> Mapping[str, Any]:
    """Return what is stored with a meter's readings, so that they can be judged later."""
    instrument = meter.instrument
    capabilities = asdict(meter.capabilities())
    meta: dict[str, Any] = {
        "target": instrument.target,
        "part_of": instrument.part_of,
        "driver": instrument.driver,
        "where": instrument.where,
        "class": capabilities.pop("measurement_class").value,
    }
    # What the file says for people; TOML knows dates, JSON does not.
    described = {key: str(v) for key, v in instrument.options.items() if key in DESCRIPTIVE_KEYS}
    stated_v = instrument.options.get(SUPPLY_VOLTAGE_KEY)
    supply = {} if stated_v is None else {SUPPLY_VOLTAGE_KEY: float(stated_v)}
    return {**meta, **capabilities, **described, **supply}


def reading_age_s(reading: Reading | None, now_ns: int) -> float | None:
    """Return how old a reading is, in seconds."""
    return None if reading is None else (now_ns - reading.t_ns) / NANOSECONDS_PER_SECOND


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
