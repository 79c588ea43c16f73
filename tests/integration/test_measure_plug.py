"""benchharness.measure in a script of its own, with an emulated plug on a real broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchharness.meters.emulator.truth import read_truth, truth_energy_j
from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SCRIPT = """
import json, sys, time
import benchharness

def burn(duration_s):
    end = time.perf_counter() + duration_s
    while time.perf_counter() < end:
        pass

with benchharness.measure("burn", meter=sys.argv[1], idle_s=float(sys.argv[2])) as m:
    print("begun", flush=True)
    burn(float(sys.argv[3]))
t = m.trial
idle = [(s.start_ns, s.end_ns) for s in t.spans if s.name.startswith("idle")]
print(json.dumps({**m.as_dict(), "window": [t.window_start_ns, t.window_end_ns], "idle": idle}))
print(m)
"""


def start(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")},
    )  # fmt: skip


@pytest.mark.alone
def test_gross_and_net_agree_with_the_truth_within_their_uncertainty(
    tmp_path: Path, mosquitto: Mosquitto, start_plug: Callable[..., EmulatedPlug]
) -> None:
    plug = start_plug(mosquitto, "plug-1", "--watt-res", "1", "--energy-res", "5")
    stdout, stderr = start(tmp_path, plug.address, "2", "5").communicate(timeout=120)
    found = json.loads(stdout.splitlines()[1])
    assert found["energy_class"] == "emulated", stderr
    time.sleep(1.2)  # the truth file is flushed once a second, by a process with a real clock
    truth = read_truth(plug.truth)
    gross_j = truth_energy_j(truth, *found["window"])
    assert len(found["idle"]) == 2
    idle_j = sum(truth_energy_j(truth, *span) for span in found["idle"])
    idle_s = sum(end - start for start, end in found["idle"]) / 1e9
    net_j = gross_j - idle_j / idle_s * found["duration_s"]
    assert abs(found["energy_gross_j"] - gross_j) <= found["energy_gross_u_j"]
    assert abs(found["energy_net_j"] - net_j) <= found["energy_net_u_j"]
    assert found["energy_gross_u_j"] < 0.25 * gross_j
    assert "J net" in stdout.splitlines()[2]


def test_a_broker_that_goes_away_leaves_the_time_and_the_reason(
    tmp_path: Path, mosquitto: Mosquitto, start_plug: Callable[..., EmulatedPlug]
) -> None:
    plug = start_plug(mosquitto, "plug-1", "--watt-res", "1")
    process = start(tmp_path, plug.address, "0", "3")
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(0.5)
    mosquitto.kill()
    stdout, stderr = process.communicate(timeout=60)
    found = json.loads(stdout.splitlines()[0])
    assert found["duration_s"] == pytest.approx(3.0, abs=1.0), stderr
    assert found["energy_gross_j"] is None
    assert "plug-1" in found["energy_missing"]


def test_ctrl_c_ends_at_once(
    tmp_path: Path, mosquitto: Mosquitto, start_plug: Callable[..., EmulatedPlug]
) -> None:
    plug = start_plug(mosquitto, "plug-1", "--watt-res", "1")
    process = start(tmp_path, plug.address, "0", "60")
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert time.monotonic() - began < 5
    assert stderr.strip().endswith("KeyboardInterrupt")
    assert process.returncode == -signal.SIGINT
