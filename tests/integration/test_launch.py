"""Real processes: what they use is counted exactly, and none of them is left."""

from __future__ import annotations

import os
import select
import selectors
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchharness.errors import UnfitError
from benchharness.trial.cgroup_factory import CgroupFactory, hierarchies
from benchharness.trial.launch import Child, become_subreaper
from benchharness.trial.marked import marked_processes, own_children

BURN = "import time\nend = time.process_time() + {s}\nwhile time.process_time() < end: pass\n"
MANY_SHORT = (
    "import subprocess, sys\n"
    "for _ in range(30):\n"
    "    subprocess.run([sys.executable, '-I', '-S', '-c', sys.argv[1]])\n"
)
DAEMON = (
    "import os, signal, sys, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "    if os.fork() > 0: os._exit(0)\n"
    "    time.sleep(600)\n"
    "time.sleep(0.3)\n"
)


WAYS = ["group", "no group"] if CgroupFactory().available else ["no group"]


@pytest.fixture(params=WAYS)
def child_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[type[Starter]]:
    become_subreaper()
    Starter.factory = CgroupFactory() if request.param == "group" else None
    Starter.folder = tmp_path
    Starter.started = []
    yield Starter
    for child in Starter.started:
        child.kill_all()
        child.close()
        if child.cgroup is not None:
            child.cgroup.remove()


class Starter:
    factory: CgroupFactory | None
    folder: Path
    started: list[Child]

    @classmethod
    def start(cls, *argv: str) -> Child:
        marker = f"test-{os.getpid()}-{len(cls.started)}-{time.monotonic_ns()}"
        cgroup = cls.factory.make(f"benchharness-{marker}") if cls.factory else None
        child = Child(argv, cwd=cls.folder, env=dict(os.environ), cgroup=cgroup, marker=marker)
        cls.started.append(child)
        child.go()
        return child


def wait(child: Child, timeout_s: float = 30.0) -> None:
    """Drain the pipes until the program has ended, as the engine does."""
    deadline = time.monotonic() + timeout_s
    with selectors.DefaultSelector() as selector:
        selector.register(child.waker, selectors.EVENT_READ)
        selector.register(child.stdout.descriptor, selectors.EVENT_READ, child.stdout)
        while child.ended is None:
            assert time.monotonic() < deadline
            for key, _ in selector.select(1.0):
                if key.data is not None and not key.data.drain():
                    selector.unregister(key.fd)


def test_cpu_seconds_are_exact_also_of_children_that_live_for_a_moment(
    child_of: type[Starter],
) -> None:
    child = child_of.start(sys.executable, "-c", MANY_SHORT, BURN.format(s=0.02))
    wait(child)
    group, by_wait_s = child.usage()
    assert by_wait_s is not None
    assert by_wait_s >= 30 * 0.02
    if group is not None:
        assert group.cpu_s == pytest.approx(by_wait_s, rel=0.05, abs=0.03)


def test_peak_memory_is_of_the_whole_tree(child_of: type[Starter]) -> None:
    grow = "import os, time; data = bytearray(os.urandom(1)) * 60_000_000; time.sleep(0.3)"
    twice = (
        "import subprocess, sys\n"
        "run = lambda: subprocess.Popen([sys.executable, '-c', sys.argv[1]])\n"
        "for process in (run(), run()): process.wait()\n"
    )
    child = child_of.start(sys.executable, "-c", twice, grow)
    wait(child)
    group, _ = child.usage()
    if group is not None and group.memory_peak_bytes is not None:
        assert 120e6 < group.memory_peak_bytes < 190e6
    else:
        assert child.ended is not None
        assert child.ended.usage.ru_maxrss * 1024 > 60e6  # the largest process, by wait4


def test_a_daemon_in_a_session_of_its_own_does_not_survive(child_of: type[Starter]) -> None:
    child = child_of.start(sys.executable, "-c", DAEMON)
    wait(child)
    assert child.ended is not None
    assert child.ended.exit_code == 0
    assert marked_processes(child.marker)
    assert child.kill_all() >= 1
    assert marked_processes(child.marker) == []


def test_a_process_that_takes_its_time_to_die_counts_once(
    child_of: type[Starter], monkeypatch: pytest.MonkeyPatch
) -> None:
    child = child_of.start(sys.executable, "-c", DAEMON)
    wait(child)
    kill, calls = os.kill, iter(range(1000))

    def late(pid: int, number: int) -> None:
        if next(calls) >= 3:
            kill(pid, number)

    monkeypatch.setattr(os, "kill", late)
    assert child.kill_all() == 1
    assert marked_processes(child.marker) == []


