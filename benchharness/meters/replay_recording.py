"""A recording: readings on a time axis of their own, and what is known of the instrument.

What can be read is decided by the entry-point group ``benchharness.recordings``: a name for each
kind of file and a function ``read(path, options) -> Recording``. ``csv`` is built in, and
``results``, a trial of a results file, comes with the reports, which know the store.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds
from benchharness.errors import MeterError, UsageError
from benchharness.model import Capabilities, Reading

ENTRY_POINT_GROUP = "benchharness.recordings"
_SQLITE_HEAD = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Recording:
    """Readings in time order; ``t_ns`` has an arbitrary zero, equal times are allowed.

    ``capabilities`` are those of the instrument that was recorded, None where nobody noted them.
    ``source`` says in words what was recorded.
    """

    readings: tuple[Reading, ...]
    source: str
    capabilities: Capabilities | None = None


class Tape:
    """A recording as it is played: from any start, at any speed, round after round."""

    def __init__(self, recording: Recording, speed: float) -> None:
        self.recording = recording
        self.speed = speed
        readings = recording.readings
        times = [reading.t_ns for reading in readings]
        intervals = [b - a for a, b in pairwise(times) if b > a]
        # One interval lies between the last reading of a round and the first of the next.
        between_ns = round(statistics.median(intervals)) if intervals else NANOSECONDS_PER_SECOND
        self.interval_s = seconds(between_ns) / speed if intervals else None
        self.length_ns = round((times[-1] - times[0]) / speed)
        self._round_ns = times[-1] - times[0] + between_ns
        self._round_j = _gain_per_ns(readings) * self._round_ns

    def __len__(self) -> int:
        return len(self.recording.readings)

    def reading(self, number: int, start_ns: int) -> Reading:
        """Return a reading, counted on through the rounds; the first one is at ``start_ns``."""
        round_, place = divmod(number, len(self))
        reading = self.recording.readings[place]
        since_ns = reading.t_ns - self.recording.readings[0].t_ns + round_ * self._round_ns
        energy_j = reading.energy_j
        if energy_j is not None:
            energy_j = (energy_j + round_ * self._round_j) / self.speed
        return Reading(start_ns + round(since_ns / self.speed), reading.power_w, energy_j)


def _gain_per_ns(readings: Sequence[Reading]) -> float:
    """Return what the counter gains in a nanosecond on average, 0 where it never counts."""
    counts = [(r.t_ns, r.energy_j) for r in readings if r.energy_j is not None]
    if len(counts) < 2 or counts[-1][0] == counts[0][0]:
        return 0.0
    return (counts[-1][1] - counts[0][1]) / (counts[-1][0] - counts[0][0])


ReadRecording = Callable[[Path, Mapping[str, str]], Recording]


def read_recording(path: Path, options: Mapping[str, str]) -> Recording:
    """Read a recording; ``options`` choose within the file (trial, meter, campaign).

    Raises UsageError in one line with the file, and the line where there are lines; MeterError
    where the reader of this kind of file cannot be loaded.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE_HEAD))
    except OSError as error:
        raise UsageError(
            f"the recording cannot be read: {error.strerror}",
            where=str(path),
            remedy="check the path",
        ) from None
    recording = _reader("results" if head == _SQLITE_HEAD else "csv")(path, options)
    if not recording.readings:
        raise UsageError(
            "the recording holds no reading", where=str(path), remedy="choose another one"
        )
    return recording


def _reader(kind: str) -> ReadRecording:
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=kind):
        reader: ReadRecording = entry.load()
        return reader
    raise MeterError(
        f"no reader for recordings of kind {kind!r} is installed",
        remedy="install benchharness again: pip install benchharness",
    )
