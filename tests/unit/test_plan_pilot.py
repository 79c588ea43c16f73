"""What a pilot proposes: counts against SciPy's quantiles and worked examples."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from benchharness.plan.pilot import Iterations, propose, repetitions_for_width
from benchharness.stats.least_difference import least_difference
from benchharness.stats.power import chance_to_tell


@pytest.mark.parametrize("variation", [0.0, 0.01, 0.03, 0.1])
@pytest.mark.parametrize("width", [0.01, 0.05, 0.2])
def test_the_least_number_whose_interval_is_within_the_width(
    variation: float, width: float
) -> None:
    def wide(n: int) -> float:
        return float(2.0 * stats.t.ppf(0.975, n - 1) * variation / math.sqrt(n))

    n = repetitions_for_width(variation, width)
    assert n is not None
    assert wide(n) <= width
    assert n == 2 or wide(n - 1) > width


def test_what_no_practical_number_gives_is_none() -> None:
    assert repetitions_for_width(5.0, 0.001) is None
    with pytest.raises(ValueError, match="width"):
        repetitions_for_width(0.1, 0.0)


def test_each_variant_has_its_own_number() -> None:
    low, high, one = propose({"low": [10, 10, 10.1], "high": [9, 10, 11], "one": [3]}, {}, 0.05)
    assert low.variation == pytest.approx(0.00575, rel=0.01)
    assert high.variation == pytest.approx(0.1)
    assert low.repetitions == repetitions_for_width(low.variation or 0.0, 0.05)
    assert high.repetitions == 64  # 2 x 1.998 x 0.1 / 8 = 0.0500
    assert (one.variation, one.repetitions, one.trials) == (None, None, 1)


def test_iterations_within_a_trial_by_kalibera_and_jones() -> None:
    # T1² = 2/3 within each trial; the means 1, 4 have S2² = 4.5, so T2² = 4.5 - (2/3)/4 = 13/3.
    lists = [[0.0, 1.0, 1.0, 2.0], [3.0, 4.0, 4.0, 5.0]]
    # Costs: 2.5 s for an iteration, 400 s for the rest of a trial of 410 s.
    (proposal,) = propose({"a": [4.0, 16.0]}, {"a": Iterations("step", lists, 410.0)}, 0.05)
    expected = math.ceil(math.sqrt(400.0 / 2.5 * (2.0 / 3.0) / (13.0 / 3.0)))
    assert (proposal.iteration, proposal.iterations) == ("step", 4)
    assert proposal.best_iterations == expected == 5


def test_trials_that_differ_no_more_than_their_iterations_repeat_as_often_as_they_can() -> None:
    lists = [[1.0, 3.0], [1.0, 3.0]]
    (proposal,) = propose({"a": [4.0, 4.1]}, {"a": Iterations("step", lists, 100.0)}, 0.05)
    assert proposal.best_iterations == 0


def test_what_is_not_repeated_in_every_trial_proposes_nothing() -> None:
    lists = [[1.0, 3.0], [1.0]]
    (proposal,) = propose({"a": [4.0, 4.1]}, {"a": Iterations("step", lists, 100.0)}, 0.05)
    assert (proposal.iterations, proposal.best_iterations) == (None, None)


@pytest.mark.parametrize(("sd", "n", "common"), [(0.02, 3, 0.0), (0.02, 10, 0.01), (0.1, 40, 0.0)])
def test_the_least_difference_is_told_with_the_chance(sd: float, n: int, common: float) -> None:
    difference = least_difference(sd, n, common)
    assert difference is not None
    assert chance_to_tell(difference, sd, n, common) == pytest.approx(0.8, abs=1e-6)


def test_two_means_of_many_values_by_the_textbook() -> None:
    # (1.960 + 0.8416) sqrt(2/n) sd for many values (Cohen 1988).
    found = least_difference(0.02, 1000)
    assert found == pytest.approx((1.95996 + 0.84162) * math.sqrt(2 / 1000) * 0.02, rel=2e-3)
    assert least_difference(0.02, 1) is None
    assert least_difference(0.01, 5, common_u=9.0) is None
