"""``meters check`` as a user types it: burners that come and go, a pulse on an emulated plug."""

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

from benchharness.meters.check.load import PulseLoad
from benchharness.meters.cpu_time import CpuTime
from benchharness.meters.instrument import read_instrument
from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto

pytestmark = pytest.mark.alone  # some load every core, and one measures how late a plug is

SECOND_NS = 1_000_000_000
BUSY = "busy while the load was off"


def check(*arguments: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchharness", "meters", "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)


def burners_of(pid: int) -> list[int]:
    """Return the processes that burn for ``pid``."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if folder.name.isdigit() and str(pid).encode() in words:
            found += [int(folder.name) for word in words if word.endswith(b"check/burner.py")]
    return found


def wait_for(condition: Callable[[], bool], timeout_s: float = 15.0) -> bool:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_burners_keep_the_pattern_and_stamp_what_they_kept() -> None:
    zero_ns = time.monotonic_ns() + SECOND_NS
    wanted = [(0.0, 0.3), (0.6, 0.8)]
    cpu = CpuTime()
    with PulseLoad(wanted, zero_ns) as load:
        cores = load.cores
        time.sleep(1.0)
        before_s = cpu.busy_s()
        assert wait_for(lambda: time.monotonic_ns() > zero_ns + SECOND_NS)
        used_s = cpu.busy_s() - before_s
        runs = load.runs_s(zero_ns)
    cpu.close()
    assert len(runs) == 2 * cores
    for number, (on_s, off_s) in enumerate(runs):
        # A loaded machine may wake a burner late, and never early.
        assert wanted[number % 2][0] <= on_s < wanted[number % 2][0] + 1.0
        assert off_s >= wanted[number % 2][1] or on_s >= wanted[number % 2][1]
    assert used_s > 0.25 * cores  # they burnt: half a second each was asked of them
    assert not burners_of(os.getpid())


def test_burners_stop_with_the_block() -> None:
    with pytest.raises(RuntimeError), PulseLoad([(0.0, 60.0)], time.monotonic_ns()):
        assert wait_for(lambda: len(burners_of(os.getpid())) > 0)
        raise RuntimeError
    assert not burners_of(os.getpid())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.slow
def test_burners_die_with_the_harness(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "benchharness", "meters", "check", "estimate"]
    harness = subprocess.Popen(
        [*command, "--seconds", "0.5", "--pulse", "60"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert wait_for(lambda: len(burners_of(harness.pid)) > 0)
        harness.send_signal(number)
        _, said = harness.communicate(timeout=10.0)
        code = harness.returncode
        assert wait_for(lambda: not burners_of(harness.pid), 5.0)
    finally:
        harness.kill()
        harness.communicate()
    if number == signal.SIGINT:
        assert code == 130
        assert said.endswith("benchharness: interrupted\n")
        assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.broker
def test_the_latency_of_an_emulated_plug_is_found_and_kept(
    mosquitto: Mosquitto, start_plug: Callable[..., EmulatedPlug], tmp_path: Path
) -> None:
    plug = start_plug(mosquitto, "plug-1", "--latency", "2", "--watt-res", "1", "--energy-res", "5")
    path = tmp_path / "plug-1.toml"
    printed = check(plug.address, "--seconds", "1.5", "--print-file")
    assert printed.returncode == 0
    path.write_text(f"# board 3\n{printed.stdout}", encoding="utf-8")
    done = check(str(path), "--seconds", "1.5", "--pulse", "20", "--save", "--json")
    document = json.loads(done.stdout)
    latency = document["latency"]
    if latency["latency_s"] is None:
        # Where other work keeps every core busy there is no step, and that must be what it says.
        assert BUSY in latency["reason"] or "step" in latency["reason"]
        assert done.returncode == 3
        assert "latency_s" not in path.read_text(encoding="utf-8")
        return
    assert done.returncode == 0
    # Told 2 s; the mean over a second that is worked out once a second is 1 s more, ± 0.5 s.
    assert abs(latency["latency_s"] - 3.0) <= 0.5 + latency["half_width_95_s"]
    kept = read_instrument(path).options
    assert kept["latency_s"] == pytest.approx(latency["latency_s"], abs=1e-3)
    assert kept["latency_u_s"] >= latency["u_s"]
    assert path.read_text(encoding="utf-8").startswith("# board 3\n")


def test_the_latency_of_an_address_has_no_place(mosquitto: Mosquitto) -> None:
    address = f"tasmota:{mosquitto.url}/plug-1"
    done = check(address, "--pulse", "--save")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"make one: benchharness meters check {address} --print-file" in done.stderr
