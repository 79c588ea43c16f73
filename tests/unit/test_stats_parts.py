"""The floor of a value, and what of an uncertainty is the instrument's."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from benchharness.stats.combined import combined
from benchharness.stats.floor import Floor, floor_of
from benchharness.stats.ratio import ratio_of_means
from benchharness.stats.sample import Sample, spread

NOOP = Sample("noop", (0.030, 0.032, 0.031, 0.029))


class TestFloor:
    def test_a_value_far_above(self) -> None:
        sort = Sample("sort", (1.00, 1.02, 0.98, 1.01))
        found = floor_of(NOOP, sort)
        below, value = spread(NOOP), spread(sort)
        assert below is not None
        assert value is not None
        assert found is not None
        expected = ratio_of_means(below, value)
        assert expected is not None
        assert (found.share, found.low, found.high) == (
            expected.ratio, expected.low, expected.high,
        )  # fmt: skip
        assert found.share == pytest.approx(0.0305 / 1.0025)
        assert found.is_above
        assert found.sentence == "above the floor, which is 3.04 % of it (2.85 to 3.24 %)"

    def test_a_value_that_is_floor(self) -> None:
        found = floor_of(NOOP, Sample("small", (0.031, 0.030, 0.033, 0.032)))
        assert found is not None
        assert not found.is_above
        assert found.sentence.startswith("not above the floor: that of noop is ")

    def test_a_floor_that_may_be_zero(self) -> None:
        # Net energy of noop: around 0, on both sides.
        found = floor_of(Sample("noop", (-0.4, 0.5, 0.1, -0.1)), Sample("sort", (50.0, 51.0, 49.5)))
        assert found is not None
        assert found.is_above
        assert found.sentence.startswith("above the floor, which is at most ")

    def test_a_value_that_may_be_zero(self) -> None:
        found = floor_of(NOOP, Sample("nothing", (-1.0, 1.0, 0.1)))
        assert found == Floor(None, None, None)
        assert "no interval" in found.sentence
        assert not found.is_above

    def test_one_value_says_nothing(self) -> None:
        assert floor_of(NOOP, Sample("one", (1.0,))) is None

    def test_what_the_meter_shares_widens_it(self) -> None:
        exact = floor_of(NOOP, Sample("sort", (0.060, 0.061, 0.059)))
        coarse = floor_of(
            Sample("noop", NOOP.values, common_u=0.02), Sample("sort", (0.060, 0.061, 0.059))
        )
        assert exact is not None
        assert coarse is not None
        assert exact.is_above
        assert not coarse.is_above


class TestCombined:
    def test_parts_add_up(self) -> None:
        values, own = [12.0, 12.6, 12.3, 11.9], [0.2, 0.2, 0.2, 0.2]
        found = combined(values, own, shared_u=0.15)
        assert found is not None
        s2 = stats.tvar(values)
        assert found.spread_u == pytest.approx(math.sqrt(s2 / 4))
        assert found.random_u == pytest.approx(0.1)
        assert found.between_u == pytest.approx(math.sqrt(s2 / 4 - 0.01))
        assert found.instrument_u == pytest.approx(math.hypot(0.1, 0.15))
        assert found.between_u is not None
        assert found.spread_u is not None
        assert found.combined_u == pytest.approx(math.hypot(found.between_u, found.instrument_u))
        # Welch-Satterthwaite by hand: u^4 / (u_s^4 / 3)
        nu = found.combined_u**4 / (found.spread_u**4 / 3)
        assert found.nu == pytest.approx(nu)
        assert found.high == pytest.approx(12.2 + stats.t.ppf(0.975, nu) * found.combined_u)

    def test_what_is_in_the_spread_is_not_added_again(self) -> None:
        values = [12.0, 12.6, 12.3, 11.9]
        with_own, without = combined(values, [0.2] * 4), combined(values, [0.0] * 4)
        assert with_own is not None
        assert without is not None
        assert (with_own.low, with_own.nu) == (without.low, without.nu)
        low, high = stats.t.interval(0.95, 3, 12.2, stats.sem(values))
        assert (without.low, without.high) == pytest.approx((low, high))

    def test_one_trial_has_the_instruments_part_and_no_interval(self) -> None:
        found = combined([5.0], [0.3], 0.4)
        assert found is not None
        assert (found.between_u, found.low, found.high, found.nu) == (None, None, None, None)
        assert found.combined_u == pytest.approx(0.5)
        assert combined([], []) is None

    def test_an_instrument_that_claims_more_than_is_seen(self) -> None:
        found = combined([5.0, 5.01, 4.99, 5.0], [0.3] * 4)
        assert found is not None
        assert found.between_u == 0.0
        assert found.instrument_is_pessimistic

    def test_equal_values_of_a_coarse_meter(self) -> None:
        found = combined([5.0, 5.0, 5.0], [0.0] * 3, 0.2)
        assert found is not None
        assert found.nu == math.inf
        assert found.high == pytest.approx(5.0 + 1.959964 * 0.2)

    def test_each_trial_has_an_uncertainty(self) -> None:
        with pytest.raises(ValueError, match="2 values with 1"):
            combined([1.0, 2.0], [0.1])
