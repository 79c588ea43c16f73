from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.probes.probe import GONE, read_files
from benchharness.probes.processes import (
    ProcessStat,
    anonymous_pages,
    children_of_other_threads,
    is_marked,
    parse_children,
)
from benchharness.probes.tree import ProcessTree
from tests.unit.open_files import open_files

DATA = Path(__file__).parents[1] / "data"
HZ = os.sysconf("SC_CLK_TCK")
LATER_NS = 1 << 61


class FakeProc:
    """A /proc whose processes the test makes, changes and removes."""

    def __init__(self, root: Path, lists: bool = True) -> None:
        self.root = root
        self.lists = lists

    def put(
        self,
        pid: int,
        parent: int,
        own: int = 0,
        waited: int = 0,
        *,
        start: int = 1,
        state: str = "S",
    ) -> None:
        folder = self.root / f"proc/{pid}"
        (folder / f"task/{pid}").mkdir(parents=True, exist_ok=True)
        numbers = f"0 0 0 0 0 0 0 0 0 {own} 0 {waited} 0 20 0 1 0 {start} 0 0"
        (folder / "stat").write_text(f"{pid} (p) {state} {parent} {numbers}\n")
        (folder / "statm").write_text("100 30 10 0 0 0 0\n")
        if self.lists:
            self._list(pid)
            self._list(parent)

    def remove(self, pid: int) -> None:
        """Like a process that was awaited: its open files say so, its folder is gone."""
        for name in ("stat", "statm"):
            os.truncate(self.root / f"proc/{pid}/{name}", 0)
        shutil.rmtree(self.root / f"proc/{pid}")

    def _list(self, pid: int) -> None:
        parents = {
            int(stat.parent.name): int(stat.read_text().rpartition(")")[2].split()[1])
            for stat in self.root.glob("proc/*/stat")
        }
        found = " ".join(str(child) for child, parent in parents.items() if parent == pid)
        folder = self.root / f"proc/{pid}/task/{pid}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "children").write_text(found)


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


def cpu_ticks(tree: ProcessTree) -> float:
    return round(tree.read()[0] * HZ, 6)


def test_recorded_tree_of_a_name_with_spaces_and_a_child_of_a_thread() -> None:
    tree = ProcessTree(str(DATA / "sys-pi4"), 4000, "none", set())
    assert sorted(pid for pid, _ in tree.known()) == [4000, 4001, 4003]
    assert tree.read() == [4.7, 6600 * os.sysconf("SC_PAGE_SIZE"), 3]
    tree.close()


def test_an_awaited_child_is_counted_once(proc: FakeProc) -> None:
    proc.put(10, 1, own=100)
    proc.put(11, 10, own=50)
    tree = ProcessTree(str(proc.root), 10, "", set())
    assert cpu_ticks(tree) == 150
    proc.remove(11)
    proc.put(10, 1, own=101, waited=52)  # 2 more ticks of the child after we last looked
    assert cpu_ticks(tree) == 153
    tree.renew(LATER_NS)
    assert cpu_ticks(tree) == 153
    assert tree.read()[2] == 1
    tree.close()


def test_a_child_that_nobody_awaits_stays_in_the_sum(proc: FakeProc) -> None:
    proc.put(10, 1, own=100)
    proc.put(11, 10, own=50, waited=7)
    tree = ProcessTree(str(proc.root), 10, "", set())
    assert cpu_ticks(tree) == 157
    proc.remove(11)
    assert cpu_ticks(tree) == 157
    proc.put(10, 1, own=110)
    tree.renew(LATER_NS)
    assert cpu_ticks(tree) == 167
    tree.close()


def test_an_orphan_stays_in_the_tree_and_so_do_its_children(proc: FakeProc) -> None:
    proc.put(10, 1, own=10)
    proc.put(11, 10, own=20)
    proc.put(12, 11, own=30)
    tree = ProcessTree(str(proc.root), 10, "", set())
    assert cpu_ticks(tree) == 60
    proc.remove(11)
    proc.put(12, 1, own=31)
    proc.put(13, 12, own=5)
    tree.renew(LATER_NS)
    assert cpu_ticks(tree) == 10 + 20 + 31 + 5
    proc.remove(10)
    tree.read()
    tree.renew(LATER_NS)
    assert sorted(pid for pid, _ in tree.known()) == [12, 13]
    assert cpu_ticks(tree) == 66
    tree.close()


