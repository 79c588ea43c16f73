from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.probes.system import (
    busy_ticks,
    cpu_labels,
    memory_used_bytes,
    system_cpu,
    system_memory,
)

DATA = Path(__file__).parents[1] / "data"
HZ = os.sysconf("SC_CLK_TCK")


def test_busy_is_everything_but_idle_and_iowait() -> None:
    # user nice system idle iowait irq softirq steal guest guest_nice; guest time is in user
    fields = b"cpu0 1000 20 300 50000 4000 5 60 7 800 9".split()
    assert busy_ticks(fields) == 1000 + 20 + 300 + 5 + 60 + 7


def test_an_old_kernel_without_steal_is_understood() -> None:
    assert busy_ticks(b"cpu 10 1 5 100 2".split()) == 16


@pytest.mark.parametrize("line", [b"", b"cpu", b"cpu 1 2 3", b"cpu a b c d e f g h"])
def test_what_is_no_cpu_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        busy_ticks(line.split())


@given(st.lists(st.integers(0, 1 << 62), min_size=4, max_size=10))
def test_busy_and_idle_add_up_to_the_line(counters: list[int]) -> None:
    line = b"cpu " + b" ".join(str(n).encode() for n in counters)
    assert busy_ticks(line.split()) + sum(counters[3:5]) == sum(counters[:8])


def test_pi4_seconds_of_all_cores_and_of_each() -> None:
    probe = system_cpu(str(DATA / "sys-pi4"))
    assert probe is not None
    assert probe.channels == tuple((f"cpu{core}_s", "s") for core in ("", 0, 1, 2, 3))
    total, first, *_ = probe.read()
    assert total == (61234 + 210 + 15321 + 987) / HZ
    assert first == (15000 + 50 + 4000 + 600) / HZ
    probe.close()


def test_only_cores_that_are_online_at_the_start_have_a_channel() -> None:
    probe = system_cpu(str(DATA / "sys-jetson-nano"))
    assert probe is not None
    assert [name for name, _ in probe.channels] == ["cpu_s", "cpu0_s", "cpu3_s"]
    probe.close()


def test_a_core_that_goes_offline_is_missing_and_the_others_go_on(tmp_path: Path) -> None:
    shutil.copytree(DATA / "sys-pi4" / "proc", tmp_path / "proc")
    probe = system_cpu(str(tmp_path))
    assert probe is not None
    before = probe.read()
    stat = tmp_path / "proc/stat"
    lines = [line for line in stat.read_text().splitlines(True) if not line.startswith("cpu2")]
    stat.write_text("".join(lines))
    after = probe.read()
    assert math.isnan(after[3])
    assert after[:3] + after[4:] == before[:3] + before[4:]
    probe.close()


def test_a_line_that_the_buffer_cuts_is_missing_and_not_a_smaller_number() -> None:
    probe = system_cpu(str(DATA / "sys-pi4"))
    assert probe is not None
    whole = (DATA / "sys-pi4/proc/stat").read_bytes()
    cut = whole.index(b"cpu3") + 12
    values = probe.parse([whole[:cut]])
    assert math.isnan(values[4])
    assert values[:4] == probe.read()[:4]
    probe.close()


@given(st.binary(max_size=400))
def test_any_bytes_give_one_value_for_each_channel(data: bytes) -> None:
    probe = system_cpu(str(DATA / "sys-pi4"))
    assert probe is not None
    assert len(probe.parse([data])) == 5
    probe.close()


def test_labels_are_the_cpu_lines_only() -> None:
    text = (DATA / "sys-pi4/proc/stat").read_bytes()
    assert cpu_labels(text) == [b"cpu", b"cpu0", b"cpu1", b"cpu2", b"cpu3"]


def test_pi4_memory_in_use() -> None:
    probe = system_memory(str(DATA / "sys-pi4"))
    assert probe is not None
    assert probe.read() == [(3885396 - 3204568) * 1024]
    probe.close()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"MemTotal: 100 kB\n",
        b"MemTotal: 100 kB\nMemAvailable: ",
        b"MemTotal: 100 MB\nMemAvailable: 50 MB\n",
        b"MemTotal: x kB\nMemAvailable: 50 kB\n",
    ],
)
def test_incomplete_memory_is_missing(text: bytes) -> None:
    assert math.isnan(memory_used_bytes(text))


@given(st.binary(max_size=300))
def test_memory_from_any_bytes_is_a_number_or_missing(data: bytes) -> None:
    value = memory_used_bytes(data)
    assert math.isnan(value) or value == int(value)


def test_a_machine_without_the_files_has_no_such_channels(tmp_path: Path) -> None:
    assert system_cpu(str(tmp_path)) is None
    assert system_memory(str(tmp_path)) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 100 kB\nMemFree: 10 kB\n")
    (tmp_path / "proc/stat").write_text("ctxt 5\n")
    assert system_cpu(str(tmp_path)) is None
    assert system_memory(str(tmp_path)) is None


def test_the_real_machine_has_been_busy_for_a_while() -> None:
    cpu, memory = system_cpu(""), system_memory("")
    assert cpu is not None and memory is not None
    total, *cores = cpu.read()
    # One tick for each core: the lines are rounded down one by one.
    assert total == pytest.approx(sum(cores), abs=(len(cores) + 1) / HZ * 4)
    assert 1 << 20 < memory.read()[0] < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cpu.close()
    memory.close()
