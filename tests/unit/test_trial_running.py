"""What is left of a participant that cannot be started: nothing."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from benchharness.errors import UnfitError
from benchharness.trial import launch, running
from benchharness.trial.cgroup_factory import CgroupFactory
from benchharness.trial.cgroups import Cgroup, CgroupUse
from benchharness.trial.marked import marked_processes, own_children
from benchharness.trial.running import Launcher
from benchharness.trial.spec import Participant, VariantSpec


@dataclass
class Groups:
    """Makes groups that are folders, and no more."""

    folder: Path
    made: list[Path] = field(default_factory=list)

    def make(self, name: str) -> Cgroup:
        group = self.folder / name
        group.mkdir()
        self.made.append(group)
        return cast(Cgroup, Group(group))


@dataclass
class Group:
    folder: Path
    enter_files: tuple[str, ...] = ()

    def read(self) -> CgroupUse:
        return CgroupUse(0.0, None, 0)

    def kill(self) -> int:
        return 0

    def remove(self) -> None:
        self.folder.rmdir()


MARKER = f"running-{os.getpid()}-{time.monotonic_ns()}"


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    (tmp_path / "groups").mkdir()
    (tmp_path / "scratch").mkdir()
    groups = cast(CgroupFactory, Groups(tmp_path / "groups"))
    spec = VariantSpec(index=0, label="x", workload="x", factors={}, participants=(MAIN,))
    return Launcher(groups, spec, MARKER, tmp_path / "scratch")


MAIN = Participant("main", ("/bin/sleep", "60"), dict(os.environ))


def no_more(*_arguments: Any, **_options: Any) -> Any:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, not paths


@pytest.mark.parametrize(
    ("module", "name"),
    [(running, "EventFile"), (launch, "Capture"), (subprocess, "Popen")],
    ids=["events file", "pipes", "process"],
)
def test_without_descriptors_no_group_and_no_process_is_left(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    children, files = own_children(), open_files()
    with monkeypatch.context() as patch:
        patch.setattr(module, name, no_more)
        with pytest.raises(UnfitError, match="Too many open files"):
            launcher.launch(MAIN, "window")
    groups = cast(Groups, launcher.cgroups)
    assert len(groups.made) == 1
    assert not groups.made[0].exists()
    assert own_children() == children
    assert marked_processes(launcher.mark_of(MAIN)) == []
    assert launch._programs == {}
    assert open_files() <= files + (name == "Capture")  # the copy that it was to take
    item = launcher.launch(MAIN, "window")  # and the next one can be
    item.child.kill_all()
    item.child.close()
    item.file.close()


def test_what_a_program_has_locked_is_no_obstacle(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher.clean("warmup")
    shared = launcher.scratch / "warmup-.shared"
    (shared / "locked").mkdir()
    monkeypatch.setattr(shutil, "rmtree", lambda _folder, ignore_errors: None)
    launcher.clean("warmup")
    assert list(shared.iterdir()) == []
    launcher.clean("warmup")
    assert list(shared.iterdir()) == []
