"""Reads what a workload writes to its events file, while it writes.

The lines are another program's: whatever is in them, nothing is raised and nothing invented;
a line that cannot be used is counted with its reason.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from benchharness.store.records import EventRecord
from benchharness.trial.open_spans import OpenSpans

_MAX_LINE_BYTES = 1 << 20
_READ_BYTES = 1 << 20
_LAST_NS = 1 << 62


class _UnusableLineError(ValueError):
    """A line that cannot be used; the message is the reason."""


class EventFile:
    """Follows one participant's events file.

    ``outputs`` holds the last value by name; ``ready`` is whether the participant said so, and
    ``started`` whether it has ever said that.
    ``others`` are the programs of the trial of which it may also speak. One that is started again
    goes on writing to the same file.
    """

    def __init__(self, path: Path, participant: str, others: Collection[str] = ()) -> None:
        self.path = path
        self.participant = participant
        self._others = frozenset(others)
        self.outputs: dict[str, Any] = {}
        self.rejected: dict[str, int] = {}
        self.ready = False
        self.started = False
        self._open = OpenSpans()
        self._window_goes_on = False
        path.touch(mode=0o600)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._rest = b""

    def read(self, *, at_end: bool = False) -> list[EventRecord]:
        """Return the events of the complete lines since the last call.

        With ``at_end`` a last line without a newline counts too: the writer has gone.
        """
        events: list[EventRecord] = []
        while data := os.read(self._descriptor, _READ_BYTES):
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._take(lines, events)
            if len(self._rest) > _MAX_LINE_BYTES:
                self._reject("a line of over 1 MiB")
                self._rest = b""
        if at_end and self._rest:
            self._take([self._rest], events)
            self._rest = b""
        return events

    def start_again(self, t_ns: int) -> list[EventRecord]:
        """End what the program was in when it ended at ``t_ns``; return that, to be recorded.

        It is to be started again, and is not ready. A window that it had started goes on: its next
        start of one is not another.
        """
        self.ready = False
        self._window_goes_on = self._open.has("window")
        return self._open.end(t_ns, ("phase",))

    def leave(self, t_ns: int) -> list[EventRecord]:
        """End what the program was in when it ended for good at ``t_ns``; return that."""
        return self._open.end(t_ns, ("phase", "window"))

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _take(self, lines: list[bytes], events: list[EventRecord]) -> None:
        for line in lines:
            if not line.strip():
                continue
            try:
                event = self._parse(line)
            except _UnusableLineError as reason:
                self._reject(str(reason))
                continue
            if event.kind == "window" and event.edge == "start" and self._window_goes_on:
                self._window_goes_on = False
                continue
            self._open.take(event)
            events.append(event)

    def _parse(self, line: bytes) -> EventRecord:
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            raise _UnusableLineError("not JSON") from None
        if not isinstance(fields, dict):
            raise _UnusableLineError("not a JSON object")
        t_ns = fields.get("t_ns")
        if not isinstance(t_ns, int) or isinstance(t_ns, bool) or not 0 <= t_ns < _LAST_NS:
            raise _UnusableLineError("no t_ns (integer nanoseconds of CLOCK_MONOTONIC)")
        kind = fields.get("event")
        if kind == "window":
            return self._span(t_ns, "window", fields, name=None)
        if kind == "phase":
            name = fields.get("name")
            if not isinstance(name, str) or not name:
                raise _UnusableLineError("a phase without a name")
            return self._span(t_ns, "phase", fields, name=name)
        if kind == "metric":
            return self._metric(t_ns, fields)
        if kind == "output":
            return self._output(t_ns, fields)
        if kind == "left_out":
            return self._left_out(t_ns, fields)
        if kind == "ready":
            self.ready = True
            return EventRecord(t_ns, self.participant, "ready")
        if kind == "started":
            self.started = True
            return EventRecord(t_ns, self.participant, "started")
        raise _UnusableLineError("an unknown event")

    def _span(self, t_ns: int, kind: str, fields: dict[str, Any], name: str | None) -> EventRecord:
        edge = fields.get("edge")
        if edge not in ("start", "end"):
            raise _UnusableLineError(f"a {kind} whose edge is neither start nor end")
        if kind == "window":
            return EventRecord(t_ns, self.participant, kind, edge=edge, name=name)
        cpu_s = _cpu_s(fields) if edge == "end" else None
        return EventRecord(
            t_ns,
            self._about(fields),
            kind,
            edge=edge,
            name=name,
            value=cpu_s,
            unit=None if cpu_s is None else "s",
            step=_step(fields, f"a {kind}"),
        )

    def _left_out(self, t_ns: int, fields: dict[str, Any]) -> EventRecord:
        reason = fields.get("text")
        if not isinstance(reason, str) or "participant" not in fields:
            raise _UnusableLineError("somebody left out without a name or a reason")
        step = _step(fields, "somebody left out")
        return EventRecord(t_ns, self._about(fields), "left_out", text=reason, step=step)

    def _about(self, fields: dict[str, Any]) -> str:
        """Return of whom a line speaks: of its writer, unless it names another program."""
        about = fields.get("participant", self.participant)
        if not isinstance(about, str) or (about != self.participant and about not in self._others):
            raise _UnusableLineError("about a program that is not of this trial")
        return about

    def _metric(self, t_ns: int, fields: dict[str, Any]) -> EventRecord:
        name, value = fields.get("name"), fields.get("value")
        if not isinstance(name, str) or not name:
            raise _UnusableLineError("a metric without a name")
        number = _number(value, "a metric whose value")
        unit = fields.get("unit")
        return EventRecord(
            t_ns,
            self._about(fields),
            "metric",
            name=name,
            value=number,
            unit=unit if isinstance(unit, str) else None,
            step=_step(fields, "a metric"),
        )

    def _output(self, t_ns: int, fields: dict[str, Any]) -> EventRecord:
        name = fields.get("name")
        if not isinstance(name, str) or not name or "value" not in fields:
            raise _UnusableLineError("an output without a name or a value")
        self.outputs[name] = fields["value"]
        text = json.dumps(fields["value"])
        return EventRecord(t_ns, self.participant, "output", name=name, text=text)

    def _reject(self, reason: str) -> None:
        self.rejected[reason] = self.rejected.get(reason, 0) + 1


def _number(value: object, of: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _UnusableLineError(f"{of} is not a number")
    try:
        number = float(value)
    except OverflowError:
        raise _UnusableLineError(f"{of} is not finite") from None
    if not math.isfinite(number):
        raise _UnusableLineError(f"{of} is not finite")
    return number


def _cpu_s(fields: dict[str, Any]) -> float | None:
    """Return the CPU seconds of a phase that ends, None where nobody counted them."""
    if fields.get("cpu_s") is None:
        return None
    cpu_s = _number(fields["cpu_s"], "a phase whose cpu_s")
    if cpu_s < 0:
        raise _UnusableLineError("a phase whose cpu_s is negative")
    return cpu_s


def _step(fields: dict[str, Any], of: str) -> int | None:
    step = fields.get("step")
    if step is None:
        return None
    if not isinstance(step, int) or isinstance(step, bool) or not -_LAST_NS < step < _LAST_NS:
        raise _UnusableLineError(f"{of} whose step is not an integer")
    return step
