"""The whole way with a real broker and an emulated plug: joules against the known truth."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchharness.meters.emulator.truth import read_truth, truth_energy_j
from tests.integration.harness import Harness, wait_for_process
from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.slow]

BURN = "import time\nend = time.monotonic() + {s}\nwhile time.monotonic() < end: pass\n"


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return Harness(tmp_path)


def stage(trial: dict[str, Any], name: str) -> tuple[int, int]:
    span = next(span for span in trial["stages"] if span["name"] == name)
    return span["start_ns"], span["end_ns"]


@pytest.mark.alone
def test_net_energy_agrees_with_the_truth_within_its_uncertainty(
    harness: Harness, mosquitto: Mosquitto, start_plug: Callable[..., EmulatedPlug]
) -> None:
    plug = start_plug(mosquitto, "plug-1", "--watt-res", "1", "--energy-res", "5")
    outcome = harness(
        "run", "--json", "--meter", plug.address, "--idle", "3",
        "--", sys.executable, "-c", BURN.format(s=6),
    )  # fmt: skip
    assert outcome.code == 0, outcome.stderr
    (trial,) = outcome.document["trials"]
    energy = trial["energy"]
    assert energy["class"] == "emulated"
    assert energy["coverage"] > 0.95
    time.sleep(1.2)  # the truth file is flushed once a second, by a process with a real clock
    truth = read_truth(plug.truth)
    window_ns = (trial["window_start_ns"], trial["window_end_ns"])
    gross_j = truth_energy_j(truth, *window_ns)
    idle_j = idle_s = 0.0
    for name in ("idle_before", "idle_after"):
        start_ns, end_ns = stage(trial, name)
        idle_j += truth_energy_j(truth, start_ns, end_ns)
        idle_s += (end_ns - start_ns) / 1e9
    net_j = gross_j - idle_j / idle_s * trial["duration_s"]
    assert abs(energy["gross_j"]["value"] - gross_j) <= energy["gross_j"]["expanded_u"]
    assert abs(energy["net_j"]["value"] - net_j) <= energy["net_j"]["expanded_u"]
    # Not right merely because it is vague: the plug's own bound is 5 %.
    assert energy["gross_j"]["expanded_u"] < 0.25 * gross_j


def test_a_broker_that_goes_away_leaves_the_time_and_no_energy(
    harness: Harness, mosquitto: Mosquitto, start_plug: Callable[..., EmulatedPlug]
) -> None:
    plug = start_plug(mosquitto, "plug-1", "--watt-res", "1")
    process = harness.start(
        "run", "--json", "--meter", plug.address, "--idle", "1", "--", "sleep", "3.0625"
    )
    wait_for_process(process, "3.0625")
    time.sleep(1)
    mosquitto.kill()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    (trial,) = json.loads(stdout)["trials"]
    assert trial["status"] == "ok"
    assert 3 <= trial["duration_s"] < 4
    assert trial["energy"] is None
    assert "plug-1" in trial["energy_missing"]


def test_a_broker_that_is_down_is_exit_code_3_before_anything_is_run(harness: Harness) -> None:
    marker = harness.folder / "ran"
    outcome = harness(
        "run", "--meter", "tasmota:mqtt://127.0.0.1:1/plug-1", "--", "touch", str(marker)
    )
    assert outcome.code == 3
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert "127.0.0.1:1" in outcome.stderr
    assert not marker.exists()


def test_a_plug_that_is_silent_is_exit_code_3(harness: Harness, mosquitto: Mosquitto) -> None:
    address = f"tasmota:{mosquitto.url}/nobody"
    outcome = harness("run", "--meter", address, "--", "true")
    assert outcome.code == 3
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert "nobody" in outcome.stderr


def test_two_plugs_are_two_figures(
    harness: Harness, mosquitto: Mosquitto, start_plug: Callable[..., EmulatedPlug]
) -> None:
    plugs = [start_plug(mosquitto, name, "--watt-res", "1") for name in ("plug-1", "plug-2")]
    meters = [word for plug in plugs for word in ("--meter", plug.address)]
    outcome = harness("run", "--json", *meters, "--idle", "2", "--", "sleep", "3")
    assert outcome.code == 0, outcome.stderr
    (trial,) = outcome.document["trials"]
    assert trial["energy"]["meter"] == "plug-1"
    assert [other["meter"] for other in trial["other_energy"]] == ["plug-2"]


def test_the_password_is_in_no_argument_list_and_no_file(
    harness: Harness,
    start_mosquitto: Callable[..., Mosquitto],
    start_plug: Callable[..., EmulatedPlug],
) -> None:
    broker = start_mosquitto(users={"lab": "s3cret-pw"})
    secret = {"BENCHHARNESS_MQTT_USER": "lab", "BENCHHARNESS_MQTT_PASSWORD": "s3cret-pw"}
    plug = start_plug(broker, "plug-1", environment=secret)
    outcome = harness(
        "run", "--json", "--meter", plug.address, "--idle", "1", "--", "env", environment=secret
    )
    assert outcome.code == 0, outcome.stderr
    assert "s3cret-pw" not in outcome.stdout + outcome.stderr
    assert b"s3cret-pw" not in harness.results.read_bytes()
    refused = harness("run", "--meter", plug.address, "--", "true")
    assert refused.code == 3
    assert "password" in refused.stderr.lower()
