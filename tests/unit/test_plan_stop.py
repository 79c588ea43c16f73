"""When a campaign has seen enough: widths against SciPy, budgets, and coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchharness.plan.run_table import block, block_order
from benchharness.plan.stop import (
    CONFIRM,
    LEAST,
    Seen,
    StopRule,
    decide,
    relative_width,
    standing,
    widest,
)

STEADY = (10.0, 10.1, 9.9, 10.0, 10.05, 9.95, 10.0)
NOISY = (10.0, 12.0, 8.0, 11.0, 9.0, 13.0, 7.0)
WIDTH = StopRule(width=0.05)


def seen(blocks: int = 7, **values: tuple[float, ...]) -> Seen:
    return Seen(blocks, values or {"a": STEADY})


def test_the_width_is_that_of_scipys_interval() -> None:
    low, high = stats.t.interval(
        0.95, len(NOISY) - 1, loc=np.mean(NOISY), scale=stats.sem(np.array(NOISY))
    )
    assert relative_width(NOISY) == pytest.approx((high - low) / np.mean(NOISY), rel=1e-9)


@pytest.mark.parametrize("values", [(), (1.0,), (-1.0, 1.0), (-2.0, -2.1)])
def test_no_interval_or_no_mean_above_zero_is_never_narrow(values: tuple[float, ...]) -> None:
    assert relative_width(values) == math.inf


def test_every_variant_must_be_narrow() -> None:
    assert not decide(WIDTH, seen(a=STEADY), "time").go_on
    assert decide(WIDTH, seen(a=STEADY, b=NOISY), "time").go_on
    assert widest({"a": STEADY, "b": NOISY}) == ("b", relative_width(NOISY))


def test_the_reason_is_a_sentence_with_the_widest() -> None:
    decision = decide(WIDTH, seen(a=STEADY, b=STEADY), "net energy")
    assert decision.reason == (
        "after 7 blocks: every interval of net energy is within 5 %, the widest 1.2 % (a)"
    )


def test_nothing_narrow_counts_before_the_least() -> None:
    assert decide(WIDTH, seen(LEAST - 1, a=STEADY[: LEAST - 1])).go_on
    assert not decide(WIDTH, seen(LEAST, a=STEADY[:LEAST])).go_on
    assert decide(StopRule(width=0.05, repeat_min=8), seen(7)).go_on


def test_a_width_must_have_held_for_two_blocks() -> None:
    late = (10.0, 11.0, 9.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0)
    rule = StopRule(width=relative_width(late) * 1.0001)
    assert decide(rule, seen(len(late), a=late)).go_on  # two blocks before it was wider
    more = (*late, *[10.0] * CONFIRM)
    assert not decide(rule, seen(len(more), a=more)).go_on


def test_variants_that_never_gave_a_value_are_named_and_not_waited_for() -> None:
    reason = decide(WIDTH, seen(a=STEADY, b=()), "time").reason
    assert reason.endswith("without a value: b")
    none = decide(WIDTH, seen(a=(), b=()), "time")
    assert none.reason == "after 7 blocks: no good trial has given time"
    assert decide(WIDTH, seen(2, a=(), b=())).go_on


def test_there_are_never_more_than_the_most() -> None:
    assert decide(WIDTH, seen(39, a=NOISY)).go_on
    decision = decide(WIDTH, seen(40, a=NOISY))
    assert decision.reason == (
        "after 40 blocks, the most there may be: the widest is 40 %, wanted 5 %"
    )
    fixed = StopRule(repeat_max=3, time_s=100.0)
    assert decide(fixed, seen(2)).go_on
    assert decide(fixed, seen(3)).reason == "after 3 blocks: as many as were asked for"


def test_no_block_begins_that_would_not_fit() -> None:
    rule = StopRule(time_s=100.0)
    assert decide(rule, Seen(3, {}, elapsed_s=75.0, block_s=25.0)).go_on
    late = decide(rule, Seen(3, {}, elapsed_s=76.0, block_s=25.0))
    assert late.reason == (
        "after 3 blocks: another takes about 25.0 s, and 1 min 16 s of 1 min 40 s are spent"
    )
    assert decide(rule, Seen(0, {})).go_on  # the first is always run: nobody knows its length


def test_a_budget_of_energy_is_kept_or_said_not_to_be() -> None:
    rule = StopRule(energy_j=100.0)
    assert decide(rule, Seen(3, {}, energy_j=75.0, block_j=25.0)).go_on
    assert (
        "another takes about 25.0 J"
        in decide(rule, Seen(3, {}, energy_j=76.0, block_j=25.0)).reason
    )
    assert "no trial gave an energy" in decide(rule, Seen(1, {})).reason


def test_budgets_stop_before_the_least() -> None:
    rule = StopRule(width=0.05, time_s=10.0)
    assert not decide(rule, Seen(2, {"a": (1.0, 1.0)}, elapsed_s=8.0, block_s=4.0)).go_on


def test_where_it_stands_is_one_line() -> None:
    rule = StopRule(width=0.05, time_s=7200.0)
    found = Seen(7, {"a": STEADY, "b": NOISY}, elapsed_s=300.0)
    assert standing(rule, found) == (
        "block 7 of at most 40, width 40 % (b), wanted 5 %, 5 min 00 s of 2 h 00 min"
    )
    assert standing(WIDTH, seen(1, a=(1.0,))) == "block 1 of at most 40, width unknown, wanted 5 %"
    assert standing(StopRule(time_s=60.0), Seen(2, {}, elapsed_s=1.0)).startswith("block 2, ")


@given(st.integers(1, 9), st.integers(0, 12), st.integers(0, 12), st.integers())
def test_a_table_that_grows_keeps_its_order(
    variants: int, before: int, more: int, seed: int
) -> None:
    fixed = block_order(variants, before + more, seed)
    grown = list(block_order(variants, before, seed))
    for repetition in range(before, before + more):
        grown += block(variants, repetition, seed)
    assert tuple(grown) == fixed


@pytest.mark.parametrize(
    ("spread", "least", "low", "high"),
    [(0.01, LEAST, 0.94, 0.96), (0.04, LEAST, 0.92, 0.95), (0.06, LEAST, 0.92, 0.95)],
)
def test_intervals_of_the_rule_hold_the_mean_almost_as_often_as_they_say(
    spread: float, least: int, low: float, high: float
) -> None:
    """Simulated through ``decide`` itself: normal values of mean 1, one variant."""
    rng = np.random.default_rng(20130620)
    rule, hits, runs = StopRule(width=0.05, repeat_min=least, repeat_max=200), 0, 1200
    for _ in range(runs):
        values = rng.normal(1.0, spread, 200).tolist()
        n = least
        while decide(rule, Seen(n, {"a": values[:n]})).go_on:
            n += 1
        mean = float(np.mean(values[:n]))
        half = relative_width(values[:n]) * mean / 2.0
        hits += abs(mean - 1.0) <= half
    assert low - 0.013 <= hits / runs <= high + 0.013  # two standard deviations of the count
