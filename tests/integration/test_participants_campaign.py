"""Campaigns with a server and several clients, from the command line: counted, resumed, placed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from benchharness.store.database import Store
from benchharness.testbed.records import Device, Testbed
from benchharness.trial.cgroup_factory import CgroupFactory
from benchharness.trial.device_groups import DeviceGroups, quota_hindrance
from benchharness.trial.twin_devices import TwinDevices
from tests.integration.harness import Harness, command_lines, processes_with
from tests.integration.participant_trials import program, run_trial

MARK = "a-client-of-the-campaign-tests"
MANIFEST = """\
name = "meeting"
argv = ["{python}", "{workload}/server.py", "{shared}", "{clients}"]
restart = 1

[factors.clients]
type = "int"
default = 2
max = 50

[factors.engine]
type = "str"
default = "direct"
levels = ["direct", "relayed"]

[participants.relay]
argv = ["{python}", "{workload}/relay.py"]
role = "support"
when = {engine = "relayed"}

[participants.client]
argv = ["{python}", "{workload}/client.py", "{shared}", "{index}", "{count}", "MARK"]
env = {CLIENT = "number {index}"}
count = "{clients}"
restart = 2
may_leave = true
on_device = true
"""
SERVER = """
import sys, time
from pathlib import Path
from benchharness import events

shared, clients = Path(sys.argv[1]), int(sys.argv[2])
while len(list(shared.glob("client-*"))) < clients:
    time.sleep(0.01)
while Path(__file__).with_name("hold").exists():
    time.sleep(0.01)
with events.window():
    words = sorted(path.read_text() for path in shared.glob("client-*"))
(shared / "over").touch()
events.output("words", words)
"""
CLIENT = """
import os, sys, time
from pathlib import Path

shared, index, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
failed = shared / f"failed-{index}"
if index == "1" and not failed.exists():
    failed.touch()
    sys.exit("the first start always fails")
(shared / f"new-{index}").write_text(f"{os.environ['CLIENT']} of {count}")
(shared / f"new-{index}").rename(shared / f"client-{index}")
while not (shared / "over").exists():
    time.sleep(0.01)
