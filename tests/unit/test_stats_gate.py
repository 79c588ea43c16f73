"""The rule of the gate: boundaries, what would prove it, power, false alarms."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from benchharness.stats.against_level import against_level
from benchharness.stats.gate import (
    NO_BOUND,
    ONE_RUN,
    GateState,
    decide,
    state_of,
    would_prove,
)
from benchharness.stats.gate_power import chance_to_close, least_regression
from benchharness.stats.sample import Sample

BASE = Sample("base", (100.0, 101.0, 99.0, 100.5, 99.5))


def scaled(sample: Sample, factor: float) -> Sample:
    return replace(sample, values=tuple(factor * v for v in sample.values))


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (1.0301, 1.05, GateState.CLOSED),
        (1.03, 1.05, GateState.UNPROVEN),  # an end at the limit itself is not above it
        (0.99, 1.0301, GateState.UNPROVEN),
        (0.99, 1.03, GateState.OPEN),
        (0.90, 0.95, GateState.OPEN),
        (1.01, 1.02, GateState.OPEN),  # proven to be worse, and within what is allowed
    ],
)
def test_the_limit_belongs_to_the_open_side(low: float, high: float, state: GateState) -> None:
    assert state_of(low, high, 0.03) is state


def test_the_interval_is_that_of_welch() -> None:
    worse = scaled(BASE, 1.05)
    found = decide(worse, BASE, 0.03)
    assert found.state is GateState.CLOSED
    # Near 1 Fieller's interval is Welch's on the difference, over the baseline.
    welch = stats.ttest_ind(worse.values, BASE.values, equal_var=False).confidence_interval(0.97)
    assert found.ratio.low == pytest.approx(1.0 + welch.low / 100.0, abs=5e-4)
    assert found.ratio.high == pytest.approx(1.0 + welch.high / 100.0, abs=5e-4)
    assert decide(scaled(BASE, 0.97), BASE, 0.03).state is GateState.OPEN
    assert decide(scaled(BASE, 1.03), BASE, 0.03).state is GateState.UNPROVEN


def test_more_comparisons_prove_less() -> None:
    worse = scaled(BASE, 1.045)
    assert decide(worse, BASE, 0.03).state is GateState.CLOSED
    assert decide(worse, BASE, 0.03, comparisons=20).state is GateState.UNPROVEN


def test_without_an_interval_nothing_is_proven_and_it_says_why() -> None:
    one = decide(Sample("one", (150.0,)), BASE, 0.03)
    assert (one.state, one.reason) == (GateState.UNPROVEN, ONE_RUN)
    assert one.ratio.ratio == 1.5
    assert would_prove(Sample("one", (150.0,)), BASE, one) is None
    wild = decide(BASE, Sample("wild", (1.0, 300.0)), 0.03)
    assert (wild.state, wild.reason) == (GateState.UNPROVEN, NO_BOUND)


def test_what_cannot_be_judged_is_an_error() -> None:
    with pytest.raises(ValueError, match="no ratio"):
        decide(Sample("none", ()), BASE, 0.03)
    with pytest.raises(ValueError, match="no ratio"):
        decide(BASE, Sample("negative", (-1.0, -2.0)), 0.03)
    with pytest.raises(ValueError, match="0 or more"):
        decide(BASE, BASE, -0.01)


def test_the_repetitions_that_would_prove_it_do() -> None:
    rng = np.random.default_rng(4)
    base = Sample("base", tuple(rng.normal(100.0, 4.0, 6)))
    mine = Sample("mine", tuple(np.asarray(base.values) * 0.995))
    found = decide(mine, base, 0.03)
    assert found.state is GateState.UNPROVEN
    needed = would_prove(mine, base, found)
    assert needed is not None
    assert needed.repetitions is not None
    n = 6 + needed.repetitions
    cv = float(np.std(base.values, ddof=1) / np.mean(base.values))
    seen = 0
    for _ in range(400):
        a = Sample("", tuple(rng.normal(0.995, 0.995 * cv, n)))
        b = Sample("", tuple(rng.normal(1.0, cv, n)))
        seen += decide(a, b, 0.03).state is GateState.OPEN
    assert 0.72 <= seen / 400 <= 0.92
    # About at the limit no practical number tells on which side of it.
    at_limit = scaled(base, 1.0301)
    assert would_prove(at_limit, base, decide(at_limit, base, 0.03)) is None


def closes(
    ratio: float, cv: float, n: int, limit: float, gates: int, other_n: int | None = None
) -> float:
    """Return how often gates close on a candidate that is so many times its baseline."""
    rng = np.random.default_rng(n)
    closed = 0
    for _ in range(gates):
        mine = Sample("", tuple(ratio * rng.normal(1.0, cv, n)))
        base = Sample("", tuple(rng.normal(1.0, cv, other_n or n)))
        closed += decide(mine, base, limit).state is GateState.CLOSED
    return closed / gates


@pytest.mark.parametrize(("cv", "n"), [(0.02, 3), (0.05, 5), (0.10, 10)])
def test_the_least_regression_closes_the_gate_in_80_of_100(cv: float, n: int) -> None:
    z = np.linspace(-1.0, 1.0, 30)
    base = Sample("base", tuple(1.0 + cv * z / np.std(z, ddof=1)))
    least = least_regression(base, 0.03, n)
    assert least is not None
    assert closes(1.0 + least, cv, n, 0.03, 1500) == pytest.approx(0.8, abs=0.035)


def test_power_with_many_runs_is_that_of_the_noncentral_t() -> None:
    n, cv = 200, 0.02
    # Near 1 and with so many runs both variances and Welch's degrees of freedom are as good as
    # known: SciPy's noncentral t at the bound.
    shift = (1.035 - 1.03) / (cv * math.sqrt((1.035**2 + 1.03**2) / n))
    nu = 2 * n - 2
    expected = float(stats.nct.sf(stats.t.ppf(0.985, nu), nu, shift))
    assert chance_to_close(1.035, 0.03, cv, n) == pytest.approx(expected, abs=2e-3)
    # What every run shares: with the spread next to nothing, a normal distribution.
    common = chance_to_close(1.06, 0.03, 1e-6, 5, common_u=0.01)
    shift = 0.03 / (0.01 * math.hypot(1.06, 1.03))
    assert common == pytest.approx(float(stats.norm.sf(stats.norm.ppf(0.985) - shift)), abs=1e-4)


def test_what_no_regression_closes() -> None:
    assert least_regression(Sample("one", (1.0,)), 0.03, 5) is None
    assert least_regression(BASE, 0.03, 1) is None
    assert least_regression(Sample("wild", (1.0, 9.0, 30.0)), 0.03, 2) is None
    assert least_regression(Sample("flat", (2.0, 2.0, 2.0)), 0.03, 5) == 0.03
    with pytest.raises(ValueError, match="at least two"):
        chance_to_close(1.1, 0.03, 0.02, 1)


@pytest.mark.parametrize(
    ("cv", "n", "other_n"), [(0.02, 20, 20), (0.2, 10, 10), (0.02, 3, 12), (0.05, 8, 24)]
)
def test_no_limit_at_all_gives_fewer_than_2_false_alarms_in_100(
    cv: float, n: int, other_n: int
) -> None:
    # 1.5 % expected; 0.24 % is the standard error of 2,500
    assert closes(1.0, cv, n, 0.0, 2500, other_n) < 0.0225


def test_a_whole_pull_request_is_rarely_stopped_for_nothing() -> None:
    rng = np.random.default_rng(8)
    false_alarms = 0
    for _ in range(600):  # six variants and metrics, 3 % of scatter, a limit of 1 %
        values = rng.normal(1.0, 0.03, (12, 8)).tolist()
        pairs = [(Sample("", tuple(values[i])), Sample("", tuple(values[i + 6]))) for i in range(6)]
        states = [decide(a, b, 0.01, 6).state for a, b in pairs]
        false_alarms += GateState.CLOSED in states
    assert false_alarms / 600 < 0.02


def test_a_new_value_against_its_level() -> None:
    level = [10.0, 10.2, 9.9, 10.1, 9.8]
    found = against_level(11.0, level)
    assert found is not None
    half = stats.t.ppf(0.975, 4) * np.std(level, ddof=1) * math.sqrt(1 + 1 / 5)
    assert found.ratio == pytest.approx(1.1)
    assert found.low == pytest.approx((11.0 - half) / 10.0)
    assert found.high == pytest.approx((11.0 + half) / 10.0)
    assert against_level(1.0, [1.0, 2.0]) is None
    assert against_level(1.0, [-1.0, 0.0, 1.0]) is None
