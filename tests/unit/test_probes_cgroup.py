from __future__ import annotations

import math
import os
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from benchharness.probes.cgroup import (
    cgroup_cpu,
    cgroup_memory,
    cgroup_processes,
    number_after,
)
from benchharness.probes.participant import Participant
from benchharness.probes.probe import GONE

DATA = Path(__file__).parents[1] / "data" / "sys-cgroup"


def test_version_1_in_two_folders() -> None:
    cpu, memory = cgroup_cpu(f"{DATA}/v1/cpuacct"), cgroup_memory(f"{DATA}/v1/memory")
    count = cgroup_processes(f"{DATA}/v1/memory")
    assert cpu is not None and memory is not None and count is not None
    assert cpu.read() == [2.512345678]
    assert memory.read() == [8192000]  # of the groups below too, without 300 MB of page cache
    assert count.read() == [3]
    assert cpu.meta == {"cpu": "cgroup v1 cpuacct.usage"}
    assert memory.meta == {"memory": "cgroup v1 anonymous (memory.stat total_rss)"}
    for probe in (cpu, memory, count):
        probe.close()


def test_version_2_in_one_folder() -> None:
    cpu, memory = cgroup_cpu(f"{DATA}/v2"), cgroup_memory(f"{DATA}/v2")
    assert cpu is not None and memory is not None
    assert cpu.read() == [2.512345]
    assert memory.read() == [8192000]
    assert memory.meta == {"memory": "cgroup v2 anonymous (memory.stat anon)"}
    cpu.close()
    memory.close()


def test_without_a_breakdown_the_page_cache_is_in_it_and_that_is_said() -> None:
    memory = cgroup_memory(f"{DATA}/v2-no-stat")
    assert memory is not None
    assert memory.read() == [4096]
    assert "with page cache" in memory.meta["memory"]
    memory.close()


def test_a_folder_without_the_file_gives_no_probe(tmp_path: Path) -> None:
    assert cgroup_cpu(f"{DATA}/v1/memory") is None
    assert cgroup_memory(f"{DATA}/v1/cpuacct") is None
    assert cgroup_processes(str(tmp_path)) is None
    assert [cgroup_cpu(None), cgroup_memory(None), cgroup_processes(None)] == [None] * 3


def test_an_empty_group_has_no_processes_but_one_that_was_removed_is_missing() -> None:
    count = cgroup_processes(f"{DATA}/v2-no-stat")
    cpu, memory = cgroup_cpu(f"{DATA}/v2"), cgroup_memory(f"{DATA}/v2")
    assert count is not None and cpu is not None and memory is not None
    assert count.read() == [0]
    for probe in (count, cpu, memory):
        assert math.isnan(probe.parse([GONE])[0])
        probe.close()


def values_of(participant: Participant) -> dict[str, float]:
    values: dict[str, float] = {}
    for probe in participant.probes:
        names = [name for name, _ in probe.channels]
        values.update(zip(names, probe.read(), strict=True))
        probe.close()
    return values


def test_a_participant_takes_from_proc_what_the_groups_lack() -> None:
    # The tree in the recorded /proc: 4000, 4001 and 4003, with 4.7 s and 6600 pages.
    pi4 = str(DATA.parent / "sys-pi4")
    page = os.sysconf("SC_PAGE_SIZE")
    both = {"cpu": f"{DATA}/v1/cpuacct", "memory": f"{DATA}/v1/memory"}
    group = {"cpu_s": 2.512345678, "memory_bytes": 8192000.0, "processes": 3.0}
    assert values_of(Participant(pi4, 4000, "none", both, set())) == group

    cpu_only = values_of(Participant(pi4, 4000, "none", {"cpu": f"{DATA}/v2-no-stat"}, set()))
    assert cpu_only == {"cpu_s": 1e-5, "memory_bytes": 6600.0 * page, "processes": 0.0}

    memory_only = Participant(pi4, 4000, "none", {"memory": f"{DATA}/v1/memory"}, set())
    assert [sorted(probe.meta) for probe in memory_only.probes] == [
        ["memory"],
        ["cpu", "processes"],
    ]
    assert values_of(memory_only) == {"cpu_s": 4.7, "memory_bytes": 8192000.0, "processes": 3.0}

    none = values_of(Participant(pi4, 4000, "none", {}, set()))
    assert none == {"cpu_s": 4.7, "memory_bytes": 6600.0 * page, "processes": 3.0}


def test_labels_are_found_at_the_start_of_a_line_only() -> None:
    text = b"inactive_anon 7\nanon 5\nanon_thp 3\n"
    assert number_after(text, b"anon") == 5
    assert number_after(b"anon 12\n", b"anon") == 12
    assert math.isnan(number_after(b"inactive_anon 7\n", b"anon"))
    assert math.isnan(number_after(b"anon \n", b"anon"))
    assert math.isnan(number_after(b"anon -5\n", b"anon"))


@given(st.binary(max_size=200), st.integers(0, 1 << 64), st.binary(max_size=50))
def test_a_labelled_line_is_found_between_any_others(before: bytes, n: int, after: bytes) -> None:
    assume(b"usage_usec" not in before)
    text = before + b"\nusage_usec %d\n" % n + after
    assert number_after(text, b"usage_usec") == float(n)