"""
RELAY = "import time\nfrom benchharness import events\nevents.ready()\ntime.sleep(60)\n"


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    folder = tmp_path / "meeting"
    folder.mkdir()
    (folder / "workload.toml").write_text(MANIFEST.replace("MARK", MARK))
    for name, text in {"server": SERVER, "client": CLIENT, "relay": RELAY}.items():
        (folder / f"{name}.py").write_text(text)
    return Harness(tmp_path)


def uses(harness: Harness) -> list[dict[str, Any]]:
    with Store.open(harness.results) as store:
        trials = store.trials(store.campaign("last").id)
        results = [trial.result for trial in trials if trial.replaced_by is None]
    assert all(result is not None for result in results)
    return [result.details["participants"] for result in results if result is not None]


def wait_for_clients(harness: subprocess.Popen[str], clients: int) -> None:
    deadline = time.monotonic() + 30
    while (
        len([line for _, line in command_lines() if MARK in line and "/bin/sh" not in line])
        < clients
    ):
        assert harness.poll() is None, harness.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_factors_say_how_many_clients_and_which_others_there_are(harness: Harness) -> None:
    outcome = harness.run("--set", "clients=3", "--vary", "engine=direct,relayed", "./meeting")
    assert outcome.code == 0, outcome.stderr
    trials = outcome.document["trials"]
    words = [f"number {index} of 3" for index in (1, 2, 3)]
    assert [trial["outputs"] for trial in trials] == [{"words": words}] * 2
    assert all("client-1 was started again once" in trial["warnings"][0] for trial in trials)
    clients = {"client-1", "client-2", "client-3", "main"}
    for trial, each in zip(trials, uses(harness), strict=True):
        relay = {"relay"} if trial["factors"]["engine"] == "relayed" else set()
        assert each.keys() == clients | relay
        assert each["client-1"]["restarts"] == 1
        assert trial["cpu_s"] == pytest.approx(sum(each[name]["cpu_s"] for name in clients))


@pytest.mark.slow
def test_a_campaign_that_was_interrupted_goes_on_with_the_clients_that_it_had(
    harness: Harness,
) -> None:
    hold = harness.folder / "meeting" / "hold"
    hold.touch()
    words = ["--meter", "none", "--idle", "0", "--repeat", "2", "--set", "clients=3"]
    process = harness.start("run", *words, "./meeting")
    wait_for_clients(process, 2)  # client-1 is in the pause before its second start, or in that
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert processes_with(MARK) == []
    hold.unlink()
    manifest = harness.folder / "meeting" / "workload.toml"
    manifest.write_text(manifest.read_text().replace("default = 2", "default = 7"))
    outcome = harness("resume", "last", "--json")
    assert outcome.code == 0, outcome.stderr
    trials = outcome.document["trials"]
    assert [trial["status"] for trial in trials] == ["ok", "ok"]
    assert [len(each) for each in uses(harness)] == [4, 4]


def test_participants_that_cannot_be_are_refused_before_anything_is_run(harness: Harness) -> None:
    for dry in ([], ["--dry-run"]):
        outcome = harness.run(*dry, "--set", "clients=0", "./meeting")
        assert outcome.code == 2
        assert outcome.last_line == (
            "benchharness: meeting/workload.toml:20: participants.client.count: expected an "
            "integer from 1 to 1000, got '0'; set its factor to one"
        )
    assert not harness.results.exists() or not Store.open(harness.results).campaigns()


@pytest.mark.skipif(not CgroupFactory().available, reason="no control groups can be made here")
def test_participants_run_in_the_groups_of_their_devices(tmp_path: Path) -> None:
    """Each is held to its device's share of the CPU, and one that is on none is not."""
    assert quota_hindrance() is None
    devices = tuple(
        Device(name, name, speed=1.0, idle_w=1.0, busy_w=2.0, threads=threads)
        for name, threads in (("slow", 1), ("fast", 4))
    )
    busy = """
end = time.monotonic() + 1.0
while time.monotonic() < end:
    pass
where = Path("/proc/self/cgroup").read_text()
events.output(sys.argv[2], [os.environ.get("OMP_NUM_THREADS"), "device-" in where])
"""
    participants = [
        program("main", busy, "main"),
        program("one", busy, "one", device="slow"),
        program("two", busy, "two", device="fast"),
    ]
    with DeviceGroups(Testbed("bed", "Bed", devices), {"slow": 0.1, "fast": 0.3}) as groups:
        ran = run_trial(tmp_path, participants, devices=TwinDevices(groups))
        assert list(groups.usage_file("slow").parent.glob("benchharness-*")) == []
    assert ran.result.reason is None
    threads = os.environ.get("OMP_NUM_THREADS")
    assert ran.result.outputs["one"] == [threads or "1", True]
    assert ran.result.outputs["two"] == [threads or "4", True]
    assert ran.result.outputs["main"][1] is False
    use = ran.uses
    placed = {name: (each["device"], each["cores"]) for name, each in use.items()}
    assert placed == {"main": (None, None), "one": ("slow", 0.1), "two": ("fast", 0.3)}
    cores = {
        name: each["cpu_s"] / ((each["ended_ns"] - each["started_ns"]) / 1e9)
        for name, each in use.items()
    }
    assert 0.02 < cores["one"] < 0.2
    assert cores["one"] < cores["two"] < 0.45
    assert sum(each["cpu_s"] for each in use.values()) == pytest.approx(ran.result.cpu_s)


def test_without_a_testbed_a_participant_runs_on_this_machine_as_it_is(tmp_path: Path) -> None:
    ran = run_trial(tmp_path, [program("main", "burn(0.05)", device="fast")])
    assert ran.result.reason is None
    assert (ran.uses["main"]["device"], ran.uses["main"]["cores"]) == (None, None)