def test_a_process_id_used_again_is_not_the_old_process(proc: FakeProc) -> None:
    proc.put(10, 1, own=10)
    proc.put(11, 10, own=20)
    tree = ProcessTree(str(proc.root), 10, "", set())
    assert cpu_ticks(tree) == 30
    proc.remove(11)
    proc.put(11, 1, own=5000, start=99)  # a stranger with the same number
    proc.put(10, 1, own=10, waited=20)
    assert cpu_ticks(tree) == 30
    tree.renew(LATER_NS)
    assert cpu_ticks(tree) == 30
    assert [pid for pid, _ in tree.known()] == [10]
    tree.close()


def test_a_process_id_used_again_within_the_tree_is_followed_anew(proc: FakeProc) -> None:
    proc.put(10, 1)
    proc.put(11, 10, own=20)
    tree = ProcessTree(str(proc.root), 10, "", set())
    tree.read()
    proc.remove(11)
    proc.put(11, 10, own=3, start=99)
    proc.put(10, 1, waited=20)
    tree.read()
    assert tree.renew(LATER_NS)
    assert tree.known() == [(10, 1), (11, 99)]
    assert cpu_ticks(tree) == 23
    tree.close()


def test_when_all_have_gone_the_figures_are_missing(proc: FakeProc) -> None:
    proc.put(10, 1, own=10)
    tree = ProcessTree(str(proc.root), 10, "", set())
    proc.remove(10)
    for _ in range(2):
        cpu_s, memory, processes = tree.read()
        assert math.isnan(cpu_s) and math.isnan(memory)
        assert processes == 0
        tree.renew(LATER_NS)
    tree.close()


def test_a_root_that_was_never_seen_is_missing(proc: FakeProc) -> None:
    tree = ProcessTree(str(proc.root), 10, "", set())
    assert math.isnan(tree.read()[0])
    tree.close()


def test_a_dead_process_that_waits_for_its_parent_has_time_but_does_not_run(
    proc: FakeProc,
) -> None:
    proc.put(10, 1)
    proc.put(11, 10, own=40, state="Z")
    tree = ProcessTree(str(proc.root), 10, "", set())
    assert cpu_ticks(tree) == 40
    assert tree.read()[2] == 1
    tree.close()


def test_a_kernel_without_lists_of_children_is_walked(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path, lists=False)
    for pid, parent in ((10, 1), (11, 10), (12, 11), (13, 1)):
        proc.put(pid, parent, own=pid)
    tree = ProcessTree(str(tmp_path), 10, "", set())
    assert sorted(pid for pid, _ in tree.known()) == [10, 11, 12]
    tree.close()


def put_marked(proc: FakeProc, pid: int, parent: int, mark: str) -> None:
    proc.put(pid, parent, own=pid)
    environment = f"HOME=/\0BENCHHARNESS_TRIAL={mark}\0LANG=C"
    (proc.root / f"proc/{pid}/environ").write_text(environment)


def test_an_orphan_that_the_harness_inherits_is_known_by_its_mark(proc: FakeProc) -> None:
    proc.put(10, 1)
    put_marked(proc, 21, os.getppid(), "t-1")
    put_marked(proc, 22, os.getppid(), "t-2")
    tree = ProcessTree(str(proc.root), 10, "t-1", set())
    assert [pid for pid, _ in tree.known()] == [10]
    tree.renew(LATER_NS)
    assert [pid for pid, _ in tree.known()] == [10, 21]
    tree.close()


def test_trees_with_one_mark_do_not_take_each_others_processes(proc: FakeProc) -> None:
    harness = os.getppid()
    put_marked(proc, 10, harness, "t-1")
    claimed: set[int] = set()
    server = ProcessTree(str(proc.root), 10, "t-1", claimed)
    put_marked(proc, 20, harness, "t-1")  # a client has been started and is not yet added
    server.renew(LATER_NS)
    put_marked(proc, 21, 20, "t-1")
    client = ProcessTree(str(proc.root), 20, "t-1", claimed)
    server.renew(2 * LATER_NS)
    put_marked(proc, 21, harness, "t-1")  # the client's child is an orphan now
    proc.remove(20)
    client.read()
    for tree in (server, client, server, client):
        tree.renew(3 * LATER_NS)
    assert [pid for pid, _ in server.known()] == [10]
    assert [pid for pid, _ in client.known()] == [21]
    server.close()
    client.close()
    assert not claimed


