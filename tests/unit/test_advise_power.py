"""How many repetitions tell a difference: against published tables and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import nct

from benchharness.stats.power import chance_to_tell, noncentral_t_below, repetitions_to_tell
from benchharness.stats.ranking import rank
from benchharness.stats.sample import Sample


@pytest.mark.parametrize("nu", [1.0, 1.5, 2.0, 3.7, 10.0, 50.0, 400.0])
@pytest.mark.parametrize("shift", [0.0, 0.5, 2.8, 6.0])
def test_noncentral_t_is_that_of_scipy(nu: float, shift: float) -> None:
    for t in (-3.0, 0.0, 1.0, 2.1, 4.5, 12.7):
        assert noncentral_t_below(t, nu, shift) == pytest.approx(nct.cdf(t, nu, shift), abs=1e-6)


@pytest.mark.parametrize(
    ("effect", "chance", "n"),
    # Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), table 2.4.1,
    # two-sided 5 %: n for d = 0.20, 0.50, 0.80, 1.00, 1.20, 1.40 at power 0.80 and 0.90.
    [
        (0.20, 0.80, 393),
        (0.50, 0.80, 64),
        (0.80, 0.80, 26),
        (1.00, 0.80, 17),
        (1.20, 0.80, 12),
        (1.40, 0.80, 9),
        (0.50, 0.90, 85),
        (0.80, 0.90, 34),
        (1.00, 0.90, 22),
    ],
)
def test_sample_sizes_of_the_published_table(effect: float, chance: float, n: int) -> None:
    found = repetitions_to_tell(effect, 1.0, chance=chance)
    assert found is not None
    # The table rounds to the nearest in places, such as 393 for 393.4.
    assert found in (n, n + 1)


def test_the_chance_is_that_of_scipy_for_equal_groups() -> None:
    for n, effect in ((2, 3.0), (5, 2.0), (12, 1.0)):
        nu, shift = 2 * n - 2, effect * math.sqrt(n / 2)
        limit = nct.ppf(0.975, nu, 0.0)
        expected = 1.0 - nct.cdf(limit, nu, shift) + nct.cdf(-limit, nu, shift)
        assert chance_to_tell(effect, 1.0, n) == pytest.approx(expected, abs=1e-6)


def test_repetitions_do_not_help_against_what_they_share() -> None:
    # z(97.5 %) + z(80 %) = 2.80: the common part may be d / (2.80 √2) at most.
    limit = 0.03 / (2.8016 * math.sqrt(2.0))
    assert repetitions_to_tell(0.03, 0.02, 1.001 * limit) is None
    often = repetitions_to_tell(0.03, 0.02, 0.95 * limit)
    seldom = repetitions_to_tell(0.03, 0.02, 0.0)
    assert often is not None
    assert seldom is not None
    assert often > 5 * seldom


def test_certain_values_and_nonsense() -> None:
    assert chance_to_tell(1.0, 0.0, 2) == 1.0
    assert chance_to_tell(0.0, 0.0, 2) == 0.0
    assert repetitions_to_tell(0.0, 1.0) is None
    assert repetitions_to_tell(1e-6, 1.0) is None
    with pytest.raises(ValueError, match="at least two"):
        chance_to_tell(1.0, 1.0, 1)
    with pytest.raises(ValueError, match="degrees of freedom"):
        noncentral_t_below(0.0, 0.5, 0.0)


def test_the_comparison_finds_it_as_often_as_was_promised() -> None:
    rng = np.random.default_rng(4)
    n = repetitions_to_tell(0.03, 0.02)
    assert n is not None
    found = 0
    for _ in range(1000):
        first, second = rng.normal(1.0, 0.02, n), rng.normal(1.03, 0.02, n)
        ranking = rank([Sample("a", tuple(first)), Sample("b", tuple(second))])
        found += not ranking.tied
    assert 0.77 <= found / 1000 <= 0.86  # 80 % and a little more for whole n; s.d. 1.3 %
