"""Where control groups can be made: the mount table read, and each place tried.

Version 2, version 1 and the hybrid of both are found from the mount table, so nothing about a
distribution is assumed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchharness.errors import UnfitError
from benchharness.trial.cgroups import Cgroup, remove_group, remove_tree, version_of
from benchharness.trial.leftovers import abandoned, own_prefix


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A mounted hierarchy: its folder, its version, and this process's own place in it."""

    mount: Path
    version: int
    controllers: frozenset[str]
    own: str


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
            base = writable_base(hierarchy) if useful else None
            if base is not None:
                self._bases.append((hierarchy, base))
                for group in abandoned(base):
                    remove_tree(group)
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
        return make_group([base for _, base in self._bases], name)


def make_group(bases: Sequence[Path], name: str) -> Cgroup | None:
    """Make a group called ``name`` below each base where that can be; None where nowhere.

    Raises UnfitError if a group of that name is there already.
    """
    folders: list[Path] = []
    for base in bases:
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
            if (folder / name).exists() and not (name == "cpu.stat" and version_of(folder) == 1):
                yield folder


def writable_base(hierarchy: Hierarchy) -> Path | None:
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
            remove_group(trial)
        if moved.returncode == 0:
            return base
    return None