@pytest.mark.parametrize(
    ("environment", "marked"),
    [
        ("BENCHHARNESS_TRIAL=abc", True),
        ("A=1\0BENCHHARNESS_TRIAL=abc\0B=2\0", True),
        ("BENCHHARNESS_TRIAL=abcd", False),
        ("XBENCHHARNESS_TRIAL=abc", False),
        ("A=BENCHHARNESS_TRIAL=abc", False),
        ("", False),
    ],
)
def test_only_the_whole_mark_counts(tmp_path: Path, environment: str, marked: bool) -> None:
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/environ").write_text(environment)
    assert is_marked(str(tmp_path), 7, "abc") is marked
    assert not is_marked(str(tmp_path), 7, "")
    assert not is_marked(str(tmp_path), 8, "abc")


def test_the_files_of_the_whole_tree_are_closed(proc: FakeProc) -> None:
    before = open_files()
    proc.put(10, 1)
    proc.put(11, 10)
    tree = ProcessTree(str(proc.root), 10, "", set())
    tree.read()
    proc.remove(11)
    tree.read()
    tree.renew(LATER_NS)
    tree.close()
    assert open_files() == before


counters = st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.booleans(), st.booleans())


@given(st.lists(st.lists(counters, min_size=3, max_size=3), max_size=12))
def test_the_sum_never_goes_back_whatever_ends_and_whoever_awaits(
    history: list[list[tuple[int, int, bool, bool]]],
) -> None:
    # Three processes, two of them children of the first, grow, end, and are awaited or not.
    tree = ProcessTree(str(DATA / "sys-pi4"), 4000, "none", set())
    own, waited, alive = [0, 0, 0], [0, 0, 0], [True, True, True]
    last = 0.0
    raw = read_files(tree.files)
    for step in history:
        for at, (more_own, more_waited, ends, is_awaited) in enumerate(step):
            if not alive[at]:
                continue
            own[at] += more_own
            waited[at] += more_waited
            if ends and at > 0:
                alive[at] = False
                if is_awaited:
                    waited[0] += own[at] + waited[at]
        for at in range(3):
            line = f"1 (p) S 1 0 0 0 0 0 0 0 0 0 {160 + own[at]} 0 {160 + waited[at]} 0 0 0 1 0 1 0"
            raw[2 * at] = line.encode() if alive[at] else GONE
        cpu_s = tree.parse(raw)[0]
        assert cpu_s >= last
        last = cpu_s
    tree.close()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_stat_line_or_refused(data: bytes) -> None:
    for text in (data, b"1 (x) S " + data):
        try:
            stat = ProcessStat(text)
        except ValueError:
            continue
        assert isinstance(stat.own + stat.waited + stat.start, int)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_statm_line_or_refused(data: bytes) -> None:
    try:
        assert anonymous_pages(data) >= 0
    except ValueError:
        assert not all(word.isdigit() for word in data.split()[1:3]) or len(data.split()) < 3


def test_the_name_of_a_program_may_look_like_the_rest_of_the_line() -> None:
    numbers = " ".join(str(n) for n in range(4, 53))
    stat = ProcessStat(f"77 (a) R 1 (b) S 3 4) Z {numbers}\n".encode())
    # proc(5) counts the fields from 1: utime is 14, cutime 16, num_threads 20, starttime 22.
    assert (stat.state, stat.parent, stat.session) == (b"Z", 4, 6)
    assert (stat.own, stat.waited) == (14 + 15, 16 + 17)
    assert (stat.threads, stat.start) == (20, 22)


def test_our_own_line_agrees_with_the_kernels_other_accounts() -> None:
    stat = ProcessStat(Path("/proc/self/stat").read_bytes())
    assert stat.parent == os.getppid()
    assert stat.session == os.getsid(0)
    times = os.times()
    assert stat.own / HZ == pytest.approx(times.user + times.system, abs=0.1)


def test_children_are_listed_for_each_thread() -> None:
    assert parse_children(b"12 345 \n") == [12, 345]
    assert parse_children(b"") == []
    assert children_of_other_threads(str(DATA / "sys-pi4"), 4000) == [4003]
