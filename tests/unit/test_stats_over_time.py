from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from benchharness.stats.autocorrelation import autocorrelation, neighbours
from benchharness.stats.drift import Drift, drift


class TestAutocorrelation:
    def test_is_what_its_definition_says(self) -> None:
        x = np.array([3.0, 5.0, 4.0, 8.0, 7.0, 9.0])
        off = x - x.mean()
        for lag in (1, 2, 3):
            expected = float(off[:-lag] @ off[lag:] / (off @ off))
            assert autocorrelation(x.tolist(), lag) == pytest.approx(expected)

    def test_alternating_and_rising_values(self) -> None:
        up_and_down, rising = neighbours([1.0, 2.0] * 4), neighbours([1.0, 2, 3, 4, 5, 6, 7, 8])
        assert up_and_down is not None
        assert rising is not None
        assert up_and_down.r == pytest.approx(-7 / 8)
        assert up_and_down.p < 0.01
        assert rising.r == pytest.approx(0.625)
        assert rising.p < 0.01

    def test_nothing_is_said_of_few_or_equal_values(self) -> None:
        assert neighbours([1.0, 2.0, 3.0, 4.0]) is None
        assert neighbours([2.1] * 8) is None
        assert autocorrelation([1.0, 2.0], 1) is None
        with pytest.raises(ValueError, match="lag"):
            autocorrelation([1.0, 2.0, 3.0], 0)

    def test_chance_is_near_that_of_all_orders(self) -> None:
        values = [9.8, 10.1, 10.0, 10.6, 10.9, 10.7, 11.2]
        found = neighbours(values)
        assert found is not None
        off = np.array(list(permutations(values)))
        squares = np.sum(np.diff(off, axis=1) ** 2, axis=1)
        own = float(np.sum(np.diff(values) ** 2))
        as_far_out = 2.0 * float(np.mean(squares <= own + 1e-12))
        assert found.p == pytest.approx(as_far_out, abs=0.01)

    @pytest.mark.parametrize("n", [5, 8, 15, 30])
    def test_false_alarms_are_five_per_cent(self, n: int) -> None:
        rng = np.random.default_rng(n)
        p = [_p(rng.normal(10.0, 1.0, n)) for _ in range(2000)]
        assert 0.035 <= np.mean(np.array(p) < 0.05) <= 0.065
        skewed = [_p(rng.lognormal(0.0, 1.0, n)) for _ in range(1000)]
        assert np.mean(np.array(skewed) < 0.05) <= 0.065

    def test_it_finds_runs_that_depend_on_the_last(self) -> None:
        rng = np.random.default_rng(2)
        found = 0
        for _ in range(300):
            x = np.zeros(30)
            for i in range(1, 30):
                x[i] = 0.7 * x[i - 1] + rng.normal()
            found += _p(x) < 0.05
        assert found / 300 > 0.85


def _p(values: np.ndarray) -> float:
    found = neighbours(values.tolist())
    assert found is not None
    return found.p


class TestDrift:
    def test_of_one_variant_is_scipys_regression(self) -> None:
        t = np.array([0.0, 600.0, 1300.0, 1800.0, 2500.0, 3600.0, 4000.0])
        y = np.array([10.0, 10.1, 10.05, 10.2, 10.18, 10.3, 10.34])
        found = drift([list(zip(t.tolist(), y.tolist(), strict=True))])
        assert found is not None
        line = stats.linregress(t, y / y.mean())
        half = stats.t.ppf(0.975, 5) * line.stderr
        assert found.per_hour == pytest.approx(3600.0 * line.slope)
        assert found.total == pytest.approx(4000.0 * line.slope)
        assert found.low == pytest.approx(4000.0 * (line.slope - half))
        assert found.high == pytest.approx(4000.0 * (line.slope + half))

    def test_of_several_is_a_fit_with_a_level_for_each(self) -> None:
        rng = np.random.default_rng(5)
        variants, rows, values = [], [], []
        for place, mean in enumerate((4.0, 12.0, 50.0)):
            t = np.sort(rng.uniform(0.0, 7200.0, 6))
            y = mean * (1.0 + 2e-6 * t + rng.normal(0.0, 0.002, 6))
            variants.append(list(zip(t.tolist(), y.tolist(), strict=True)))
            rows += [[*(float(k == place) for k in range(3)), time] for time in t]
            values += (y / y.mean()).tolist()
        design = np.array(rows)
        fit, rest, *_ = np.linalg.lstsq(design, np.array(values), rcond=None)
        u = np.sqrt(rest[0] / 14 * np.linalg.inv(design.T @ design)[3, 3])
        found = drift(variants)
        assert found is not None
        assert found.total == pytest.approx(fit[3] * found.span_s)
        half = stats.t.ppf(0.975, 14) * u * found.span_s
        assert found.high - found.total == pytest.approx(half)
        assert found.n == 18

    def test_covers_the_truth(self) -> None:
        rng = np.random.default_rng(6)
        held = 0
        for _ in range(1000):
            t = np.arange(24) * 300.0
            variant = rng.permuted(np.tile(np.arange(4), (6, 1)), axis=1).ravel()
            y = np.array([1.0, 5.0, 2.0, 9.0])[variant] * (
                1.0 + 0.012 * t / t[-1] + rng.normal(0.0, 0.01, 24)
            )
            found = drift(
                [
                    list(zip(t[variant == k].tolist(), y[variant == k].tolist(), strict=True))
                    for k in range(4)
                ]
            )
            assert found is not None
            held += found.low <= 0.012 <= found.high
        assert 0.93 <= held / 1000 <= 0.97

    def test_the_sentence(self) -> None:
        assert Drift(8, 3600.0, 0.012, 0.012, 0.008, 0.016).sentence == (
            "drift of 1.2 % over the campaign (0.8 to 1.6 %)"
        )
        assert Drift(8, 3600.0, -0.012, -0.012, -0.016, -0.008).sentence == (
            "drift of −1.2 % over the campaign (−0.8 to −1.6 %)"
        )
        assert Drift(8, 3600.0, 0.001, 0.001, -0.004, 0.006).sentence == (
            "no clear drift: less than 0.6 % over the campaign"
        )

        flat = drift([[(float(i), 2.0) for i in range(6)]])
        assert flat is not None
        assert flat.sentence == "no drift over the campaign"

    def test_none_where_it_cannot_be_said(self) -> None:
        assert drift([]) is None
        assert drift([[(0.0, 1.0), (1.0, 1.1), (2.0, 1.2)]]) is None  # too few
        assert drift([[(5.0, 1.0 + 0.1 * i) for i in range(8)]]) is None  # no time passes
        assert drift([[(float(i), -1.0) for i in range(8)]]) is None  # no share of it
