"""What a control group draws that stands for a device: from rest to all of its quota in use."""

from __future__ import annotations

import os
from pathlib import Path

from benchharness.clock import seconds
from benchharness.errors import MeterError
from benchharness.meters.emulator.truth import TruthPoint

_BYTES = 4096  # all of cpu.stat
_USAGE = b"usage_usec "


class GroupCpu:
    """The CPU seconds of a control group: version 1's cpuacct.usage, or version 2's cpu.stat."""

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        self._in_microseconds = path.name == "cpu.stat"
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise MeterError(f"cannot be opened: {error.strerror}", where=self._where) from None

    def used_s(self) -> float:
        """Return the CPU seconds since the group was made.

        Raises MeterError if the group is gone, or counts nothing.
        """
        try:
            text = os.pread(self._descriptor, _BYTES, 0)
        except OSError as error:
            raise MeterError(f"cannot be read: {error.strerror}", where=self._where) from None
        try:
            if not self._in_microseconds:
                return int(text) / 1e9
            at = text.index(_USAGE) + len(_USAGE)
            return int(text[at:].split(None, 1)[0]) / 1e6
        except (ValueError, IndexError):
            raise MeterError("counts no CPU time", where=self._where) from None

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class GroupLoad:
    """Draws idle_w + (busy_w - idle_w) * use / quota, where the quota is ``cores`` of CPU time.

    What a group has used beyond its quota (the kernel lets it, and takes it from the next period)
    is drawn in the next intervals, so that no energy is lost and none is above ``busy_w``.
    """

    linear = False

    def __init__(
        self, path: Path, cores: float, idle_w: float, busy_w: float, step_s: float = 0.1
    ) -> None:
        self.step_s = step_s
        self._cores, self._idle_w, self._busy_w = cores, idle_w, busy_w
        self._cpu = GroupCpu(path)
        self.source = f"source group, cores {cores:g}, idle_w {idle_w:g}, busy_w {busy_w:g}"

    def start(self, now_ns: int) -> TruthPoint:
        """Begin at ``now_ns`` with no energy."""
        self._counted_s = self._cpu.used_s()
        self._point = TruthPoint(now_ns, self._idle_w, 0.0)
        return self._point

    def advance(self, now_ns: int) -> list[TruthPoint]:
        """Return one point: the power that held since the last one."""
        length_s = seconds(now_ns - self._point.t_ns)
        if length_s <= 0:
            return []
        room_s = length_s * self._cores
        used_s = min(room_s, max(0.0, self._cpu.used_s() - self._counted_s))
        self._counted_s += used_s
        power_w = self._idle_w + (self._busy_w - self._idle_w) * used_s / room_s
        self._point = TruthPoint(now_ns, power_w, self._point.energy_j + power_w * length_s)
        return [self._point]

    def close(self) -> None:
        """Close the counter."""
        self._cpu.close()
