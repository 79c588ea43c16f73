"""The twin of a testbed: real control groups, a real broker, and joules against the known truth."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchharness.errors import MeterError
from benchharness.meters.address import parse_broker
from benchharness.meters.base import Meter
from benchharness.meters.emulator.truth import read_truth, truth_energy_j
from benchharness.meters.instrument import load_meter
from benchharness.meters.mqtt.connection import MqttConnection, MqttSettings
from benchharness.model import MeasurementClass, Reading
from benchharness.store.database import Store
from benchharness.testbed.login import LoginFile
from benchharness.testbed.records import Device, PlugSettings, Testbed
from benchharness.testbed.twin import Twin
from benchharness.trial.device_groups import DeviceGroups
from tests.integration.harness import Harness
from tests.integration.mqtt_broker import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.slow]

# Tenths of half of this machine: with two cores 0.6, 0.3 and 0.1 of one.
BED = """
title = "Three boards"
share = 0.5
[[device]]
name = "fast"
speed = 6
idle_w = 2
busy_w = 12
[[device]]
name = "middle"
speed = 3
idle_w = 3
busy_w = 7
[[device]]
name = "slow"
speed = 1
idle_w = 1.5
busy_w = 4
"""
# The middle one has another mode, at a third of its speed, and one of its own figures.
MODES = """
[device.mode.HIGH]
[device.mode.LOW]
speed = 1
busy_w = 4
"""
BURNERS = """
name = "burners"
title = "Burners"
argv = ["{python}", "{workload}/burn.py", "0", "{seconds}"]
[factors.seconds]
type = "int"
default = 8
[factors.power_mode]
type = "str"
default = ""
[participants.client]
argv = ["{python}", "{workload}/burn.py", "{index}", "{seconds}"]
count = 3
role = "main"
on_device = true
power_mode = "{power_mode}"
"""
# Counts how often it gets round in that time; the server (0) only waits.
BURN = """
import sys, time
from benchharness import events
end, count = time.monotonic() + float(sys.argv[2]), 0
if sys.argv[1] == "0":
    time.sleep(float(sys.argv[2]))
    sys.exit()
