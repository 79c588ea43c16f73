from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats

from benchharness.conformance.coverage_uneven import uneven_coverage, uneven_family
from benchharness.standing import Word
from benchharness.stats.critical import critical_t
from benchharness.stats.decision import judge
from benchharness.stats.interval import mean_interval
from benchharness.stats.outliers import outliers, variation
from benchharness.stats.ratio import Ratio, ratio_of_means
from benchharness.stats.repetitions import repetitions_for
from benchharness.stats.sample import Sample, Spread, effective_nu, spread
from benchharness.stats.welch import holm, welch_p

values = st.lists(st.floats(1.0, 100.0), min_size=2, max_size=12)
wide = st.lists(st.floats(0.01, 1000.0), min_size=2, max_size=6)

_MIRROR = {Word.LOWER: Word.HIGHER, Word.HIGHER: Word.LOWER}


def _inverse(low: float) -> float:
    return 1.0 / low if low > 0.0 else math.inf


def _word(ratio: Ratio) -> Word:
    assert ratio.low is not None
    assert ratio.high is not None
    return judge(max(0.0, ratio.low), ratio.high)


def apart(first: list[float], second: list[float]) -> bool:
    """Say whether Cochran's t is used in place of Welch's: below 5, and twice as many."""
    few, many = sorted((len(first), len(second)))
    return few < 5 and many >= 2 * few


def spread_of(numbers: list[float], common_u: float = 0.0) -> Spread:
    found = spread(Sample("x", tuple(numbers), common_u))
    assert found is not None
    return found


class TestMean:
    @given(numbers=values)
    def test_is_that_of_scipy(self, numbers: list[float]) -> None:
        found = mean_interval(numbers)
        assert found.sd == pytest.approx(np.std(numbers, ddof=1), rel=1e-9, abs=1e-12)
        if found.sd and found.sd > 1e-9:
            low, high = stats.t.interval(
                0.95, len(numbers) - 1, np.mean(numbers), stats.sem(numbers)
            )
            assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)

    def test_one_value_has_no_spread(self) -> None:
        found = mean_interval([3.0])
        assert (found.n, found.mean) == (1, 3.0)
        assert found.sd is found.low is found.high is None

    def test_no_value_has_no_mean(self) -> None:
        assert mean_interval([]).mean is None


