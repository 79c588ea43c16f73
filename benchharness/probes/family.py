"""Who belongs to a process tree: its processes found in /proc, their files held open.

A descriptor belongs to its process for good, so a process id that is used again is never
mistaken for the old one.
"""

from __future__ import annotations

import errno
import os
import time

from benchharness.probes.files import close_all, open_file
from benchharness.probes.processes import (
    ProcessStat,
    children_by_parent,
    children_of_other_threads,
    is_marked,
    lists_children,
    parse_children,
)

SLOWEST_SEARCH_NS = 5_000_000_000
SEARCH_SHARE = 1000  # looking for new processes may cost one thousandth of a core
FORGET_STRANGERS_NS = 5_000_000_000
_STAT_BYTES = 1024
_STATM_BYTES = 128
_CHILDREN_BYTES = 1 << 16
_REFUSED = (errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM)


class Member:
    """One process of the tree: its files and the counters last seen."""

    __slots__ = ("children", "files", "gone", "own", "pid", "start", "threads", "waited")

    def __init__(self, pid: int, held: list[int], first: ProcessStat, children: int | None) -> None:
        self.pid = pid
        self.files = tuple(zip(held, (_STAT_BYTES, _STATM_BYTES), strict=True))
        self.children = children  # the list of its first thread's children, where there are lists
        self.start = first.start
        self.gone = False
        self.take(first)

    def take(self, stat: ProcessStat) -> None:
        """Remember the counters."""
        self.own, self.waited, self.threads = stat.own, stat.waited, stat.threads

    def close(self) -> None:
        """Close the files."""
        close_all([descriptor for descriptor, _ in self.files])
        close_all([] if self.children is None else [self.children])


class Family:
    """The processes of a tree, by process id: a root, its descendants, and marked orphans.

    ``claimed`` are the ids that some tree follows: trees with one mark, such as a server and
    its clients, share it, so that none takes another's processes for its own orphans.
    """

    def __init__(self, sysroot: str, root: int, marker: str, claimed: set[int]) -> None:
        self.members: dict[int, Member] = {}
        self.unfollowed = 0  # processes seen, at the last search, whose files could not be opened
        self._sysroot = sysroot
        self._marker = marker
        self._claimed = claimed
        self._listed = lists_children(sysroot, os.getpid()) or lists_children(sysroot, root)
        self._harness = os.getppid()
        self._inherited = self._open_children(self._harness)
        self._strangers = {os.getpid()}  # children of the harness that are not of this tree
        self._orphans: set[int] = set()  # children of the harness with our mark, seen once
        self._forget_ns = self._search_ns = 0
        self._follow(root, None)

    def search(self, now_ns: int, *, at_once: bool = False) -> None:
        """Follow the processes that are new; the next time is later if this one cost much.

        What counts is the CPU time: a search that had to wait for a core has cost nothing.
        """
        if now_ns < self._search_ns and not at_once:
            return
        before_ns = time.process_time_ns()
        everyone = None if self._listed else children_by_parent(self._sysroot)
        self.unfollowed = 0
        self._adopt_orphans(now_ns, everyone)
        seen = list(self.members.values())
        for member in seen:  # grows while it is walked
            listed = self._children(member, everyone)
            new = [child for child in listed if child not in self._claimed]
            seen += [self.members[child] for child in new if self._follow(child, member.pid)]
        cost_ns = time.process_time_ns() - before_ns
        self._search_ns = now_ns + min(cost_ns * SEARCH_SHARE, SLOWEST_SEARCH_NS)

    def drop_gone(self) -> None:
        """Close the files of members that have gone."""
        for member in [member for member in self.members.values() if member.gone]:
            member.close()
            del self.members[member.pid]
            self._claimed.discard(member.pid)

    def close(self) -> None:
        """Close all files."""
        for member in self.members.values():
            member.gone = True
        self.drop_gone()
        close_all([] if self._inherited is None else [self._inherited])
        self._inherited = None

    def _adopt_orphans(self, now_ns: int, everyone: dict[int, list[int]] | None) -> None:
        """Follow those that the harness has inherited: only their mark says whose they are.

        Not at first sight: it may be the root of a tree that is about to be added.
        """
        if now_ns >= self._forget_ns:  # a process id may be used again, and a fork may become ours
            self._forget_ns = now_ns + FORGET_STRANGERS_NS
            self._strangers = {os.getpid()}
        if everyone is None:
            inherited = self._read_children(self._inherited)
        else:
            inherited = everyone.get(self._harness, [])
        orphans = set()
        for pid in inherited:
            if pid in self._claimed or pid in self._strangers:
                continue
            if not is_marked(self._sysroot, pid, self._marker):
                self._strangers.add(pid)
            elif pid in self._orphans:
                self._follow(pid, self._harness)
            else:
                orphans.add(pid)
        self._orphans = orphans

    def _children(self, member: Member, everyone: dict[int, list[int]] | None) -> list[int]:
        if everyone is not None:
            return everyone.get(member.pid, [])
        found = self._read_children(member.children)
        if member.threads > 1:
            found.extend(children_of_other_threads(self._sysroot, member.pid))
        return found

    def _open_children(self, pid: int) -> int | None:
        return open_file(f"{self._sysroot}/proc/{pid}/task/{pid}/children")

    @staticmethod
    def _read_children(descriptor: int | None) -> list[int]:
        if descriptor is None:
            return []
        try:
            return parse_children(os.pread(descriptor, _CHILDREN_BYTES, 0))
        except OSError:
            return []

    def _follow(self, pid: int, parent: int | None) -> bool:
        """Hold the files of a process; not if it is not the child that was listed any more."""
        held: list[int] = []
        try:
            for name in ("stat", "statm"):
                path = f"{self._sysroot}/proc/{pid}/{name}"
                held.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            first = ProcessStat(os.pread(held[0], _STAT_BYTES, 0))
        except (OSError, ValueError) as error:
            close_all(held)
            if isinstance(error, OSError) and error.errno in _REFUSED:
                self.unfollowed += 1
            return False
        if parent is not None and first.parent != parent:
            close_all(held)
            return False
        self._claimed.add(pid)
        self.members[pid] = Member(pid, held, first, self._open_children(pid))
        return True
