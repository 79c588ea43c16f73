"""What starting a program costs before its window: seconds, and joules by the same estimators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchharness.energy.readings import Window
from benchharness.model import PhaseSpan, StartCost
from benchharness.report.derive_devices import counted_outcome
from benchharness.report.derive_energy import (
    NO_METER,
    NO_WINDOW,
    makes_of,
    meter_outcome,
    target_of,
)
from benchharness.report.derive_spans import idle_windows
from benchharness.store.records import EventRecord, StreamRecord, TrialResult
from benchharness.units import format_duration

if TYPE_CHECKING:
    from benchharness.store.database import Store

NOT_MARKED = "the workload marks no window: the start is in it"
NOT_STARTED = "the programs were not started before the window"
_LEAST_S = 0.05  # no meter here tells the joules of less


def start_cost(
    store: Store,
    result: TrialResult,
    streams: Sequence[StreamRecord],
    window: Window | None,
    spans: Sequence[PhaseSpan],
    events: Sequence[EventRecord],
    devices: Sequence[str] = (),
) -> StartCost:
    """Return what lies between the start of the first own program and the window's start.

    That is importing, loading and compiling. The joules are of the trial's first meter, or of all
    its ``devices``, with the idle power of the same trial; without them, ``missing`` says why.
    """
    if window is None:
        return StartCost(None, None, NO_WINDOW)
    if not result.details.get("window_marked"):
        return StartCost(None, None, NOT_MARKED)
    started_ns = [
        int(use["started_ns"])
        for use in result.details.get("participants", {}).values()
        if use.get("role") != "support" and use.get("started_ns") is not None
    ]
    if not started_ns or min(started_ns) >= window.start_ns:
        return StartCost(None, None, NOT_STARTED)
    start = Window(min(started_ns), window.start_ns)
    meters = [stream for stream in streams if stream.source == "meter"]
    if not meters:
        return StartCost(start.duration_s, None, NO_METER)
    if start.duration_s < _LEAST_S:
        short = f"a start of {format_duration(start.duration_s)} is too short to be measured"
        return StartCost(start.duration_s, None, short)
    counting = [meter for meter in meters if target_of(meter) in devices] or meters[:1]
    idle = idle_windows(spans)
    outcome, _ = counted_outcome(
        [(target_of(each), meter_outcome(store, each, start, idle, events)) for each in counting],
        devices,
        makes_of(counting),
    )
    missing = outcome.reason
    # Said of a window in general; this one is the start.
    if missing is not None:
        missing = missing.replace("the window", "the start", 1).partition(": repeat")[0]
    return StartCost(start.duration_s, outcome.figure, missing)
