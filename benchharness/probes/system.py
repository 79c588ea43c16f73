"""CPU seconds and memory of the whole machine, from /proc/stat and /proc/meminfo."""

from __future__ import annotations

import os

from benchharness.probes.files import NAN, open_file, read_whole
from benchharness.probes.probe import Probe, unless_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE_BYTES = 192  # more than a cpu line of /proc/stat can have: a label and ten counters
_MEMINFO_BYTES = 256  # the first lines, which hold MemTotal and MemAvailable


def busy_ticks(fields: list[bytes]) -> int:
    """Return the clock ticks that one cpu line of /proc/stat counts as busy.

    ``fields`` are the words of the line: label, user, nice, system, idle, iowait, irq, softirq,
    steal, guest, guest_nice (proc(5)). Busy is everything but idle and iowait; guest time is
    in user and nice already and is not counted again. Raises ValueError for another line.
    """
    if len(fields) < 5:
        raise ValueError("not a cpu line")
    counters = [int(word) for word in fields[1:9]]
    return sum(counters) - sum(counters[3:5])


def cpu_labels(text: bytes) -> list[bytes]:
    """Return the labels of the cpu lines: the total first, then each core."""
    words = (line.split(None, 1) for line in text.split(b"\n"))
    return [word[0] for word in words if word and word[0].startswith(b"cpu")]


def memory_used_bytes(text: bytes) -> float:
    """Return MemTotal - MemAvailable of /proc/meminfo in bytes; NaN where either is missing."""
    total = _kibibytes(text, b"MemTotal:")
    available = _kibibytes(text, b"MemAvailable:")
    if total is None or available is None:
        return NAN
    return float((total - available) * 1024)


def _kibibytes(text: bytes, label: bytes) -> int | None:
    at = text.find(label)
    if at < 0:
        return None
    words = text[at + len(label) :].split(None, 2)
    if len(words) < 2 or words[1] != b"kB" or not words[0].isdigit():
        return None
    return int(words[0])


class SystemCpu(Probe):
    """Cumulative busy seconds: ``cpu_s`` of all cores, then ``cpu0_s`` and so on."""

    def __init__(self, descriptor: int, labels: list[bytes], ticks_per_s: float) -> None:
        self._labels = labels
        self._ticks_per_s = ticks_per_s
        self.files = [(descriptor, _LINE_BYTES * (len(labels) + 1))]
        self.channels = tuple((f"{label.decode()}_s", "s") for label in labels)
        self.meta = {
            "cpu": "/proc/stat, all but idle and iowait, cumulative",
            "cpu_resolution_s": str(1 / ticks_per_s),
        }

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the busy seconds since boot, one for each channel."""
        lines = raw[0].split(b"\n", len(self._labels))[:-1]  # the last may be cut
        try:
            values = []
            for label, line in zip(self._labels, lines, strict=True):
                fields = line.split()
                if fields[0] != label:
                    return self._by_label(lines)
                values.append(busy_ticks(fields) / self._ticks_per_s)
        except (ValueError, IndexError):
            return self._by_label(lines)
        return values

    def _by_label(self, lines: list[bytes]) -> list[float]:
        """Return what there is: a core that went offline has no line."""
        found = {}
        for line in lines:
            fields = line.split()
            try:
                found[fields[0]] = busy_ticks(fields) / self._ticks_per_s
            except (ValueError, IndexError):
                continue
        return [found.get(label, NAN) for label in self._labels]


class SystemMemory(Probe):
    """``memory_used_bytes``: what the machine could not give to a new program."""

    channels = (("memory_used_bytes", "B"),)
    meta = {"memory": "/proc/meminfo, MemTotal - MemAvailable"}  # noqa: RUF012 - never changed

    def __init__(self, descriptor: int) -> None:
        self.files = [(descriptor, _MEMINFO_BYTES)]

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the memory in use, in bytes."""
        return [memory_used_bytes(raw[0])]


def system_cpu(sysroot: str) -> SystemCpu | None:
    """Return the probe of the machine's CPU seconds, or None."""
    labels = cpu_labels(read_whole(f"{sysroot}/proc/stat"))
    descriptor = open_file(f"{sysroot}/proc/stat") if labels else None
    if descriptor is None:
        return None
    return SystemCpu(descriptor, labels, os.sysconf("SC_CLK_TCK"))


def system_memory(sysroot: str) -> SystemMemory | None:
    """Return the probe of the machine's memory, or None (kernels before 3.14)."""
    descriptor = open_file(f"{sysroot}/proc/meminfo")
    return None if descriptor is None else unless_missing(SystemMemory(descriptor))
