"""Campaigns of several workloads as a user runs them; variants that cannot be had here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchharness.report.derive import derive_campaign
from benchharness.store.database import Store
from tests.integration.harness import Harness

# Counts its own runs, in a file named by its arguments; a runtime that is not here exits with 3.
PREPARE = """
import os, sys
from pathlib import Path
runtime, folder = sys.argv[1:3]
with Path(folder, "prepared").open("a") as file:
    file.write(runtime + "\\n")
assert os.path.isdir(sys.argv[3])
if runtime in ("absent", "away"):
    print("looking for it", file=sys.stderr)
    print(f"the runtime {runtime} is not here; install it: get-{runtime}", file=sys.stderr)
    sys.exit(3)
if runtime == "broken":
    sys.exit("the compiler gave up")
"""
EXPECTED = """
import sys
from pathlib import Path
with Path(sys.argv[2], "expected").open("a") as file:
    file.write(sys.argv[1] + "\\n")
print('{"n": ' + sys.argv[1] + "}")
"""
MAIN = "import sys; from benchharness import events; events.output('n', int(sys.argv[1]))\n"
MANIFEST = """
name = "NAME"
argv = ["{python}", "{workload}/main.py", "{n}", "{runtime}"]
prepare = ["{python}", "{workload}/prepare.py", "{runtime}", "{workload}", "{scratch}"]
env = {PLACE = "{scratch} {shared}"}
[factors.n]
type = "int"
default = 1
[factors.runtime]
type = "str"
default = "present"
levels = ["present", "absent", "away", "broken", "other"]
[[needs.when]]
factors = {runtime = "other"}
programs = ["no-such-program"]
[expected]
program = ["{python}", "{workload}/expected.py", "{n}", "{workload}"]
"""
CAMPAIGN = """
title = "Both"
repeat = 2
seed = 5
[quick]
repeat = 1
[[part]]
workload = "./one"
[part.vary]
n = [1, 2]
runtime = ["present", "absent"]
[[part]]
workload = "./two"
[part.set]
n = 3
[part.quick.set]
n = 4
"""

ONCE = ("--skip-missing", "--repeat", "1")


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "workload.toml").write_text(MANIFEST.replace("NAME", name))
        for file, text in (("main", MAIN), ("prepare", PREPARE), ("expected", EXPECTED)):
            (folder / f"{file}.py").write_text(text)
    (tmp_path / "both.toml").write_text(CAMPAIGN)
    return Harness(tmp_path)


def runs(harness: Harness, name: str, what: str) -> list[str]:
    return (harness.folder / name / what).read_text().splitlines()


def spec_of(harness: Harness) -> dict[str, Any]:
    with Store.open(harness.results) as store:
        return dict(store.campaign("last").spec)


def test_what_is_missing_is_left_out_said_and_stored(harness: Harness) -> None:
    outcome = harness.run("both.toml", "--skip-missing")
    assert outcome.code == 0, outcome.stderr
    reason = "cannot be had here: the runtime absent is not here; install it: get-absent"
    lines = [line for line in outcome.stderr.splitlines() if line.startswith("left out")]
    assert lines == [f"left out: one n={n} absent: {reason}" for n in (1, 2)]
    trials = outcome.document["trials"]
    assert [trial["status"] for trial in trials] == ["ok"] * 6
    assert sorted(trial["workload"] for trial in trials) == ["one"] * 4 + ["two"] * 2
    # A preparation is run once for the variants that share it, a result is computed once.
    assert runs(harness, "one", "prepared") == ["present", "absent"]
    assert runs(harness, "one", "expected") == ["1", "2"]
    spec = spec_of(harness)
    assert (spec["workload"], spec["workloads"]) == ("one, two", ["one", "two"])
    assert [(v["index"], v["label"], v["workload"]) for v in spec["variants"]] == [
        (0, "one n=1 present", "one"),
        (1, "one n=2 present", "one"),
        (2, "two", "two"),
    ]
    assert spec["left_out"][0] == {
        "label": "one n=1 absent",
        "workload": "one",
        "factors": {"n": 1, "runtime": "absent"},
        "reason": reason,
    }
    with Store.open(harness.results) as store:
        summary = derive_campaign(store, "last")
    notes = [caution.line() for caution in summary.cautions if caution.code == "left-out"]
    assert notes == [
        "left out: one n=1 absent and one n=2 absent: cannot be had here: "
        "the runtime absent is not here; install it: get-absent"
    ]
    assert [variant.workload for variant in summary.variants] == ["one", "one", "two"]
    shown = harness("show", "last")
    assert "left out: one n=1 absent and one n=2 absent" in " ".join(
        (shown.stdout + shown.stderr).split()
    )
    listed = harness("list", "campaigns", "--json").document["campaigns"][0]
    assert (listed["workloads"], listed["ok"]) == (["one", "two"], 6)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["both.toml"],
            "benchharness: one n=1 absent: cannot be had here: the runtime absent is not here "
            "(1 more variant lacks something, too); install it: get-absent; "
            "or leave out what cannot be run: --skip-missing",
        ),
        (
            ["./one", "--vary", "runtime=absent,present,away"],
            "benchharness: one absent: cannot be had here: the runtime absent is not here "
            "(1 more variant lacks something, too); install it: get-absent, get-away; "
            "or leave out what cannot be run: --skip-missing",
        ),
        (
            ["both.toml", "--set", "runtime=other"],
            "benchharness: one: the program 'no-such-program' is not on PATH "
            "(2 more variants lack something, too); install it: sudo apt-get install "
            "no-such-program; or leave out what cannot be run: --skip-missing",
        ),
        (
            ["both.toml", "--set", "runtime=absent", "--skip-missing"],
            "benchharness: nothing is left to run: cannot be had here: "
            "the runtime absent is not here; install it: get-absent",
        ),
        (
            ["./two", "--set", "runtime=broken", "--skip-missing"],
            "benchharness: two: cannot be prepared: the compiler gave up",
        ),
        (
            ["./one", "--only", "one"],
            "benchharness: --only: only a campaign file has several workloads; leave it out",
        ),
    ],
)
def test_what_cannot_be_run_is_one_line(harness: Harness, words: list[str], line: str) -> None:
    outcome = harness.run(*words)
    assert outcome.code == 2
    assert outcome.stderr.strip().endswith(line)
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert outcome.stdout == ""


def test_one_workload_of_a_campaign_is_stored_as_if_it_had_been_alone(harness: Harness) -> None:
    outcome = harness.run("both.toml", "--only", "two", "--quick")
    assert outcome.code == 0, outcome.stderr
    (trial,) = outcome.document["trials"]
    assert (trial["workload"], trial["factors"]["n"]) == ("two", 4)
    spec = spec_of(harness)
    assert (spec["workload"], spec["source"]["kind"]) == ("two", "workload")


def test_a_campaign_of_several_workloads_is_resumed(harness: Harness) -> None:
    # The trial of the second workload hangs, once: then the harness is interrupted.
    two = harness.folder / "two" / "main.py"
    two.write_text("import os, signal\nos.kill(os.getppid(), signal.SIGTERM)\nsignal.pause()\n")
    outcome = harness.run("both.toml", *ONCE)
    assert outcome.code == 130
    two.write_text(MAIN)
    for name in ("one", "two"):
        (harness.folder / name / "prepared").unlink()
    resumed = harness("resume", "--json", "last")
    assert resumed.code == 0, resumed.stderr
    trials = json.loads(resumed.stdout)["trials"]
    assert [trial["status"] for trial in trials] == ["ok"] * 3
    assert [v["label"] for v in spec_of(harness)["variants"]][-1] == "two"
    assert runs(harness, "two", "prepared") == ["present"]
    assert len(spec_of(harness)["left_out"]) == 2


def test_what_cannot_be_prepared_or_checked_fails_beside_what_can(harness: Harness) -> None:
    expected = harness.folder / "two" / "expected.py"
    expected.write_text(f"import sys\nif sys.argv[1] == '2': sys.exit('no result')\n{EXPECTED}")
    words = ("--vary", "runtime=present,broken", "--vary", "n=1,2", "--repeat", "2")
    outcome = harness.run("./two", *words)
    assert outcome.code == 1, outcome.stderr
    prepared = "cannot be prepared: the compiler gave up"
    known = "the expected result cannot be known: ended with exit code 1: no result"
    assert [line for line in outcome.stderr.splitlines() if line.endswith("; its trials fail")] == [
        f"present n=2: {known}; its trials fail",
        f"broken n=1: {prepared}; its trials fail",
        f"broken n=2: {prepared}; its trials fail",
    ]
    found = {
        (trial["factors"]["runtime"], trial["factors"]["n"], trial["status"], trial["reason"])
        for trial in outcome.document["trials"]
    }
    assert found == {
        ("present", 1, "ok", None),
        ("present", 2, "failed", known),
        ("broken", 1, "failed", prepared),
        ("broken", 2, "failed", prepared),
    }
    assert len(outcome.document["trials"]) == 8
    assert runs(harness, "two", "prepared") == ["present", "broken"]
    # All of them so: nothing to measure.
    outcome = harness.run("./two", *words[2:], "--set", "runtime=broken")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr == f"benchharness: two n=1: {prepared}\n"


def test_what_became_unfit_before_a_resume_fails(harness: Harness) -> None:
    two = harness.folder / "two" / "main.py"
    two.write_text("import os, signal\nos.kill(os.getppid(), signal.SIGTERM)\nsignal.pause()\n")
    assert harness.run("both.toml", *ONCE).code == 130
    (harness.folder / "two" / "prepare.py").write_text("raise SystemExit('gone')")
    resumed = harness("resume", "--json", "last")
    assert resumed.code == 1, resumed.stderr
    trials = json.loads(resumed.stdout)["trials"]
    assert {(trial["workload"], trial["reason"]) for trial in trials} == {
        ("one", None),
        ("two", "cannot be prepared: gone"),
    }
    assert harness("list", "campaigns", "--json").document["campaigns"][0]["state"] == "done"


def test_a_trial_that_fails_does_not_end_the_campaign(harness: Harness) -> None:
    (harness.folder / "one" / "main.py").write_text("import sys; sys.exit('trap')")
    outcome = harness.run("both.toml", *ONCE)
    assert outcome.code == 1
    by_workload = {
        name: {t["status"] for t in outcome.document["trials"] if t["workload"] == name}
        for name in ("one", "two")
    }
    assert by_workload == {"one": {"failed"}, "two": {"ok"}}
