"""Control groups for exact CPU seconds and peak memory of a process tree.

A group counts every process that was ever in it, also those that lived for a millisecond or
whose parent ignored SIGCHLD; polling /proc sees a few per cent of such work. Version 2, version 1
and the hybrid of both are found from the mount table, so nothing about a distribution is assumed.

Source: Linux kernel documentation, admin-guide/cgroup-v1 and cgroup-v2.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchharness.errors import UnfitError
from benchharness.trial.leftovers import abandoned, own_prefix


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A mounted hierarchy: its folder, its version, and this process's own place in it."""

    mount: Path
    version: int
    controllers: frozenset[str]
    own: str


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
            methods["cpu"] = f"cgroup v{_version(self.cpu)}"
        if self.memory is not None:
            methods["memory"] = f"cgroup v{_version(self.memory)} peak, page cache included"
        return methods

    def limit_memory(self, limit_bytes: int) -> bool:
        """Limit the group's memory; return whether the kernel took it."""
        if self.memory is None:
            return False
        name = "memory.max" if _version(self.memory) == 2 else "memory.limit_in_bytes"
        return _write(self.memory / name, str(limit_bytes))

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
        for procs in self.kill_folder.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                pids.update(int(line) for line in procs.read_text().split())
        return sorted(pids)

    def kill(self, timeout_s: float = 5.0) -> int:
        """Kill every member and wait until the group is empty; return how many there were."""
        first = len(self.members())
        deadline = time.monotonic() + timeout_s
        while pids := self.members():
            if not _write(self.kill_folder / "cgroup.kill", "1"):
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
            below = sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True)
            for path in [*below, folder]:
                _remove(path)


def hierarchies(proc: Path = Path("/proc")) -> list[Hierarchy]:
    """Return the mounted hierarchies, version 2 first."""
    own: dict[str, str] = {}
    for line in (proc / "self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            own[name] = path
    found = []
    seen: set[str] = set()
    for line in (proc / "self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        _, _, device, _, place_text, *_ = before.split(" ")
        # A hierarchy may be mounted twice (a bind mount into a chroot): it is one all the same.
        if device in seen or kind not in ("cgroup", "cgroup2"):
            continue
        seen.add(device)
        mount = Path(place_text.replace("\\040", " "))
        if kind == "cgroup2":
            names_v2 = (mount / "cgroup.controllers").read_text().split()
            found.append(Hierarchy(mount, 2, frozenset(names_v2), own.get("", "/")))
        else:
            names_v1 = frozenset(options.split(" ")[-1].split(","))
            place = next((own[n] for n in names_v1 if n in own), "/")
            found.append(Hierarchy(mount, 1, names_v1, place))
    return sorted(found, key=lambda h: -h.version)


class CgroupFactory:
    """Makes groups where this process may; ``reason`` says why it may not."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self.reason: str | None = None
        self._bases: list[tuple[Hierarchy, Path]] = []
        try:
            found = hierarchies(proc)
        except OSError as error:
            self.reason = f"no control groups: {error.strerror}"
            return
        for hierarchy in found:
            useful = hierarchy.version == 2 or hierarchy.controllers & {"cpuacct", "memory"}
            base = _writable_base(hierarchy) if useful else None
            if base is not None:
                self._bases.append((hierarchy, base))
                for group in abandoned(base):
                    _remove(group)
        if not self._bases:
            self.reason = "control groups are not writable here: CPU and memory come from wait4"

    @property
    def available(self) -> bool:
        """Return whether groups can be made."""
        return bool(self._bases)

    def make(self, name: str) -> Cgroup | None:
        """Make a group called ``name``; None where groups cannot be had.

        Raises UnfitError if a group of that name is there already.
        """
        if not self._bases:
            return None
        folders: list[Path] = []
        for _, base in self._bases:
            folder = base / name
            try:
                folder.mkdir()
            except FileExistsError:
                raise UnfitError(
                    "the control group is there already",
                    where=str(folder),
                    remedy="another benchharness uses it, or remove it with rmdir",
                ) from None
            except OSError:
                continue
            folders.append(folder)
        if not folders:
            return None
        return Cgroup(
            folders=tuple(folders),
            cpu=next(_with_file(folders, "cpu.stat", "cpuacct.usage"), None),
            memory=next(_with_file(folders, "memory.peak", "memory.max_usage_in_bytes"), None),
            kill_folder=folders[0],
        )


def _with_file(folders: list[Path], *names: str) -> Iterator[Path]:
    for folder in folders:
        for name in names:
            # cpu.stat of version 1 counts throttling only, not use.
            if (folder / name).exists() and not (name == "cpu.stat" and _version(folder) == 1):
                yield folder


def _writable_base(hierarchy: Hierarchy) -> Path | None:
    """Find where a process of ours may be moved to: the root's child first, else our own place.

    In version 2 the memory controller reaches a group only where no process lives beside it,
    which is true of the root and rarely of a login session.
    """
    for base in (hierarchy.mount, hierarchy.mount / hierarchy.own.lstrip("/")):
        trial = base / f"{own_prefix()}try"
        try:
            trial.mkdir()
        except OSError:
            continue
        try:
            moved = subprocess.run(
                ["/bin/sh", "-c", 'echo 0 > "$1"', "sh", str(trial / "cgroup.procs")],
                capture_output=True,
                check=False,
            )
        finally:
            _remove(trial)
        if moved.returncode == 0:
            return base
    return None


def _version(folder: Path) -> int:
    return 2 if (folder / "cgroup.events").exists() else 1


def _read_cpu_s(folder: Path) -> float | None:
    if _version(folder) == 1:
        return int((folder / "cpuacct.usage").read_text()) / 1e9
    for line in (folder / "cpu.stat").read_text().splitlines():
        if line.startswith("usage_usec "):
            return int(line.split()[1]) / 1e6
    return None


def _read_memory_peak_bytes(folder: Path) -> int | None:
    name = "memory.peak" if _version(folder) == 2 else "memory.max_usage_in_bytes"
    try:
        return int((folder / name).read_text())
    except OSError:
        return None


def _read_oom_kills(folder: Path) -> int:
    name = "memory.events" if _version(folder) == 2 else "memory.oom_control"
    with contextlib.suppress(OSError):
        for line in (folder / name).read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _write(path: Path, text: str) -> bool:
    try:
        # Opened without O_CREAT: a control file is there or it is not.
        descriptor = os.open(path, os.O_WRONLY)
    except OSError:
        return False
    try:
        os.write(descriptor, text.encode())
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(folder: Path) -> None:
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
