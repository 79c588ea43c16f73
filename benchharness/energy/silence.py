"""When a meter was known to be silent: offline or disconnected. Silence is never 0 W."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from benchharness.energy.readings import TimeArray
from benchharness.model import MeterEvent

# What begins a silence, what ends it, and how people say it.
_ENDED_BY = {"offline": "online", "disconnected": "connected"}


@dataclass(frozen=True, slots=True)
class Silence:
    """A span without a meter; ``kind`` is offline or disconnected."""

    kind: str
    start_ns: int
    end_ns: int


def silences(
    events: Iterable[MeterEvent], reading_times_ns: TimeArray, until_ns: int
) -> tuple[Silence, ...]:
    """Return the spans in which the meter was away, up to ``until_ns``.

    A span ends with its opposite event or with the next reading (int64[n], rising), which
    proves that the meter speaks again; without either it lasts to ``until_ns``.
    """
    ordered = sorted(events, key=lambda event: event.t_ns)
    found = []
    for place, event in enumerate(ordered):
        if event.kind not in _ENDED_BY:
            continue
        ends = [later.t_ns for later in ordered[place + 1 :] if later.kind == _ENDED_BY[event.kind]]
        next_reading = int(np.searchsorted(reading_times_ns, event.t_ns, side="right"))
        if next_reading < reading_times_ns.size:
            ends.append(int(reading_times_ns[next_reading]))
        end_ns = min([*ends, until_ns])
        if end_ns > event.t_ns:
            found.append(Silence(event.kind, event.t_ns, end_ns))
    return tuple(found)
