"""Devices as control groups: on this machine's own, and on a made-up tree of version 2."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchharness.errors import UnfitError
from benchharness.testbed.records import Device, Testbed
from benchharness.trial import device_groups, group_controllers, quota
from benchharness.trial.cgroup_factory import Hierarchy
from benchharness.trial.device_groups import DeviceGroups, quota_hindrance
from benchharness.trial.quota import PERIOD_US, set_quota

FAST = Device("fast", "Fast", 1.0, 2.0, 8.0, threads=2, memory_bytes=512 << 20)
SLOW = Device("slow", "Slow", 0.25, 1.0, 4.0)
BED = Testbed("bed", "Two", (FAST, SLOW))
CORES = {"fast": 0.4, "slow": 0.1}
_MKDIR = Path.mkdir


class Kernel:
    """The files of a version 2 tree as the kernel keeps them: made with a folder, gone with it."""

    def __init__(self, root: Path, controllers: str = "cpu memory pids") -> None:
        self.root = root
        self.processes: dict[Path, list[str]] = {root: ["1", "77"]}
        self.may_have_processes_inside = False
        root.mkdir()
        self._files(root, controllers)

    def mkdir(self, folder: Path) -> None:
        _MKDIR(folder)
        if self.root in folder.parents:
            self._files(folder, (folder.parent / "cgroup.subtree_control").read_text())
            self.processes[folder] = []

    def rmdir(self, folder: Path) -> None:
        if self.processes.get(folder) or any(each.is_dir() for each in folder.iterdir()):
            raise OSError(errno.EBUSY, "busy")
        shutil.rmtree(folder)

    def write(self, path: str, text: str) -> bool:
        file = Path(path)
        if not file.exists():
            return False
        if file.name == "cgroup.procs":
            for pids in self.processes.values():
                if text in pids:
                    pids.remove(text)
            self.processes[file.parent].append(text)
            self._list_processes()
        elif file.name == "cgroup.subtree_control":
            if self.processes[file.parent] and not self.may_have_processes_inside:
                return False  # EBUSY: the rule of no internal process
            names = set(file.read_text().split())
            names = names | {text[1:]} if text[0] == "+" else names - {text[1:]}
            file.write_text(" ".join(sorted(names)))
        else:
            file.write_text(text)
        return True

    def _files(self, folder: Path, controllers: str) -> None:
        (folder / "cgroup.controllers").write_text(controllers)
        (folder / "cgroup.subtree_control").write_text("")
        (folder / "cgroup.events").write_text("populated 0\n")
        (folder / "cgroup.procs").write_text("")
        (folder / "cpu.stat").write_text("usage_usec 0\n")
        if "cpu" in controllers.split() and folder != self.root:
            (folder / "cpu.max").write_text("max 100000\n")
        if "memory" in controllers.split() and folder != self.root:
            for name, text in (("memory.max", "max"), ("memory.peak", "0")):
                (folder / name).write_text(text)
        self._list_processes()

    def _list_processes(self) -> None:
        for folder, pids in self.processes.items():
            if folder.exists():
                (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    found = Kernel(tmp_path / "cgroup")
    hierarchy = Hierarchy(found.root, 2, frozenset({"cpu", "memory", "pids"}), "/")
    monkeypatch.setattr(device_groups, "hierarchies", lambda _proc: [hierarchy])
    monkeypatch.setattr(device_groups, "writable_base", lambda each: each.mount)

    def mkdir(folder: Path, *_args: object, **_kwargs: object) -> None:
        found.mkdir(folder)

    def rmdir(folder: Path) -> None:
        found.rmdir(folder)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(Path, "rmdir", rmdir)
    for module in (quota, group_controllers):
        monkeypatch.setattr(module, "write_text", found.write)
    monkeypatch.setattr("benchharness.trial.cgroups.write_text", found.write)
    yield found
    monkeypatch.undo()


def test_version_2_hands_controllers_down_and_takes_them_back(kernel: Kernel) -> None:
    with DeviceGroups(BED, CORES) as groups:
        # Its processes are in a leaf: no group that hands controllers down has any.
        leaf = next(kernel.root.glob("benchharness-*-harness"))
        assert kernel.processes[leaf] == ["1", "77"]
        assert (kernel.root / "cgroup.subtree_control").read_text() == "cpu memory"
        fast = next(kernel.root.glob("benchharness-*-device-fast"))
        assert (fast / "cpu.max").read_text() == f"40000 {PERIOD_US}"
        assert (fast / "memory.max").read_text() == str(512 << 20)
        assert groups.cores == pytest.approx(CORES)
        assert groups.usage_file("fast") == fast / "cpu.stat"
        made = groups.bases("fast").make("client-1")
        assert made is not None
        assert made.folders == (fast / "client-1",)
        # The device hands them down as well: a participant's memory is counted.
        assert (fast / "client-1" / "memory.peak").exists()
        made.remove()
    assert [each.name for each in kernel.root.iterdir() if each.is_dir()] == []
    assert kernel.processes[kernel.root] == ["1", "77"]
    assert (kernel.root / "cgroup.subtree_control").read_text() == ""


def test_the_root_of_the_machine_keeps_its_processes(kernel: Kernel) -> None:
    kernel.may_have_processes_inside = True
    with DeviceGroups(BED, CORES):
        assert not list(kernel.root.glob("*-harness"))
        assert kernel.processes[kernel.root] == ["1", "77"]


def test_without_the_cpu_controller_it_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: Kernel
) -> None:
    (kernel.root / "cgroup.controllers").write_text("memory pids")
    with pytest.raises(UnfitError) as caught, DeviceGroups(BED, CORES):
        pass
    assert "no writable cpu controller" in caught.value.line()
    assert "systemd-run --user --scope -p Delegate=yes" in caught.value.line()
    assert quota_hindrance() is not None
    assert not [each for each in kernel.root.iterdir() if each.is_dir()]


def test_memory_that_cannot_be_limited_is_an_error(kernel: Kernel) -> None:
    (kernel.root / "cgroup.controllers").write_text("cpu")
    with (
        pytest.raises(UnfitError, match="the memory of fast cannot be limited"),
        DeviceGroups(BED, CORES),
    ):
        pass
    assert not [each for each in kernel.root.iterdir() if each.is_dir()]


def test_a_kernel_that_ignores_the_quota_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cgroup.events").write_text("")  # what tells version 2
    with pytest.raises(UnfitError, match="the kernel did not take it"):
        set_quota(tmp_path, 0.5, "slow")


@pytest.mark.parametrize(
    ("cores", "text"),
    [(0.1, "10000 100000"), (2.5, "250000 100000"), (0.004, "1000 250000")],
)
def test_a_small_share_has_a_longer_period(tmp_path: Path, cores: float, text: str) -> None:
    for name in ("cgroup.events", "cpu.max"):
        (tmp_path / name).write_text("")
    assert set_quota(tmp_path, cores, "slow") == pytest.approx(cores, rel=1e-3)
    assert (tmp_path / "cpu.max").read_text() == text


def test_a_share_below_what_the_kernel_holds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnfitError, match="raise its speed"):
        set_quota(tmp_path, 0.0005, "slow")


def may_make_groups() -> bool:
    """Return whether this machine lets us; if not, devices must be refused."""
    if quota_hindrance() is None:
        return True
    with pytest.raises(UnfitError, match="Delegate=yes"), DeviceGroups(BED, CORES):
        pass
    return False


def test_on_this_machine_groups_come_and_go() -> None:
    if not may_make_groups():
        return
    with DeviceGroups(BED, CORES) as groups:
        assert groups.cores == pytest.approx(CORES)
        group = groups.bases("slow").make("client")
        assert group is not None
        assert group.read().cpu_s == 0.0
        folders = [folder.parent for folder in group.folders]
        assert groups.usage_file("slow").is_file()
        with pytest.raises(UnfitError, match="is there already"):
            groups.bases("slow").make("client")
    assert not [folder for folder in folders if folder.exists()]


def test_what_a_killed_harness_left_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    if not may_make_groups():
        return
    gone = 4_194_303  # the kernel's largest process id: nobody has it here
    monkeypatch.setattr(device_groups, "own_prefix", lambda: f"benchharness-{gone}-")
    left = DeviceGroups(BED, CORES)
    left.__enter__()
    folder = left.usage_file("slow").parent
    left.bases("slow").make("client")
    monkeypatch.undo()
    with DeviceGroups(BED, CORES):
        assert not folder.exists()
    left.__exit__(None, None, None)  # nothing is there any more, which is no error
