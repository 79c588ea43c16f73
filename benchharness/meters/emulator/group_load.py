"""What a control group draws that stands for a device: by its use of its quota and of its link."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from benchharness.clock import seconds
from benchharness.errors import MeterError
from benchharness.meters.emulator.link_use import LinkPlan, LinkUse
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


@dataclass(frozen=True, slots=True)
class Draw:
    """What a device draws, in watts: at rest, with all of ``cores`` in use, and of its link.

    ``transmit_w`` and ``receive_w`` while its link carries bits and it computes nothing; None: the
    link draws nothing.
    """

    cores: float
    idle_w: float
    busy_w: float
    transmit_w: float | None = None
    receive_w: float | None = None


class GroupLoad:
    """Draws what a device's use of its CPU and of its link says.

    idle_w + (busy_w - idle_w) * use / quota + (transmit_w - idle_w) * up + (receive_w - idle_w) *
    down, where the quota is ``cores`` of CPU time, and up and down are the shares of the time in
    which the link carries bits. What a group has used beyond its quota (the kernel lets it, and
    takes it from the next period) is drawn in the next intervals, so that no energy is lost and
    none is above ``busy_w``; so is what the link has carried beyond its rate.
    """

    linear = False

    def __init__(
        self,
        path: Path,
        cores: float,
        idle_w: float,
        busy_w: float,
        transmit_w: float | None = None,
        receive_w: float | None = None,
        step_s: float = 0.1,
    ) -> None:
        self.step_s = step_s
        self._draw = Draw(cores, idle_w, busy_w, transmit_w, receive_w)
        self._cpu = GroupCpu(path)
        self._link = LinkUse()
        self.source = f"source group, cores {cores:g}, idle_w {idle_w:g}, busy_w {busy_w:g}"

    def start(self, now_ns: int) -> TruthPoint:
        """Begin at ``now_ns`` with no energy."""
        self._counted_s = self._cpu.used_s()
        self._point = TruthPoint(now_ns, self._draw.idle_w, 0.0)
        return self._point

    def set_power(self, draw: Draw) -> None:
        """Draw by other figures from the time to which it was moved on.

        With another quota, what was used beyond the one before is not drawn any more: it was used
        by another machine.
        """
        if draw.cores != self._draw.cores:
            self._counted_s = self._cpu.used_s()
        self._draw = draw

    def set_link(self, plan: LinkPlan | None) -> None:
        """Follow a link, or none, from the time to which it was moved on. Raises MeterError."""
        self._link.set(plan)

    def advance(self, now_ns: int) -> list[TruthPoint]:
        """Return one point: the power that held since the last one."""
        length_s = seconds(now_ns - self._point.t_ns)
        if length_s <= 0:
            return []
        draw = self._draw
        room_s = length_s * draw.cores
        used_s = min(room_s, max(0.0, self._cpu.used_s() - self._counted_s))
        self._counted_s += used_s
        power_w = draw.idle_w + (draw.busy_w - draw.idle_w) * used_s / room_s
        for busy_s, busy_w in zip(
            self._link.busy_s(length_s), (draw.transmit_w, draw.receive_w), strict=True
        ):
            if busy_w is not None:
                power_w += (busy_w - draw.idle_w) * busy_s / length_s
        self._point = TruthPoint(now_ns, power_w, self._point.energy_j + power_w * length_s)
        return [self._point]

    def close(self) -> None:
        """Close the counters."""
        self._cpu.close()
        self._link.set(None)
