"""Every command that is printed for the reader runs as it is printed, from the same folder."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sqlite3
from html import unescape
from pathlib import Path

import pytest

from benchharness.cli.main import main
from tests.integration.harness import Harness, wait_for_process

RESULTS = "my lab.db"
NAMED = ("--results", RESULTS)
PILOT = ("--pilot", "2", "--until-width", "1%")
QUICKLY = ("--meter", "none", "--idle", "0", "--probe-hz", "2")
PROGRAM = (*QUICKLY, "--", "true")
VARIED = ("./nothing", "--vary", "n=1,2")
NOTHING = 'name = "nothing"\nargv = ["true", "{n}"]\n[factors.n]\ntype = "int"\ndefault = 1\n'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "workload.toml").write_text(NOTHING)
    return tmp_path


def commands(text: str, verb: str) -> list[list[str]]:
    """Return the arguments of each command of the text, to the end of its line as a shell does."""
    found = re.findall(rf"benchharness ({verb} .*?)(?:   \(.*\))?$", text, re.MULTILINE)
    return [shlex.split(each) for each in found]


def trials(where: str = RESULTS) -> list[str]:
    with sqlite3.connect(where) as connection:
        rows = connection.execute("SELECT status FROM trial WHERE replaced_by IS NULL ORDER BY id")
        return [status for (status,) in rows.fetchall()]


def test_what_is_undecided_is_decided_by_the_command(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *VARIED, *NAMED, "--repeat", "2", *QUICKLY]) == 0
    show = capsys.readouterr().err
    with sqlite3.connect(RESULTS) as connection:  # as near as makes some repetitions more decide
        for trial, took_ns in ((1, 1000), (2, 1004), (3, 1008), (4, 1020)):
            connection.execute(
                "UPDATE trial SET window_end_ns = window_start_ns + ? WHERE id = ?",
                (took_ns * 1_000_000, trial),
            )
    (all_figures,) = commands(show, "show")
    assert main(all_figures) == 0
    told = capsys.readouterr().err
    assert "undecided" in told
    (resume,) = commands(told, "resume")
    assert resume[-2:] == list(NAMED)
    more = int(resume[resume.index("--repeat") + 1])
    resume[resume.index("--repeat") + 1] = "3"  # one more is enough to see that it goes on
    assert more > 2
    assert main(resume) == 0
    assert trials() == ["ok"] * 6
    (report,) = commands(show, "report")
    assert main([word for word in report if word != "--open"]) == 0
    assert list(elsewhere.glob("benchharness-*.html"))


def test_an_unfinished_campaign_is_finished_by_what_its_caution_and_page_say(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *NAMED, "--repeat", "3", *PROGRAM]) == 0
    with sqlite3.connect(RESULTS) as connection:
        connection.execute("UPDATE trial SET status = 'planned', window_start_ns = NULL")
        connection.execute("UPDATE campaign SET state = 'interrupted'")
    capsys.readouterr()
    assert main(["show", "last", *NAMED]) == 0
    (resume,) = commands(capsys.readouterr().err, "resume")
    assert main(["report", "last", "--html", "page.html", *NAMED]) == 0
    page = unescape((elsewhere / "page.html").read_text(encoding="utf-8"))
    banner = re.search(r"(benchharness resume .*?) finishes it", page)
    assert banner is not None
    assert shlex.split(banner.group(1))[1:] == resume
    assert main(resume) == 0
    assert trials() == ["ok"] * 3


def test_a_pilot(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *NAMED, *PILOT, *PROGRAM]) == 0
    found = commands(capsys.readouterr().err.partition("pilot:")[2], "resume")
    for resume in found:  # none where two runs happen to agree
        resume[resume.index("--repeat") + 1] = "3"
        assert main(resume) == 0
        assert trials() == ["ok"] * 3


def test_what_ctrl_c_says(elsewhere: Path, tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    mark = "86391.875"
    script = elsewhere / "once.sh"
    script.write_text(f"#!/bin/sh\nmkdir {elsewhere}/one && exec sleep {mark}\nexit 0\n")
    script.chmod(0o755)
    process = harness.start("run", "--meter", "none", "--idle", "0", "--", str(script))
    wait_for_process(process, mark)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    resume, *_ = commands(stderr, "resume")
    assert resume[-2:] == ["--results", str(harness.results)]
    assert main(resume) == 0
    assert trials(str(harness.results)) == ["ok"]


def test_a_dry_run_names_a_command_that_answers(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "my desk.toml").write_text(
        'driver = "mqtt-json"\nbroker = "mqtt://broker.invalid"\ntopic = "desk"\ngain = 0.1\n'
        'power_path = "$"\npower_unit = "W"\nperiod_s = 10\npower_resolution_w = 1\n'
    )
    meter = "./my desk.toml"
    arguments = ["run", *VARIED, *NAMED, "--meter", meter, "--repeat", "200"]
    assert main([*arguments, "--dry-run"]) == 0
    text = capsys.readouterr().err
    found = commands(text, "advise")
    assert found, text
    for advise in found:
        assert main(advise) == 0