class TestRatio:
    @given(above=values, below=values)
    def test_fieller_bounds_solve_their_equation(
        self, above: list[float], below: list[float]
    ) -> None:
        a, b = spread_of(above), spread_of(below)
        found = ratio_of_means(a, b)
        assert found is not None
        assert found.ratio == pytest.approx(np.mean(above) / np.mean(below))
        assume(not apart(above, below))
        if found.low is None or found.high is None or a.variance + b.variance < 1e-9:
            return
        assume(found.is_bounded)
        # Welch's degrees of freedom at the ratio, then |a - R b| = t sqrt(va + R² vb) at a bound.
        va, vb = a.variance, found.ratio**2 * b.variance
        nu = (va + vb) ** 2 / (va**2 / a.trial_nu + vb**2 / b.trial_nu)
        t = stats.t.ppf(0.975, nu)
        for bound, sign in ((found.low, 1.0), (found.high, -1.0)):
            distance = a.mean - bound * b.mean
            allowed = sign * t * math.sqrt(a.variance + bound**2 * b.variance)
            assert distance == pytest.approx(allowed, rel=1e-6, abs=1e-9 * (1 + abs(bound)))
        assert found.low <= found.ratio <= found.high

    def test_against_a_search(self) -> None:
        a, b = spread_of([12.0, 12.6, 12.3, 11.9]), spread_of([3.0, 3.1, 2.9])
        found = ratio_of_means(a, b)
        assert found is not None
        va, vb = a.variance, found.ratio**2 * b.variance
        nu = (va + vb) ** 2 / (va**2 / 3 + vb**2 / 2)
        t = stats.t.ppf(0.975, nu)

        def excess(r: float) -> float:
            return (a.mean - r * b.mean) ** 2 - t**2 * (a.variance + r**2 * b.variance)

        assert found.low == pytest.approx(optimize.brentq(excess, 0.1, found.ratio))
        assert found.high == pytest.approx(optimize.brentq(excess, found.ratio, 50.0))

    def test_says_nothing_where_both_means_may_be_zero(self) -> None:
        found = ratio_of_means(spread_of([1.0, 20.0]), spread_of([-3.0, 5.0]))
        assert found == Ratio(10.5, 0.0, math.inf)
        assert found.says_nothing
        assert not found.is_bounded

    def test_has_no_upper_end_where_the_mean_below_may_be_zero(self) -> None:
        found = ratio_of_means(spread_of([100.0, 101.0, 99.0]), spread_of([2.0, 20.0, 8.0]))
        assert found is not None
        assert found.low is not None
        assert found.low > 1.0
        assert found.high == math.inf
        assert not found.says_nothing

    def test_a_mean_below_zero_has_no_interval(self) -> None:
        found = ratio_of_means(spread_of([-3.0, -4.0]), spread_of([-3.0, 5.0]))
        assert found == Ratio(-3.5, None, None)

    @given(above=wide, below=wide)
    def test_both_ways_round_say_the_same(self, above: list[float], below: list[float]) -> None:
        there = ratio_of_means(spread_of(above), spread_of(below))
        back = ratio_of_means(spread_of(below), spread_of(above))
        assert there is not None
        assert back is not None
        assume(not apart(above, below))
        for one, other in ((there, back), (back, there)):
            assert one.low is not None
            assert other.high is not None
            assert _inverse(one.low) == pytest.approx(other.high, rel=1e-6)
        words = [_word(there), _word(back)]
        if there.low is not None and min(abs(there.low - 1.0), abs((there.high or 0) - 1)) > 1e-9:
            assert words[1] is _MIRROR.get(words[0], words[0])

    @given(above=wide, below=wide)
    def test_is_the_set_of_ratios_that_are_not_far(
        self, above: list[float], below: list[float]
    ) -> None:
        a, b = spread_of(above), spread_of(below)
        assume(a.variance + b.variance > 1e-6 and not apart(above, below))
        found = ratio_of_means(a, b)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        va, vb = a.variance, found.ratio**2 * b.variance
        nu = (va + vb) ** 2 / (va**2 / a.trial_nu + vb**2 / b.trial_nu)
        t2 = stats.t.ppf(0.975, nu) ** 2
        for ratio in np.geomspace(1e-4, 1e4, 800).tolist():
            if min(abs(ratio / end - 1.0) for end in (found.low, found.high) if end) < 1e-3:
                continue
            inside = (a.mean - ratio * b.mean) ** 2 <= t2 * (a.variance + ratio**2 * b.variance)
            assert inside == (found.low <= ratio <= found.high)

    def test_covers_the_true_ratio(self) -> None:
        rng = np.random.default_rng(1)
        covered = 0
        for _ in range(2000):
            a = spread_of(rng.normal(12.0, 1.0, 5).tolist())
            b = spread_of(rng.normal(4.0, 0.2, 5).tolist())
            found = ratio_of_means(a, b)
            assert found is not None
            assert found.low is not None
            assert found.high is not None
            covered += found.low <= 3.0 <= found.high
        assert 0.935 <= covered / 2000 <= 0.97

    def test_what_all_trials_share_widens_it(self) -> None:
        exact = [10.0, 10.1, 9.9]
        narrow = ratio_of_means(spread_of(exact), spread_of([5.0, 5.1, 4.9]))
        wide = ratio_of_means(spread_of(exact, 1.0), spread_of([5.0, 5.1, 4.9], 0.5))
        assert narrow is not None
        assert wide is not None
        assert narrow.low is not None
        assert wide.low is not None
        assert wide.low < narrow.low - 0.2


