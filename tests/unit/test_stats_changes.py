from __future__ import annotations

import time

import numpy as np
import pytest

from benchharness.stats.change_points import change_points
from benchharness.stats.steady_state import steady_from

# Annual flow of the Nile at Aswan, 1871 to 1970, in 10^8 m³ (Cobb, Biometrika 65, 1978).
NILE = """
1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799 958 1140
1100 1210 1150 1250 1260 1220 1030 1100 774 840 874 694 940 833 701 916 692 1020 1050 969
831 726 456 824 702 1120 1100 832 764 821 768 845 864 862 698 845 744 796 1040 759
781 865 845 944 984 897 822 1010 771 676 649 846 812 742 801 1040 860 874 848 890
744 749 838 1050 918 986 797 923 975 815 1020 906 901 1170 912 746 919 718 714 740
"""


class TestChangePoints:
    def test_the_nile_changes_in_1899(self) -> None:
        flow = [float(word) for word in NILE.split()]
        assert (len(flow), sum(flow)) == (100, 91935.0)
        (found,) = change_points(flow)
        assert 1871 + found.index == 1899  # published: after 1898
        assert found.before == pytest.approx(np.mean(flow[:28]))
        assert found.after == pytest.approx(np.mean(flow[28:]))
        assert found.ratio is not None
        assert found.ratio.high is not None
        assert found.ratio.high < 0.85

    @pytest.mark.slow
    @pytest.mark.parametrize(("n", "count"), [(30, 1500), (100, 700), (300, 300)])
    def test_false_alarms(self, n: int, count: int) -> None:
        rng = np.random.default_rng(n)
        wrong = sum(bool(change_points(rng.normal(1.0, 0.015, n).tolist())) for _ in range(count))
        assert wrong / count <= 0.025  # 1.4 to 1.7 % of 10,000

    def test_false_alarms_with_unequal_uncertainties(self) -> None:
        rng = np.random.default_rng(8)
        u = rng.uniform(0.005, 0.03, 60)
        wrong = sum(
            bool(change_points(rng.normal(1.0, u).tolist(), u.tolist())) for _ in range(500)
        )
        assert wrong / 500 <= 0.03

    def test_noise_that_grew_is_seldom_taken_for_a_step(self) -> None:
        rng = np.random.default_rng(2)
        marked = 0
        for _ in range(400):  # with Student's variance alone 30 %
            x = np.r_[rng.normal(1.0, 0.01, 94), rng.normal(1.0, 0.04, 6)]
            marked += bool(change_points(x.tolist()))
        assert marked / 400 <= 0.15

    @pytest.mark.parametrize(("after", "least"), [(3, 0.74), (5, 0.95), (15, 0.99)])
    def test_a_step_of_5_per_cent_in_noise_of_1_5(self, after: int, least: float) -> None:
        rng = np.random.default_rng(after)
        found = 0
        for _ in range(200):
            x = rng.normal(1.0, 0.015, 30)
            x[30 - after :] *= 1.05
            found += any(abs(c.index - (30 - after)) <= 2 for c in change_points(x.tolist()))
        assert found / 200 >= least

    def test_a_step_up_that_is_mended_again(self) -> None:
        rng = np.random.default_rng(1)
        x = rng.normal(1.0, 0.015, 90)
        x[30:60] *= 1.05
        assert [change.index for change in change_points(x.tolist())] == [30, 60]

    def test_one_far_campaign_is_no_change(self) -> None:
        rng = np.random.default_rng(1)
        x = rng.normal(1.0, 0.015, 40)
        x[20] = 2.0
        assert change_points(x.tolist()) == []

    def test_few_or_equal_points(self) -> None:
        assert change_points([]) == []
        assert change_points([1.0, 1.0, 1.0, 2.0, 2.0]) == []
        assert change_points([3.0] * 50) == []
        with pytest.raises(ValueError, match="uncertainties"):
            change_points([1.0, 2.0], [0.1])

    def test_an_unknown_uncertainty_counts_as_usual(self) -> None:
        x = [1.0, 1.01, 0.99, 1.0, 1.02, 1.3, 1.31, 1.29, 1.3, 1.32]
        u: list[float | None] = [0.01] * 10
        u[3] = None
        assert [change.index for change in change_points(x, u)] == [5]

    @pytest.mark.alone
    def test_a_thousand_points_are_quick(self) -> None:
        rng = np.random.default_rng(1)
        x = rng.normal(1.0, 0.015, 1000) + 0.05 * ((np.arange(1000) // 50) % 2)
        began = time.perf_counter()
        found = change_points(x.tolist())
        assert time.perf_counter() - began < 0.2
        assert len(found) == 19


class TestSteadyState:
    rng = np.random.default_rng(4)

    def series(self, shape: np.ndarray) -> list[float]:
        return [float(x) for x in shape * self.rng.normal(1.0, 0.02, shape.size)]

    def test_a_flat_series_is_steady_at_once(self) -> None:
        found = [steady_from(self.series(np.ones(100))) for _ in range(100)]
        assert sum(start == 0 for start in found) >= 90

    def test_slow_first_iterations_are_warm_up(self) -> None:
        i = np.arange(100)
        assert steady_from(self.series(np.where(i < 10, 1.5, 1.0))) == 10
        assert steady_from(self.series(np.where(i < 1, 3.0, 1.0))) == 1
        start = steady_from(self.series(1.0 + np.exp(-i / 5.0)))
        assert start is not None
        assert 6 <= start <= 30

    def test_it_may_get_slower(self) -> None:
        assert steady_from(self.series(np.where(np.arange(200) < 50, 1.0, 1.2))) == 50

    def test_never_steady(self) -> None:
        i = np.arange(100)
        assert steady_from(self.series(1.0 + 0.5 * i / 100)) is None
        assert steady_from(self.series(np.where(i < 85, 1.0, 1.2))) is None
        assert steady_from([1.0] * 19) is None

    def test_regular_collections_of_garbage_are_steady(self) -> None:
        i = np.arange(100)
        assert steady_from(self.series(np.where(i % 10 == 9, 1.5, 1.0))) == 0

    def test_iterations_that_depend_on_the_last_are_no_warm_up(self) -> None:
        steady = 0
        for _ in range(100):
            noise = self.rng.normal(0.0, 0.02, 300)
            for i in range(1, 300):
                noise[i] += 0.5 * noise[i - 1]
            steady += steady_from([1.0 + float(x) for x in noise]) == 0
        assert steady >= 80  # 28 if they were taken one by one
        noise[:40] += 0.5
        assert steady_from([1.0 + float(x) for x in noise]) == 40
