"""Control groups for exact CPU seconds and peak memory of a process tree.

A group counts every process that was ever in it, also those that lived for a millisecond or
whose parent ignored SIGCHLD; polling /proc sees a few per cent of such work.

Source: Linux kernel documentation, admin-guide/cgroup-v1 and cgroup-v2.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from benchharness.probes.files import write_text


@dataclass(frozen=True, slots=True)
class CgroupUse:
    """What a group has counted. ``None`` is what the kernel does not tell here."""

    cpu_s: float | None
    memory_peak_bytes: int | None
    oom_kills: int


@dataclass(frozen=True, slots=True)
class Cgroup:
    """One group, in one or several hierarchies. The folders that cannot be had are None."""

    folders: tuple[Path, ...]
    cpu: Path | None
    memory: Path | None
    kill_folder: Path

    @property
    def paths(self) -> dict[str, str | None]:
        """Return the folders as the sampler wants to be told of them."""
        return {
            "cpu": str(self.cpu) if self.cpu else None,
            "memory": str(self.memory) if self.memory else None,
            "kill": str(self.kill_folder),
        }

    @property
    def enter_files(self) -> tuple[str, ...]:
        """Return the files to which a process writes 0 to enter the group."""
        return tuple(str(folder / "cgroup.procs") for folder in self.folders)

    @property
    def methods(self) -> dict[str, str]:
        """Say in words how CPU seconds and peak memory are obtained."""
        methods = {}
        if self.cpu is not None:
            methods["cpu"] = f"cgroup v{version_of(self.cpu)}"
        if self.memory is not None:
            methods["memory"] = f"cgroup v{version_of(self.memory)} peak, page cache included"
        return methods

    def limit_memory(self, limit_bytes: int) -> bool:
        """Limit the group's memory; return whether the kernel took it."""
        if self.memory is None:
            return False
        name = "memory.max" if version_of(self.memory) == 2 else "memory.limit_in_bytes"
        return write_text(str(self.memory / name), str(limit_bytes))

    def read(self) -> CgroupUse:
        """Read what has been counted so far."""
        return CgroupUse(
            cpu_s=_read_cpu_s(self.cpu) if self.cpu else None,
            memory_peak_bytes=_read_memory_peak_bytes(self.memory) if self.memory else None,
            oom_kills=_read_oom_kills(self.memory) if self.memory else 0,
        )

    def members(self) -> list[int]:
        """Return the processes in the group now, those of groups below it too."""
        pids: set[int] = set()
        for folder in _folders(self.kill_folder):
            with contextlib.suppress(OSError):
                pids.update(int(line) for line in (folder / "cgroup.procs").read_text().split())
        return sorted(pids)

    def kill(self, timeout_s: float = 5.0) -> int:
        """Kill every member and wait until the group is empty; return how many there were."""
        first = len(self.members())
        deadline = time.monotonic() + timeout_s
        while pids := self.members():
            if not write_text(str(self.kill_folder / "cgroup.kill"), "1"):
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, 9)
            if time.monotonic() > deadline:
                break
            time.sleep(0.002)
        return first

    def remove(self) -> None:
        """Remove the group's folders; a folder that is still busy is left to the kernel."""
        for folder in self.folders:
            remove_tree(folder)


def version_of(folder: Path) -> int:
    """Return the version of control groups that a folder belongs to, told by its files."""
    return 2 if (folder / "cgroup.events").exists() else 1


def _read_cpu_s(folder: Path) -> float | None:
    if version_of(folder) == 1:
        return int((folder / "cpuacct.usage").read_text()) / 1e9
    for line in (folder / "cpu.stat").read_text().splitlines():
        if line.startswith("usage_usec "):
            return int(line.split()[1]) / 1e6
    return None


def _read_memory_peak_bytes(folder: Path) -> int | None:
    name = "memory.peak" if version_of(folder) == 2 else "memory.max_usage_in_bytes"
    try:
        return int((folder / name).read_text())
    except OSError:
        return None


def _read_oom_kills(folder: Path) -> int:
    name = "memory.events" if version_of(folder) == 2 else "memory.oom_control"
    with contextlib.suppress(OSError):
        for line in (folder / name).read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def remove_tree(folder: Path) -> None:
    """Remove an emptied group and those below it, the lowest first."""
    for path in sorted(_folders(folder), reverse=True):
        remove_group(path)


def _folders(folder: Path) -> list[Path]:
    """Return a group's folder and those below it; some may go meanwhile, by another's hand."""
    return [folder, *(Path(at) for at, _, _ in os.walk(folder) if at != str(folder))]


def remove_group(folder: Path) -> None:
    """Remove one emptied group, waiting a moment for the kernel to let go of it."""
    for _ in range(100):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            # A zombie may keep the group busy for a moment after its members were killed.
            time.sleep(0.002)
        else:
            return
