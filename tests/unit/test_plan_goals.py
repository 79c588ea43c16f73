"""Metric, margin, baseline and stop rule: read strictly, in layers, from a file and a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchharness.cli.request import Request, request_from_arguments
from benchharness.cli.stored_request import request_from_spec
from benchharness.errors import UsageError
from benchharness.plan.stop import StopRule

WORKLOAD = """name = "w"
argv = ["true"]
[factors.n]
type = "int"
default = 1
[factors.runtime]
type = "str"
default = "a"
levels = ["a", "b", "native"]
"""
HEAD = 'workload = "./w"\n'
VARY = '[vary]\nruntime = ["a", "native"]\n'
FULL = (
    HEAD
    + 'metric = "energy_net"\nmargin = "2 %"\n'
    + VARY
    + '[baseline]\nruntime = "native"\n'
    + '[stop]\nwidth = "5 %"\nrepeat_min = 6\nrepeat_max = 30\ntime_s = 7200\nenergy_j = 5e5\n'
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("w").mkdir()
    Path("w/workload.toml").write_text(WORKLOAD)


def request(text: str, *words: str) -> Request:
    from benchharness.cli.main import build_parser

    Path("c.toml").write_text(text)
    args = build_parser("run").parse_args(["run", "c.toml", *words])
    args.program = None
    return request_from_arguments(args)


def refused(text: str, *words: str) -> str:
    with pytest.raises(UsageError) as caught:
        request(text, *words)
    assert caught.value.exit_code == 2
    return caught.value.line()


def test_every_key_is_stored_as_the_reports_read_it() -> None:
    spec = request(FULL).spec()
    assert spec["metric"] == "energy_net_j"
    assert spec["margin"] == pytest.approx(0.02)
    assert spec["baseline"] == {"runtime": "native"}
    assert spec["stop"] == {
        "width": pytest.approx(0.05),
        "repeat_min": 6,
        "repeat_max": 30,
        "time_s": 7200.0,
        "energy_j": 500000.0,
    }


def test_what_is_not_said_is_none_and_one_trial_of_each_is_planned() -> None:
    plain = request(HEAD)
    spec = plain.spec()
    found = [spec[key] for key in ("metric", "margin", "baseline", "stop")]
    assert found == [None, None, {}, {}]
    assert (plain.options.repeat, len(plain.table.order)) == (1, 1)


def test_a_stored_request_comes_back_with_its_goals() -> None:
    asked = request(FULL)
    again = request_from_spec(asked.spec())
    assert again.goals.stop == asked.goals.stop
    assert again.goals.spec() == asked.goals.spec()
    older = {k: v for k, v in asked.spec().items() if k not in ("stop", "metric", "baseline")}
    assert request_from_spec(older).goals.stop == StopRule()


def test_a_growing_campaign_begins_with_one_block() -> None:
    assert len(request(FULL).table.order) == 2
    assert request(FULL).options.repeat == 1


def test_the_command_line_comes_before_the_file() -> None:
    asked = request(FULL, "--metric", "time", "--margin", "3%", "--baseline", "runtime=a")
    assert asked.goals.metric == "duration_s"
    assert asked.goals.margin == pytest.approx(0.03)
    assert asked.goals.baseline == {"runtime": "a"}
    assert request(FULL, "--until-width", "1%").goals.stop.width == pytest.approx(0.01)
    assert request(FULL, "--max-time", "60").goals.stop.time_s == 60.0


def test_a_fixed_number_ends_the_width_and_keeps_the_budgets() -> None:
    stop = request(FULL, "--repeat", "4").goals.stop
    assert stop == StopRule(repeat_max=4, time_s=7200.0, energy_j=500000.0)
    assert stop.grows
    no_budget = request(HEAD + '[stop]\nwidth = "5 %"\n', "--repeat", "4")
    assert not no_budget.goals.stop.grows
    assert len(no_budget.table.order) == 4
    wide = request(HEAD.replace("\n", "\nrepeat = 4\n", 1), "--until-width", "5%")
    assert wide.goals.stop == StopRule(width=0.05)


def test_quick_may_change_each() -> None:
    text = FULL + '[quick]\nmetric = "time"\nmargin = 0.1\nrepeat = 2\n[quick.baseline]\nn = 1\n'
    quick = request(text, "--quick").goals
    assert (quick.metric, quick.margin, quick.baseline) == ("duration_s", 0.1, {"n": 1})
    assert quick.stop.repeat_max == 2
    assert request(text).goals.metric == "energy_net_j"
    rule = request(FULL + "[quick.stop]\nrepeat_max = 7\n", "--quick").goals.stop
    assert rule.width == pytest.approx(0.05)
    assert rule.repeat_max == 7


def test_a_pilot_is_a_fixed_number_that_knows_the_wanted_width() -> None:
    asked = request(FULL, "--pilot", "3")
    assert asked.goals.stop.width is None
    assert asked.spec()["pilot"] == {"width": pytest.approx(0.05)}
    assert request(HEAD, "--pilot", "3", "--until-width", "1%").pilot_width == pytest.approx(0.01)
    assert request(HEAD, "--pilot", "3").options.repeat == 3


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("margn = 0.02", "c.toml:2: unknown key 'margn'; did you mean 'margin'?"),
        (
            'metric = "enrgy"',
            "c.toml:2: metric: unknown metric 'enrgy'; did you mean 'energy'?",
        ),
        ("margin = 0", "c.toml:2: margin: expected more than 0 and less than 1 (100 %), got 0"),
        ("margin = 1", "c.toml:2: margin: expected more than 0 and less than 1 (100 %), got 1"),
        ("margin = -0.1", "c.toml:2: margin: expected more than 0"),
        ('margin = "150 %"', "c.toml:2: margin: expected more than 0 and less than 1"),
        ("margin = nan", "c.toml:2: margin: expected a share, got nan"),
        (
            'margin = "2 J"',
            "c.toml:2: margin: expected a share, got '2 J', which is in J; write \"2 %\" or 0.02",
        ),
        ("margin = true", "c.toml:2: margin: expected a share, got True"),
        ('[stop]\nwidth = "5 W"', "c.toml:3: stop.width: expected a share, got '5 W'"),
        ("[stop]\nwidht = 0.05", "c.toml:3: stop: unknown key 'widht'; did you mean 'width'?"),
        ("[stop]", "c.toml:2: stop: says nothing; name width, time_s or energy_j"),
        ("[stop]\nrepeat_max = 7", "c.toml:3: stop.repeat_max: alone stops nothing"),
        (
            '[stop]\ntime_s = "2 h"',
            "c.toml:3: stop.time_s: expected a number of s, got '2 h'; write it in s",
        ),
        ("[stop]\nenergy_j = 0", "c.toml:3: stop.energy_j: expected more than 0 J, got 0"),
        (
            "[stop]\nwidth = 0.05\nrepeat_max = 3\nrepeat_min = 9",
            "c.toml:4: stop.repeat_max: at most 3 is below at least 9",
        ),
        (
            "[stop]\nwidth = 0.05\nrepeat_min = 1",
            "c.toml:4: stop.repeat_min: 1 is below 2: one value has no interval",
        ),
        (
            "repeat = 3\n[stop]\nwidth = 0.05",
            "c.toml:2: repeat: a fixed number of repetitions stands beside a width",
        ),
        (
            "repeat = 3\n[stop]\ntime_s = 9\nrepeat_max = 5",
            "c.toml:5: stop.repeat_max: a fixed number of repetitions has no least and no most",
        ),
        ("[baseline]", "c.toml:2: baseline: names no level"),
        (
            '[baseline]\nruntme = "a"',
            "c.toml:3: baseline.runtme: unknown factor of w 'runtme'; did you mean 'runtime'?",
        ),
        (
            '[baseline]\nruntime = "nativ"',
            "c.toml:3: baseline.runtime: unknown level of runtime 'nativ'; did you mean 'native'?",
        ),
        (
            VARY + '[baseline]\nruntime = "b"',
            "c.toml:5: baseline.runtime: no variant has runtime=b; "
            "choose among: runtime=a, runtime=native",
        ),
        ('baseline = "native"', "c.toml:2: baseline: expected a table"),
        (
            VARY + '[[exclude]]\nruntime = ["a", "native"]',
            "every combination is excluded, the first: runtime=a makes no sense (c.toml:4)",
        ),
    ],
)
def test_a_wrong_file_is_one_line_with_its_place(text: str, line: str) -> None:
    assert refused(HEAD + text + "\n").startswith(line)


def test_an_empty_file_says_what_is_missing() -> None:
    assert refused("").startswith("c.toml:1: workload: is missing")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--margin", "0"], "--margin: expected more than 0"),
        (["--until-width", "2J"], "--until-width: expected a share, got '2J', which is in J"),
        (["--metric", "watts"], "--metric: unknown metric 'watts'"),
        (["--baseline", "n"], "--baseline: expected factor=value, got 'n'"),
        (["--baseline", "n=2"], "--baseline: no variant has n=2; choose among: n=1"),
        (["--baseline", "n=1", "--baseline", "n=2"], "--baseline: n is set twice"),
        (["--max-repeat", "9"], "--max-repeat: alone stops nothing"),
        (["--repeat", "9", "--until-width", "5%"], "--repeat: a fixed number of repetitions"),
        (["--repeat", "9", "--pilot", "3"], "--pilot: stands beside --repeat"),
        (["--pilot", "1"], "--pilot: 1 is below 2: one repetition has no spread"),
        (["--meter", "none", "--metric", "energy"], "metric: energy cannot be looked at"),
        (["--meter", "none", "--max-energy", "9"], "energy_j: a budget of energy needs a meter"),
    ],
)
def test_a_wrong_command_line_is_one_line(words: list[str], line: str) -> None:
    assert refused(HEAD, *words).startswith(line)


@pytest.mark.parametrize(
    ("written", "share"),
    [("2 %", 0.02), ("2%", 0.02), ("0.5 %", 0.005), ("0.02", 0.02), (0.02, 0.02), ("5e-2", 0.05)],
)
def test_shares_as_people_write_them(written: Any, share: float) -> None:
    from benchharness.plan.quantities import read_share

    assert read_share(written, "here") == pytest.approx(share)
