"""Programs of a trial that end with an error and are missed, or that outlive the others."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from benchharness.model import Status
from benchharness.trial import end_cautions, endings
from tests.integration.harness import processes_with
from tests.integration.participant_trials import program, run_trial

MARK = "a-program-of-the-leaving-tests"


def test_without_leave_to_go_a_client_takes_the_trial_along(tmp_path: Path) -> None:
    client = "while not (shared / 'go').exists():\n    time.sleep(0.01)\nos.abort()"
    main = "(shared / 'go').touch()\ntime.sleep(60)"
    ran = run_trial(tmp_path, [program("main", main, mark=MARK), program("client", client)])
    assert (ran.result.status, ran.result.reason) == (
        Status.FAILED,
        "client: killed by SIGABRT",
    )
    assert ran.uses["client"]["left"] is None
    assert processes_with(MARK) == []


def test_where_everybody_has_left_nothing_was_measured(tmp_path: Path) -> None:
    clients = [program(f"client-{i}", "sys.exit(4)", may_leave=True) for i in (1, 2)]
    ran = run_trial(tmp_path, clients)
    assert (ran.result.status, ran.result.reason) == (
        Status.FAILED,
        "every main program has left",
    )
    assert ran.cautions["left"] == "client-1, client-2 left before its time: exit code 4"


def grace(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for module in (endings, end_cautions):
        monkeypatch.setattr(module, "GRACE_S", seconds)
    monkeypatch.setattr(endings, "SUPPORT_END_S", seconds)


@pytest.mark.parametrize("deaf", [False, True])
def test_a_client_that_outlives_its_server_is_asked_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaf: bool
) -> None:
    grace(monkeypatch, 0.6)
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if deaf else ""
    clients = [
        program("client-1", f"{ignore}(shared / 'up').touch()\ntime.sleep(60)", may_leave=True),
        program("client-2", "time.sleep(0.2)\nevents.output('two', 2)", may_leave=True),
    ]
    main = "while not (shared / 'up').exists():\n    time.sleep(0.01)\nevents.output('one', 1)"
    ran = run_trial(tmp_path, [program("main", main), *clients], timeout_s=30)
    assert (ran.result.status, ran.result.outputs) == (Status.OK, {"one": 1, "two": 2})
    use = ran.uses["client-1"]
    assert use["exit_code"] == (-signal.SIGKILL if deaf else -signal.SIGTERM)
    assert use["left"] is None
    lasted_s = (use["ended_ns"] - ran.uses["main"]["ended_ns"]) / 1e9
    assert (1.2 if deaf else 0.6) <= lasted_s < 5
    assert ran.cautions == {
        "outlived": "client-1 ran on for 600 ms after the others had ended: asked to end"
    }


def test_a_client_that_is_down_when_the_others_end_has_left(tmp_path: Path) -> None:
    client = "(shared / 'down').touch()\nos.kill(os.getpid(), signal.SIGKILL)"
    main = "while not (shared / 'down').exists():\n    time.sleep(0.01)\ntime.sleep(0.2)"
    participants = [program("main", main), program("client", client, restart=9, may_leave=True)]
    ran = run_trial(tmp_path, participants, timeout_s=30)
    assert ran.result.status is Status.OK
    assert ran.uses["client"]["left"]["reason"] == "killed by SIGKILL"
    assert ran.uses["client"]["restarts"] == 0


def test_a_client_that_fails_when_its_server_has_gone_is_not_started_again(tmp_path: Path) -> None:
    client = (
        "while not (shared / 'gone').exists():\n    time.sleep(0.01)\ntime.sleep(0.3)\nsys.exit(5)"
    )
    main = "(shared / 'gone').touch()"
    participants = [program("main", main), program("client", client, restart=9, may_leave=True)]
    ran = run_trial(tmp_path, participants, timeout_s=30)
    assert ran.result.status is Status.OK
    assert (ran.uses["client"]["restarts"], ran.uses["client"]["left"]) == (0, None)
    assert ran.cautions == {"failed-late": "client failed after the others had ended: exit code 5"}
