"""Campaigns that grow: until a width, within a budget, added to, killed and resumed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from benchharness.plan.run_table import block_order
from benchharness.store.database import Store
from tests.integration.harness import Harness, wait_for_process

SLEEP = ["--", "sleep", "0.02"]
WORKLOAD = """name = "nap"
title = "Naps"
argv = ["sleep", "{s}"]
[factors.s]
type = "float"
default = 0.02
"""
QUICKLY = ["--meter", "none", "--idle", "0"]


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    (tmp_path / "nap").mkdir()
    (tmp_path / "nap" / "workload.toml").write_text(WORKLOAD)
    return Harness(tmp_path)


def order(harness: Harness) -> list[tuple[int, int]]:
    with Store.open(harness.results) as store:
        trials = store.trials(store.campaign("last").id)
    assert [trial.index for trial in trials] == list(range(len(trials)))
    return [(trial.variant, trial.repetition) for trial in trials]


def stopped(harness: Harness) -> str | None:
    with Store.open(harness.results) as store:
        found: str | None = (store.campaign("last").overhead or {}).get("stopped")
    return found


@pytest.mark.slow
def test_until_every_interval_is_narrow_enough(harness: Harness) -> None:
    varied = ["./nap", "--vary", "s=0.02,0.03", "--seed", "4"]
    outcome = harness.run(*varied, "--until-width", "90%", "--max-repeat", "8")
    assert outcome.code == 0, outcome.stderr
    trials = order(harness)
    repetitions = len(trials) // 2
    assert 5 <= repetitions <= 8
    assert tuple(trials) == block_order(2, repetitions, 4)
    assert "wanted 90 %" in outcome.stderr
    assert "block 1 of at most 8" in outcome.stderr
    reason = stopped(harness)
    assert reason is not None
    assert reason.startswith(f"after {repetitions} blocks")
    assert f"stopped {reason}" in outcome.stderr


def test_a_width_that_is_never_reached_ends_at_the_most(harness: Harness) -> None:
    outcome = harness.run("--until-width", "0.0001%", "--max-repeat", "3", *SLEEP)
    assert outcome.code == 0
    assert len(outcome.document["trials"]) == 3
    reason = stopped(harness) or ""
    assert "the most there may be" in reason
    more = harness("resume", "--json", "last", "--repeat", "4")
    assert more.code == 0, more.stderr
    assert stopped(harness) == reason  # that it was looked at then is not forgotten
    said = [c["message"] for c in more.document["cautions"] if c["code"] == "repetitions-added"]
    assert said
    assert said[0].startswith("3 repetitions were made by the stop rule, and 1 added later")


@pytest.mark.slow
@pytest.mark.alone
def test_a_time_budget_is_kept(harness: Harness) -> None:
    before_s = time.monotonic()
    outcome = harness.run("--max-time", "2.5", *SLEEP)
    assert outcome.code == 0
    assert time.monotonic() - before_s < 8.0
    assert len(outcome.document["trials"]) >= 2
    assert "of 2.5 s are spent" in (stopped(harness) or "")
    fixed = harness.run("--max-time", "1000", "--repeat", "2", *SLEEP)
    assert len(fixed.document["trials"]) == 2


def test_an_energy_budget_counts_the_estimate(harness: Harness) -> None:
    words = ["--idle", "0.2", "--max-energy", "1e-9", "--", sys.executable, "-c"]
    outcome = harness("run", "--json", *words, "sum(range(10**7))")
    assert outcome.code == 0, outcome.stderr
    assert len(outcome.document["trials"]) == 1
    reason = stopped(harness) or ""
    assert "spent" in reason or "no trial gave an energy" in reason


@pytest.mark.slow
def test_all_trials_failed_is_no_endless_campaign(harness: Harness) -> None:
    outcome = harness.run("--until-width", "5%", "--", "false")
    assert outcome.code == 1
    assert len(outcome.document["trials"]) == 5
    assert stopped(harness) == "after 5 blocks: no good trial has given time"


@pytest.mark.slow
def test_repetitions_are_added_to_a_finished_campaign_in_the_seeds_order(harness: Harness) -> None:
    begun = ["./nap", "--vary", "s=0.01,0.02", "--repeat", "1", "--seed", "9"]
    assert harness.run(*begun).code == 0
    more = harness("resume", "--json", "last", "--repeat", "3")
    assert more.code == 0, more.stderr
    assert tuple(order(harness)) == block_order(2, 3, 9)
    fewer = harness("resume", "last", "--repeat", "2")
    assert fewer.code == 2
    assert fewer.last_line.endswith("it is the number in all: use 4 or more")
    with Store.open(harness.results) as store:
        assert store.campaign("last").state == "done"
    same = harness("resume", "last", "--repeat", "3")
    assert same.code == 0
    assert "was complete" in same.stderr
    assert "was complete" in harness("resume", "last").stderr


@pytest.mark.slow
def test_a_killed_campaign_goes_on_by_its_rule(harness: Harness) -> None:
    mark = "86391.125"
    script = harness.folder / "hangs-in-the-third.sh"
    # Hangs once, in its third run; every other run ends at once.
    script.write_text(
        f"#!/bin/sh\ncd {harness.folder}\n"
        f"if mkdir one; then :; elif mkdir two; then :; elif mkdir three; then sleep {mark}; fi\n"
    )
    script.chmod(0o755)
    rule = ["--until-width", "0.0001%", "--max-repeat", "5", "--seed", "2"]
    process = harness.start("run", *QUICKLY, *rule, "--", str(script))
    wait_for_process(process, mark)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(order(harness)) == 3
    resumed = harness("resume", "--json", "last")
    assert resumed.code == 0, resumed.stderr
    assert [trial["status"] for trial in resumed.document["trials"]] == ["ok"] * 5
    assert "after 5 blocks" in (stopped(harness) or "")


def test_a_campaign_that_was_killed_between_two_blocks_asks_the_rule_again(
    harness: Harness,
) -> None:
    assert harness.run("--until-width", "0.0001%", "--max-repeat", "3", *SLEEP).code == 0
    connection = sqlite3.connect(harness.results)
    with connection:  # as it is when the harness dies there
        connection.execute("UPDATE campaign SET state = 'running', overhead = NULL")
        connection.execute("DELETE FROM trial WHERE repetition = 2")
    connection.close()
    resumed = harness("resume", "--json", "last")
    assert resumed.code == 0, resumed.stderr
    assert len(resumed.document["trials"]) == 3


def test_a_pilot_prints_the_command_that_works(harness: Harness) -> None:
    outcome = harness.run("--pilot", "2", "--until-width", "40%", *SLEEP)
    assert outcome.code == 0
    assert (
        "pilot: repetitions for a 95 % interval of 40 % around each mean of time" in outcome.stderr
    )
    lines = [line for line in outcome.stderr.splitlines() if "benchharness resume" in line]
    if lines:  # else the two that there are do
        words = lines[-1].split()[2:]
        assert int(words[words.index("--repeat") + 1]) > 2
        assert harness("resume", words[0], "--repeat", "3").code == 0
        assert len(order(harness)) == 3


@pytest.mark.slow
def test_a_block_keeps_its_meters(harness: Harness) -> None:
    script = harness.folder / "second-hangs.sh"
    mark = "86390.625"
    script.write_text(
        f"#!/bin/sh\ncd {harness.folder}\n"
        f"if mkdir one; then :; elif mkdir two; then sleep {mark}; fi\n"
    )
    script.chmod(0o755)
    folder = harness.folder / "nap"
    (folder / "workload.toml").write_text(
        WORKLOAD.replace('["sleep", "{s}"]', f'["{script}", "{{s}}"]')
    )
    process = harness.start("run", *QUICKLY, "./nap", "--vary", "s=0.01,0.02")
    wait_for_process(process, mark)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    other = ["--meter", "estimate-generic-x86"]
    refused = harness("resume", "last", *other)
    assert refused.code == 2
    assert refused.last_line == (
        "benchharness: --meter: block 1 is unfinished, 1 of its 2 trials were measured with "
        "no meter, not estimate-generic-x86; go on with that, or run these trials again: "
        "--redo-block"
    )
    again = harness("resume", "--json", "last", *other, "--redo-block")
    assert again.code == 0, again.stderr
    with Store.open(harness.results) as store:
        campaign = store.campaign("last")
        assert len(store.trials(campaign.id, replaced=True)) == 4  # both were run again
        for trial in store.trials(campaign.id):
            meters = [s.name for s in store.streams(trial.trial_id) if s.source == "meter"]
            assert meters == ["estimate-generic-x86"]
    # Later blocks may have another meter.
    more = harness("resume", "--json", "last", "--repeat", "2", "--meter", "none")
    assert more.code == 0, more.stderr


@pytest.mark.slow
def test_a_dry_run_measures_nothing_and_knows_what_was_measured(harness: Harness) -> None:
    varied = ["./nap", "--vary", "s=0.02,0.05", "--repeat", "2"]
    first = harness.run(*varied, "--dry-run")
    assert first.code == 0
    assert not harness.results.exists()
    plan = json.loads(first.stdout)
    assert (plan["block_s"], plan["trials"]) == (None, {"least": 4, "most": 4})
    assert plan["differences"][0]["assumed"] == ["equal trials that vary by 2 %"]
    measured = harness.run(*varied)
    assert measured.code == 0
    known = json.loads(harness.run(*varied, "--dry-run").stdout)
    assert known["block_s"] > 0.07
    windows_s = [
        [t["duration_s"] for t in measured.document["trials"] if t["factors"]["s"] == s]
        for s in (0.02, 0.05)
    ]
    assert [each["window_s"] for each in known["variants"]] == pytest.approx(
        [sum(each) / len(each) for each in windows_s]
    )
    assert known["differences"][0]["assumed"] == []
    for_people = harness("run", *QUICKLY, *varied, "--dry-run")
    assert for_people.stdout == ""
    assert "trials: 2 variants x 2 repetitions = 4" in for_people.stderr
    assert "all intervals together at 95 %" in for_people.stderr
    with Store.open(harness.results) as store:
        assert len(store.campaigns()) == 1


def test_a_dry_run_opens_no_meter_and_names_what_is_missing(harness: Harness) -> None:
    (harness.folder / "nap" / "workload.toml").write_text(
        WORKLOAD + '[needs]\nprograms = ["no-such-program-here"]\n'
    )
    nobody = "tasmota:mqtt://127.0.0.1:1/plug-9"
    outcome = harness("run", "./nap", "--dry-run", "--meter", nobody, "--repeat", "4")
    assert outcome.code == 0, outcome.stderr
    assert "no-such-program-here" in outcome.stderr
    assert "meter: plug-9" in outcome.stderr