assert events.started()
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    count += sum(range(2000)) > 0
events.metric("rounds", count, unit="1")
"""


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    folder = tmp_path / "burners"
    folder.mkdir()
    (folder / "workload.toml").write_text(BURNERS)
    (folder / "burn.py").write_text(BURN)
    (tmp_path / "bed.toml").write_text(BED)
    (tmp_path / "campaign.toml").write_text(
        'workload = "burners/workload.toml"\ntestbed = "bed.toml"\n[set]\nseconds = 8\n'
    )
    return Harness(tmp_path)


@pytest.mark.alone
def test_devices_keep_to_their_shares_and_their_joules_are_right(harness: Harness) -> None:
    outcome = harness("run", "campaign.toml", "--json", "--truth", "truth", "--idle", "1")
    assert outcome.code == 0, outcome.stderr
    document = outcome.document
    (trial,) = document["trials"]
    window_ns = (trial["window_start_ns"], trial["window_end_ns"])
    length_s = (window_ns[1] - window_ns[0]) / 1e9
    figures = {each["target"]: each for each in [trial["energy"], *trial["other_energy"]]}
    cost = document["overhead"]
    assert 0 < cost["plugs_cpu_s"] == cost["sessions"][0]["plugs_cpu_s"]
    assert 0 < cost["plugs_share_of_a_core"] < 0.2
    bed = stored_testbed(harness)
    assert [each["name"] for each in bed["devices"]] == ["fast", "middle", "slow"]
    for device in bed["devices"]:
        figure = figures[device["name"]]
        assert (figure["meter"], figure["class"]) == (device["name"], "emulated")
        truth = read_truth(harness.folder / "truth" / f"{device['name']}.csv")
        true_j = truth_energy_j(truth, *window_ns)
        gross = figure["gross_j"]
        assert abs(gross["value"] - true_j) <= gross["expanded_u"]
        assert gross["expanded_u"] < 0.3 * true_j  # not right merely because it is vague
        # What was drawn above rest says how much of its share the device used: all of it.
        span_w = device["busy_w"] - device["idle_w"]
        used = (true_j / length_s - device["idle_w"]) / span_w
        assert used == pytest.approx(1.0, abs=0.1)
    rounds = rounds_of(harness)
    for name, device in zip(("client-1", "client-2", "client-3"), bed["devices"], strict=True):
        share = rounds[name] / sum(rounds.values())
        cores = sum(each["cores"] for each in bed["devices"])
        assert share == pytest.approx(device["cores"] / cores, rel=0.25)


@pytest.mark.alone
def test_a_mode_is_a_share_and_watts_of_its_trial_alone(harness: Harness) -> None:
    workload, bed = harness.folder / "burners" / "workload.toml", harness.folder / "bed.toml"
    workload.write_text(BURNERS + "start_at_full_speed = true\n")
    first, second, third, fourth = BED.split("[[device]]")
    bed.write_text("[[device]]".join([first, second, third + MODES, fourth]))
    words = ("run", "campaign.toml", "--vary", "power_mode=HIGH,LOW", "--set", "seconds=2")
    plan = harness(*words, "--dry-run")
    assert "power modes: middle in LOW: LOW" in " ".join(plan.stderr.split())
    outcome = harness(*words, "--json", "--truth", "truth", "--idle", "0.5", "--repeat", "1")
    assert outcome.code == 0, outcome.stderr
    modes, most_w = {}, {}
    for trial in outcome.document["trials"]:
        window_ns = (trial["window_start_ns"], trial["window_end_ns"])
        figures = {each["target"]: each for each in [trial["energy"], *trial["other_energy"]]}
        uses = {each["device"]: each for each in trial["participants"] if each["device"]}
        mode = uses["middle"]["power_mode"]
        modes[mode] = [uses[name]["cores"] for name in ("fast", "middle", "slow")]
        assert uses["fast"]["power_mode"] is None
        for name in ("fast", "middle", "slow"):
            truth = read_truth(harness.folder / "truth" / f"{name}.csv")
            gross = figures[name]["gross_j"]
            true_j = truth_energy_j(truth, *window_ns)
            assert abs(gross["value"] - true_j) <= gross["expanded_u"]
            inside = (truth.times_ns > window_ns[0]) & (truth.times_ns <= window_ns[1])
            most_w[mode, name] = max(truth.powers_w[inside])
    assert not [each for each in outcome.document["cautions"] if each["code"] == "full-speed"]
    # All of the mode's share is the mode's busy power, and not that of the device's own.
    assert 4.0 < most_w["HIGH", "middle"] <= 7.0 + 1e-9
    assert 3.0 < most_w["LOW", "middle"] <= 4.0 + 1e-9
    cores = sum(modes["HIGH"])
    assert modes["HIGH"] == pytest.approx([0.6 * cores, 0.3 * cores, 0.1 * cores])
    assert modes["LOW"] == pytest.approx([0.6 * cores, 0.1 * cores, 0.1 * cores])
    (device,) = [each for each in stored_testbed(harness)["devices"] if each["name"] == "middle"]
    assert [each["name"] for each in device["modes"]] == ["HIGH", "LOW"]


def test_a_killed_harness_leaves_no_plug_no_broker_and_can_go_on(harness: Harness) -> None:
    process = harness.start("run", "campaign.toml", "--set", "seconds=2", "--idle", "1")
    family = wait_for(lambda: twin_of(process.pid))
    wait_for(lambda: [p for group in groups_of(process.pid) for p in group.glob("benchharness-*")])
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not any(is_running(each) for each in family))
    outcome = harness("resume", "last", "--json")
    assert outcome.code == 0, outcome.stderr
    trial = outcome.document["trials"][-1]
    assert trial["status"] == "ok"
    targets = {each["target"] for each in [trial["energy"], *trial["other_energy"]]}
    assert {"fast", "middle", "slow"} <= targets
    assert not groups_of(process.pid)


def test_without_meters_devices_still_have_their_shares(harness: Harness) -> None:
    outcome = harness("run", "campaign.toml", "--set", "seconds=1", "--meter", "none", "--json")
    assert outcome.code == 0, outcome.stderr
    (trial,) = outcome.document["trials"]
    assert trial["energy"] is None
    assert [each["cores"] > 0 for each in stored_testbed(harness)["devices"]] == [True] * 3


def test_the_plan_names_the_testbed_and_its_meters(harness: Harness) -> None:
    outcome = harness("run", "campaign.toml", "--dry-run", "--json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.document["meters"] == ["fast", "middle", "slow"]
    assert outcome.document["testbed"]["class"] == "emulated"
    assert outcome.document["title"] == "Burners, on the twin of testbed bed"
    assert "a twin on this machine" in harness("run", "campaign.toml", "--dry-run").stderr


@pytest.mark.parametrize("words", [("--testbed", "bed"), ("--testbed", "d1.5")])
def test_a_testbed_that_is_not_there_is_exit_code_2(harness: Harness, words: list[str]) -> None:
    outcome = harness("run", "campaign.toml", *words)
    assert outcome.code == 2
    assert outcome.last_line.startswith("benchharness: --testbed: unknown testbed")


@pytest.mark.parametrize("poll_s", [0.0, 0.5])
def test_plugs_on_a_broker_that_is_named(mosquitto: Mosquitto, poll_s: float) -> None:
    plugs = PlugSettings(telemetry_s=0.5, poll_s=poll_s, broker=mosquitto.url)
    with twin(plugs) as (_, found):
        assert found.broker == mosquitto.url
        for instrument in found.instruments():
            meter = load_meter(instrument)
            meter.open()
            readings: list[Reading] = []
            wait_for(lambda m=meter, r=readings: r.extend(m.read()) or len(r) > 2)  # type: ignore[misc]
            assert meter.capabilities().measurement_class is MeasurementClass.EMULATED
            meter.close()
        assert [each.name for each in psutil.Process(found.pid).children()] == []


def test_plugs_on_a_broker_that_is_down_are_an_error() -> None:
    plugs = PlugSettings(broker="mqtt://127.0.0.1:1")
    with pytest.raises(MeterError, match=r"127\.0\.0\.1:1"), twin(plugs):
        pass


def test_nobody_else_speaks_on_the_broker_of_the_plugs(tmp_path: Path) -> None:
    with twin(PlugSettings()) as (_, found):
        first, second = found.instruments()
        login = Path(first.options["credentials_file"])
        assert login.stat().st_mode & 0o777 == 0o600
        settings = MqttSettings(parse_broker(str(found.broker)), credentials_file=login)
        others = {"somebody": f"benchharness\n{'x' * 32}\n", "nobody": None}
        for name, text in others.items():
            file = tmp_path / name
            if text is not None:
                file.write_text(text)
                file.chmod(0o600)
            wrong = replace(settings, credentials_file=file if text is not None else None)
            connection = MqttConnection(wrong)
            with pytest.raises(MeterError, match=r"refuse|authori"):
                connection.open()
            connection.close()
        right = MqttConnection(settings)
        right.open()
        right.close()
        assert second.options["credentials_file"] == str(login)
    assert not any("memfd:credentials" in str(each.readlink()) for each in own_files())


def test_what_the_plugs_and_their_broker_use_is_known() -> None:
    with twin(PlugSettings()) as (_, found):
        before_s = found.cpu_s()
        assert before_s is not None
        assert before_s > 0.0  # an interpreter was started; a fast machine needs 0.1 s for it
        wait_for(lambda: (found.cpu_s() or 0.0) > before_s)
    assert found.cpu_s() is None


@pytest.mark.alone
def test_a_device_that_sends_costs_what_its_bits_over_the_rate_are_worth(tmp_path: Path) -> None:
    """Two devices at rest; one sends 40 Mbit at 20 Mbit/s and then at 10: 1 s and 2 s of sending.

    A counter's step is 36 J, so the watts are of a large machine.
    """
    devices = (
        Device("sends", "A", 1.0, 20.0, 900.0, transmit_w=220.0, receive_w=70.0),
        Device("rests", "B", 1.0, 20.0, 900.0, transmit_w=220.0, receive_w=70.0),
    )
    bed = Testbed("bed", "Two", devices, PlugSettings(poll_s=0.2))
    up, slower_up, down = (tmp_path / name for name in ("up", "slower_up", "down"))
    for counter in (up, slower_up, down):
        counter.write_text("0\n")
    with DeviceGroups(bed, {"sends": 0.2, "rests": 0.2}) as groups:
        usage = {device.name: groups.usage_file(device.name) for device in devices}
        with Twin(bed, usage, groups.cores, tmp_path / "truth") as found:
            meters = [load_meter(each) for each in found.instruments()]
            for meter in meters:
                meter.open()
            readings: list[list[Reading]] = [[], []]
            read_until(meters, readings, time.monotonic_ns())
            found.set_link("sends", up, down, 20e6, 20e6)
            wait_for(lambda: opened_by(found) >= {up, down})
            add_bytes(up, 2_500_000)
            found.set_link("sends", slower_up, down, 10e6, 20e6)
            wait_for(lambda: slower_up in opened_by(found))
            add_bytes(slower_up, 2_500_000)
            add_bytes(down, 250_000)  # 2 Mbit at 20 Mbit/s: 0.1 s
            found.no_link("sends")
            wait_for(lambda: not opened_by(found) & {slower_up, down})
            add_bytes(down, 900_000_000)  # nobody's any more
            read_until(meters, readings, time.monotonic_ns() + round(3.5e9))
            for meter in meters:
                meter.close()
    true_j = []
    for device in devices:
        truth = read_truth(tmp_path / "truth" / f"{device.name}.csv")
        start_ns, end_ns = truth.span_ns
        length_s = (end_ns - start_ns) / 1e9
        true_j.append(truth_energy_j(truth, start_ns, end_ns) - 20.0 * length_s)
    expected_j = (220 - 20) * 3.0 + (70 - 20) * 0.1
    assert true_j == [pytest.approx(expected_j, rel=1e-9), pytest.approx(0.0, abs=1e-9)]
    sent, rested = ([r.energy_j or 0.0 for r in read] for read in readings)
    more_j = (sent[-1] - sent[0]) - (rested[-1] - rested[0])
    assert more_j == pytest.approx(expected_j, abs=2 * 36.0 + 0.3 * 20.0)


def read_until(meters: list[Meter], readings: list[list[Reading]], t_ns: int) -> None:
    """Read meters until each has a reading after a time."""
    for meter, read in zip(meters, readings, strict=True):
        wait_for(lambda m=meter, r=read: r.extend(m.read()) or (r and r[-1].t_ns > t_ns))  # type: ignore[misc]


def opened_by(found: Twin) -> set[Path]:
    """Return the files that the plugs have open: what they were told has come to them."""
    with suppress(OSError):
        return {each.readlink() for each in Path(f"/proc/{found.pid}/fd").iterdir()}
    return set()


def add_bytes(counter: Path, count: int) -> None:
    """Count as the kernel does: the same file, never seen half written."""
    with counter.open("r+b", buffering=0) as file:
        file.write(f"{count}\n".encode())


def test_killed_plugs_take_their_broker_with_them() -> None:
    with twin(PlugSettings()) as (_, found):
        assert found.pid is not None
        (broker,) = psutil.Process(found.pid).children()
        os.kill(found.pid, signal.SIGKILL)
        wait_for(lambda: not is_running(broker))


def test_the_program_says_what_is_wrong_and_ends_with_its_stdin(tmp_path: Path) -> None:
    plug = {"usage_file": "/nowhere/cpu.stat", "cores": 1.0, "idle_w": 1.0, "busy_w": 2.0}
    said, code = told([{"topic": "a", **plug}])
    assert said["error"]["where"] == "/nowhere/cpu.stat"
    assert code == 3
    (tmp_path / "cpu.stat").write_text("usage_usec 0\n")
    said, code = told([{"topic": "a", **plug, "usage_file": str(tmp_path / "cpu.stat")}])
    assert said["ready"]["broker"].startswith("mqtt://127.0.0.1:")
    assert code == 0


def own_files() -> list[Path]:
    return [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]


def told(plugs: list[dict[str, Any]]) -> tuple[dict[str, Any], int]:
    """Start the program by itself, take its answer, and close its stdin."""
    login = LoginFile()
    with (
        closing(login),
        subprocess.Popen(
            [sys.executable, "-m", "benchharness.testbed.program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=(login.descriptor,),
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        document = {"settings": {}, "plugs": plugs, "login": login.path}
        process.stdin.write(json.dumps(document, default=str) + "\n")
        process.stdin.flush()
        said: dict[str, Any] = json.loads(process.stdout.readline())
        process.stdin.close()
        return said, process.wait(30)


@contextmanager
def twin(plugs: PlugSettings) -> Iterator[tuple[DeviceGroups, Twin]]:
    devices = (Device("a", "A", 1.0, 1.0, 2.0), Device("b", "B", 0.5, 1.0, 2.0))
    bed = Testbed("bed", "Two", devices, plugs)
    with DeviceGroups(bed, {"a": 0.2, "b": 0.1}) as groups:
        usage = {device.name: groups.usage_file(device.name) for device in devices}
        with Twin(bed, usage, groups.cores) as found:
            yield groups, found


def stored_testbed(harness: Harness) -> dict[str, Any]:
    with Store.open(harness.results, create=False, read_only=True) as store:
        testbed: dict[str, Any] = store.campaign("last").spec["testbed"]
        return testbed


def rounds_of(harness: Harness) -> dict[str, float]:
    with Store.open(harness.results, create=False, read_only=True) as store:
        (trial,) = store.trials(store.campaign("last").id)
        events = store.events(trial.trial_id)
        return {
            each.participant: each.value
            for each in events
            if each.kind == "metric" and each.value is not None
        }


def twin_of(pid: int) -> list[psutil.Process]:
    """Return the process of the plugs and its broker, once both are there."""
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children():
            brokers = [each for each in child.children() if each.name() == "mosquitto"]
            if brokers:
                return [child, *brokers]
    return []


def groups_of(pid: int) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"**/benchharness-{pid}-device-*"))


def is_running(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def wait_for(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
