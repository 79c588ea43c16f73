from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchharness.probes.guard import Guarded, _kill_group, end_trees


@pytest.fixture
def start() -> Iterator[StartSleep]:
    starter = StartSleep()
    yield starter
    for process in starter.processes:
        process.kill()
        process.wait()


class StartSleep:
    """Starts processes that do nothing, and remembers them."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []

    def __call__(self, marker: str = "", own_session: bool = True) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.defpath, "BENCHHARNESS_TRIAL": marker}
        process = subprocess.Popen(["sleep", "600"], env=environment, start_new_session=own_session)
        self.processes.append(process)
        return process


def test_a_process_is_of_the_tree_by_identity_session_mark_or_having_been_seen(
    start: StartSleep,
) -> None:
    root, marked, seen, stranger = start(), start("t-1"), start(), start("t-2")
    tree = Guarded(root.pid, "t-1", ())
    start_time = int(Path(f"/proc/{seen.pid}/stat").read_text().rpartition(")")[2].split()[19])
    tree.known = [(seen.pid, start_time)]
    assert [tree.is_of_tree(p.pid) for p in (root, marked, seen, stranger)] == [True] * 3 + [False]
    assert not tree.is_of_tree(os.getpid())
    tree.known = [(seen.pid, start_time - 1)]  # the same number, another process
    assert not tree.is_of_tree(seen.pid)


def test_the_session_of_a_process_id_used_again_is_not_ours(start: StartSleep) -> None:
    root = start()
    tree = Guarded(root.pid, "none", ())
    assert tree.root_start is not None
    tree.root_start -= 1  # the process that had this number when the tree was added has gone
    assert not tree.is_of_tree(root.pid)
    gone = start()
    gone.kill()
    gone.wait()
    assert Guarded(gone.pid, "none", ()).root_start is None


def test_a_dead_process_is_not_waited_for(start: StartSleep) -> None:
    root = start("t-1")
    tree = Guarded(root.pid, "t-1", ())
    root.kill()
    os.waitid(os.P_PID, root.pid, os.WEXITED | os.WNOWAIT)  # dead, not yet awaited
    assert not tree.is_of_tree(root.pid)


def test_a_group_of_an_old_kernel_is_killed_one_by_one_with_those_below(
    start: StartSleep, tmp_path: Path
) -> None:
    above, below, stranger = start(), start(), start()
    (tmp_path / "sub").mkdir()
    (tmp_path / "cgroup.procs").write_text(f"{above.pid}\n")
    (tmp_path / "sub" / "cgroup.procs").write_text(f"{below.pid}\n")
    assert _kill_group(str(tmp_path))
    assert above.wait() == below.wait() == -9
    assert stranger.poll() is None
    assert not _kill_group(str(tmp_path))


@pytest.mark.parametrize("holder", [1, os.getpid()], ids=["init", "ourselves"])
def test_a_group_that_was_not_made_for_a_tree_is_left_alone(
    start: StartSleep, tmp_path: Path, holder: int
) -> None:
    other = start()
    (tmp_path / "cgroup.procs").write_text(f"{other.pid}\n{holder}\n")
    assert not _kill_group(str(tmp_path))
    assert other.poll() is None


def test_ending_leaves_strangers_and_files_that_are_no_group(
    start: StartSleep, tmp_path: Path
) -> None:
    root, orphan, stranger = start(), start("t-guard"), start("t-guard-2")
    (tmp_path / "file").write_text("kept")
    assert end_trees([])
    assert end_trees([Guarded(root.pid, "t-guard", (str(tmp_path),))])
    assert root.wait() == orphan.wait() == -9
    assert stranger.poll() is None
    assert (tmp_path / "file").exists()
