"""The best cuts are the best: against all of them, with ties, infinities and waiting."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.cuts.front import front
from benchharness.cuts.optimise import best_cuts, local
from benchharness.cuts.records import Choice, Costs
from benchharness.cuts.rules import per_device
from benchharness.errors import UsageError
from tests.unit.cuts_samples import brute_force, made_up

WHOLE = st.integers(0, 6).map(float)  # few values, so that many are equal
REAL = st.floats(1e-3, 1e3)
ALPHAS = st.sampled_from([0.0, 0.25, 0.5, 0.875, 1.0])


@st.composite
def small_costs(draw: st.DrawFn, values: st.SearchStrategy[float], *, ruled_out: bool) -> Costs:
    """Draw costs of 1 to 4 devices and 1 to 5 layers, some cuts not allowed."""
    devices, cuts = draw(st.integers(1, 4)), draw(st.integers(2, 6 if values is REAL else 5))

    def rows(of: st.SearchStrategy[float]) -> list[list[float]]:
        row = st.lists(of, min_size=cuts, max_size=cuts)
        return draw(st.lists(row, min_size=devices, max_size=devices))

    duration_s, energy_j = rows(values), rows(values)
    if ruled_out:
        for row in duration_s:
            out = draw(st.lists(st.sampled_from([0.0, math.inf]), min_size=cuts, max_size=cuts))
            kept = draw(st.integers(0, cuts - 1))
            row[:] = [
                d if i == kept else d + o for i, (d, o) in enumerate(zip(row, out, strict=True))
            ]
    off = draw(st.booleans())
    waiting = st.just(0.0) if off else values
    return made_up(
        duration_s,
        energy_j,
        draw(st.lists(waiting, min_size=devices, max_size=devices)),
        rows(st.just(0.0) if off else values),
        draw(waiting),
    )


@given(small_costs(WHOLE, ruled_out=True), ALPHAS)
def test_equal_to_trying_all_with_ties(costs: Costs, alpha: float) -> None:
    # Whole numbers and such alphas are exact: of equal objectives the quickest, then thriftiest.
    objective, best = brute_force(costs, alpha, normalise=False)
    found = best_cuts(costs, alpha, normalise=False)
    assert (found.objective, found.round_s, found.energy_j) == (
        objective, best.round_s, best.energy_j,
    )  # fmt: skip


@given(small_costs(REAL, ruled_out=False), st.floats(0.0, 1.0))
def test_equal_to_trying_all_with_any_numbers(costs: Costs, alpha: float) -> None:
    objective, _ = brute_force(costs, alpha, normalise=True)
    found = best_cuts(costs, alpha, normalise=True)
    assert found.objective == pytest.approx(objective, rel=1e-9)


@given(small_costs(WHOLE, ruled_out=True), ALPHAS)
def test_what_is_not_allowed_is_the_same_as_infinite(costs: Costs, alpha: float) -> None:
    allowed = np.isfinite(costs.duration_s)
    finite = made_up(
        np.where(allowed, costs.duration_s, 0.0).tolist(), costs.energy_j.tolist(),
        costs.waiting_w.tolist(), costs.server_j.tolist(), costs.server_idle_w,
    )  # fmt: skip
    masked = best_cuts(finite, alpha, normalise=False, allowed=allowed)
    assert masked == best_cuts(costs, alpha, normalise=False)


def test_time_alone_takes_the_least_energy_that_the_slowest_leaves_room_for() -> None:
    costs = made_up([[4.0, 9.0], [1.0, 3.0]], [[5.0, 1.0], [6.0, 2.0]])
    assert best_cuts(costs, 1.0, normalise=False).cuts == (0, 1)


def test_energy_alone_takes_the_least_time_of_equals() -> None:
    costs = made_up([[4.0, 2.0, 9.0], [1.0, 3.0, 3.0]], [[1.0, 1.0, 1.0], [6.0, 2.0, 2.0]])
    found = best_cuts(costs, 0.0, normalise=False)
    assert (found.cuts, found.round_s, found.energy_j) == ((1, 1), 3.0, 3.0)


def test_waiting_makes_a_thrifty_slow_cut_not_worth_it() -> None:
    times, energies = [[2.0, 4.0], [1.0, 1.0]], [[10.0, 9.0], [1.0, 1.0]]
    assert best_cuts(made_up(times, energies), 0.0, normalise=False).cuts[0] == 1
    waits = made_up(times, energies, [0.0, 1.0])
    found = best_cuts(waits, 0.0, normalise=False)
    assert (found.cuts[0], found.energy_j) == (0, 12.0)  # device 2 waits a second for 1 J


def test_the_joint_objective_is_never_worse_than_each_by_itself() -> None:
    random = np.random.default_rng(1)
    for alpha in (0.0, 0.3, 0.7, 1.0):
        costs = made_up(
            random.uniform(1, 9, (20, 8)).tolist(), random.uniform(1, 9, (20, 8)).tolist()
        )
        joint = best_cuts(costs, alpha, normalise=True).objective
        assert joint <= per_device(costs, alpha).objective + 1e-12


def test_each_by_itself_divides_by_the_norms() -> None:
    costs = made_up([[3.0, 4.0], [1.0, 2.0]], [[4.0, 3.0], [9.0, 1.0]])
    # Device 1 has the scores 0.6 a + 0.8 (1 - a) and 0.8 a + 0.6 (1 - a).
    assert per_device(costs, 0.6).cuts == (0, 1)
    assert per_device(costs, 0.4).cuts == (1, 1)
    alone = np.array([[True, False], [True, True]])
    assert per_device(costs, 0.0, allowed=alone).cuts == (0, 1)


def test_normalised_is_relative_to_local_training() -> None:
    costs = made_up([[1.0, 4.0], [2.0, 8.0]], [[30.0, 10.0], [40.0, 10.0]])
    assert (local(costs).round_s, local(costs).energy_j) == (8.0, 20.0)
    found = best_cuts(costs, 0.5, normalise=True)
    assert (found.cuts, found.objective) == ((1, 1), 1.0)
    assert best_cuts(costs, 1.0, normalise=True).objective == 0.25


def test_the_front_has_no_point_that_another_beats() -> None:
    random = np.random.default_rng(3)
    costs = made_up(random.uniform(1, 9, (5, 8)).tolist(), random.uniform(1, 9, (5, 8)).tolist())
    found = front(costs, np.linspace(0, 1, 41).tolist())
    assert len(found) > 2
    seconds, joules = ([getattr(each, name) for each in found] for name in ("round_s", "energy_j"))
    assert seconds == sorted(set(seconds)) and joules == sorted(set(joules), reverse=True)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan, math.inf])
@pytest.mark.parametrize("rule", [best_cuts, per_device])
def test_alpha_is_between_0_and_1(rule: Callable[..., Choice], alpha: float) -> None:
    with pytest.raises(UsageError, match=r"alpha is .*; take 0 \(energy alone\) to 1"):
        rule(made_up([[1.0, 2.0]], [[2.0, 1.0]]), alpha, normalise=False)


def test_what_cannot_be_chosen_from_is_refused() -> None:
    costs = made_up([[1.0, 2.0], [1.0, 2.0]], [[2.0, 1.0], [2.0, 0.0]])
    nothing = np.array([[True, True], [False, False]])
    for rule in (best_cuts, per_device):
        with pytest.raises(UsageError, match="device-2: no cut is allowed"):
            rule(costs, 0.5, normalise=False, allowed=nothing)
        with pytest.raises(UsageError, match=r"allowed has the shape \(1, 3\)"):
            rule(costs, 0.5, normalise=False, allowed=np.ones((1, 3), dtype=np.bool_))
    free = made_up([[1.0, 2.0]], [[2.0, 0.0]])
    with pytest.raises(UsageError, match="the energy of training locally is 0"):
        best_cuts(free, 0.5, normalise=True)
    ruled_out = made_up([[1.0, math.inf]], [[2.0, 1.0]])
    with pytest.raises(UsageError, match="the time of training locally is inf"):
        best_cuts(ruled_out, 0.5, normalise=True)


def test_a_thousand_devices_are_as_exact_as_the_mathematics() -> None:
    # No sum of steps is trusted with the result: it is taken again from the chosen cuts.
    random = np.random.default_rng(5)
    costs = made_up(
        random.uniform(1, 9, (1000, 50)).tolist(), random.uniform(1, 9, (1000, 50)).tolist()
    )
    found = best_cuts(costs, 0.5, normalise=False)
    times = np.unique(costs.duration_s)
    by_hand = min(
        0.5 * t + 0.5 * np.where(costs.duration_s <= t, costs.energy_j, np.inf).min(axis=1).sum()
        for t in times[times >= costs.duration_s.min(axis=1).max()][:400]
    )
    assert found.objective <= by_hand * (1 + 1e-12)
