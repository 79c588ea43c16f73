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
    least_regression,
    state_of,
    would_prove,
)
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
    welch = stats.ttest_ind(worse.values, BASE.values, equal_var=False).confidence_interval(0.95)
    assert found.ratio.low == pytest.approx(1.0 + welch.low / 100.0, abs=5e-4)
    assert found.ratio.high == pytest.approx(1.0 + welch.high / 100.0, abs=5e-4)
    assert decide(scaled(BASE, 0.97), BASE, 0.03).state is GateState.OPEN
    assert decide(scaled(BASE, 1.03), BASE, 0.03).state is GateState.UNPROVEN


def test_more_comparisons_prove_less() -> None:
    worse = scaled(BASE, 1.042)
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


def test_the_least_regression_is_that_of_the_noncentral_t() -> None:
    cv = float(np.std(BASE.values, ddof=1)) / 100.0
    for n in (5, 20):
        least = least_regression(BASE, 0.03, n)
        assert least is not None
        beyond = (1.0 + least) / 1.03 - 1.0
        shift = beyond / (cv * math.sqrt(2.0 / n))
        nu = 2 * n - 2
        power = float(stats.nct.sf(stats.t.ppf(0.975, nu), nu, shift))
        assert power == pytest.approx(0.8, abs=1e-3)
    assert least_regression(Sample("one", (1.0,)), 0.03, 5) is None
    assert least_regression(BASE, 0.03, 1) is None


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
