"""CPU seconds and memory of a process tree from /proc, where there is no control group.

Processes that live between two searches are seen only once they are awaited, in the counters
of their parent.
"""

from __future__ import annotations

import os
import time

from benchharness.probes.family import Family, Member
from benchharness.probes.files import NAN
from benchharness.probes.probe import Probe
from benchharness.probes.processes import ProcessStat, anonymous_pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class ProcessTree(Probe):
    """``cpu_s`` (cumulative), ``memory_bytes`` and ``processes`` of a root and its descendants.

    A descendant stays in the tree when its parent dies, and what a vanished process had used
    stays in the sum whether or not anybody awaited it: the sum never goes back.
    """

    channels = (("cpu_s", "s"), ("memory_bytes", "B"), ("processes", "1"))
    restless = True

    def __init__(self, sysroot: str, root: int, marker: str, claimed: set[int]) -> None:
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._family = Family(sysroot, root, marker, claimed)
        self._order: list[Member] = []  # those whose files are in ``files``
        self._retired = 0  # ticks of processes that vanished and that nobody awaited
        self.files = []
        self.meta = {
            "cpu": f"/proc/<pid>/stat of the tree, resolution {1 / self._ticks_per_s} s",
            "memory": "anonymous, /proc/<pid>/statm of the tree, resident - shared; a page that "
            "a fork shares counts in each process",
            "processes": "children sought twice a second",
        }
        self.renew(time.monotonic_ns())

    def search(self) -> None:
        """Look for new processes now, however recent the last look."""
        self._family.search(time.monotonic_ns(), at_once=True)

    def known(self) -> list[tuple[int, int]]:
        """Return (pid, start time) of each process that is followed."""
        return [(member.pid, member.start) for member in self._family.members.values()]

    def unfollowed(self) -> int:
        """Return how many processes could not be followed for want of files or rights."""
        return self._family.unfollowed

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
            member.take(stat)
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
        """Forget who has gone and, when it is time, follow who is new."""
        self._family.drop_gone()
        self._family.search(now_ns)
        now_followed = list(self._family.members.values())
        if now_followed == self._order:
            return False
        self._order = now_followed
        self.files = [file for member in self._order for file in member.files]
        return True

    def close(self) -> None:
        """Close all files."""
        self._family.close()
        self.files = []


class TreePart(Probe):
    """Those channels of a process tree that no control group gives."""

    restless = True

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
