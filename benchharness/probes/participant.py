"""The probes of one participant: its control groups' where there are some, else its /proc tree."""

from __future__ import annotations

from benchharness.probes.cgroup import cgroup_cpu, cgroup_memory, cgroup_processes
from benchharness.probes.guard import Guarded
from benchharness.probes.tree import ProcessTree, TreePart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchharness.probes.probe import Probe


class Participant:
    """A participant's process tree: how to observe it, and how to end it.

    ``groups`` maps ``cpu``, ``memory`` and ``kill`` to folders of control groups; each may be
    missing, and then the figure comes from /proc. ``claimed`` are the process ids that some
    participant follows already.
    """

    def __init__(
        self,
        sysroot: str,
        root: int,
        marker: str,
        groups: Mapping[str, str],
        claimed: set[int],
    ) -> None:
        claimed.add(root)
        self.guarded = Guarded(root, marker, tuple(dict.fromkeys(groups.values())))
        choices = (
            cgroup_cpu(groups.get("cpu")),
            cgroup_memory(groups.get("memory")),
            cgroup_processes(groups.get("kill") or groups.get("cpu")),
        )
        self.probes: list[Probe] = [probe for probe in choices if probe is not None]
        self._followed: ProcessTree | None = None
        missing = [at for at, probe in enumerate(choices) if probe is None]
        if missing:
            self._followed = ProcessTree(sysroot, root, marker, claimed)
            self.probes.append(TreePart(self._followed, missing))

    def unfollowed(self) -> int:
        """Return how many processes could not be followed for want of files or rights."""
        return 0 if self._followed is None else self._followed.unfollowed()

    def for_guard(self) -> Guarded:
        """Return what can be known of the tree now, for ending it."""
        if self._followed is not None:
            self._followed.search()
            self.guarded.known = self._followed.known()
        return self.guarded
