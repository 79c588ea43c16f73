"""Choosing again every round: the smoothing, and when the cuts in use are kept."""

from __future__ import annotations

import math

import pytest

from benchharness.cuts.adapt import Hysteresis, Smoothed
from benchharness.cuts.optimise import best_cuts
from benchharness.errors import UsageError
from tests.unit.cuts_samples import made_up


def test_a_smoothed_value_moves_by_its_weight() -> None:
    smoothed = Smoothed(0.25)
    assert smoothed.value is None
    assert [smoothed.add(value) for value in (8.0, 16.0, 2.0)] == [8.0, 10.0, 8.0]
    assert smoothed.value == 8.0
    newest = Smoothed(1.0)
    assert [newest.add(value) for value in (8.0, 16.0)] == [8.0, 16.0]


@pytest.mark.parametrize("weight", [0.0, -0.5, 1.5, math.nan])
def test_a_weight_is_above_0_and_at_most_1(weight: float) -> None:
    with pytest.raises(UsageError, match=r"smoothing is .*; take what a new value weighs"):
        Smoothed(weight)


def test_what_is_no_number_is_not_smoothed() -> None:
    smoothed = Smoothed(0.5)
    with pytest.raises(UsageError, match="cannot smooth nan"):
        smoothed.add(math.nan)
    assert smoothed.value is None


def test_cuts_change_only_for_more_than_the_share() -> None:
    hysteresis = Hysteresis(0.1)
    chosen = []
    for second_s in (12.0, 9.5, 9.0, 8.5, 9.4):  # of cut 1; cut 0 takes 10 s
        costs = made_up([[10.0, second_s]], [[1.0, 1.0]])
        best = best_cuts(costs, 1.0, normalise=False)
        chosen.append(hysteresis.settle(costs, best, 1.0, normalise=False))
    assert [each.cuts for each in chosen] == [(0,), (0,), (0,), (1,), (1,)]
    assert [each.objective for each in chosen] == [10.0, 10.0, 10.0, 8.5, 9.4]
    assert hysteresis.cuts == (1,)


def test_without_a_share_the_best_is_taken_and_a_tie_changes_nothing() -> None:
    hysteresis = Hysteresis(0.0)
    first = made_up([[1.0, 2.0]], [[1.0, 1.0]])
    hysteresis.settle(first, best_cuts(first, 1.0, normalise=False), 1.0, normalise=False)
    equal = made_up([[2.0, 2.0]], [[1.0, 1.0]])
    best = best_cuts(first, 1.0, normalise=False)
    assert hysteresis.settle(equal, best, 1.0, normalise=False).cuts == (0,)
    better = made_up([[2.0, 1.9]], [[1.0, 1.0]])
    best = best_cuts(better, 1.0, normalise=False)
    assert hysteresis.settle(better, best, 1.0, normalise=False).cuts == (1,)


def test_cuts_of_other_devices_and_cuts_that_are_ruled_out_are_given_up() -> None:
    hysteresis = Hysteresis(0.5)
    two = made_up([[1.0, 2.0], [1.0, 2.0]], [[1.0, 1.0], [1.0, 1.0]])
    hysteresis.settle(two, best_cuts(two, 1.0, normalise=False), 1.0, normalise=False)
    one = made_up([[2.0, 1.9]], [[1.0, 1.0]])
    best = best_cuts(one, 1.0, normalise=False)
    assert hysteresis.settle(one, best, 1.0, normalise=False).cuts == (1,)
    out = made_up([[2.0, math.inf]], [[1.0, 1.0]])
    best = best_cuts(out, 1.0, normalise=False)
    assert hysteresis.settle(out, best, 1.0, normalise=False).cuts == (0,)


@pytest.mark.parametrize("share", [-0.1, 1.0, math.nan])
def test_a_share_is_from_0_to_below_1(share: float) -> None:
    with pytest.raises(UsageError, match=r"hysteresis is .*; take a share"):
        Hysteresis(share)
