"""CPU seconds and memory of a control group, of version 1 or 2, told apart by its files.

A group's CPU counter is exact for every process that was ever in it (short-lived ones too).
Memory is anonymous memory: what the page cache holds for a program says little about it.
"""

from __future__ import annotations

from benchharness.probes.files import NAN, NUMBER_BYTES, number, open_file
from benchharness.probes.probe import GONE, Probe, unless_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_STAT_BYTES = 4096  # all of memory.stat
_MEMORY_FILES = (
    ("memory.stat", b"total_rss", "cgroup v1 anonymous (memory.stat total_rss)"),
    ("memory.stat", b"anon", "cgroup v2 anonymous (memory.stat anon)"),
    ("memory.current", None, "cgroup v2 with page cache (memory.current)"),
    ("memory.usage_in_bytes", None, "cgroup v1 with page cache (memory.usage_in_bytes)"),
)


def number_after(text: bytes, label: bytes) -> float:
    """Return the number after ``label`` at the start of a line; NaN where it is not there."""
    if text.startswith(label + b" "):
        at = len(label) + 1
    else:
        at = text.find(b"\n" + label + b" ") + len(label) + 2
        if at <= len(label) + 1:
            return NAN
    words = text[at:].split(None, 1)
    if not words or not words[0].isdigit():
        return NAN
    return float(int(words[0]))


class CgroupCpu(Probe):
    """``cpu_s``: cumulative CPU seconds of the group and of the groups below it."""

    channels = (("cpu_s", "s"),)

    def __init__(self, descriptor: int, version: int) -> None:
        self.files = [(descriptor, 64)]
        self._version = version
        self.meta = {
            "cpu": "cgroup v1 cpuacct.usage" if version == 1 else "cgroup v2 cpu.stat usage_usec"
        }

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the CPU seconds since the group was made."""
        if self._version == 1:
            return [number(raw[0]) / 1e9]
        return [number_after(raw[0], b"usage_usec") / 1e6]


class CgroupMemory(Probe):
    """``memory_bytes``: anonymous memory of the group, where the kernel tells it apart."""

    channels = (("memory_bytes", "B"),)

    def __init__(self, descriptor: int, label: bytes | None, method: str) -> None:
        self.files = [(descriptor, NUMBER_BYTES if label is None else _STAT_BYTES)]
        self._label = label
        self.meta = {"memory": method}

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the bytes in use."""
        return [number(raw[0]) if self._label is None else number_after(raw[0], self._label)]


class CgroupProcesses(Probe):
    """``processes``: how many there are in the group itself, groups below it left out."""

    channels = (("processes", "1"),)
    meta = {"processes": "cgroup.procs"}  # noqa: RUF012 - never changed

    def __init__(self, descriptor: int) -> None:
        self.files = [(descriptor, 1 << 16)]

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the number of processes."""
        return [NAN if raw[0] == GONE else float(raw[0].count(b"\n"))]


def cgroup_cpu(folder: str | None) -> CgroupCpu | None:
    """Return the probe of a group's CPU seconds, or None where the folder has no such file."""
    for name, version in (("cpuacct.usage", 1), ("cpu.stat", 2)):
        descriptor = open_file(f"{folder}/{name}") if folder else None
        probe = None if descriptor is None else unless_missing(CgroupCpu(descriptor, version))
        if probe is not None:
            return probe
    return None


def cgroup_memory(folder: str | None) -> CgroupMemory | None:
    """Return the probe of a group's memory, or None where the folder has no such file."""
    for name, label, method in _MEMORY_FILES:
        descriptor = open_file(f"{folder}/{name}") if folder else None
        if descriptor is not None:
            probe = unless_missing(CgroupMemory(descriptor, label, method))
            if probe is not None:
                return probe
    return None


def cgroup_processes(folder: str | None) -> CgroupProcesses | None:
    """Return the probe that counts a group's processes, or None."""
    descriptor = open_file(f"{folder}/cgroup.procs") if folder else None
    return None if descriptor is None else CgroupProcesses(descriptor)
