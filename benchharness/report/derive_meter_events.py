"""What happened to a meter in a trial: messages rejected, hours offline, brokers lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from benchharness.clock import seconds
from benchharness.energy.readings import TimeArray
from benchharness.energy.silence import silences
from benchharness.model import Caution, MeterEvent
from benchharness.store.records import EventRecord
from benchharness.units import format_duration

REJECTED = "rejected"
_COUNTED = re.compile(r"(\d+) x (.+)", re.DOTALL)
# What begins or ends a silence is told once for all of them; a first connection is no news.
_SILENCES = {
    "offline": (
        "meter-offline",
        "was offline (it said so, or its broker did)",
        "check its power and its network; silence is never counted as 0 W",
    ),
    "disconnected": (
        "meter-reconnected",
        "lost its connection",
        "check the network between this machine and the broker",
    ),
}
_NO_NEWS = frozenset({"online", "connected", "firmware", REJECTED, *_SILENCES})
_REMEDIES = {
    "clock": "nothing needs to be done: readings are stamped by this machine's clock",
    "counter": "see whether the meter lost its power, or something else resets it",
    "stale": "check its connection",
    "relay": "leave its switch alone while trials run",
    "two-devices": "give each device a topic of its own, and repeat the run",
    "replaced": "repeat the run with one plug",
    "source": "see why the first source failed",
    "stuck": "restart the service or the driver behind it",
}


def meter_events(events: Iterable[EventRecord], name: str) -> list[MeterEvent]:
    """Return what was stored of one meter's adventures, in time order."""
    found = []
    for event in events:
        if event.kind == "meter" and event.name == name:
            kind, _, detail = (event.text or "").partition(":")
            found.append(MeterEvent(event.t_ns, kind.strip(), detail.strip()))
    return sorted(found, key=lambda event: event.t_ns)


def rejected_messages(events: Iterable[MeterEvent]) -> dict[str, int]:
    """Return how many messages the driver rejected, by reason."""
    counts: Counter[str] = Counter()
    for event in events:
        if event.kind == REJECTED:
            counted = _COUNTED.fullmatch(event.detail)
            number, reason = counted.groups() if counted else ("1", event.detail)
            counts[reason] += int(number)
    return dict(counts)


def event_cautions(
    name: str, events: Sequence[MeterEvent], reading_times_ns: TimeArray, until_ns: int
) -> list[Caution]:
    """Return what a reader must know of a meter's adventures up to ``until_ns``.

    ``reading_times_ns`` int64[n], rising: a reading ends a silence.
    """
    cautions = []
    rejected = rejected_messages(events)
    if rejected:
        said = ", ".join(f"{count} x {reason}" for reason, count in rejected.items())
        cautions.append(
            Caution(
                "readings-rejected",
                f"meter {name}: messages rejected: {said}",
                "check it with 'benchharness meters check'",
            )
        )
    away = silences(events, np.sort(reading_times_ns), until_ns)
    for kind, (code, words, remedy) in _SILENCES.items():
        spans_ns = [s.end_ns - s.start_ns for s in away if s.kind == kind]
        if spans_ns:
            lasted = format_duration(seconds(sum(spans_ns)))
            cautions.append(
                Caution(code, f"meter {name} {words}{_times(len(spans_ns))}, for {lasted}", remedy)
            )
    for kind in dict.fromkeys(e.kind for e in events if e.kind not in _NO_NEWS):
        details = dict.fromkeys(e.detail for e in events if e.kind == kind and e.detail)
        said = "; ".join(details) or kind
        cautions.append(Caution(f"meter-{kind}", f"meter {name}: {said}", _REMEDIES.get(kind)))
    return cautions


def _times(count: int) -> str:
    return "" if count == 1 else f" {count} times"
