"""Bad input and bad luck: one clear line, the right exit code, nothing lost, nobody left."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from benchharness.store.database import Store
from tests.integration.harness import Harness, processes_with, wait_for_process


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return Harness(tmp_path)


def python(program: str) -> list[str]:
    return ["--", sys.executable, "-c", program]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["matrx"], "unknown workload 'matrx'; did you mean 'matrix'?"),
        (
            ["matrix", "--set", "m=3"],
            "--set m: unknown factor of matrix 'm'; did you mean 'mode'?",
        ),
        (["matrix", "--set", "n=big"], "--set n: expected an integer, got 'big'"),
        (["matrix", "--vary", "runtime=wasmtim"], "did you mean 'wasmtime'?"),
        (["noop", "--repeat", "0"], "--repeat: 0 is below 1"),
        (["noop", "--timeout", "0"], "--timeout: 0 s is no time"),
        (["noop", "--probe-hz", "5000"], "--probe-hz: 5000 is not a rate"),
        (["--", "./no-such-program"], "command not found: './no-such-program'"),
        (["--", "no-such-program"], "command not found: 'no-such-program'"),
        ([], "nothing to run"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    harness: Harness, words: list[str], line: str
) -> None:
    outcome = harness.run(*words)
    assert outcome.code == 2
    assert outcome.stdout == ""
    assert line in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


def test_a_manifest_with_a_wrong_type_names_file_line_and_key(harness: Harness) -> None:
    folder = harness.folder / "mine"
    folder.mkdir()
    (folder / "workload.toml").write_text('name = "mine"\ntitle = "x"\nargv = "true"\n')
    outcome = harness.run("./mine")
    assert outcome.code == 2
    assert "workload.toml:3" in outcome.stderr
    assert "argv" in outcome.stderr


def test_a_child_that_exits_1_is_a_failed_trial_with_its_last_words(harness: Harness) -> None:
    outcome = harness.run(*python("import sys; sys.exit('no such data')"))
    assert outcome.code == 1
    (trial,) = outcome.document["trials"]
    assert trial["status"] == "failed"
    assert trial["reason"] == "exit code 1: no such data"
    assert trial["duration_s"] > 0


def test_a_child_that_is_killed_says_by_what(harness: Harness) -> None:
    outcome = harness.run(*python("import os; os.kill(os.getpid(), 9)"))
    assert outcome.code == 1
    assert outcome.document["trials"][0]["reason"] == "killed by SIGKILL"


def test_a_child_that_never_ends_is_killed_with_its_tree(harness: Harness) -> None:
    program = "import subprocess; subprocess.run(['sleep', '86399.25'])"
    outcome = harness.run("--timeout", "1", *python(program))
    assert outcome.code == 1
    (trial,) = outcome.document["trials"]
    assert trial["status"] == "timeout"
    assert "1.0 s" in trial["reason"]
    assert processes_with("86399.25") == []


def test_a_hundred_megabytes_of_output_do_no_harm(harness: Harness) -> None:
    outcome = harness.run(*python("for _ in range(100): print('x' * 999_999)"))
    assert outcome.code == 0
    with Store.open(harness.results) as store:
        result = store.trials(store.campaign("last").id)[0].result
    assert result is not None
    assert result.details["participants"]["main"]["stdout_bytes"] == 100_000_000
    assert harness.results.stat().st_size < 1_000_000


def test_children_that_are_left_behind_are_killed_and_named(harness: Harness) -> None:
    program = "import subprocess; subprocess.Popen(['sleep', '86398.5'], start_new_session=True)"
    outcome = harness.run(*python(program))
    assert outcome.code == 0
    assert any("outlived the program" in line for line in outcome.document["trials"][0]["warnings"])
    assert processes_with("86398.5") == []


def test_a_wrong_output_fails_the_trial(harness: Harness) -> None:
    folder = harness.folder / "mine"
    folder.mkdir()
    (folder / "workload.toml").write_text(
        'name = "mine"\ntitle = "x"\nargv = ["{python}", "{workload}/main.py"]\n'
        "[expected.outputs]\nanswer = 42\n"
    )
    (folder / "main.py").write_text(
        "from benchharness import events\nevents.output('answer', 41)\n"
    )
    outcome = harness.run("./mine")
    assert outcome.code == 1
    (trial,) = outcome.document["trials"]
    assert (trial["status"], trial["outputs"]) == ("failed", {"answer": 41})
    assert trial["reason"] == "wrong output: output 'answer' is 41, expected 42"


def test_events_that_are_no_events_are_counted_and_the_rest_is_kept(harness: Harness) -> None:
    program = (
        "import os; from benchharness import events; events.output('x', 1)\n"
        "open(os.environ['BENCHHARNESS_EVENTS'], 'a').write('garbage\\n[]\\n')"
    )
    outcome = harness.run(*python(program))
    (trial,) = outcome.document["trials"]
    assert trial["outputs"] == {"x": 1}
    assert any("not JSON" in line for line in trial["warnings"])


def test_secrets_do_not_reach_the_child_nor_the_store(harness: Harness) -> None:
    program = "import os; from benchharness import events; events.output('env', dict(os.environ))"
    quickly = ["--json", "--meter", "none", "--idle", "0"]
    secret = {"BENCHHARNESS_MQTT_PASSWORD": "hunter2-s3cret"}
    outcome = harness("run", *quickly, *python(program), environment=secret)
    assert outcome.code == 0
    assert "hunter2" not in outcome.stdout
    assert b"hunter2" not in harness.results.read_bytes()


def test_a_results_file_that_is_not_sqlite_is_left_alone(harness: Harness) -> None:
    harness.results.write_text("my shopping list\n" * 100)
    outcome = harness.run("noop")
    assert outcome.code == 2
    assert str(harness.results) in outcome.stderr
    assert harness.results.read_text().startswith("my shopping list")


def test_a_results_file_of_a_newer_schema_is_refused(harness: Harness) -> None:
    assert harness.run("noop").code == 0
    with sqlite3.connect(harness.results) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    outcome = harness.run("noop")
    assert outcome.code == 2
    assert "999" in outcome.stderr


def test_two_harnesses_share_a_results_file(harness: Harness) -> None:
    arguments = ["run", "--json", "--meter", "none", "--idle", "0.5", "--repeat", "2", "noop"]
    both = [harness.start(*arguments) for _ in range(2)]
    codes = []
    for process in both:
        process.communicate(timeout=60)
        codes.append(process.returncode)
    assert codes == [0, 0]
    with Store.open(harness.results) as store:
        assert [len(store.trials(c.id)) for c in store.campaigns()] == [2, 2]


@pytest.mark.alone
def test_a_killed_harness_loses_a_second_at_most_and_leaves_nobody(harness: Harness) -> None:
    mark = "86397.125"
    script = harness.folder / "slow-once.sh"
    # The first time it hangs, the second time it ends: resume can finish.
    script.write_text(f"#!/bin/sh\nif mkdir {harness.folder}/once; then sleep {mark}; fi\n")
    script.chmod(0o755)
    command = ["--meter", "none", "--idle", "0", "--repeat", "2", "--", str(script)]
    process = harness.start("run", *command)
    wait_for_process(process, mark)
    time.sleep(3.2)
    killed_ns = time.monotonic_ns()
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while processes_with(mark):
        assert time.monotonic() < deadline, "a child survived"
        time.sleep(0.05)
    with Store.open(harness.results) as store:
        campaign = store.campaign("last")
        lost = store.trials(campaign.id)[0]
        stream = next(s for s in store.streams(lost.trial_id) if s.name == "system")
        times_ns, _ = store.read_stream(stream.stream_id)
    assert (killed_ns - times_ns[-1]) / 1e9 < 2.2  # a second of the sampler's, one of the store's
    resumed = harness("resume", "--json", "last")
    assert resumed.code == 0, resumed.stderr
    document = resumed.document
    assert document["campaign"] == campaign.id
    assert [trial["status"] for trial in document["trials"]] == ["ok", "ok"]


def test_ctrl_c_keeps_what_there_is_and_says_how_to_go_on(harness: Harness) -> None:
    mark = "86396.75"
    process = harness.start("run", "--meter", "none", "--idle", "0", "--", "sleep", mark)
    wait_for_process(process, mark)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "benchharness resume" in stderr
    assert "Traceback" not in stderr
    assert processes_with(mark) == []
    with Store.open(harness.results) as store:
        campaign = store.campaign("last")
        (trial,) = store.trials(campaign.id)
    assert (campaign.state, trial.status, trial.result.reason if trial.result else None) == (
        "interrupted",
        "invalid",
        "interrupted",
    )


def test_a_campaign_that_runs_cannot_be_resumed_by_another(harness: Harness) -> None:
    mark = "86395.5"
    process = harness.start("run", "--meter", "none", "--idle", "0", "--", "sleep", mark)
    wait_for_process(process, mark)
    outcome = harness("resume", "last")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert outcome.code == 2
    assert "is being run by process" in outcome.stderr
    assert process.returncode == 130


def test_an_unknown_campaign_is_named(harness: Harness) -> None:
    assert harness.run("noop").code == 0
    outcome = harness("resume", "zzzz")
    assert outcome.code == 2
    assert "zzzz" in outcome.stderr
