"""One control group per device of a testbed: its share of the CPU makes this machine that device.

A group is made in every hierarchy that is of use (the quota of version 1 has one of its own), and
the participants' groups below it. What cannot be had is an error: a device without its quota would
be measured as if it were this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from benchharness.errors import UnfitError
from benchharness.testbed.records import Device, Testbed
from benchharness.trial.cgroup_factory import Hierarchy, hierarchies, make_group, writable_base
from benchharness.trial.cgroups import Cgroup, remove_tree, version_of
from benchharness.trial.group_controllers import HandedDown
from benchharness.trial.leftovers import abandoned, own_prefix
from benchharness.trial.quota import REMEDY, lift_quota, set_quota


@dataclass(frozen=True, slots=True)
class DeviceGroup:
    """The group of one device; ``cores`` is its quota at first, as the kernel has it."""

    device: Device
    group: Cgroup
    quota: Path
    cores: float

    def make(self, name: str) -> Cgroup | None:
        """Make a participant's group in the device's. Raises UnfitError without its quota."""
        made = make_group(self.group.folders, name)
        if made is None or self.quota / name not in made.folders:
            if made is not None:
                made.remove()
            raise UnfitError(
                "a program cannot be put on the device: its control group cannot be made",
                where=self.device.name,
                remedy="run benchharness doctor",
            )
        return made

    @property
    def usage_file(self) -> Path:
        """Return the counter of what the device has computed: cpuacct.usage, or cpu.stat."""
        assert self.group.cpu is not None
        version_2 = version_of(self.group.cpu) == 2
        return self.group.cpu / ("cpu.stat" if version_2 else "cpuacct.usage")


class DeviceGroups:
    """The groups of a testbed's devices, for the time of a ``with``; then they are removed.

    ``cores`` is the quota of each device at first. Raises UnfitError on entering where control
    groups with a quota cannot be made.
    """

    def __init__(
        self, testbed: Testbed, cores: Mapping[str, float], proc: Path = Path("/proc")
    ) -> None:
        self.testbed = testbed
        self._wanted = dict(cores)
        self._proc = proc
        self._groups: dict[str, DeviceGroup] = {}
        self._undo = ExitStack()

    def __enter__(self) -> DeviceGroups:
        with ExitStack() as undo:
            bases, quota_base = self._bases(undo)
            for device in self.testbed.devices:
                made = make_group(bases, f"{own_prefix()}device-{device.name}")
                if made is not None:
                    undo.callback(_remove, made)
                self._groups[device.name] = self._limited(device, made, quota_base)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._groups.clear()
        self._undo.close()

    def bases(self, device: str) -> DeviceGroup:
        """Return where a participant's group is made; KeyError for no device of the testbed."""
        return self._groups[device]

    @property
    def cores(self) -> dict[str, float]:
        """Return the quota of each device as the kernel has it, in cores."""
        return {name: group.cores for name, group in self._groups.items()}

    def usage_file(self, device: str) -> Path:
        """Return the file whose counter a plug reads: nanoseconds, or cpu.stat's usage_usec."""
        return self._groups[device].usage_file

    def hold(self, device: str, cores: float) -> float:
        """Hold a device to so many cores; return what the kernel makes of it. Raises UnfitError."""
        return set_quota(self._groups[device].quota, cores, device)

    def lift(self, device: str) -> None:
        """Let a device use all of this machine. Raises UnfitError."""
        lift_quota(self._groups[device].quota, device)

    def _bases(self, undo: ExitStack) -> tuple[list[Path], Path]:
        """Return where groups are made, and which of these holds quotas. Raises UnfitError."""
        try:
            found = hierarchies(self._proc)
        except OSError as error:
            raise _unfit(f"there are no control groups: {error.strerror}") from None
        bases: list[Path] = []
        quota: Path | None = None
        for hierarchy in found:
            base = writable_base(hierarchy) if _is_useful(hierarchy) else None
            if base is None:
                continue
            for left in abandoned(base):
                remove_tree(left)
            bases.append(base)
            if quota is None and _has_quota(hierarchy, base, undo):
                quota = base
        if quota is None:
            raise _unfit("the CPU share of a device cannot be set: no writable cpu controller")
        return bases, quota

    def _limited(self, device: Device, made: Cgroup | None, quota_base: Path) -> DeviceGroup:
        """Give a device's group its quota and its memory. Raises UnfitError."""
        quota = None
        if made is not None:
            quota = next((each for each in made.folders if each.parent == quota_base), None)
        if made is None or quota is None or made.cpu is None:
            raise _unfit(f"no control group with a CPU share can be made for {device.name}")
        cores = set_quota(quota, self._wanted[device.name], device.name)
        if device.memory_bytes is not None and not made.limit_memory(device.memory_bytes):
            raise _unfit(f"the memory of {device.name} cannot be limited: no memory controller")
        if version_of(quota) == 2:
            # So that the groups of its participants count memory as well.
            HandedDown(quota, "").add(("cpu", "memory"))
        return DeviceGroup(device, made, quota, cores)


def quota_hindrance(proc: Path = Path("/proc")) -> str | None:
    """Return why devices cannot be held to a share of the CPU here; None if they can be.

    A group is made and removed; where controllers have to be handed down first, they are taken
    back.
    """
    probe = Device("probe", "probe", speed=1.0, idle_w=0.0, busy_w=0.0)
    try:
        with DeviceGroups(Testbed("probe", "probe", (probe,)), {"probe": 0.5}, proc):
            return None
    except UnfitError as error:
        return error.what


def _is_useful(hierarchy: Hierarchy) -> bool:
    return hierarchy.version == 2 or bool(hierarchy.controllers & {"cpu", "cpuacct", "memory"})


def _has_quota(hierarchy: Hierarchy, base: Path, undo: ExitStack) -> bool:
    """Return whether groups below ``base`` have a quota; in version 2 hand it down to them."""
    if "cpu" not in hierarchy.controllers:
        return False
    if hierarchy.version == 1:
        return True
    handed = HandedDown(base, f"{own_prefix()}harness")
    undo.callback(handed.undo)
    return "cpu" in handed.add(("cpu", "memory"))


def _remove(group: Cgroup) -> None:
    group.kill()
    group.remove()


def _unfit(what: str) -> UnfitError:
    return UnfitError(what, where="testbed", remedy=REMEDY)
