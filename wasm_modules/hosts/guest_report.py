"""What a guest says of itself in one line of its stdout, put on the harness's clock.

A WebAssembly guest cannot write the harness's events: it has no such file, and its monotonic
clock has a zero of its own. Instead it may print one line, wherever it runs::

    {"benchharness": {"outputs": {"checksum": "f00d"}, "metrics": {"gflops": [7.5, "GFLOP/s"]},
                      "phases": [["fill", 0, 120], ["multiply", 120, 900]], "clock_ns": 950}}

``phases`` are name, start and end on the guest's clock in nanoseconds, in order, and
``clock_ns`` is that clock when the line was printed. Both clocks run at one rate, so who sees
the line, or the guest's end right after it, knows the offset between them to within
microseconds. Only the standard library and ``benchharness.events`` are needed here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchharness import events

PREFIX = b'{"benchharness":'
LARGEST_BYTES = 1 << 20


class ReportError(ValueError):
    """A report that is not one: the message says why."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the guest's run, on the guest's clock."""

    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class GuestReport:
    """The report line, checked. ``metrics`` maps a name to its value and unit."""

    outputs: Mapping[str, Any]
    metrics: Mapping[str, tuple[float, str]]
    phases: tuple[Phase, ...]
    clock_ns: int


def parse(line: bytes) -> GuestReport:
    """Parse a report line. Raises ReportError."""
    if len(line) > LARGEST_BYTES:
        raise ReportError("longer than 1 MiB")
    try:
        body = json.loads(line)["benchharness"]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise ReportError("not a JSON object with a key benchharness") from None
    if not isinstance(body, dict):
        raise ReportError("benchharness is not an object")
    outputs = body.get("outputs", {})
    if not isinstance(outputs, dict):
        raise ReportError("outputs is not an object")
    return GuestReport(
        outputs=outputs,
        metrics=_metrics(body.get("metrics", {})),
        phases=_phases(body.get("phases", [])),
        clock_ns=_nanoseconds(body.get("clock_ns"), "clock_ns"),
    )


def emit(report: GuestReport, start_ns: int, end_ns: int) -> None:
    """Emit the phases, metrics and outputs of a guest that ran from start_ns to end_ns.

    ``end_ns`` is when the line was seen, on CLOCK_MONOTONIC of the harness. The phases are
    placed before it by ``clock_ns`` and kept inside the run.
    """
    offset_ns = end_ns - report.clock_ns

    def placed(guest_ns: int) -> int:
        return min(max(guest_ns + offset_ns, start_ns), end_ns)

    for phase in report.phases:
        events.emit("phase", t_ns=placed(phase.start_ns), edge="start", name=phase.name)
        events.emit("phase", t_ns=placed(phase.end_ns), edge="end", name=phase.name)
    for name, (value, unit) in report.metrics.items():
        events.emit("metric", t_ns=end_ns, name=name, value=value, unit=unit)
    for name, value in report.outputs.items():
        events.emit("output", t_ns=end_ns, name=name, value=value)


class Run:
    """The window of a run that is under way, and its end once that is known."""

    def __init__(self) -> None:
        self.start_ns = events.now_ns()
        self.end_ns: int | None = None
        self.report: GuestReport | None = None


@contextmanager
def run_window(*, marked_by_guest: bool = False) -> Iterator[Run]:
    """Mark the body as the window and as the phase ``run``, with the guest's phases inside.

    The body sets ``end_ns`` as soon as the guest has ended; what it does after that (reading
    the report, say) is outside the window. A guest that marks its own window (imports/bench.py)
    only has the phase marked.
    """
    if not marked_by_guest:
        events.window_start()
    events.emit("phase", edge="start", name="run")
    run = Run()
    try:
        yield run
    finally:
        end_ns = events.now_ns() if run.end_ns is None else run.end_ns
        if run.report is not None:
            emit(run.report, run.start_ns, end_ns)
        events.emit("phase", t_ns=end_ns, edge="end", name="run")
        if not marked_by_guest:
            events.emit("window", t_ns=end_ns, edge="end")


def _metrics(body: object) -> dict[str, tuple[float, str]]:
    if not isinstance(body, dict):
        raise ReportError("metrics is not an object")
    metrics: dict[str, tuple[float, str]] = {}
    for name, entry in body.items():
        match entry:
            case [bool(), _]:
                raise ReportError(f"the metric {name!r} is true or false")
            case [int() | float() as value, str(unit)] if math.isfinite(value):
                metrics[name] = (float(value), unit)
            case _:
                raise ReportError(f"the metric {name!r} is not [number, unit]")
    return metrics


def _phases(body: object) -> tuple[Phase, ...]:
    if not isinstance(body, list):
        raise ReportError("phases is not a list")
    phases: list[Phase] = []
    last_ns = 0
    for entry in body:
        match entry:
            case [str(name), start, end] if name:
                start_ns = _nanoseconds(start, name)
                end_ns = _nanoseconds(end, name)
            case _:
                raise ReportError("a phase is not [name, start, end]")
        if not last_ns <= start_ns <= end_ns:
            raise ReportError(f"the phase {name!r} goes back in time")
        last_ns = end_ns
        phases.append(Phase(name, start_ns, end_ns))
    return tuple(phases)


def _nanoseconds(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
        raise ReportError(f"{name} is not a number of nanoseconds")
    return value
