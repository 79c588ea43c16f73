"""What a trial's own programs used inside its window, from the samples of their process trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchharness.energy.readings import FloatArray, TimeArray, Window
from benchharness.store.records import StreamRecord, TrialResult

if TYPE_CHECKING:
    from benchharness.store.database import Store

MEMORY_IN_WINDOW = "memory in the window"  # in a trial's methods
_TREE_PREFIX = "tree:"
_READ = ("cpu_s", "memory_bytes")

TreeSamples = tuple[TimeArray, dict[str, FloatArray]]  # times in ns, and channels by name


@dataclass(frozen=True, slots=True)
class WindowUse:
    """CPU seconds and the most memory in the window; None is not known, never 0."""

    cpu_s: float | None = None
    memory_bytes: int | None = None
    memory_method: str | None = None


def window_use(
    store: Store, result: TrialResult, streams: Sequence[StreamRecord], window: Window | None
) -> WindowUse:
    """Return what the programs used, those that only support the trial left out.

    ``cpu_s`` of a trial is exact and belongs to the whole life of the programs: it is that of a
    window that nobody has marked. In a marked one the sampled CPU seconds at its edges count.
    """
    if window is None:
        return WindowUse()
    support = _support_programs(result)
    trees = [tree for name, tree in trees_of(streams).items() if name not in support]
    read = [read_tree(store, tree) for tree in trees]
    cpu_s = result.cpu_s
    if cpu_s is not None and result.details.get("window_marked"):
        gone = left_before(result, window)
        counted = [name for name in trees_of(streams) if name not in support]
        cpu_s = _sum(
            [
                0.0 if name in gone else cpu_in(samples, window)
                for name, samples in zip(counted, read, strict=True)
            ]
        )
    memory = _sum([memory_in(samples, window) for samples in read])
    if memory is None:
        return WindowUse(cpu_s)
    methods = dict.fromkeys(str(tree.meta.get("memory", "")) for tree in trees)
    return WindowUse(cpu_s, round(memory), ", ".join(filter(None, methods)) or None)


def _support_programs(result: TrialResult) -> set[str]:
    """Return the participants whose use is not the trial's."""
    participants = result.details.get("participants", {})
    return {name for name, use in participants.items() if use.get("role") == "support"}


def left_before(result: TrialResult, window: Window) -> set[str]:
    """Return the participants that ended for good before the window: they used nothing in it."""
    participants = result.details.get("participants", {})
    return {
        name
        for name, use in participants.items()
        if use.get("left") and use["left"].get("t_ns", window.start_ns) < window.start_ns
    }


def _sum(values: Sequence[float | None]) -> float | None:
    """Return the sum; None if there is nothing to add up, or one is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def trees_of(streams: Sequence[StreamRecord]) -> dict[str, StreamRecord]:
    """Return the stream of each participant's process tree, by its name."""
    return {
        stream.name.removeprefix(_TREE_PREFIX): stream
        for stream in streams
        if stream.source == "probe" and stream.name.startswith(_TREE_PREFIX)
    }


def read_tree(store: Store, tree: StreamRecord) -> TreeSamples:
    """Return the cumulative CPU seconds and the bytes of a process tree, as far as it has them."""
    there = [channel.name for channel in tree.channels if channel.name in _READ]
    return store.read_stream(tree.stream_id, there)


def cpu_in(samples: TreeSamples, window: Window) -> float | None:
    """Return a tree's CPU seconds in the window, None where samples are too few to say."""
    times_ns, columns = samples
    if "cpu_s" not in columns:
        return None
    known = np.isfinite(columns["cpu_s"])
    t_s = (times_ns[known] - window.start_ns) / 1e9
    cpu_s = columns["cpu_s"][known]
    if np.count_nonzero((t_s >= 0.0) & (t_s <= window.duration_s)) < 2:
        return None
    at_start, at_end = np.interp([0.0, window.duration_s], t_s, cpu_s)
    return float(at_end - at_start)


def memory_in(samples: TreeSamples, window: Window) -> float | None:
    """Return the largest sample of a tree's memory in the window, None if none falls in."""
    times_ns, columns = samples
    if "memory_bytes" not in columns:
        return None
    inside = (times_ns >= window.start_ns) & (times_ns <= window.end_ns)
    sampled = columns["memory_bytes"][inside]
    sampled = sampled[np.isfinite(sampled) & (sampled > 0.0)]
    return float(sampled.max()) if sampled.size else None
