"""What comes from the sampler: batches of observations, and at the end its report."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchharness.model import Channel
from benchharness.probes import wire


@dataclass(frozen=True, slots=True)
class Batch:
    """Observations of one stream, column by column; a NaN is a value that was not there.

    ``times_ns`` and every column have one entry for each row. ``meta`` says how the figures
    are obtained; it and ``channels`` are the same in all batches of a stream, but a tree that
    is added again under the same participant starts a new stream.
    """

    stream: str
    channels: tuple[Channel, ...]
    times_ns: array[int]
    columns: list[array[float]]
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SamplerReport:
    """What the sampler itself cost and how punctual it was.

    ``start_cpu_s`` is the part of ``cpu_s`` that was spent before the first tick. A tick that
    came so late that the next one was due is counted in ``missed_ticks``. ``dropped_samples``
    had no room because nobody received for minutes. Quantiles are upper bounds, 10 us wide.
    """

    cpu_s: float
    start_cpu_s: float
    memory_peak_bytes: int | None
    ticks: int
    missed_ticks: int
    dropped_samples: int
    unfollowed_processes: int
    late_over_1ms: int
    late_p50_s: float | None
    late_p99_s: float | None
    late_max_s: float | None
    scheduling: str


@dataclass(frozen=True, slots=True)
class _Stream:
    name: str
    channels: tuple[Channel, ...]
    meta: Mapping[str, str]


class FrameReader:
    """Turns the bytes of the sampler into batches, answers and the report."""

    def __init__(self) -> None:
        self.is_ready = False
        self.answered = 0  # the number of the last flush that has been answered
        self.report: SamplerReport | None = None
        self._received = bytearray()
        self._streams: dict[int, _Stream] = {}
        self._batches: list[Batch] = []

    def feed(self, data: bytes) -> None:
        """Take bytes, cut anywhere, and act on the whole frames that there are."""
        self._received += data
        for kind, payload in wire.take_frames(self._received):
            self._act(kind, payload)

    def take_batches(self) -> list[Batch]:
        """Return the batches that have come since the last call."""
        batches, self._batches = self._batches, []
        return batches

    def _act(self, kind: int, payload: bytes) -> None:
        if kind == wire.BATCH:
            number, times_ns, columns = wire.split_batch(payload)
            stream = self._streams[number]
            batch = Batch(stream.name, stream.channels, times_ns, columns, stream.meta)
            self._batches.append(batch)
        elif kind == wire.STREAM:
            fields = json.loads(payload)
            channels = tuple(Channel(name, unit) for name, unit in fields["channels"])
            self._streams[fields["number"]] = _Stream(fields["name"], channels, fields["meta"])
        elif kind == wire.FLUSHED:
            self.answered = json.loads(payload)["request"]
        elif kind == wire.READY:
            self.is_ready = True
        elif kind == wire.REPORT:
            self.report = SamplerReport(**json.loads(payload))
