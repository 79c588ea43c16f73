"""Whatever goes wrong while programs are started again, none of them is left."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchharness.model import Status
from tests.integration.harness import processes_with
from tests.integration.participant_trials import WAYS, program, run_trial

MARK = "a-program-of-the-fault-tests"
KILLED = "a-program-of-a-killed-harness"


@pytest.mark.parametrize("way", WAYS)
def test_a_timeout_in_the_pause_before_a_restart_leaves_nothing(tmp_path: Path, way: str) -> None:
    leaves = f"os.system('sleep 86395.5 & : {MARK}')\nsys.exit(1)"
    participants = [program("main", leaves, restart=9), program("client", "time.sleep(60)")]
    ran = run_trial(tmp_path, participants, way=way, timeout_s=0.9)
    assert ran.result.status is Status.TIMEOUT
    assert processes_with("86395.5") == []


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_if_the_harness_fails_between_two_lives(tmp_path: Path, way: str) -> None:
    def fail(stage: str, _elapsed_s: float, _expected_s: float | None) -> None:
        raise RuntimeError(f"the terminal has gone while {stage}")

    participants = [
        program("main", "time.sleep(60)", mark=MARK),
        program("client", "sys.exit(1)", mark=MARK, restart=9),
    ]
    with pytest.raises(RuntimeError, match="while window"):
        run_trial(tmp_path, participants, way=way, tick=fail)
    assert processes_with(MARK) == []


@pytest.mark.parametrize("may_leave", [False, True])
def test_a_program_that_cannot_be_started_again_is_missed_or_the_end(
    tmp_path: Path, may_leave: bool
) -> None:
    client = "import shutil\nshutil.rmtree(Path.cwd())\n(shared / 'gone').touch()\nsys.exit(1)"
    main = "while not (shared / 'gone').exists():\n    time.sleep(0.01)\ntime.sleep(1.5)"
    participants = [
        program("main", main, mark=MARK),
        program("client", client, restart=1, may_leave=may_leave),
    ]
    ran = run_trial(tmp_path, participants)
    why = "exit code 1, and then it cannot be started: No such file or directory"
    use = ran.uses["client"]
    assert use["restarts"] == 0
    if may_leave:
        assert (ran.result.status, use["left"]["reason"]) == (Status.OK, why)
    else:
        assert (ran.result.status, ran.result.reason) == (Status.FAILED, f"client: {why}")
    assert processes_with(MARK) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_harness_leaves_no_program_that_was_started_again(
    tmp_path: Path, way: str
) -> None:
    harness = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.participant_trials", str(tmp_path), way, KILLED]
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "third-life").exists():
        assert time.monotonic() < deadline
        assert harness.poll() is None
        time.sleep(0.02)
    harness.kill()
    harness.wait()
    while processes_with(KILLED):
        assert time.monotonic() < deadline
        time.sleep(0.05)