class TestWelch:
    @given(first=values, second=values)
    def test_is_that_of_scipy(self, first: list[float], second: list[float]) -> None:
        assume(not apart(first, second))
        a, b = spread_of(first), spread_of(second)
        if a.variance + b.variance > 1e-9:
            one, two = (
                (float(np.mean(x)), float(np.std(x, ddof=1)), len(x)) for x in (first, second)
            )
            expected = stats.ttest_ind_from_stats(*one, *two, equal_var=False).pvalue
            assert welch_p(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-12)

    def test_values_without_spread(self) -> None:
        assert welch_p(spread_of([2.0, 2.0]), spread_of([2.0, 2.0])) == 1.0
        assert welch_p(spread_of([2.0, 2.0]), spread_of([3.0, 3.0])) == 0.0

    def test_published_example(self) -> None:
        # Extra hours of sleep (Student, Biometrika 6, 1908); R's documentation of t.test prints
        # t = -1.8608, df = 17.776, p = 0.07939.
        first = spread_of([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
        second = spread_of([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
        assert welch_p(first, second) == pytest.approx(0.07939, abs=5e-6)
        nu = effective_nu([(first.trial_variance, 9.0), (second.trial_variance, 9.0)])
        assert nu == pytest.approx(17.776, abs=5e-4)

    @given(p_values=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5))
    def test_holm_is_the_closed_bonferroni_test(self, p_values: list[float]) -> None:
        # Marcus, Peritz and Gabriel 1976: a hypothesis falls if every group with it does.
        for place, adjusted in enumerate(holm(p_values)):
            groups = (
                group
                for size in range(1, len(p_values) + 1)
                for group in itertools.combinations(range(len(p_values)), size)
                if place in group
            )
            worst = max(min(1.0, len(g) * min(p_values[i] for i in g)) for g in groups)
            assert adjusted == pytest.approx(worst)

    def test_holm_1979(self) -> None:
        assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
        assert holm([]) == []
        assert holm([0.6, 0.9]) == [1.0, 1.0]


class TestFewAgainstMany:
    """Welch's degrees of freedom are too uncertain at 2 against 10; Cochran's t is not."""

    MANY = (10.0, 10.2, 9.8, 10.1, 9.9, 10.3, 9.7, 10.0, 10.1, 9.9)

    def test_is_cochrans_weighted_t(self) -> None:
        few, many = spread_of([12.0, 12.6]), spread_of(list(self.MANY))
        found = ratio_of_means(few, many)
        assert found is not None
        va, vb = few.variance, found.ratio**2 * many.variance
        t = (va * stats.t.ppf(0.975, 1) + vb * stats.t.ppf(0.975, 9)) / (va + vb)

        def excess(r: float) -> float:
            return (few.mean - r * many.mean) ** 2 - t**2 * (few.variance + r**2 * many.variance)

        assert found.low == pytest.approx(optimize.brentq(excess, -5.0, found.ratio))
        assert found.high == pytest.approx(optimize.brentq(excess, found.ratio, 50.0))

    def test_what_is_known_counts_with_the_normal_quantile(self) -> None:
        parts = [(0.09, 1.0), (0.01, 9.0)]
        weighted = 0.09 * stats.t.ppf(0.995, 1) + 0.01 * stats.t.ppf(0.995, 9)
        expected = (weighted + 0.04 * stats.norm.ppf(0.995)) / 0.14
        assert critical_t(0.99, parts, 0.04) == pytest.approx(expected, rel=1e-8)

    def test_the_p_value_is_where_the_interval_ends(self) -> None:
        few, many = spread_of([12.0, 12.6, 11.1]), spread_of(list(self.MANY))
        p = welch_p(few, many)
        t = (few.mean - many.mean) / math.sqrt(few.variance + many.variance)
        va, vb = few.variance, many.variance
        reach = (va * stats.t.ppf(1 - p / 2, 2) + vb * stats.t.ppf(1 - p / 2, 9)) / (va + vb)
        assert reach == pytest.approx(t, rel=1e-6)
        assert welch_p(few, few) == 1.0

    @pytest.mark.parametrize("counts", [(10, 2), (2, 10), (10, 3), (20, 3)])
    def test_covers_the_true_ratio(self, counts: tuple[int, int]) -> None:
        assert 0.945 <= uneven_coverage(counts, (0.02, 0.02), 4000) <= 0.985
        joint = uneven_coverage(counts, (0.02, 0.02), 4000, comparisons=6)
        assert joint >= 1 - 0.05 / 6 - 0.004

    @pytest.mark.slow
    def test_a_variant_of_two_runs_among_others_of_ten(self) -> None:
        assert uneven_family((10, 10, 10, 2), 2000) >= 0.945


class TestOutliers:
    def test_one_far_value_is_flagged(self) -> None:
        assert outliers([1.0, 1.1, 0.9, 1.05, 9.0]) == [False] * 4 + [True]

    def test_the_limit_is_ten_standard_deviations_of_normal_values(self) -> None:
        # MAD of these is 1: the limit lies at 14.826.
        assert outliers([-1.0, 0.0, 1.0, 14.8, -1.0])[3] is False
        assert outliers([-1.0, 0.0, 1.0, 14.9, -1.0])[3] is True

    def test_two_values_or_equal_ones_say_nothing(self) -> None:
        assert outliers([1.0, 50.0]) == [False, False]
        assert outliers([2.0, 2.0, 2.0, 3.0]) == [False] * 4

    def test_variation(self) -> None:
        assert variation(mean_interval([9.0, 11.0])) == pytest.approx(math.sqrt(2.0) / 10.0)
        assert variation(mean_interval([9.0])) is None
        assert variation(mean_interval([-1.0, 1.0])) is None


def test_repetitions_for_a_width() -> None:
    assert repetitions_for(0.05, 0.04) == math.ceil(4 * 1.959964**2 * 0.05**2 / 0.04**2)
    assert repetitions_for(0.0, 0.04) == 2
    with pytest.raises(ValueError, match="width"):
        repetitions_for(0.05, 0.0)


def test_a_ratio_is_its_delta_method_where_the_spread_is_small() -> None:
    # u_R/R = √(cv_A²/n_A + cv_B²/n_B): what Fieller comes to for a cv of 0.1 %.
    above, below = spread_of([300.0, 300.3, 299.7, 300.1]), spread_of([200.0, 200.2, 199.8])
    found = ratio_of_means(above, below)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    parts = above.variance / above.mean**2, below.variance / below.mean**2
    nu = sum(parts) ** 2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / 2)
    half = stats.t.ppf(0.975, nu) * found.ratio * math.sqrt(sum(parts))
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=1e-4)


@pytest.mark.parametrize("level", [0.90, 0.99, 1.0 - 0.05 / 6.0])
def test_other_levels_are_those_of_scipy(level: float) -> None:
    values = [10.0, 10.4, 9.9, 10.1, 10.2]
    found = mean_interval(values, level)
    expected = stats.t.interval(level, 4, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-9)
