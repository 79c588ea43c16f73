"""What goes wrong on purpose: between a device and its reader, and in the figures it shows.

    lose=0.02,double=0.01,spike=0.001,spike-w=8000,delay=0.3,jitter=0.1,offline=20@90

A share is a probability: of a message (lose, double, reorder, retain) or of a figure that is
shown (spike, zero, nan, text, negative). ``WHAT@WHEN`` happens once, WHEN seconds after the start,
and may be given several times. Every fault that is done is recorded with its time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from benchharness.errors import UnknownNameError, UsageError

HEADER = "t_ns,fault,detail"


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that happens once: ``value`` (its unit is the fault's) at ``at_s`` seconds."""

    value: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Faults:
    """Which faults, and how much of each; the defaults are none."""

    # Of messages.
    lose: float = 0.0
    double: float = 0.0
    reorder: float = 0.0  # it arrives after the message that follows it
    retain: float = 0.0  # the broker is told to keep it, so that late readers get an old one
    delay_s: float = 0.0
    jitter_s: float = 0.0  # added to the delay, uniform from 0; messages stay in their order
    offline: tuple[Episode, ...] = ()  # seconds without a connection
    freeze: tuple[Episode, ...] = ()  # seconds for which the last message is repeated
    # Of figures.
    spike: float = 0.0
    spike_w: float = 8000.0
    zero: float = 0.0
    nan: float = 0.0
    text: float = 0.0
    negative: float = 0.0
    drift: float = 0.0  # change of the gain per hour, relative
    reset: tuple[Episode, ...] = ()  # what the counter is set to, J
    jump_back: tuple[Episode, ...] = ()  # by how much the counter jumps back, J
    clock_jump: tuple[Episode, ...] = ()  # by how much the device's own clock jumps, s

    def __bool__(self) -> bool:
        """Return whether anything goes wrong at all."""
        return self != Faults(spike_w=self.spike_w)


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """One fault that was done."""

    t_ns: int
    fault: str
    detail: str = ""


@dataclass(slots=True)
class FaultLog:
    """The faults that were done, in the order in which they were found to be due."""

    records: list[FaultRecord] = field(default_factory=list)

    def note(self, t_ns: int, fault: str, detail: str = "") -> None:
        """Record one fault."""
        self.records.append(FaultRecord(t_ns, fault, detail))

    def counts(self) -> dict[str, int]:
        """Return how often each fault was done."""
        counts: dict[str, int] = {}
        for record in self.records:
            counts[record.fault] = counts.get(record.fault, 0) + 1
        return counts


_SHARES = ("lose", "double", "reorder", "retain", "spike", "zero", "nan", "text", "negative")
_LENGTHS = {"delay": "delay_s", "jitter": "jitter_s"}
_EPISODES = {
    "offline": "offline",
    "freeze": "freeze",
    "reset": "reset",
    "jump-back": "jump_back",
    "clock-jump": "clock_jump",
}
_EITHER_SIGN = ("drift", "clock-jump")
NAMES = (*_SHARES, *_LENGTHS, *_EPISODES, "spike-w", "drift")


def parse_faults(text: str, where: str = "faults") -> Faults:
    """Read ``name=value,name=value@time,...``; nothing is no faults.

    Raises UsageError in one line, with the nearest name for one that is not there.
    """
    values: dict[str, Any] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (part.strip() for part in item.partition("="))
        if name not in NAMES:
            raise UnknownNameError("fault", name, NAMES, where=where)
        if not value:
            raise UsageError(f"{name}: no value", where=where, remedy=_example(name))
        if name in _EPISODES:
            key = _EPISODES[name]
            values[key] = (*values.get(key, ()), _episode(name, value, where))
            continue
        key = _LENGTHS.get(name, name.replace("-", "_"))
        if key in values:
            raise UsageError(f"{name}: given twice", where=where)
        values[key] = _amount(name, value, where)
    return Faults(**values)


class FaultWriter:
    """Writes the records of a log as CSV as they come, t_ns on the clock of the truth file."""

    def __init__(self, path: Path, log: FaultLog) -> None:
        self._log, self._written = log, 0
        try:
            self._file: TextIO = path.open("w", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror}", where=str(path)) from None
        self._file.write(HEADER + "\n")
        self._file.flush()

    def write(self) -> None:
        """Append what is new."""
        fresh = self._log.records[self._written :]
        if fresh:
            self._written += len(fresh)
            self._file.writelines(f"{r.t_ns},{r.fault},{r.detail}\n" for r in fresh)
            self._file.flush()

    def close(self) -> None:
        """Append what is new, and close."""
        if not self._file.closed:
            self.write()
            self._file.close()


def read_faults(path: Path) -> list[FaultRecord]:
    """Read what a FaultWriter wrote, in the order of times. Raises UsageError."""
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if header != HEADER:
        raise UsageError("is not a list of faults", where=str(path))
    rows = [line.split(",", 2) for line in lines]
    records = [FaultRecord(int(row[0]), row[1], row[2]) for row in rows]
    return sorted(records, key=lambda record: record.t_ns)


def faults_path(truth: Path) -> Path:
    """Return where the faults beside a truth file are written: truth.csv, truth.faults.csv."""
    return truth.with_suffix(".faults.csv")


def _episode(name: str, text: str, where: str) -> Episode:
    value, at, when = (part.strip() for part in text.partition("@"))
    if not at:
        raise UsageError(f"{name}: no time in {text!r}", where=where, remedy=_example(name))
    at_s = _number(name, when, where)
    if at_s < 0:
        raise UsageError(f"{name}: the time {when!r} is negative", where=where)
    return Episode(_amount(name, value, where), at_s)


def _amount(name: str, text: str, where: str) -> float:
    value = _number(name, text, where)
    if value < 0 and name not in _EITHER_SIGN:
        raise UsageError(f"{name}: {text!r} is negative", where=where)
    if value > 1 and name in _SHARES:
        raise UsageError(f"{name}: {text!r} is above 1", where=where, remedy=_example(name))
    return value


def _number(name: str, text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{name}: {text!r} is not a number", where=where, remedy=_example(name))
    return value


def _example(name: str) -> str:
    if name in _EPISODES:
        return f"write {name}=20@90"
    return f"write {name}={'0.3' if name in _LENGTHS else '8000' if name == 'spike-w' else '0.01'}"
