from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from benchharness.stats.effect_size import correction, hedges_g
from benchharness.stats.log_ratio import log_ratio
from benchharness.stats.power import noncentral_t_below

samples = st.lists(st.floats(1.0, 100.0), min_size=2, max_size=12)
varied = samples.filter(lambda x: np.std(x) > 1e-3)


def values_with(n: int, mean: float, sd: float) -> list[float]:
    raw = np.arange(n, dtype=float)
    return list(mean + sd * (raw - raw.mean()) / raw.std(ddof=1))


class TestHedges:
    def test_published_example(self) -> None:
        # Borenstein, Hedges, Higgins and Rothstein, Introduction to Meta-Analysis (2009), chapter
        # 4: means 103 and 100, s.d. 5.5 and 4.5, 50 each: d = 0.5970, J = 0.9923, g = 0.5924.
        found = hedges_g(values_with(50, 103.0, 5.5), values_with(50, 100.0, 4.5))
        assert found is not None
        assert correction(98) == pytest.approx(0.9923, abs=5e-5)
        assert found.g == pytest.approx(0.5924, abs=1e-4)
        # Their variance of d is 0.0411: the interval by it is g ± 1.96 · 0.203, near the exact one.
        assert (found.low, found.high) == pytest.approx((0.195, 0.996), abs=0.01)

    @given(first=samples, second=samples)
    def test_bounds_are_the_noncentralities_of_scipy(
        self, first: list[float], second: list[float]
    ) -> None:
        found = hedges_g(first, second)
        nu = len(first) + len(second) - 2
        pooled = math.sqrt(
            ((len(first) - 1) * np.var(first, ddof=1) + (len(second) - 1) * np.var(second, ddof=1))
            / nu
        )
        if found is None or pooled < 1e-3:
            return
        scale = math.sqrt(1 / len(first) + 1 / len(second))
        t = (np.mean(first) - np.mean(second)) / pooled / scale
        if abs(t) > 30.0:
            return  # SciPy's own series loses digits there
        assert stats.nct.cdf(t, nu, found.low / scale) == pytest.approx(0.975, abs=1e-5)
        assert stats.nct.cdf(t, nu, found.high / scale) == pytest.approx(0.025, abs=1e-5)

    @pytest.mark.slow
    def test_interval_holds_the_true_difference(self) -> None:
        rng = np.random.default_rng(3)
        held = 0
        for _ in range(400):
            found = hedges_g(rng.normal(1.5, 1.0, 5).tolist(), rng.normal(0.0, 1.0, 5).tolist())
            assert found is not None
            held += found.low <= 1.5 <= found.high
        assert 0.92 <= held / 400 <= 0.98

    def test_turned_round_it_has_the_other_sign(self) -> None:
        one, two = [1.0, 2.0, 4.0], [5.0, 5.5, 7.0]
        there, back = hedges_g(one, two), hedges_g(two, one)
        assert there is not None
        assert back is not None
        assert (there.g, there.low) == pytest.approx((-back.g, -back.high))

    def test_far_apart_variants_have_bounds_too(self) -> None:
        found = hedges_g(values_with(5, 1000.0, 1.0), values_with(5, 0.0, 1.0))
        assert found is not None
        # So far out only the spread is uncertain: its bounds are those of chi-squared.
        expected = [1000.0 * math.sqrt(stats.chi2.ppf(p, 8) / 8) for p in (0.025, 0.975)]
        assert (found.low, found.high) == pytest.approx(expected, rel=1e-4)

    def test_without_a_spread_there_is_none(self) -> None:
        assert hedges_g([1.0], [2.0, 3.0]) is None
        assert hedges_g([1.0, 1.0], [3.0, 3.0]) is None
        with pytest.raises(ValueError, match="degrees of freedom"):
            correction(1.0)


@pytest.mark.parametrize("nu", [2.0, 8.0, 50.0, 400.0])
@pytest.mark.parametrize("shift", [-40.0, 6.0, 30.0, 100.0])
def test_noncentral_t_far_out_is_a_sum_over_a_fine_grid(nu: float, shift: float) -> None:
    # SciPy's own function has no answer for some of these: the definition, by brute force.
    root = math.sqrt(nu)
    edges = np.linspace(0.0, 12.0, 200_001)
    weights = np.diff(stats.chi.cdf(edges * root, nu))
    s = (edges[1:] + edges[:-1]) / 2.0
    for t in (-100.0, -3.0, 12.7, 30.0, 100.0, 480.0):
        expected = float(weights @ stats.norm.cdf(t * s - shift))
        assert noncentral_t_below(t, nu, shift) == pytest.approx(expected, abs=1e-6)


class TestLogRatio:
    @given(above=varied, below=varied)
    def test_is_welch_on_logarithms(self, above: list[float], below: list[float]) -> None:
        found = log_ratio(above, below)
        assert found is not None
        assume(min(len(above), len(below)) >= 5 or max(len(above), len(below)) < 4)
        interval = stats.ttest_ind(np.log(above), np.log(below), equal_var=False)
        low, high = interval.confidence_interval(0.95)
        assert found.ratio == pytest.approx(stats.gmean(above) / stats.gmean(below))
        assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)), rel=1e-6)

    def test_nothing_without_logarithms_or_spread(self) -> None:
        assert log_ratio([1.0, 0.0], [1.0, 2.0]) is None
        assert log_ratio([1.0, -2.0], [1.0, 2.0]) is None
        assert log_ratio([1.0], [1.0, 2.0]) is None
