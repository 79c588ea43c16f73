"""Flower's programs end with their participant, whatever they started and however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("flwr")  # which needs CPython 3.11

from benchharness.federated.flower_programs import environment, find, free_port

# A participant whose "Flower program" detaches a child that ignores the request to end.
PARTICIPANT = """
import sys, time
from pathlib import Path
from benchharness.federated import flower_programs
from benchharness.federated.flower_programs import Programs

stubborn = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True);"
    "time.sleep(600)"
)
starter = (
    "import subprocess, sys, time;"
    f"subprocess.Popen([sys.executable, '-c', {stubborn!r}], start_new_session=True);"
    "time.sleep(600)"
)
flower_programs.find = lambda name: Path(sys.executable)
with Programs(Path(sys.argv[1])) as programs:
    programs.start("starter", "python", "-c", starter)
    while not programs.log("starter").read_bytes():
        time.sleep(0.02)
    print("ready", flush=True)
    if sys.argv[2] == "raise":
        raise RuntimeError("on purpose")
    if sys.argv[2] == "wait":
        time.sleep(600)
print("left", flush=True)
"""


def alive(marker: str) -> list[int]:
    """Return the processes that have ``marker`` in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and marker.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.parametrize("how", ["end", "raise", "wait"])
def test_nothing_is_left_over(tmp_path: Path, how: str) -> None:
    marker = f"BENCHHARNESS_TEST_MARK={tmp_path}"
    name, _, value = marker.partition("=")
    participant = subprocess.Popen(
        [sys.executable, "-c", PARTICIPANT, str(tmp_path), how],
        env={**os.environ, name: value},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert participant.stdout is not None
    assert participant.stdout.readline() == "ready\n"
    assert len(alive(marker)) == 3 or how != "wait"
    if how == "wait":
        participant.send_signal(signal.SIGTERM)
    said, _ = participant.communicate(timeout=30)
    assert participant.returncode == {"end": 0, "raise": 1, "wait": 143}[how]
    assert said == ("left\n" if how == "end" else "")
    assert alive(marker) == []


@pytest.mark.slow
def test_a_program_whose_participant_is_killed_is_killed(tmp_path: Path) -> None:
    marker = f"BENCHHARNESS_TEST_MARK={tmp_path}"
    name, _, value = marker.partition("=")
    participant = subprocess.Popen(
        [sys.executable, "-c", PARTICIPANT, str(tmp_path), "wait"],
        env={**os.environ, name: value},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert participant.stdout is not None
    participant.stdout.readline()
    before = alive(marker)
    participant.kill()
    participant.wait()
    participant.stdout.close()
    until = time.monotonic() + 10.0
    while len(left := alive(marker)) > 1 and time.monotonic() < until:
        time.sleep(0.05)
    for pid in left:  # what ignores everything, and would live on without a control group
        os.kill(pid, signal.SIGKILL)
    assert len(before) == 3
    assert len(left) == 1


# A kernel that does not say which children a process has, and one whose child cannot be killed.
BLIND = """
import sys, time
from pathlib import Path
from benchharness.errors import GateError
from benchharness.federated import flower_programs
from benchharness.federated.flower_programs import Programs

flower_programs.find = lambda name: Path(sys.executable)
flower_programs.descendants = lambda pid: iter(())
with Programs(Path(sys.argv[1])) as programs:
    child = programs.start("sleeper", "python", "-c", "import time; time.sleep(600)")
    if sys.argv[2] == "stuck":
        flower_programs._KILLED_S = flower_programs._GRACE_S = 0.2
        flower_programs._reap = lambda: True
        try:
            programs.end_all()
        except GateError as error:
            print(error, flush=True)
        flower_programs._reap = lambda: False
        child.kill()
        child.wait()
print(child.returncode is not None, flush=True)
"""


@pytest.mark.parametrize(("how", "says"), [("blind", ""), ("stuck", "does not end within 0.2 s")])
def test_the_end_has_an_end_where_the_kernel_does_not_help(
    tmp_path: Path, how: str, says: str
) -> None:
    found = subprocess.run(
        [sys.executable, "-c", BLIND, str(tmp_path), how],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert says in found.stdout
    assert found.stdout.endswith("True\n")


def test_flower_is_told_to_tell_nobody_and_to_download_nothing(tmp_path: Path) -> None:
    found = environment(tmp_path)
    assert found["FLWR_TELEMETRY_ENABLED"] == "0"
    assert found["FLWR_DISABLE_UPDATE_CHECK"] == "1"
    assert found["FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION"] == "1"
    assert found["FLWR_HOME"] == str(tmp_path / "home")
    assert found["PATH"].split(os.pathsep)[0] == str(find("flower-superlink").parent)


def test_a_free_port_is_free() -> None:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", free_port("127.0.0.1")))
