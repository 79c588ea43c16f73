"""CPU seconds and memory of a process tree from /proc, where there is no control group.

The files of each process are held open: a descriptor belongs to its process for good, so a
process id that is used again is never mistaken for the old one. Processes shorter than the
refresh are seen only once they are awaited, in the counters of their parent.
"""

from __future__ import annotations

import errno
import os
import time

from benchharness.probes.files import NAN, close_all
from benchharness.probes.probe import Probe
from benchharness.probes.processes import (
    ProcessStat,
    anonymous_pages,
    children,
    children_by_parent,
    is_marked,
    lists_children,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

REFRESH_NS = 500_000_000
SLOWEST_REFRESH_NS = 5_000_000_000
REFRESH_SHARE = 1000  # looking for new processes may cost one thousandth of a core
_STAT_BYTES = 1024
_STATM_BYTES = 128
_REFUSED = (errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM)


class Member:
    """One process of the tree, its files and the counters last seen."""

    __slots__ = ("files", "gone", "own", "pid", "start", "waited")

    def __init__(self, pid: int, stat: int, statm: int, first: ProcessStat) -> None:
        self.pid = pid
        self.start = first.start
        self.own = first.own
        self.waited = first.waited
        self.gone = False
        self.files = ((stat, _STAT_BYTES), (statm, _STATM_BYTES))


class ProcessTree(Probe):
    """``cpu_s`` (cumulative), ``memory_bytes`` and ``processes`` of a root and its descendants.

    A descendant stays in the tree when its parent dies, and what a vanished process had used
    stays in the sum whether or not anybody awaited it: the sum never goes back.
    """

    channels = (("cpu_s", "s"), ("memory_bytes", "B"), ("processes", "1"))

    def __init__(self, sysroot: str, root: int, marker: str) -> None:
        self._sysroot = sysroot
        self._marker = marker
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._listed = lists_children(sysroot, os.getpid()) or lists_children(sysroot, root)
        self._members: dict[int, Member] = {}
        self._order: list[Member] = []  # those whose files are in ``files``
        self._retired = 0  # ticks of processes that vanished and that nobody awaited
        self._next_refresh_ns = 0
        self.files = []
        self.unfollowed = 0  # processes seen whose files could not be opened, of late
        self.meta = {
            "cpu": f"/proc/<pid>/stat of the tree, resolution {1 / self._ticks_per_s} s",
            "memory": "anonymous, /proc/<pid>/statm of the tree, resident - shared; a page that "
            "a fork shares counts in each process",
            "processes": f"children sought every {REFRESH_NS / 1e9} s",
        }
        self._follow(root, None)
        self.renew(time.monotonic_ns())

    def known(self) -> list[tuple[int, int]]:
        """Return (pid, start time) of each process that is followed."""
        return [(member.pid, member.start) for member in self._members.values()]

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return CPU seconds, bytes and processes; NaN, NaN, 0 once none is left."""
        total = pages = alive = grown = vanished = 0
        for at, member in enumerate(self._order):
            if member.gone:
                continue
            try:
                stat = ProcessStat(raw[2 * at])
                own_pages = anonymous_pages(raw[2 * at + 1])
            except ValueError:
                member.gone = True
                vanished += member.own + member.waited
                continue
            grown += stat.waited - member.waited
            member.own, member.waited = stat.own, stat.waited
            total += stat.own + stat.waited
            pages += own_pages
            alive += stat.state != b"Z"
        # What vanished is in its parent's counter if the parent awaited it; else keep it here.
        self._retired += max(0, vanished - grown)
        if all(member.gone for member in self._order):
            return [NAN, NAN, 0.0]
        cpu_s = (total + self._retired) / self._ticks_per_s
        return [cpu_s, float(pages * self._page_bytes), float(alive)]

    def renew(self, now_ns: int) -> bool:
        """Forget who is gone and, when it is time, follow who is new."""
        for member in [member for member in self._order if member.gone]:
            close_all([descriptor for descriptor, _ in member.files])
            del self._members[member.pid]
        if now_ns >= self._next_refresh_ns:
            self._refresh(now_ns)
        if [member.pid for member in self._order] == list(self._members):
            return False
        self._order = list(self._members.values())
        self.files = [file for member in self._order for file in member.files]
        return True

    def _refresh(self, now_ns: int) -> None:
        """Follow the processes that are new; the next time is later if this one took long."""
        before_ns = time.monotonic_ns()
        everyone = None if self._listed else children_by_parent(self._sysroot)
        self.unfollowed = 0
        # An orphan is inherited by the harness, and then only its mark says whose it is.
        harness = os.getppid()
        for orphan in self._children(harness, everyone):
            if orphan not in self._members and is_marked(self._sysroot, orphan, self._marker):
                self._follow(orphan, harness)
        seen = list(self._members)
        for pid in seen:  # grows while it is walked
            new = [child for child in self._children(pid, everyone) if child not in self._members]
            seen.extend(child for child in new if self._follow(child, pid))
        took_ns = time.monotonic_ns() - before_ns
        pause_ns = min(max(REFRESH_NS, took_ns * REFRESH_SHARE), SLOWEST_REFRESH_NS)
        self._next_refresh_ns = now_ns + pause_ns

    def _children(self, pid: int, everyone: dict[int, list[int]] | None) -> list[int]:
        return children(self._sysroot, pid) if everyone is None else everyone.get(pid, [])

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
        self._members[pid] = Member(pid, held[0], held[1], first)
        return True


class TreePart(Probe):
    """Those channels of a process tree that no control group gives."""

    def __init__(self, tree: ProcessTree, wanted: list[int]) -> None:
        self._tree = tree
        self._wanted = wanted
        self.files = tree.files
        self.channels = tuple(tree.channels[at] for at in wanted)
        figures = [name for name, _ in self.channels]
        self.meta = {
            use: text
            for use, text in tree.meta.items()
            if any(name.startswith(use) for name in figures)
        }

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the wanted figures."""
        figures = self._tree.parse(raw)
        return [figures[at] for at in self._wanted]

    def renew(self, now_ns: int) -> bool:
        """Let the tree look for new processes."""
        changed = self._tree.renew(now_ns)
        self.files = self._tree.files
        return changed

    def close(self) -> None:
        """Close the tree's files."""
        self._tree.close()
