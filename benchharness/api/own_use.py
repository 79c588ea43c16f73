"""What this process itself uses: CPU seconds and resident memory, at the edges and in between."""

from __future__ import annotations

import math
import os
import resource
from array import array
from dataclasses import dataclass

from benchharness.model import Channel
from benchharness.trial.sampler_frames import Batch

STREAM = "tree:python"
CPU_METHOD = "getrusage of this process and of its children that have ended"
PEAK_METHOD = "VmHWM, resident"
SAMPLED_METHOD = "VmRSS, resident, sampled 10 times a second"
_CHANNELS = (Channel("cpu_s", "s"), Channel("memory_bytes", "B"))
_META = {"cpu": CPU_METHOD, "memory": SAMPLED_METHOD}
_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes now, and the most since the process began; None where /proc has them not."""

    now_bytes: int | None
    peak_bytes: int | None


def cpu_s() -> float:
    """Return the CPU seconds of this process, all threads, and of children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return math.fsum(time_s for each in used for time_s in (each.ru_utime, each.ru_stime))


def memory(status: bytes) -> Memory:
    """Return what /proc/self/status says."""
    found: dict[bytes, int] = {}
    for line in status.splitlines():
        name, _, rest = line.partition(b":")
        if name in (b"VmRSS", b"VmHWM"):
            found[name] = int(rest.split()[0]) * _KIBIBYTE
    return Memory(found.get(b"VmRSS"), found.get(b"VmHWM"))


class OwnUse:
    """Samples this process; what a recorder takes in the place of the sampler process.

    The kernel's high-water mark is never reset, which other code may rely on. It is the peak of
    the window where it has risen in it; otherwise the largest sample is.
    """

    def __init__(self, pid: int) -> None:
        self._path = f"/proc/{pid}/status"
        self._times_ns = array("q")
        self._columns = [array("d"), array("d")]
        self._peak_before: int | None = None
        self._largest: int | None = None

    def window_begins(self) -> None:
        """Note the high-water mark; samples count from here."""
        found = self.read()
        self._peak_before, self._largest = found.peak_bytes, found.now_bytes

    def sample(self, t_ns: int) -> None:
        """Take one sample."""
        now_bytes = self.read().now_bytes
        if now_bytes is not None:
            self._largest = max(now_bytes, self._largest or 0)
        self._times_ns.append(t_ns)
        self._columns[0].append(cpu_s())
        self._columns[1].append(math.nan if now_bytes is None else float(now_bytes))

    def peak(self) -> tuple[int | None, str]:
        """Return the most resident bytes since the window began, and how that is known."""
        peak_bytes = self.read().peak_bytes
        before = self._peak_before
        if peak_bytes is not None and before is not None and peak_bytes > before:
            return peak_bytes, PEAK_METHOD
        return self._largest, SAMPLED_METHOD

    def read(self) -> Memory:
        """Return the memory of now."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return Memory(None, None)
        try:
            return memory(os.read(descriptor, 1 << 14))
        finally:
            os.close(descriptor)

    def receive(self) -> list[Batch]:
        """Return what has been sampled since the last call, as one batch."""
        if not self._times_ns:
            return []
        batch = Batch(STREAM, _CHANNELS, self._times_ns, self._columns, _META)
        self._times_ns, self._columns = array("q"), [array("d"), array("d")]
        return [batch]

    def flush(self) -> list[Batch]:
        """Return the same: nothing is under way."""
        return self.receive()
