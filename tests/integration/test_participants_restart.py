"""Programs of a trial that end with an error and are started again."""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchharness.model import Status
from benchharness.trial import endings
from tests.integration.harness import command_lines, processes_with
from tests.integration.participant_trials import WAYS, program, run_trial

MARK = "a-program-of-the-restart-tests"
CLIENTS = 8
ROUNDS = 4
# Each round every client that is there gets a line and answers it; one that is lost is left out.
SERVER = f"""
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(20)
(shared / "port.new").write_text(str(listener.getsockname()[1]))
(shared / "port.new").rename(shared / "port")
there = {{}}

def welcome(wanted):
    while not wanted <= there.keys():
        connection, _ = listener.accept()
        stream = connection.makefile("rw")
        there[stream.readline().strip()] = stream

everybody = {{f"client-{{index}}" for index in range(1, {CLIENTS + 1})}}
welcome(everybody)
events.window_start()
answers = 0
for number in range(1, {ROUNDS + 1}):
    with events.phase("round", step=number):
        for name, stream in sorted(there.items()):
            begin_ns = events.now_ns()
            try:
                print(number, file=stream, flush=True)
                answer = stream.readline()
            except OSError:
                answer = ""
            if answer:
                answers += 1
                events.span("train", begin_ns, events.now_ns(), step=number, participant=name)
                events.metric("samples", 32, step=number, participant=name)
            else:
                events.left_out(name, "no answer", step=number)
                del there[name]
    if number == 1:
        (shared / "first-round").touch()  # somebody kills client-3 now
        del there["client-3"]
        welcome(everybody)
events.window_end()
events.output("answers", answers)
"""
CLIENT = """
name = sys.argv[2]
burn(0.1)
while not (shared / "port").exists():
    time.sleep(0.01)
connection = socket.create_connection(("127.0.0.1", int((shared / "port").read_text())))
stream = connection.makefile("rw")
print(name, file=stream, flush=True)
for line in stream:
    if name == "client-5" and line.strip() == "2":
        sys.exit("the battery is flat")
    if name == "client-3" and line.strip() == "1" and once("kill-me"):
        print("trained", file=stream, flush=True)
        with events.phase("sleep"):
            time.sleep(60)
    print("trained", file=stream, flush=True)
"""


