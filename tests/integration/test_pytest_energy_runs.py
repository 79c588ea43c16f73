"""Real runs of pytest with pytest-benchmark, in a process of their own, and a real broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchharness.meters.emulator.truth import read_truth, truth_energy_j
from tests.integration.harness import Harness
from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto

MODULE = """
import time

def burn(duration_s):
    end = time.perf_counter() + duration_s
    while time.perf_counter() < end:
        pass

def test_burn(benchmark):
    benchmark.pedantic(burn, args=(0.5,), rounds=12, warmup_rounds=1)

def test_short(benchmark):
    benchmark.pedantic(burn, args=(0.001,), rounds=3)

def test_plain():
    pass
"""
FAST = """
def test_fast(benchmark):
    benchmark(sorted, list(range(1000)))

def test_unused(benchmark):
    benchmark.pedantic(sum, args=([1, 2],), rounds=2)
    assert False, "on purpose"
"""


def run_pytest(folder: Path, module: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(module)
    # The pytest of these tests is no worker of pytest-xdist, whatever runs them.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_it.py"],
        cwd=folder,
        env={**environment, "XDG_CONFIG_HOME": str(folder / "config")},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def energies(file: Path) -> dict[str, dict[str, Any]]:
    found = json.loads(file.read_text())["benchmarks"]
    return {each["name"]: each["extra_info"]["energy"] for each in found}


def test_nothing_is_there_that_was_not_asked_for(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, FAST, "-k", "fast", "--benchmark-json=o.json",
                      "--benchmark-max-time=0.05")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "energy" not in done.stdout
    found = json.loads((tmp_path / "o.json").read_text())["benchmarks"]
    assert found[0]["extra_info"] == {}


def test_the_plugin_is_light_until_it_is_asked_for() -> None:
    code = (
        "import sys, benchharness.api.pytest_energy; "
        "print(sorted({'numpy', 'sqlite3', 'paho', 'benchharness.api.recording'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--energy", "-p", "no:benchmark", "-k", "plain"), "--energy needs pytest-benchmark"),
        (("--energy", "--energy-meter", "nope"), "unknown meter 'nope'"),
        (("--energy-meter", "estimate"), "--energy-meter has no effect without --energy"),
        (("--energy", "--energy-idle", "-1"), "--energy-idle: expected seconds, 0 or more"),
    ],
)
def test_wrong_options_are_one_line(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    done = run_pytest(tmp_path, MODULE, *options)
    assert done.returncode == 4
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.slow
def test_without_pytest_benchmark_everything_else_runs(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "def test_plain(): pass\n", "-p", "no:benchmark")
    assert done.returncode == 0
    done = run_pytest(tmp_path, FAST, "--energy", "-n", "1", "-k", "fast")
    assert done.returncode == 0, done.stdout
    assert "not measured: the benchmarks are disabled in this run" in done.stdout


@pytest.mark.slow
def test_an_estimate_and_a_failing_benchmark(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path, FAST, "--energy", "--energy-meter", "estimate", "--benchmark-json=o.json",
        "--benchmark-max-time=0.5",
    )  # fmt: skip
    assert done.returncode == 1
    found = energies(tmp_path / "o.json")
    fast = found["test_fast"]
    assert fast["measurement_class"] == "estimated"
    assert fast["kind"] == "gross"
    calls = fast["rounds"] * fast["iterations"]
    assert fast["per_call_j"] == pytest.approx(fast["gross_j"] / calls)
    assert fast["power_w"] == pytest.approx(fast["gross_j"] / fast["window_s"])
    assert "energy of benchmarks" in done.stdout
    assert "estimated, gross" in done.stdout


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.alone
def test_joules_of_the_rounds_are_those_that_the_plug_gave(
    tmp_path: Path, mosquitto: Mosquitto, start_plug: Callable[..., EmulatedPlug]
) -> None:
    plug = start_plug(mosquitto, "plug-1", "--watt-res", "1", "--energy-res", "5")
    began_ns = time.monotonic_ns()
    done = run_pytest(
        tmp_path, MODULE, "--energy", "--energy-meter", plug.address, "--benchmark-json=o.json"
    )
    ended_ns = time.monotonic_ns()
    assert done.returncode == 0, done.stdout + done.stderr
    found = energies(tmp_path / "o.json")
    burn, short = found["test_burn"], found["test_short"]
    assert burn["measurement_class"] == "emulated"
    assert (burn["rounds"], burn["iterations"]) == (12, 1)
    assert burn["window_s"] == pytest.approx(6.0, abs=0.7)
    assert burn["per_call_j"] == pytest.approx(burn["gross_j"] / 12)
    # The window itself is not in the file: it is the densest stretch of its length.
    time.sleep(1.2)  # the truth file is flushed once a second, by a process with a real clock
    truth = read_truth(plug.truth)
    length_ns = round(burn["window_s"] * 1e9)
    most_j = max(
        truth_energy_j(truth, start_ns, start_ns + length_ns)
        for start_ns in range(began_ns, ended_ns - length_ns, 100_000_000)
    )
    assert abs(burn["gross_j"] - most_j) <= burn["gross_u_j"]
    assert burn["gross_u_j"] < 0.25 * burn["gross_j"]
    # 3 ms are nothing that a plug could see: no number rather than a bad one.
    assert short["per_call_j"] is None
    assert "--benchmark-max-time=" in short["missing"]
    assert "no energy: " in done.stdout
    harness = Harness(tmp_path)
    assert harness("import", str(tmp_path / "o.json"), "--json").code == 0
    shown = harness("show", "last", "--json").document
    (figure,) = [t["energy"] for t in shown["trials"] if t["energy"] is not None]
    assert figure["gross_j"]["value"] == pytest.approx(burn["per_call_j"])
    assert figure["meter"] == "plug-1"
