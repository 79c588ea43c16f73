"""A gate between campaigns: rows, refusals, failures, what a pull request and JUnit show."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchharness.cli.gate_inputs import baseline_file, limits_of
from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import CampaignSummary, MeasurementClass, Status
from benchharness.report.comparison import compare_campaigns
from benchharness.report.document import to_document
from benchharness.report.document_read import from_document, read_document
from benchharness.report.gate import Gate, Limit, gate_campaigns
from benchharness.report.gate_document import gate_document, gate_suites
from benchharness.report.gate_power import gate_power, power_sentence, power_table
from benchharness.report.gate_text import answer
from benchharness.report.junit import junit_xml
from benchharness.report.pull_request import (
    SIZE_LIMIT_BYTES,
    compare_markdown,
    gate_markdown,
    marker,
)
from benchharness.stats.gate import ONE_RUN, GateState
from tests.unit.report_samples import HOSTILE, KINDS, Kind, assembled, sample_campaign
from tests.unit.test_report_junit import checked

ENERGY = [Limit("energy", 0.03)]
TIME = [Limit("duration_s", 0.03)]
ONE = KINDS[:1]


def again(
    factor: float, kinds: tuple[Kind, ...] = KINDS, repeat: int = 5, **changes: Any
) -> CampaignSummary:
    """Run the sample again, every run ``factor`` times as long."""
    slower = tuple(replace(kind, duration_s=kind.duration_s * factor) for kind in kinds)
    found = sample_campaign(repeat, slower)
    return replace(found, **{"campaign_id": "9ab02d10", **changes})


def states(gate: Gate) -> list[GateState | None]:
    return [row.decision.state if row.decision else None for row in gate.rows]


def test_a_regression_beyond_the_limit_closes_it() -> None:
    gate = gate_campaigns(sample_campaign(), again(1.2), TIME)
    assert states(gate) == [GateState.CLOSED] * 4
    assert gate.exit_code == 1
    assert answer(gate).startswith("The gate is closed: wasmtime scalar: time +20\u00a0% (")
    for row in gate.rows:
        assert row.decision is not None
        assert row.decision.ratio.ratio == pytest.approx(1.2)
        assert row.decision.level == pytest.approx(1 - 0.03 / 4)


def test_no_change_and_less_leave_it_open() -> None:
    faster = gate_campaigns(sample_campaign(), again(0.8), TIME)
    assert (faster.exit_code, states(faster)) == (0, [GateState.OPEN] * 4)
    same = gate_campaigns(sample_campaign(), again(1.001), TIME)
    assert same.exit_code == 0
    assert GateState.CLOSED not in states(same)


def test_unproven_is_open_unless_strict_and_says_what_would_prove_it() -> None:
    base, mine = sample_campaign(3, ONE), again(1.028, ONE, 3)
    gate = gate_campaigns(base, mine, TIME)
    assert (gate.exit_code, states(gate)) == (0, [GateState.UNPROVEN])
    needed = gate.rows[0].needed
    assert needed is not None
    assert needed.repetitions is not None
    assert f"about {needed.repetitions} more repetition" in answer(gate)
    strict = gate_campaigns(base, mine, TIME, strict=True)
    assert strict.exit_code == 1
    assert "--strict" in answer(strict)


def test_a_run_far_from_the_others_is_pointed_to() -> None:
    """One run of five that took half as long again hides a regression of 10 %."""
    mine = again(1.1, ONE)
    trials = [
        replace(t, duration_s=(t.duration_s or 0.0) * (1.5 if t.repetition == 2 else 1.0))
        for t in mine.trials
    ]
    far = replace(assembled(trials), campaign_id="9ab02d10")
    gate = gate_campaigns(sample_campaign(5, ONE), far, TIME)
    assert states(gate) == [GateState.UNPROVEN]
    assert gate.rows[0].outliers == (0, 1)
    assert "1 of the 5 runs of the candidate stands far from the others" in answer(gate)
    assert gate_document(gate)["rows"][0]["outliers"] == [0, 1]
    closed = gate_campaigns(sample_campaign(5, ONE), mine, TIME)
    assert states(closed) == [GateState.CLOSED]


def test_both_commits_stand_in_the_comment() -> None:
    base = sample_campaign(5, ONE)
    commits = "0123456789ab", "fedcba987654+"
    before, after = (
        replace(each, environment={**each.environment, "source_commit": commit})
        for each, commit in zip((base, again(1.2, ONE)), commits, strict=True)
    )
    gate = gate_campaigns(before, after, TIME)
    text = gate_markdown(gate)
    assert "| Metric | Baseline `0123456789ab` | This branch `fedcba987654+` | Change |" in text
    assert "commit changed: 0123456789ab to fedcba987654+" in text
    assert gate.exit_code == 1  # another commit is what one compares
    assert gate_document(gate)["candidate"]["commit"] == "fedcba987654+"


def test_one_run_only_is_unproven_and_says_why() -> None:
    gate = gate_campaigns(sample_campaign(1, ONE), again(2.0, ONE, 1), ENERGY)
    assert (gate.exit_code, states(gate)) == (0, [GateState.UNPROVEN])
    assert ONE_RUN in answer(gate)


def test_failed_runs_close_it_and_are_no_regression() -> None:
    mine = again(1.0)
    trials = tuple(
        replace(t, status=Status.FAILED, reason="exit code 3", energy=None) if t.variant == 2 else t
        for t in mine.trials
    )
    failed = replace(assembled(trials), campaign_id="9ab02d10")
    gate = gate_campaigns(sample_campaign(), failed, TIME)
    assert gate.exit_code == 1
    assert gate.failures == ("native: 5 of 5 runs failed: exit code 3",)
    assert "no regression was proven" in answer(gate)
    assert [row.reason for row in gate.rows if row.decision is None] == [
        "no good run in campaign 9ab02d10"
    ]


def test_all_failed() -> None:
    mine = again(1.0)
    trials = tuple(replace(t, status=Status.TIMEOUT, energy=None) for t in mine.trials)
    failed = replace(assembled(trials), campaign_id="9ab02d10")
    gate = gate_campaigns(sample_campaign(), failed, ENERGY)
    assert gate.exit_code == 1
    assert set(states(gate)) == {None}
    assert "5 of 5 runs timeout" in answer(gate)
    # The other way round nothing is wrong with the candidate: there is nothing to compare with.
    gate = gate_campaigns(failed, sample_campaign(), ENERGY)
    assert gate.exit_code == 3
    assert "no good run in campaign 9ab02d10" in answer(gate)


def test_missing_joules_are_not_comparable_and_time_still_is() -> None:
    mine = again(1.0)
    trials = tuple(
        replace(t, energy=None, energy_missing="meter plug-1 sent nothing") for t in mine.trials
    )
    without = replace(assembled(trials), campaign_id="9ab02d10")
    gate = gate_campaigns(sample_campaign(), without, ENERGY)
    assert gate.exit_code == 3
    assert "no joules in campaign 9ab02d10: meter plug-1 sent nothing" in answer(gate)
    assert gate_campaigns(sample_campaign(), without, TIME).exit_code == 0


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"environment": {"machine": "other", "board": "Pi 4"}}, "machine: Raspberry Pi 5"),
        ({"quick": True}, "a quick run against a full one"),
    ],
)
def test_what_differs_is_refused_with_3_and_can_be_forced(
    changes: dict[str, Any], what: str
) -> None:
    base, mine = sample_campaign(), again(1.0, **changes)
    gate = gate_campaigns(base, mine, TIME)
    assert (gate.exit_code, gate.rows) == (3, ())
    assert what in answer(gate)
    assert answer(gate).endswith("; --force compares all the same.")
    assert "Not comparable" in gate_markdown(gate)
    forced = gate_campaigns(base, mine, TIME, force=True)
    assert forced.exit_code == 0
    assert "compared all the same" in gate_markdown(forced)


def test_another_class_of_joules_matters_to_joules_only() -> None:
    estimated = replace(sample_campaign(cls=MeasurementClass.ESTIMATED), campaign_id="9ab02d10")
    assert gate_campaigns(sample_campaign(), estimated, ENERGY).exit_code == 3
    assert gate_campaigns(sample_campaign(), estimated, TIME).exit_code == 0


def test_nothing_in_common_is_not_comparable() -> None:
    other = tuple(replace(kind, label=f"other {kind.label}") for kind in KINDS)
    gate = gate_campaigns(sample_campaign(), again(1.0, other), TIME)
    assert gate.exit_code == 3
    assert "no variant in common" in answer(gate)
    assert "--force" not in answer(gate)  # there is nothing to force


def test_wrong_usage() -> None:
    base = sample_campaign()
    with pytest.raises(UsageError, match="both candidate and baseline"):
        gate_campaigns(base, base, TIME)
    with pytest.raises(UsageError, match="no limit"):
        gate_campaigns(base, again(1.0), [])


def test_limits_of_the_command_line() -> None:
    assert limits_of([], ["3%"]) == [Limit("energy", 0.03)]
    assert limits_of(["time", "memory"], ["0.05"]) == [
        Limit("duration_s", 0.05),
        Limit("memory_peak_bytes", 0.05),
    ]
    assert limits_of([], ["energy=3 %", "time=5%"]) == [
        Limit("energy", 0.03),
        Limit("duration_s", 0.05),
    ]
    assert limits_of(["memory"], ["10%", "time=5%"]) == [
        Limit("memory_peak_bytes", 0.1),
        Limit("duration_s", 0.05),
    ]
    for metrics, regressions, what in (
        ([], [], "no limit"),
        (["time"], ["energy=3%"], "no limit of duration_s"),
        ([], ["3%", "4%"], "two limits without a metric"),
        ([], ["3%", "time=4%"], "beside limits of metrics"),
        ([], ["time=3%", "time=4%"], "two limits of time"),
        ([], ["3 J"], "which is in J"),
    ):
        with pytest.raises(UsageError, match=what):
            limits_of(metrics, regressions)
    with pytest.raises(UnknownNameError, match="did you mean 'energy'"):
        limits_of(["enrgy"], ["3%"])


def test_a_document_as_the_baseline_decides_the_same(tmp_path: Path) -> None:
    base, mine = sample_campaign(), again(1.05)
    file = tmp_path / "base.json"
    file.write_text(json.dumps(to_document(base)), encoding="utf-8")
    direct, read = (gate_campaigns(b, mine, ENERGY) for b in (base, read_document(file)))
    assert [r.decision for r in read.rows] == [r.decision for r in direct.rows]
    assert [r.needed for r in read.rows] == [r.needed for r in direct.rows]


def test_the_baseline_is_named_so_that_the_command_runs_again(tmp_path: Path) -> None:
    document, results = tmp_path / "base.json", tmp_path / "kept.db"
    document.write_text("{}", encoding="utf-8")
    results.write_bytes(b"SQLite format 3\x00")
    assert baseline_file("7f3c", None, "7f3c19e0") is None
    assert baseline_file(str(document), None, "7f3c19e0") == str(document)
    for name in (str(results), f"{results}:last"):
        assert baseline_file(name, None, "7f3c19e0") == f"{results}:7f3c19e0"
    assert baseline_file("7f3c", results, "7f3c19e0") == f"{results}:7f3c19e0"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "is not JSON"),
        ("[1, 2]", "is not the document of a campaign"),
        ('{"schema_version": 99}', "version 99"),
        ('{"schema_version": 1}', "no 'trials'"),
    ],
)
def test_what_is_no_document(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "base.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=what):
        read_document(file)
    document = to_document(sample_campaign())
    document["trials"][0]["energy"]["gross_j"] = "many"
    with pytest.raises((TypeError, AttributeError, ValueError)):
        from_document(document)


GOLDEN = """\
<!-- benchharness:matrix:Raspberry-Pi-5-Model-B-Rev-1.0-5e9f01c2aa37 -->
**Net energy: this branch uses 20 % more than the baseline. Gate closed** (97 % interval \
+16 to +25 %; 5 + 5 runs; Raspberry Pi 5 Model B Rev 1.0), all of it above the limit of +3 %.

