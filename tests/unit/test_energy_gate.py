"""The gate over raw readings: what it must stop, what it must let pass."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.energy.gate import ACCEPTED, REPAIRED, Gated, gate
from benchharness.energy.readings import Readings
from benchharness.energy.steps import counter_step_j
from benchharness.model import Capabilities
from tests.unit.energy_models import ns, plug

SPIKE = "rejected: spike"
ZERO = "rejected: zero beside readings above the floor"


def passed(t_s: list[float], powers: list[float], **options: float | None) -> Gated:
    return gate(Readings.of(ns(t_s), powers), plug(**options))


def counted(counter: list[float], powers: list[float] | None = None, **options: float) -> Gated:
    times = ns(np.arange(float(len(counter))))
    return gate(Readings.of(times, powers, counter), plug(**options))


def kept(values: np.ndarray) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values]


class TestPowers:
    def test_a_spike_of_8_kw_on_a_board_of_10_w(self) -> None:
        powers = [10.0] * 20
        powers[7] = 8000.0
        found = passed(list(range(20)), powers)
        assert found.counts == {ACCEPTED: 19, SPIKE: 1}
        assert math.isnan(found.readings.power_w[7])

    def test_several_spikes_of_a_short_trial(self) -> None:
        powers = [10.0] * 20
        powers[3] = powers[9] = powers[15] = 8000.0
        assert passed(list(range(20)), powers).counts == {ACCEPTED: 17, SPIKE: 3}

    def test_a_burst_of_a_server_passes(self) -> None:
        powers = [10.0] * 20
        powers[7] = 300.0
        assert passed(list(range(20)), powers).counts == {ACCEPTED: 20}

    def test_three_high_readings_are_a_load_and_not_a_spike(self) -> None:
        powers = [5.0] * 200
        powers[7:10] = [2000.0] * 3
        assert passed(list(range(200)), powers).counts == {ACCEPTED: 200}

    def test_the_counter_vouches_for_a_burst(self) -> None:
        powers = np.full(20, 5.0)
        powers[7] = 2000.0
        energy = np.cumsum(powers)
        whole = gate(Readings.of(ns(np.arange(20.0)), powers, energy), plug())
        assert whole.counts == {ACCEPTED: 20}
        calm = gate(Readings.of(ns(np.arange(20.0)), powers, np.arange(20) * 5.0), plug())
        assert calm.counts == {ACCEPTED: 19, SPIKE: 1}

    def test_a_coarse_counter_vouches_for_nothing(self) -> None:
        powers = np.full(20, 5.0)
        powers[7] = 2000.0
        energy = np.floor(np.cumsum(powers) / 3600.0) * 3600.0
        found = gate(
            Readings.of(ns(np.arange(20.0)), powers, energy), plug(energy_resolution_j=3600.0)
        )
        assert found.counts[SPIKE] == 1

    def test_above_what_the_target_can_draw(self) -> None:
        found = passed([0, 1, 2, 3], [5.0, 31.0, 30.0, 5.0], max_power_w=30.0)
        assert found.counts == {ACCEPTED: 3, "rejected: above max_power_w": 1}

    def test_negative_and_infinite(self) -> None:
        found = passed([0, 1, 2, 3], [5.0, -0.5, math.inf, 5.0], power_resolution_w=0.1)
        assert found.counts == {
            ACCEPTED: 2,
            "rejected: negative power": 1,
            "rejected: not a number": 1,
        }
        assert passed([0, 1], [-0.05, 5.0], power_resolution_w=0.1).counts == {ACCEPTED: 2}

    def test_a_zero_between_readings_above_the_floor(self) -> None:
        found = passed([0, 1, 2, 3], [3.5, 0.0, 3.5, 3.4], floor_w=1.25)
        assert found.counts == {ACCEPTED: 3, ZERO: 1}
        assert kept(found.readings.power_w) == [3.5, None, 3.5, 3.4]

    @pytest.mark.parametrize("powers", [[0.0, 3.5, 3.4, 3.5], [3.5, 3.4, 3.5, 0.0]])
    def test_a_zero_at_an_end_of_the_recording(self, powers: list[float]) -> None:
        found = passed([0, 1, 2, 3], powers, floor_w=1.25)
        assert found.counts == {ACCEPTED: 3, ZERO: 1}

    def test_a_meter_without_a_floor_may_say_zero(self) -> None:
        assert passed([0, 1, 2, 3], [3.5, 0.0, 3.5, 3.4]).counts == {ACCEPTED: 4}

    @pytest.mark.parametrize(
        "powers",
        [
            [3.5, 0.0, 0.0, 0.0, 3.5],  # too long for a slip
            [3.5, 3.5, 3.5, 0.0, 0.0],  # switched off
            [1.0, 0.0, 1.0, 0.0, 1.0],  # about the floor
        ],
    )
    def test_zeros_that_stand(self, powers: list[float]) -> None:
        assert passed([0, 1, 2, 3, 4], powers, floor_w=1.25).counts == {ACCEPTED: 5}

    def test_the_counter_vouches_for_a_zero(self) -> None:
        # A message each 30 s; the board was off for half of the time between 0 and 60 s.
        readings = Readings.of(ns([0, 30, 60, 90]), [4.0, 0.0, 4.0, 4.0], [0.0, 60, 120, 240])
        assert gate(readings, plug(period_s=30.0, floor_w=1.25)).counts == {ACCEPTED: 4}
        on = Readings.of(ns([0, 30, 60, 90]), [4.0, 0.0, 4.0, 4.0], [0.0, 120, 240, 360])
        assert gate(on, plug(period_s=30.0, floor_w=1.25)).counts[ZERO] == 1


class TestCounter:
    def test_one_sample_out_of_order(self) -> None:
        found = counted([100.0, 110, 120, 105, 140, 150], [10.0] * 6)
        assert found.counts == {ACCEPTED: 5, "rejected: counter back for one reading": 1}
        assert kept(found.readings.energy_j) == [100, 110, 120, None, 140, 150]

    def test_one_sample_far_ahead(self) -> None:
        found = counted([100.0, 110, 9000, 130, 140, 150], [10.0] * 6)
        assert found.counts == {ACCEPTED: 5, "rejected: counter ahead for one reading": 1}

    def test_a_burst_that_powers_vouch_for_is_no_jump(self) -> None:
        t = np.arange(0.0, 260.0, 0.1)
        powers = np.where((t >= 220.0) & (t < 221.5), 90.0, 0.4)
        counter = np.concatenate([[0.0], np.cumsum(0.5 * (powers[1:] + powers[:-1]) * 0.1)])
        found = gate(Readings.of(ns(t), powers, counter), plug(period_s=0.1))
        assert found.counts == {ACCEPTED: t.size}

    def test_a_message_that_came_late_makes_no_jump(self) -> None:
        times = [0.0, 300.0, 600.0, 1199.999999, 1200.0, 1500.0]  # 900 s is told at 1,200 s
        counter = [3.6 * n for n in (0.0, 300.0, 600.0, 900.0, 1200.0, 1500.0)]
        found = gate(
            Readings.of(ns(times), [3.6] * 6, counter), plug(period_s=300.0, max_power_w=100.0)
        )
        assert found.counts == {ACCEPTED: 6}
        jump = [value + (50_000.0 if n >= 4 else 0.0) for n, value in enumerate(counter)]
        found = gate(
            Readings.of(ns(times), [3.6] * 6, jump), plug(period_s=300.0, max_power_w=50.0)
        )
        assert found.counts == {ACCEPTED: 6, "repaired: counter jumped ahead": 1}

    def test_a_power_cut_sets_it_to_zero(self) -> None:
        found = counted([100.0, 110, 120, 4, 14, 24], [10.0] * 6)
        assert found.counts == {ACCEPTED: 6, "repaired: counter restarted": 1}
        # Between 120 and the next reading passed 4 J to 10 J: 7 J within ±3 J.
        assert kept(found.readings.energy_j) == pytest.approx([100, 110, 120, 127, 137, 147])
        (stitch,) = found.stitches
        assert (stitch.before_s, stitch.after_s) == (2.0, 3.0)
        assert (stitch.assumed_j, stitch.bound_j) == pytest.approx((7.0, 3.0))

    def test_restored_from_flash_it_goes_back_by_a_bit(self) -> None:
        found = counted([100.0, 110, 120, 90, 100, 110, 120], [10.0] * 7)
        assert found.counts[REPAIRED + "counter restarted"] == 1
        (stitch,) = found.stitches
        assert (stitch.assumed_j, stitch.bound_j) == pytest.approx((5.0, 5.0))

    def test_by_less_than_a_reading_the_power_decides(self) -> None:
        # Back by 5 J and on at 10 J a reading: the counter was reset, no message was late.
        found = counted([100.0, 110, 120, 115, 125, 135], [10.0] * 6)
        assert found.counts[REPAIRED + "counter restarted"] == 1

    def test_midnight(self) -> None:
        day = [5000.0, 5010, 5020, 5, 15, 25, 35]
        assert counted(day).counts == {ACCEPTED: 7, "repaired: counter restarted": 1}

    def test_a_jump_by_a_kilowatt_hour(self) -> None:
        found = counted([0.0, 10, 20, 3_600_030, 3_600_040, 3_600_050], [10.0] * 6)
        assert found.counts == {ACCEPTED: 6, "repaired: counter jumped ahead": 1}
        assert found.readings.energy_j[-1] == pytest.approx(20 + 5 + 20)

    def test_a_counter_that_always_falls_is_none(self) -> None:
        found = counted([float(-i) for i in range(300)])
        assert found.counts == {ACCEPTED: 0, "rejected: counter keeps going back": 300}

    def test_a_counter_that_stands_still_under_load(self) -> None:
        counter = [36.0 * (i // 4) for i in range(40)] + [360.0] * 60
        found = counted(counter, [10.0] * 100, energy_resolution_j=36.0)
        assert found.counts["rejected: counter stood still under load"] == 59
        assert np.isfinite(found.readings.power_w).all()

    def test_a_coarse_counter_may_stand_still(self) -> None:
        counter = np.floor(10.0 * np.arange(300.0) / 3600.0) * 3600.0
        found = counted(counter.tolist(), [10.0] * 300, energy_resolution_j=3600.0)
        assert found.counts == {ACCEPTED: 300}

    def test_a_total_kept_as_float32_is_coarse_and_not_wrong(self) -> None:
        kwh = (1000.0 + 10.0 * np.arange(900.0) / 3.6e6).astype(np.float32).astype(np.float64)
        counter = kwh * 3.6e6
        given_ = plug(energy_resolution_j=36.0, latency_bound_s=1.5, max_power_w=30.0)
        found = gate(Readings.of(ns(np.arange(900.0)), np.full(900, 10.0), counter), given_)
        assert found.counts == {ACCEPTED: 900}
        # 1,000 kWh lies between 2^9 and 2^10: 24 bits leave 2^-14 kWh.
        step_j = counter_step_j(np.arange(900.0), counter, given_)
        assert step_j == pytest.approx(3.6e6 / 2**14, rel=1e-6)


def test_readings_with_one_time_stamp_are_counted() -> None:
    found = gate(Readings.of([1, 2, 2, 3], [5.0, 5.0, 6.0, 5.0]), plug())
    assert found.counts == {ACCEPTED: 3, "rejected: not newer": 1}


def test_nothing_comes_of_nothing() -> None:
    assert gate(Readings.of([]), plug()).counts == {ACCEPTED: 0}


# Waveforms that an instrument can show: means over each interval, a counter of the same energy.
# Swings of up to a hundred times: beyond that, a reading or two need a counter that vouches.
waveforms = st.lists(
    st.tuples(st.floats(4.0, 400.0), st.integers(1, 12)), min_size=1, max_size=12
).map(lambda parts: np.repeat([p for p, _ in parts], [n for _, n in parts]))
steps_j = st.sampled_from([0.01, 1.7, 12.5, 36.0, 60.0, 3600.0])


@given(powers=waveforms, step_j=steps_j, watt=st.sampled_from([0.001, 0.1, 1.0]))
def test_clean_readings_of_any_waveform_pass_untouched(
    powers: np.ndarray, step_j: float, watt: float
) -> None:
    counter = np.floor((1e6 + np.cumsum(powers)) / step_j) * step_j
    readings = Readings.of(
        ns(np.arange(float(powers.size))), np.round(powers / watt) * watt, counter
    )
    found = gate(readings, plug(power_resolution_w=watt, energy_resolution_j=step_j))
    assert found.counts == {ACCEPTED: powers.size}
    assert found.stitches == ()
    np.testing.assert_array_equal(found.readings.power_w, readings.power_w)
    np.testing.assert_array_equal(found.readings.energy_j, readings.energy_j)


any_value = st.one_of(
    st.floats(0.0, 50.0), st.sampled_from([0.0, 8000.0, math.nan, math.inf, -3.0, 1e6])
)
anything = st.lists(st.tuples(st.integers(0, 10**11), any_value, any_value), max_size=60).map(
    lambda rows: [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
)
instruments = st.builds(
    plug,
    floor_w=st.sampled_from([None, 1.25]),
    max_power_w=st.sampled_from([None, 60.0]),
    energy_resolution_j=st.sampled_from([None, 36.0]),
    latency_bound_s=st.sampled_from([None, 1.5]),
)


@given(columns=anything, capabilities=instruments)
def test_the_gate_invents_nothing_and_is_idempotent(
    columns: list[list[float]], capabilities: Capabilities
) -> None:
    readings = Readings.of(*columns)
    found = gate(readings, capabilities)
    after = found.readings
    assert after.t_ns.tolist() == readings.t_ns.tolist()
    same = np.isnan(after.power_w) | (after.power_w == readings.power_w)
    assert same.all()
    # A counter keeps its way between stitches: each value came in, moved by a sum of offsets.
    there = np.isfinite(after.energy_j)
    assert np.isfinite(readings.energy_j[there]).all()
    offsets = np.unique(np.round((after.energy_j - readings.energy_j)[there], 6))
    assert offsets.size <= 1 + len(found.stitches)
    assert (np.diff(after.energy_j[there]) >= 0.0).all()
    again = gate(after, capabilities)
    np.testing.assert_array_equal(again.readings.power_w, after.power_w)
    np.testing.assert_array_equal(again.readings.energy_j, after.energy_j)
    assert again.stitches == ()
    assert again.number(REPAIRED) == 0


@pytest.mark.parametrize("kind", ["clean", "zeros", "spikes", "falls"])
@pytest.mark.slow
def test_a_trial_of_22_hours_at_10_hz_is_quick(kind: str) -> None:
    n = 22 * 3600 * 10
    rng = np.random.default_rng(5)
    powers = 5.0 + rng.normal(0.0, 0.3, n)
    counter = np.floor(np.cumsum(powers) * 0.1 / 36.0) * 36.0
    if kind == "zeros":
        powers[::2] = 0.0
    elif kind == "spikes":
        powers[::60] = 8000.0
    elif kind == "falls":
        counter[1000 :: n // 90] -= 500.0
    readings = Readings.of(np.arange(n, dtype=np.int64) * 100_000_000, powers, counter)
    can = plug(period_s=0.1, floor_w=1.25, energy_resolution_j=36.0, latency_bound_s=1.5)
    before = time.process_time()
    found = gate(readings, can)
    assert time.process_time() - before < 2.0
    assert (found.counts == {ACCEPTED: n}) is (kind == "clean")