def kill(mark: str) -> None:
    for pid, line in command_lines():
        if mark in line:
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_of_eight_clients_one_is_killed_and_comes_back_and_one_leaves(
    tmp_path: Path, way: str
) -> None:
    killed: list[int] = []

    def kill_one(*_: object) -> None:
        shared = next(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"benchharness-{os.getpid()}-*"))
        if not killed and (shared / "window-.shared" / "first-round").exists():
            kill(f"{MARK} 3")
            killed.append(time.monotonic_ns())

    clients = [
        program(
            f"client-{index}",
            CLIENT,
            f"client-{index}",
            mark=f"{MARK} {index}",
            restart=0 if index == 5 else 2,
            may_leave=True,
        )
        for index in range(1, CLIENTS + 1)
    ]
    server = program("main", SERVER, mark=MARK)
    ran = run_trial(tmp_path, [server, *clients], way=way, tick=kill_one, timeout_s=40)
    assert (ran.result.status, ran.result.reason) == (Status.OK, None)
    # Everybody answers in each of four rounds but the fifth, which leaves in the second.
    assert ran.result.outputs == {"answers": CLIENTS * ROUNDS - 3}
    assert processes_with(MARK) == []

    uses = ran.uses
    assert {name: use["restarts"] for name, use in uses.items() if use["restarts"]} == {
        "client-3": 1
    }
    third, fifth = uses["client-3"], uses["client-5"]
    assert [life["exit_code"] for life in third["lives"]] == [-signal.SIGKILL, 0]
    assert third["lives"][0]["reason"] == "killed by SIGKILL"
    assert third["exit_code"] == 0
    assert fifth["left"]["reason"] == "exit code 1: the battery is flat"
    assert all(use["left"] is None for name, use in uses.items() if name != "client-5")

    # Every life burns a tenth of a second, and none of it is lost or counted twice.
    assert third["cpu_s"] == pytest.approx(sum(life["cpu_s"] for life in third["lives"]))
    assert all(life["cpu_s"] > 0.1 for life in third["lives"])
    assert third["cpu_s"] < 3 * max(life["cpu_s"] for life in third["lives"])
    assert ran.result.cpu_s == pytest.approx(sum(use["cpu_s"] for use in uses.values()))
    sampled = ran.trees["client-3"]["cpu_s"]
    sampled = sampled[np.isfinite(sampled)]
    assert np.all(np.diff(sampled) >= 0.0)
    assert sampled.max() > third["lives"][0]["cpu_s"]

    # The restart is an event, after the pause; what it was in has ended with its first life.
    (restart,) = ran.of("restart")
    assert (restart.participant, restart.text) == ("client-3", "killed by SIGKILL")
    first_end_ns = third["lives"][0]["ended_ns"]
    assert restart.t_ns == third["lives"][1]["started_ns"]
    assert 0.5 <= (restart.t_ns - first_end_ns) / 1e9 < 5
    asleep = [e for e in ran.of("phase", "client-3") if e.name == "sleep"]
    assert [(e.edge, e.text) for e in asleep] == [
        ("start", None),
        ("end", "ended with the program"),
    ]
    assert asleep[1].t_ns == first_end_ns
    (left,) = ran.of("left")
    assert (left.participant, left.t_ns) == ("client-5", fifth["ended_ns"])
    (left_out,) = ran.of("left_out")
    assert (left_out.participant, left_out.step, left_out.text) == ("client-5", 2, "no answer")
    # The server's spans of the others are theirs.
    trained = [(e.participant, e.step) for e in ran.of("phase") if e.name == "train"]
    assert trained.count(("client-3", 1)) == 2  # start and end
    assert len(trained) == 2 * (CLIENTS * ROUNDS - 3)
    assert ran.cautions == {
        "restarted": "client-3 was started again once: killed by SIGKILL",
        "left": "client-5 left before its time: exit code 1: the battery is flat",
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_is_killed_goes_on_in_the_same_window(tmp_path: Path, way: str) -> None:
    server = """
state = shared / "state"
done = int(state.read_text()) if state.exists() else 0
events.window_start()
for number in range(done + 1, 6):
    with events.phase("round", step=number):
        burn(0.05)
        if number == 3 and once("crashed"):
            print("here", flush=True)
            with Path(os.environ["BENCHHARNESS_EVENTS"]).open("a") as half:
                half.write('{"t_ns": 1, "event": "metr')
            os.kill(os.getpid(), signal.SIGKILL)
        (shared / "state").write_text(str(number))
        (Path.cwd() / f"round-{number}").touch()
events.window_end()
events.output("rounds", sorted(path.name for path in Path.cwd().glob("round-*")))
"""
    waiting = "while not (shared / 'state').exists() or (shared / 'state').read_text() != '5':\n"
    client = f"{waiting}    time.sleep(0.01)"
    participants = [program("main", server, mark=MARK, restart=1), program("client", client)]
    ran = run_trial(tmp_path, participants, way=way, timeout_s=40)
    result = ran.result
    assert (result.status, result.reason) == (Status.OK, None)
    # Its scratch folder and its events file are those of its first life.
    assert result.outputs == {"rounds": [f"round-{number}" for number in range(1, 6)]}
    lives = ran.uses["main"]["lives"]
    assert result.window_start_ns is not None
    assert result.window_end_ns is not None
    assert lives[0]["started_ns"] < result.window_start_ns < lives[0]["ended_ns"]
    assert lives[1]["started_ns"] < result.window_end_ns <= lives[1]["ended_ns"]
    assert [(e.edge, e.t_ns) for e in ran.of("window")] == [
        ("start", result.window_start_ns),
        ("end", result.window_end_ns),
    ]
    rounds = [(e.step, e.edge) for e in ran.of("phase", "main")]
    steps = [1, 2, 3, 3, 4, 5]  # the third one was begun twice
    assert rounds == [(step, edge) for step in steps for edge in ("start", "end")]
    assert ran.cautions["event-rejected"].endswith(
        "1 line(s) of the events of 'main' were left out: not JSON"
    )
    assert "here" in result.details["stdout_tail"]  # of the life before the last
    assert ran.uses["main"]["stdout_bytes"] == len("here\n")
    assert ran.uses["main"]["started_ns"] == lives[0]["started_ns"]


def test_the_progress_line_shows_the_round_of_the_server(tmp_path: Path) -> None:
    server = """
with events.phase("round", step=3):
    for _ in range(15):
        time.sleep(0.1)
        events.span("train", events.now_ns() - 9, events.now_ns(), step=3, participant="client")
"""
    client = "for _ in range(20):\n    with events.phase('mine'):\n        time.sleep(0.05)"
    ran = run_trial(tmp_path, [program("main", server), program("client", client)])
    assert "round 3" in ran.phases
    assert set(ran.phases) <= {"round 3", None}


@pytest.mark.parametrize("way", WAYS)
def test_a_support_program_that_fails_comes_back_and_is_ready_again(
    tmp_path: Path, way: str
) -> None:
    server = """
again = not once("started")
time.sleep(0.05)
events.ready()
(shared / "ready-again").touch() if again else time.sleep(0.1)
if not again:
    sys.exit("out of luck")
time.sleep(60)
"""
    main = "while not (shared / 'ready-again').exists():\n    time.sleep(0.01)"
    participants = [program("main", main), program("server", server, role="support", restart=3)]
    ran = run_trial(tmp_path, participants, way=way, timeout_s=30)
    assert ran.result.status is Status.OK
    assert ran.uses["server"]["restarts"] == 1
    assert len(ran.of("ready", "server")) == 2
    assert ran.cautions == {"restarted": "server was started again once: exit code 1: out of luck"}


def test_a_support_program_that_is_not_ready_again_in_time_fails_the_trial(tmp_path: Path) -> None:
    server = """
if once("started"):
    events.ready()
    sys.exit("out of luck")
time.sleep(60)
"""
    participants = [
        program("main", "time.sleep(60)"),
        program("server", server, role="support", restart=1, ready_timeout_s=0.4),
    ]
    start = time.monotonic()
    ran = run_trial(tmp_path, participants)
    assert time.monotonic() - start < 20
    assert ran.result.reason is not None
    assert ran.result.reason.startswith("server: not ready within 400 ms")


@pytest.mark.slow
def test_pauses_grow_until_no_restart_is_left_and_the_last_cause_counts(tmp_path: Path) -> None:
    fails = "sys.exit('no camera' if once('first') else 'no camera still')"
    participants = [
        program("main", fails, restart=2),
        program("client", "time.sleep(60)", mark=MARK),
    ]
    ran = run_trial(tmp_path, participants)
    assert ran.result.status is Status.FAILED
    assert ran.result.reason == "main: exit code 1: no camera still"
    assert processes_with(MARK) == []  # it was ended, though it had a minute to go
    lives = ran.uses["main"]["lives"]
    pauses = [(after["started_ns"] - before["ended_ns"]) / 1e9 for before, after in pairwise(lives)]
    assert 0.5 <= pauses[0] < 1.0 <= pauses[1]
    assert [endings.pause_s(restarts) for restarts in range(6)] == [0.5, 1, 2, 4, 8, 10]
    assert endings.pause_s(100) == 10


@pytest.mark.parametrize("exit_code", [2, 3])
def test_what_would_fail_again_fails_at_once_with_its_first_reason(
    tmp_path: Path, exit_code: int
) -> None:
    fails = f"print('no camera' if once('first') else 'no', file=sys.stderr)\nsys.exit({exit_code})"
    participants = [program("main", fails, restart=5), program("client", "time.sleep(60)")]
    ran = run_trial(tmp_path, participants)
    assert ran.result.reason == f"main: exit code {exit_code}: no camera"
    assert ran.uses["main"]["restarts"] == 0


def test_restarts_of_a_warm_up_are_its_own(tmp_path: Path) -> None:
    main = "sys.exit(1 if once('failed') else 0)"
    participants = [program("main", main, restart=1), program("client", "burn(0.05)")]
    ran = run_trial(tmp_path, participants, warmup=1, way=WAYS[-1])
    assert ran.result.status is Status.OK
    use = ran.uses["main"]
    assert use["restarts"] == 1  # {shared} is made anew for the window
    sampled = ran.trees["main"]["cpu_s"]
    assert np.nanmax(sampled) <= 2 * use["cpu_s"] + 0.05
