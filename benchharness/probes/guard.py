"""Ending the process trees of a harness that is gone: nothing it started may survive it."""

from __future__ import annotations

import os
import signal
import time

from benchharness.probes.files import names, read_whole
from benchharness.probes.processes import is_marked, process_ids, process_stat

QUIET_PASSES = (0.0, 0.02, 0.1, 0.4)  # s between looks; all must find nothing
GIVE_UP_S = 60.0  # a process that the kernel itself cannot end is not waited for longer


class Guarded:
    """What is known of one tree: enough to find its processes when only traces are left.

    ``known`` are (pid, start time) pairs; ``folders`` the control groups made for the tree,
    the first of them the one to kill by.
    """

    def __init__(self, root: int, marker: str, folders: tuple[str, ...]) -> None:
        stat = process_stat("", root)
        self.root = root
        self.root_start = None if stat is None else stat.start
        self.marker = marker
        self.folders = folders
        self.known: list[tuple[int, int]] = []

    def is_of_tree(self, pid: int) -> bool:
        """Return whether a process is of the tree: known, in its session or group, or marked."""
        stat = process_stat("", pid)
        if stat is None or stat.state in (b"Z", b"X"):
            return False
        if (pid, stat.start) in self.known or (pid, stat.start) == (self.root, self.root_start):
            return True
        if self.root in (stat.session, stat.group) and self._root_is_not_another():
            return True
        return is_marked("", pid, self.marker)

    def _root_is_not_another(self) -> bool:
        """Return false once the root's id names another process: then its session is not ours."""
        if self.root_start is None:
            return False
        stat = process_stat("", self.root)
        return stat is None or stat.start == self.root_start


def end_trees(trees: list[Guarded]) -> bool:
    """Kill every process of the trees, again and again until none is left.

    Returns false if some were still there after 60 s. The emptied groups are removed.
    """
    if not trees:
        return True
    deadline = time.monotonic() + GIVE_UP_S
    quiet = 0
    while quiet < len(QUIET_PASSES) and time.monotonic() < deadline:
        time.sleep(QUIET_PASSES[quiet])
        found = [_kill_group(folder) for tree in trees for folder in tree.folders]
        found.extend(_kill_processes(tree) for tree in trees)
        quiet = 0 if any(found) else quiet + 1
        if not quiet:
            time.sleep(0.01)  # for what was killed to go
    for tree in trees:
        for folder in tree.folders:
            _remove_group(folder)
    return quiet == len(QUIET_PASSES)


def _kill_processes(tree: Guarded) -> bool:
    """Kill what can be found of a tree in /proc; return whether there was anything."""
    found = False
    ourselves = os.getpid()
    for pid in process_ids(""):
        if pid not in (1, ourselves) and tree.is_of_tree(pid):
            found = True
            _kill(pid)
    return found


def _kill_group(folder: str) -> bool:
    """Kill the members of a control group and of those below; return whether it had any.

    A group that holds ourselves or process 1 was not made for a tree and is left alone.
    """
    members = _group_members(folder)
    if not members or os.getpid() in members or 1 in members:
        return False
    try:
        whole = os.open(f"{folder}/cgroup.kill", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:  # version 1, or Linux before 5.14
        for pid in members:
            _kill(pid)
        return True
    try:
        os.write(whole, b"1")
    except OSError:
        for pid in members:
            _kill(pid)
    finally:
        os.close(whole)
    return True


def _group_members(folder: str) -> set[int]:
    members = {int(word) for word in read_whole(f"{folder}/cgroup.procs").split()}
    for below in _groups_below(folder):
        members |= _group_members(below)
    return {pid for pid in members if not _is_dead(pid)}


def _groups_below(folder: str) -> list[str]:
    paths = [f"{folder}/{name}" for name in names(folder)]
    return [path for path in paths if os.path.isdir(path)]  # noqa: PTH112 - no pathlib here


def _is_dead(pid: int) -> bool:
    stat = process_stat("", pid)
    return stat is None or stat.state in (b"Z", b"X")


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # it has gone, or it has become another user's: the next pass tells


def _remove_group(folder: str) -> None:
    for below in _groups_below(folder):
        _remove_group(below)
    try:
        os.rmdir(folder)  # noqa: PTH106 - no pathlib here
    except OSError:
        return  # not a group, or still in use: it holds no process that could be killed
