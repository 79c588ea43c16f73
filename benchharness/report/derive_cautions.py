"""What to know about one trial besides its energy: throttling, late samples, its own warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchharness.energy.readings import FloatArray, TimeArray, Window
from benchharness.model import Caution
from benchharness.probes.throttling import decode
from benchharness.store.records import EventRecord, StreamRecord, TrialResult

if TYPE_CHECKING:
    from benchharness.store.database import Store

_MISSED_SHARE = 0.005
_SINCE_BOOT_BIT = 16


def trial_cautions(
    store: Store,
    result: TrialResult,
    streams: Sequence[StreamRecord],
    window: Window | None,
    events: Iterable[EventRecord],
) -> list[Caution]:
    """Return the cautions of a trial, each message once."""
    found = [*result.cautions, *_recorded(events), *_throttled(store, streams, window)]
    sampler = result.details.get("sampler")
    if sampler:
        found += missed_ticks(sampler.get("ticks", 0), sampler.get("missed_ticks", 0))
    return unique(found)


def unique(cautions: Iterable[Caution]) -> list[Caution]:
    """Keep the first of those that say the same."""
    first: dict[str, Caution] = {}
    for caution in cautions:
        first.setdefault(caution.line(), caution)
    return list(first.values())


def missed_ticks(ticks: int, missed: int) -> list[Caution]:
    """Warn if the sampler has missed more than half a per cent of its ticks."""
    if missed <= _MISSED_SHARE * (ticks + missed):
        return []
    return [
        Caution(
            "sampler-missed",
            f"the sampler missed {missed} of {ticks + missed} ticks",
            "sample more slowly (--probe-hz)",
        )
    ]


def _recorded(events: Iterable[EventRecord]) -> list[Caution]:
    return [
        Caution(event.name or "caution", event.text)
        for event in events
        if event.kind == "caution" and event.text
    ]


def _throttled(
    store: Store, streams: Sequence[StreamRecord], window: Window | None
) -> list[Caution]:
    """Warn of the Raspberry Pi's throttling bits that were set in the window, or became so."""
    cautions: list[Caution] = []
    for stream in streams:
        if window is None or all(channel.name != "throttled" for channel in stream.channels):
            continue
        times_ns, columns = store.read_stream(stream.stream_id, ["throttled"])
        names = decode(_bits_in(window, times_ns, columns["throttled"]))
        if names:
            cautions.append(
                Caution(
                    "throttled",
                    f"the board reported: {', '.join(names)}",
                    "use a stronger power supply or better cooling",
                )
            )
    return cautions


def _bits_in(window: Window, times_ns: TimeArray, values: FloatArray) -> int:
    """Return the bits that were set in the window; those "since boot" only if they are new."""
    known = np.isfinite(values)
    times_ns, bits = times_ns[known], values[known].astype(np.int64)
    # The bits come more slowly than other samples: the last one before the window holds in it.
    first = max(0, int(np.searchsorted(times_ns, window.start_ns, side="right")) - 1)
    last = int(np.searchsorted(times_ns, window.end_ns, side="right"))
    inside = bits[first:last]
    if inside.size == 0:
        return 0
    now = int(np.bitwise_or.reduce(inside)) & ((1 << _SINCE_BOOT_BIT) - 1)
    new = int(np.bitwise_or.reduce(inside)) & ~int(inside[0])
    return now | new
