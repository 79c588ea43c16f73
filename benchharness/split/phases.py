"""What a device did in a round and when: its phases, told to the server with the round's end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from benchharness.wire.frames import Tensor, WireError

DOWNLOAD, TRAIN, UPLOAD, WAIT = "download", "train", "upload", "wait"
NAMES = (DOWNLOAD, TRAIN, UPLOAD, WAIT)
_NO_CPU = -1.0
_LONGEST_NS = 1 << 62


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of a device by CLOCK_MONOTONIC stamps; ``cpu_s`` None where it was not counted."""

    name: str
    start_ns: int
    end_ns: int
    cpu_s: float | None = None


@dataclass(slots=True)
class Diary:
    """The phases of a round one after another, without a gap: each begins where the last ended."""

    start_ns: int
    phases: list[Phase] = field(default_factory=list)
    _cpu_s: float = field(default_factory=time.process_time)

    @property
    def end_ns(self) -> int:
        """When the last phase ended."""
        return self.phases[-1].end_ns if self.phases else self.start_ns

    def until(self, name: str, end_ns: int, *, counts_cpu: bool = False) -> float:
        """Add a phase from the last one's end until ``end_ns``; return its seconds.

        With ``counts_cpu`` the CPU seconds since the last call are its own, all threads.
        """
        start_ns, before_s = self.end_ns, self._cpu_s
        self._cpu_s = time.process_time()
        end_ns = max(start_ns, end_ns)
        cpu_s = self._cpu_s - before_s if counts_cpu else None
        if end_ns > start_ns:
            self._add(Phase(name, start_ns, end_ns, cpu_s))
        return (end_ns - start_ns) / 1e9

    def _add(self, phase: Phase) -> None:
        last = self.phases[-1] if self.phases else None
        if last is not None and last.name == phase.name:
            cpu_s = None
            if last.cpu_s is not None and phase.cpu_s is not None:
                cpu_s = last.cpu_s + phase.cpu_s
            self.phases[-1] = Phase(phase.name, last.start_ns, phase.end_ns, cpu_s)
        else:
            self.phases.append(phase)


def to_tensors(phases: list[Phase]) -> dict[str, Tensor]:
    """Return phases as tensors for a frame."""
    cpu = [_NO_CPU if phase.cpu_s is None else phase.cpu_s for phase in phases]
    return {
        "names": np.array([NAMES.index(phase.name) for phase in phases], dtype=np.uint8),
        "stamps_ns": np.array([(p.start_ns, p.end_ns) for p in phases], dtype=np.int64),
        "cpu_s": np.array(cpu, dtype=np.float64),
    }


def from_tensors(tensors: Mapping[str, Tensor]) -> list[Phase]:
    """Return what ``to_tensors`` gave. Raises WireError for anything else, or an overlap."""
    try:
        names, stamps, cpu = (tensors[name] for name in ("names", "stamps_ns", "cpu_s"))
    except KeyError as error:
        raise WireError(f"phases without {error}") from None
    count = len(names) if names.ndim == 1 else -1
    if names.dtype != np.uint8 or stamps.dtype != np.int64 or cpu.dtype != np.float64:
        raise WireError("phases of other types")
    if stamps.shape != (count, 2) or cpu.shape != (count,) or (names >= len(NAMES)).any():
        raise WireError("phases that do not fit each other")
    flat = stamps.reshape(-1)
    if (flat < 0).any() or (flat > _LONGEST_NS).any() or (np.diff(flat) < 0).any():
        raise WireError("phases that overlap")
    if not np.isfinite(cpu).all():
        raise WireError("phases whose CPU seconds are no numbers")
    return [
        Phase(NAMES[name], int(start), int(end), float(used) if used >= 0 else None)
        for name, (start, end), used in zip(names, stamps, cpu, strict=True)
    ]


def on_clock(
    phases: list[Phase], start_ns: int, end_ns: int, *, is_same_clock: bool
) -> list[Phase]:
    """Return the phases on the server's clock, within its round from ``start_ns`` to ``end_ns``.

    Of another clock only the lengths are known: the last is put where the server had heard of all.
    """
    if not phases:
        return []
    fits = start_ns <= phases[0].start_ns and phases[-1].end_ns <= end_ns
    shift_ns = 0 if is_same_clock and fits else end_ns - phases[-1].end_ns
    moved = [
        Phase(
            phase.name,
            max(start_ns, phase.start_ns + shift_ns),
            max(start_ns, phase.end_ns + shift_ns),
            phase.cpu_s,
        )
        for phase in phases
    ]
    return [phase for phase in moved if phase.end_ns > phase.start_ns]
