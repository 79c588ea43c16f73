from __future__ import annotations

import math
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from benchharness.errors import UnfitError
from benchharness.probes.throttling import decode
from benchharness.trial.sampling import Sampler
from tests.integration.sampling_helpers import (
    collect,
    enter,
    is_alive,
    own_groups,
    program,
    rows,
    wait_until,
)

pytestmark = pytest.mark.alone  # ticks that come in time, and those that do not, are counted

DATA = Path(__file__).parents[1] / "data"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")

BUSY = """
import os, resource, sys, time
sys.stdin.readline()
def burn(cpu_s):
    end = time.process_time() + cpu_s
    while time.process_time() < end: pass
for child_cpu_s in (0.1, 0.8):  # the second outlives the time between two looks for children
    child = os.fork()
    if not child:
        burn(child_cpu_s)
        os._exit(0)
    os.waitpid(child, 0)
burn(0.4)
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(sum(usage.ru_utime + usage.ru_stime for usage in used), flush=True)
sys.stdin.readline()
"""

BIG = """
import sys, tempfile
sys.stdin.readline()
with tempfile.TemporaryFile() as file:
    for _ in range(30): file.write(bytes(1 << 20))
    block = bytearray(b"x") * (40 << 20)
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("grouped", [False, True])
def test_cpu_seconds_agree_with_the_childs_own_account(grouped: bool) -> None:
    with own_groups(grouped) as groups, program(BUSY) as child, Sampler(50) as sampler:
        enter(groups, child.pid)
        sampler.add_tree("main", child.pid, groups, "")
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        own_s = float(child.stdout.readline())
        batches = collect(sampler, 0.1)
        seen = rows(batches, "tree:main")
        methods = next(batch.meta for batch in batches if batch.stream == "tree:main")
        sampler.remove_tree("main")
        sampler.flush()
        child.kill()
        child.wait()
    # Of /proc each of two counters of two processes is rounded down to a tick.
    assert seen["cpu_s"][-1] == pytest.approx(own_s, abs=0.05 if "cpu" in groups else 5 * TICK_S)
    assert methods["cpu"].startswith("cgroup" if "cpu" in groups else "/proc")
    assert seen["cpu_s"] == sorted(seen["cpu_s"])
    assert max(seen["processes"]) == 2  # the child and, for a while, its own one
    assert seen["processes"][-1] == 1


@pytest.mark.parametrize("grouped", [False, True])
def test_memory_is_what_the_program_holds_and_not_what_it_wrote(grouped: bool) -> None:
    with own_groups(grouped) as groups, program(BIG) as child, Sampler(20) as sampler:
        enter(groups, child.pid)
        sampler.add_tree("main", child.pid, groups, "")
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        child.stdout.readline()
        seen = rows(collect(sampler, 0.1), "tree:main")
        child.kill()
        child.wait()
    assert 40 << 20 <= seen["memory_bytes"][-1] < 60 << 20


def test_streams_come_once_a_second_and_their_times_are_those_of_the_ticks() -> None:
    with Sampler(20) as sampler:
        start_ns = time.monotonic_ns()
        batches = collect(sampler, 2.3)
        end_ns = time.monotonic_ns()
    system = [batch for batch in batches if batch.stream == "system"]
    assert len(system) <= 5  # the first tick, two or three seconds, the flush
    names = [channel.name for channel in system[0].channels]
    assert names[:2] == ["cpu_s", "cpu0_s"]
    board = next(batch for batch in batches if batch.stream == "board")
    assert board.channels[0].name == "memory_used_bytes"
    seen = rows(batches, "system")
    times = [int(t) for t in seen["t_ns"]]
    assert times == sorted(set(times))
    assert start_ns - 100_000_000 < times[0] and times[-1] < end_ns
    assert 40 <= len(times) <= 47
    assert seen["cpu_s"] == sorted(seen["cpu_s"])
    report = sampler.stop()
    assert report is not None
    assert report.ticks >= len(times)
    assert report.missed_ticks <= 5
    assert 0 < report.start_cpu_s < report.cpu_s < 1
    assert report.memory_peak_bytes is not None and report.memory_peak_bytes < 30 << 20
    assert report.late_p50_s is not None and report.late_p99_s is not None
    assert report.late_p50_s <= report.late_p99_s
    assert "timerfd" in report.scheduling


def test_what_waits_at_the_end_is_received_after_the_stop() -> None:
    sampler = Sampler(100)
    sampler.start()
    time.sleep(0.3)
    report = sampler.stop()
    assert report is not None
    assert len(rows(sampler.receive(), "system")["t_ns"]) == report.ticks > 20
    assert sampler.stop() == report
    assert sampler.receive() == []


def test_a_pi_in_trouble_is_seen_through_a_recorded_tree() -> None:
    with Sampler(10, sysroot=DATA / "sys-pi4") as sampler:
        sampler.add_tree("main", 4000, None, "none")
        batches = collect(sampler, 0.4)
    board = rows(batches, "board")
    assert board["temperature_c"][0] == 82.764
    assert board["frequency_hz"][0] == 1e9
    assert "throttled" in decode(int(board["throttled"][0]))
    assert board["network_rx_bytes"][0] == 9877543210
    assert rows(batches, "tree:main")["cpu_s"][-1] == 4.7
    units = {c.name: c.unit for batch in batches for c in batch.channels}
    assert units["temperature_c"] == "degC" and units["frequency_hz"] == "Hz"


def test_a_board_has_only_the_channels_that_it_can_fill() -> None:
    with Sampler(10, sysroot=DATA / "sys-jetson-nano") as sampler:
        board = rows(collect(sampler, 0.3), "board")
    assert board["temperature_c"] == [41.5]
    assert "throttled" not in board


def test_a_tree_that_ends_is_missing_from_then_on_and_may_come_again() -> None:
    with Sampler(50) as sampler:
        child = subprocess.Popen(["sleep", "60"])
        sampler.add_tree("main", child.pid, None, "")
        before = rows(collect(sampler, 0.2), "tree:main")
        child.kill()
        child.wait()
        sampler.flush()
        after = rows(collect(sampler, 0.2), "tree:main")
        sampler.remove_tree("main")
        sampler.flush()
        assert rows(collect(sampler, 0.2), "tree:main") == {}
        child = subprocess.Popen(["sleep", "60"])
        sampler.add_tree("main", child.pid, None, "")
        again = rows(collect(sampler, 0.2), "tree:main")
        child.kill()
        child.wait()
    assert before["processes"][-1] == again["processes"][-1] == 1
    assert before["memory_bytes"][-1] > 0
    assert after["processes"][-1] == 0
    assert math.isnan(after["cpu_s"][-1]) and math.isnan(after["memory_bytes"][-1])


def test_a_sampler_that_dies_is_told_once_after_what_it_had_sent() -> None:
    sampler = Sampler(50)
    sampler.start()
    pid = os.getpid()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    time.sleep(1.3)
    os.kill(int(children[-1]), signal.SIGKILL)
    assert wait_until(lambda: not is_alive(int(children[-1])))
    assert len(rows(sampler.receive(), "system")["t_ns"]) > 40
    with pytest.raises(UnfitError, match="killed by SIGKILL") as caught:
        sampler.receive()
    assert caught.value.exit_code == 3
    assert sampler.receive() == []
    sampler.remove_tree("main")
    assert sampler.stop() is None


def test_a_death_that_nobody_has_seen_is_told_after_the_stop() -> None:
    sampler = Sampler(50)
    sampler.start()
    os.kill(child_of_ours(), signal.SIGKILL)
    assert sampler.stop() is None
    with pytest.raises(UnfitError, match="SIGKILL"):
        while sampler.receive():
            pass


def child_of_ours() -> int:
    pid = os.getpid()
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[-1])


def test_a_sampler_that_cannot_start_gives_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchharness.trial.sampling._PROGRAM", "raise SystemExit('no luck')")
    with pytest.raises(UnfitError, match=r"ended with code 1 \(no luck\)"):
        Sampler(10).start()


def test_signals_of_the_terminal_do_not_reach_the_sampler() -> None:
    with Sampler(50) as sampler:
        pid = child_of_ours()
        assert os.getsid(pid) == pid
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, number)
        assert len(rows(collect(sampler, 0.2), "system")["t_ns"]) > 5
        report = sampler.stop()
    assert report is not None


def test_an_overrun_is_counted_and_stamped_with_its_real_time() -> None:
    with Sampler(100) as sampler:
        pid = child_of_ours()
        time.sleep(0.2)
        os.kill(pid, signal.SIGSTOP)
        stopped_ns = time.monotonic_ns()
        time.sleep(0.5)
        resumed_ns = time.monotonic_ns()
        os.kill(pid, signal.SIGCONT)
        times = rows(collect(sampler, 0.3), "system")["t_ns"]
        report = sampler.stop()
        elapsed_ticks = (times[-1] - times[0]) / 1e7
    assert not [t for t in times if stopped_ns + 1e7 < t < resumed_ns]
    assert report is not None
    assert report.missed_ticks >= 45
    rows_and_missed = len(times) - 1 + report.missed_ticks
    assert rows_and_missed == pytest.approx(elapsed_ticks, abs=5)


def test_a_client_that_does_not_read_for_long_loses_nothing() -> None:
    with Sampler(1000) as sampler:
        time.sleep(2.5)  # more than the pipe holds
        batches = sampler.flush() + sampler.receive()
        report = sampler.stop()
        batches += sampler.receive()
    assert report is not None
    assert report.dropped_samples == 0
    assert len(rows(batches, "system")["t_ns"]) == report.ticks
    assert report.ticks + report.missed_ticks >= 2500