| Metric | Baseline | This branch | Change | Verdict |
| :-- | --: | --: | --: | :-- |
| Net energy / J | 53.0 ± 1.7 | 63.6 ± 2.0 | +20 % | ▲ closed (limit +3 %) |
| Time / s | 16.67 ± 0.22 | 20.01 ± 0.26 | +20.0 % | ▲ higher |
| Peak memory / MiB | 612.0 | 612.0 | 0.0 % | ≈ same |
| CPU time / s | 16.51 ± 0.22 | 19.81 ± 0.26 | +20.0 % | ▲ higher |
"""


def test_the_comment_of_a_pull_request() -> None:
    gate = gate_campaigns(sample_campaign(5, ONE), again(1.2, ONE), ENERGY)
    text = gate_markdown(gate, report_url="https://ci.invalid/a b)/report.html")
    lines = text.splitlines()
    expected = GOLDEN.splitlines()
    assert [line.replace("\u00a0", " ") for line in lines[:9]] == expected
    assert "[Full report](https://ci.invalid/a%20b%29/report.html)" in text
    assert text.count("<details>") == text.count("</details>") == 1
    assert "benchharness gate 9ab02d10 --baseline 7f3c19e0 --max-regression=energy_net=3%" in text
    kept = gate_markdown(gate, baseline_file="main's.json")
    assert """benchharness gate 9ab02d10 --baseline 'main'"'"'s.json' --max""" in kept
    assert len(lines) < 25
    assert marker(gate.candidate) == marker(gate.baseline) == lines[0]


def test_several_variants_show_the_worst_first_and_fold_the_rest() -> None:
    mine = again(1.0)
    kinds = [replace(k, duration_s=k.duration_s * (1.3 if k is KINDS[3] else 1.0)) for k in KINDS]
    mine = replace(sample_campaign(kinds=kinds), campaign_id="9ab02d10")
    text = gate_markdown(gate_campaigns(sample_campaign(), mine, [Limit("duration_s", 0.05)]))
    table = [line for line in text.splitlines() if line.startswith("| `")]
    assert table[0].startswith("| `numpy` |")
    assert "▲ closed" in table[0]
    assert "all figures (16)" in text
    assert "**The gate is closed:** numpy: time +30\u00a0%" in text


def test_only_web_addresses_are_linked() -> None:
    gate = gate_campaigns(sample_campaign(), again(1.0), TIME)
    with pytest.raises(UsageError, match="not a web address"):
        gate_markdown(gate, report_url="javascript:alert(1)")


@pytest.mark.slow
def test_hostile_labels_stay_text_and_a_thousand_variants_fit() -> None:
    kinds = tuple(Kind(f"{HOSTILE} {i}", 1.0 + i / 100, 5.0, 100.0, 0.0, None) for i in range(300))
    base = sample_campaign(3, kinds)
    mine = again(1.0, kinds, 3, title=HOSTILE)
    for text in (
        gate_markdown(gate_campaigns(base, mine, [*TIME, *ENERGY])),
        compare_markdown(compare_campaigns(base, mine)),
    ):
        assert len(text.encode()) <= SIZE_LIMIT_BYTES
        first = text.splitlines()[0]
        assert first.count("--") == 2
        outside = [part for i, part in enumerate(text.split("`")) if i % 2 == 0]
        assert not any("<script" in part or "<img" in part for part in outside)
        assert "\x1b" not in text
        assert text.count("<details>") == text.count("</details>") == 1


def test_comparisons_have_a_comment_too() -> None:
    text = compare_markdown(compare_campaigns(sample_campaign(5, ONE), again(1.2, ONE)))
    assert "**9ab02d10 uses 20 % more net energy than 7f3c19e0" in text
    assert "| Metric | `7f3c19e0` | `9ab02d10` | Change | Verdict |" in text


def test_junit_says_the_sentence() -> None:
    closed = gate_campaigns(sample_campaign(5, ONE), again(1.2, ONE), TIME)
    root = checked(junit_xml(gate_suites(closed)))
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert "all of it above the limit of +3 %" in failure.attrib["message"]
    unproven = gate_campaigns(sample_campaign(3, ONE), again(1.028, ONE, 3), TIME)
    root = checked(junit_xml(gate_suites(unproven)))
    assert root.find("testsuite/testcase/skipped") is not None
    assert root.find("testsuite/testcase/failure") is None


def test_the_document_is_json() -> None:
    gate = gate_campaigns(sample_campaign(), again(1.2), ENERGY)
    document = json.loads(json.dumps(gate_document(gate), allow_nan=False))
    assert (document["gate"], document["exit_code"]) == ("closed", 1)
    row = document["rows"][0]
    assert (row["metric"], row["state"], row["limit"]) == ("energy_net_j", "closed", 0.03)
    assert row["ratio_low"] > 1.03


@pytest.mark.slow
def test_power_says_what_would_be_seen() -> None:
    rows = gate_power(sample_campaign(), TIME)
    assert [row.label for row in rows] == [kind.label for kind in KINDS]
    for row in rows:
        known = [least for least in row.least if least is not None]
        assert len(known) == 5
        assert known == sorted(known, reverse=True)
        assert known[-1] > 0.03
    assert "with about 80 %" in power_sentence(rows)
    assert power_sentence(rows).endswith("if the spread is what these 5 runs show.")
    notes = " ".join(power_table(rows).notes)
    assert "on all 4 where all of them regress so: about 41 %" in notes
    assert "a spread of 5 runs is itself known to about ±35 %" in notes
    assert "no spread" in power_sentence(gate_power(sample_campaign(1), TIME))
    wild = [replace(rows[0], cv=0.66, least=(None,) * 5)]
    assert "closes on no regression: the baseline scatters by up to 66 %" in power_sentence(wild)
