"""One process is told apart from another with its number: /proc as files, and the real one."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path

import pytest

from benchharness.store.owner import Owner, boot_id


def fake_proc(folder: Path, *, pid: int = 77, state: str = "S", start_ticks: int = 4242) -> Path:
    (folder / "sys/kernel/random").mkdir(parents=True)
    (folder / "sys/kernel/random/boot_id").write_text("boot-1\n")
    (folder / str(pid)).mkdir()
    # 52 fields as proc(5) lists them; the command holds spaces and brackets on purpose.
    fields = ["0"] * 49
    fields[22 - 4] = str(start_ticks)
    (folder / str(pid) / "stat").write_text(f"{pid} (a ) R (b) {state} {' '.join(fields)}\n")
    return folder


def test_the_same_process_is_alive(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path)
    assert Owner(77, "boot-1", 4242).is_alive(proc)


@pytest.mark.parametrize(
    "other",
    [Owner(77, "boot-1", 4243), Owner(77, "boot-0", 4242), Owner(78, "boot-1", 4242)],
    ids=["number used again", "another boot", "ended"],
)
def test_another_process_is_not_it(tmp_path: Path, other: Owner) -> None:
    assert not other.is_alive(fake_proc(tmp_path))


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    assert not Owner(77, "boot-1", 4242).is_alive(fake_proc(tmp_path, state="Z"))


def test_this_process_is_alive_and_its_child_is_gone_after_it_ended() -> None:
    me = Owner.current()
    assert me.pid == os.getpid()
    assert me.boot_id == boot_id()
    assert me.is_alive()
    child = subprocess.Popen(["sleep", "60"])
    theirs = dataclasses.replace(me, pid=child.pid, start_ticks=_start_ticks(child.pid))
    assert theirs.is_alive()
    child.kill()
    child.wait()
    assert not theirs.is_alive()


def _start_ticks(pid: int) -> int:
    after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    return int(after.split()[22 - 3])
