"""The simulation behind docs/statistics.md, smaller: fixed seeds, bounds that mean something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchharness.conformance.coverage import (
    dependent,
    family_coverage,
    log_ratio_coverage,
    lognormal,
    mean_coverage,
    normal,
    ratio_coverage,
    shared_coverage,
)
from benchharness.conformance.coverage_gate import (
    chances_of_estimated,
    closed_at_least_regression,
    closed_between_sessions,
)
from benchharness.conformance.coverage_history import (
    KINDS,
    marked,
    marked_at_any_look,
    marked_of_several,
    new_step,
    step_after_last,
)
from benchharness.conformance.coverage_report import main, tables
from benchharness.conformance.coverage_time import (
    dependence_found,
    drift_coverage,
    history_alarms,
    history_power,
    stopped_coverage,
    stops_at,
    warm_up_alarms,
)
from benchharness.conformance.coverage_verdicts import gate_closed, words
from benchharness.plan.stop import Seen, StopRule, decide
from benchharness.standing import Word

MANY = 4000  # the standard error of 95 % is 0.34 %


@pytest.mark.parametrize("n", [3, 5, 10, 30])
def test_intervals_of_normal_values_hold_94_to_96_per_cent(n: int) -> None:
    assert 0.94 <= mean_coverage(normal(0.05), n, MANY) <= 0.96
    ratio = ratio_coverage(normal(0.05), n, MANY)
    assert ratio.unbounded == 0.0
    # Welch's degrees of freedom are a little careful where there are few.
    assert 0.94 <= ratio.of_bounded <= (0.98 if n == 3 else 0.965)


def test_intervals_of_skewed_values_at_five_repetitions() -> None:
    assert mean_coverage(lognormal(0.25), 5, MANY) >= 0.925
    assert mean_coverage(lognormal(0.5), 5, MANY) >= 0.90
    # A long tail is more than a t interval can hold; the docs say what to do then.
    assert mean_coverage(lognormal(1.0), 5, MANY) < 0.90
    assert 0.94 <= log_ratio_coverage(lognormal(1.0), 5, MANY) <= 0.97


def test_fieller_has_no_bounds_rather_than_wrong_ones() -> None:
    found = ratio_coverage(lognormal(1.0), 5, 1500)
    assert found.unbounded > 0.2
    assert 0.955 <= found.of_all <= 0.985  # those without an upper end hold it more often
    assert found.of_bounded >= 0.90


def test_joint_intervals_hold_together_and_single_ones_do_not() -> None:
    found = family_coverage(normal(0.05), 10, 800)
    assert 0.945 <= found.joint <= 0.99
    assert found.single < 0.90
    assert found.unbounded == 0.0


def test_what_the_instrument_shares_is_in_the_ratio() -> None:
    assert 0.94 <= shared_coverage(0.02, 10, 2500).of_bounded <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("variation", [0.005, 0.02, 0.05])
def test_the_gate_is_rarely_closed_for_nothing(variation: float) -> None:
    for n in (5, 30):
        assert gate_closed(0.0, variation, n, 1500) < 0.01
    # At the limit itself 1.5 of 100, as a two-sided interval of 97 % has it, and without a limit.
    assert gate_closed(0.03, variation, 10, 2500) <= 0.0225
    assert gate_closed(0.0, variation, 10, 2500, limit=0.0) <= 0.0225


def test_power_of_the_gate_for_a_regression_of_5_per_cent() -> None:
    assert gate_closed(0.05, 0.005, 5, 800) > 0.98
    assert 0.57 <= gate_closed(0.05, 0.01, 5, 1000) <= 0.68
    assert 0.37 <= gate_closed(0.05, 0.02, 10, 1000) <= 0.48
    assert gate_closed(0.05, 0.05, 10, 1000) < 0.2


@pytest.mark.slow
def test_what_the_gate_says_of_its_power_and_of_sessions() -> None:
    assert closed_at_least_regression(0.05, 5, 1000) == pytest.approx(0.8, abs=0.04)
    mean, low, high = chances_of_estimated(3, 30)
    assert low < 0.3 < mean < 0.75 < high  # three runs do not tell the spread
    assert 0.07 <= closed_between_sessions(0.01, 0.01, 500) <= 0.15
    assert closed_between_sessions(0.01, 0.05, 500) <= 0.01


def test_wrong_words_are_rare() -> None:
    nothing = words(0.0, 0.01, 10, 1500)
    wrong = sum(nothing.get(word, 0.0) for word in (Word.LOWER, Word.HIGHER))
    assert wrong == 0.0
    unclear = sum(nothing.get(word, 0.0) for word in (Word.LOWER_UNCLEAR, Word.HIGHER_UNCLEAR))
    assert unclear <= 0.065
    assert nothing[Word.SAME] > 0.85
    # "Same" of what differs by the margin, and by more than it.
    assert words(0.02, 0.01, 10, 1500).get(Word.SAME, 0.0) <= 0.04
    assert words(0.03, 0.01, 10, 1500).get(Word.SAME, 0.0) == 0.0
    assert words(0.05, 0.01, 10, 500)[Word.HIGHER] > 0.98


def test_stopping_at_a_width_costs_little_coverage() -> None:
    rule = stopped_coverage(normal(0.02), 0.05, 2000)
    assert rule.coverage >= 0.93
    hasty = stopped_coverage(normal(0.02), 0.05, 2000, least=3, confirm=0)
    assert hasty.coverage < rule.coverage
    assert hasty.repetitions < rule.repetitions


def test_the_simulated_rule_is_that_of_campaigns() -> None:
    rng = np.random.default_rng(9)
    rule = StopRule(width=0.05, repeat_min=5, repeat_max=40)
    for cv in (0.01, 0.03, 0.06):
        values = rng.normal(1.0, cv, 40).tolist()
        blocks = next(n for n in range(1, 41) if not decide(rule, Seen(n, {"v": values[:n]})).go_on)
        assert stops_at(values, 0.05) == blocks


@pytest.mark.slow
def test_what_is_said_about_time() -> None:
    assert 0.92 <= drift_coverage(normal(0.02), 8, 600) <= 0.98
    assert history_alarms(normal(0.015), 50, 800) <= 0.02
    assert history_power(50, 5, 200) >= 0.95
    kinds = dict(KINDS)
    assert marked(kinds["even and independent"], 30, 400) <= 0.03
    assert marked(kinds["4 times as large in the last third"], 30, 400) <= 0.16
    assert marked_of_several(8, 30, 60) <= 0.07
    assert marked_at_any_look(30, 60) <= 0.2
    out, steps = step_after_last(10, 500)
    assert 0.03 <= out <= 0.07
    assert 0.5 <= steps <= 0.95
    found, held, larger = new_step(0.02, 3, 300)
    assert found < 0.4
    assert held < 0.95
    assert larger > 0.7  # a step that has just been found looks larger than it is
    assert dependence_found(normal(0.05), 15, 800) <= 0.07
    assert dependence_found(dependent(0.05, 0.7), 30, 200) >= 0.85
    later, never = warm_up_alarms(normal(0.02), 50, 200)
    assert later + never <= 0.07


@pytest.mark.slow
def test_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["x"]) == main(["5"]) == main(["1", "2", "3"]) == 2
    assert "usage: scripts/coverage" in capsys.readouterr().err
    parts = list(tables(100))
    assert len(parts) == 25
    assert parts[0].startswith("The mean: Student's t, % that hold it (100 campaigns a cell)\n\n|")
    assert all(part.count("\n|") >= 3 for part in parts)
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    for part in parts:
        title, _, table = part.partition("\n\n")
        assert title.rpartition(" (")[0] in page  # the same tables, of more campaigns
        assert table.splitlines()[0] in page