def test_an_orphan_that_has_ended_is_counted_for_the_program_that_left_it(
    child_of: type[Starter],
) -> None:
    before = own_children()  # what other tests have left, such as a browser's helpers
    leave_one = 'until [ -e go ]; do sleep 0.02; done; (exec "$0" -c "$1" &) ; exec sleep 60'
    server = child_of.start("/bin/sh", "-c", leave_one, sys.executable, BURN.format(s=0.3))
    main = child_of.start("/bin/true")
    wait(main)
    (child_of.folder / "go").touch()
    deadline = time.monotonic() + 30
    while not any(state_of(pid) == "Z" for pid in own_children() if pid not in before):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert main.kill_all() == 0
    assert server.kill_all() == 0  # the orphan had ended by itself
    main_s, server_s = (child.usage()[1] for child in (main, server))
    assert main_s is not None
    assert server_s is not None
    assert main_s < 0.2
    assert server_s >= 0.3


def state_of(pid: int) -> str:
    """Return the letter of a process's state: Z has ended and not been collected."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_hundred_megabytes_of_output_are_drained_and_bounded(child_of: type[Starter]) -> None:
    child = child_of.start(
        sys.executable, "-c", "import sys\nfor _ in range(100): print('x' * 999_999)"
    )
    wait(child)
    child.stdout.drain()
    assert child.stdout.total_bytes == 100_000_000
    assert len(child.stdout.text()) < 200_000


@pytest.mark.alone
def test_the_end_is_stamped_when_it_happens(child_of: type[Starter]) -> None:
    child = child_of.start("/bin/sleep", "0.25")
    wait(child)
    assert child.ended is not None
    took_s = (child.ended.t_ns - child.started_ns) / 1e9
    assert 0.25 <= took_s < 0.6


@pytest.mark.alone
def test_the_program_begins_at_the_word_and_entering_its_group_is_not_its_time(
    tmp_path: Path,
) -> None:
    factory = CgroupFactory()
    cgroup = factory.make(f"benchharness-{os.getpid()}-go") if factory.available else None
    sign = tmp_path / "begun"
    child = Child(
        ["/usr/bin/touch", str(sign)], cwd=tmp_path, env=dict(os.environ), cgroup=cgroup, marker="g"
    )
    assert not select.select([child.waker], [], [], 0.3)[0]
    assert not sign.exists()
    before_ns = time.monotonic_ns()
    child.go()
    wait(child)
    child.kill_all()
    group, by_wait_s = child.usage()
    child.close()
    if cgroup is not None:
        cgroup.remove()
    assert child.started_ns >= before_ns
    assert sign.exists()
    assert by_wait_s is not None
    if group is not None and group.cpu_s is not None:
        assert 0 < group.cpu_s < 0.05


def test_a_group_that_cannot_be_entered_is_said_in_one_line(tmp_path: Path) -> None:
    factory = CgroupFactory()
    cgroup = factory.make(f"benchharness-{os.getpid()}-gone") if factory.available else None
    if cgroup is None:
        pytest.skip("no control group can be made here")
    cgroup.remove()
    with pytest.raises(UnfitError, match="could not be put into its control group"):
        Child(["/bin/true"], cwd=tmp_path, env=dict(os.environ), cgroup=cgroup, marker="gone")


def test_a_signal_is_a_negative_exit_code(child_of: type[Starter]) -> None:
    child = child_of.start(sys.executable, "-c", "import os; os.kill(os.getpid(), 11)")
    wait(child)
    assert child.ended is not None
    assert child.ended.exit_code == -signal.SIGSEGV


def test_a_memory_limit_kills_and_says_so(tmp_path: Path) -> None:
    factory = CgroupFactory()
    cgroup = factory.make(f"benchharness-limit-{os.getpid()}")
    if cgroup is None or cgroup.memory is None:
        pytest.skip("no control group with a memory limit can be made here")
    assert cgroup.limit_memory(50_000_000)
    argv = [sys.executable, "-c", "data = b'x' * 200_000_000"]
    child = Child(argv, cwd=tmp_path, env=dict(os.environ), cgroup=cgroup, marker="limit")
    child.go()
    wait(child)
    child.kill_all()
    child.close()
    use = cgroup.read()
    cgroup.remove()
    assert child.ended is not None
    assert child.ended.exit_code == -signal.SIGKILL
    assert use.oom_kills >= 1


def test_a_hierarchy_that_is_mounted_twice_counts_once(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self/cgroup").write_text("2:cpuacct,cpu:/a\n1:memory:/b\n")
    (tmp_path / "self/mountinfo").write_text(
        "30 25 0:26 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
        "31 25 0:27 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "99 25 0:26 / /tree/sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
        "40 25 8:1 / / rw - ext4 /dev/sda1 rw\n"
    )
    found = hierarchies(tmp_path)
    assert [(str(h.mount), h.own) for h in found] == [
        ("/sys/fs/cgroup/memory", "/b"),
        ("/sys/fs/cgroup/cpu", "/a"),
    ]


def test_the_mount_table_names_at_least_one_hierarchy() -> None:
    found = hierarchies()
    assert found
    assert found == sorted(found, key=lambda h: -h.version)
    assert all(h.mount.is_dir() for h in found)
