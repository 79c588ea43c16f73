"""Random loads through models of plugs: the models themselves, and whether intervals hold."""

from __future__ import annotations

import numpy as np
import pytest

from benchharness.conformance.simulated import Load, Plug, pulse_powers, pulses, random_load, read
from benchharness.conformance.statistics import PLUGS, Judged, coverage_statistics
from benchharness.energy.figure import energy_figure
from benchharness.energy.readings import Readings
from benchharness.meters.emulator.chips import PulseChip
from benchharness.meters.emulator.truth import TruthPoint
from tests.unit.energy_models import ns, plug, window

SECOND = 1_000_000_000


@pytest.mark.parametrize("pulse_j", [12.53, 1.7066])
def test_pulses_are_those_of_the_emulated_chip(pulse_j: float) -> None:
    """Two models of one chip, written apart: they agree on what firmware shows."""
    rng = np.random.default_rng(8)
    starts = np.arange(0.0, 200.0, 2.0)
    load = Load(starts, rng.uniform(0.5, 12.0, starts.size))
    chip = PulseChip(pulse_j, phase=0.3)
    chip.start(TruthPoint(0, float(load.power_w[0]), 0.0), linear=False)
    at_s = pulses(load, pulse_j, 0.3)
    for second in range(1, 190):
        # The power of a point held since the point before it.
        place = max(0, int(np.searchsorted(starts, second, side="left")) - 1)
        energy_j = float(load.energy_j(float(second)))
        chip.feed(TruthPoint(second * SECOND, float(load.power_w[place]), energy_j))
        chip.tick(second * SECOND)
        if second < 30:  # both have seen the first pulses differently
            continue
        counted_j = pulse_j * np.searchsorted(at_s, second, side="right")
        assert counted_j - chip.counted_j() == pytest.approx(pulse_j)  # its first only starts it
        shown_w = float(pulse_powers(at_s, pulse_j, np.array([float(second)]))[0])
        assert shown_w == pytest.approx(chip.power_w(second * SECOND), abs=0.1 + 1e-9)


def test_a_random_load_knows_its_energy() -> None:
    for seed in range(12):
        load = random_load(np.random.default_rng(seed), 60.0, 40.0)
        inside = (load.t_s >= 0.0) & (load.t_s < 60.0)
        widths = np.diff(np.append(load.t_s[inside], 60.0))
        by_hand = float(np.sum(load.power_w[inside] * widths))
        assert float(load.energy_j(60.0) - load.energy_j(0.0)) == pytest.approx(by_hand)
        assert 0.0 < load.net_j < by_hand


def test_a_plug_shows_steps_of_its_own() -> None:
    load = random_load(np.random.default_rng(1), 60.0, 40.0)
    kind = Plug("coarse", "delayed", 5.0, False, (1.0,), (60.0,))
    readings, capabilities = read(kind, np.random.default_rng(2), load, [0.0])
    assert np.array_equal(readings.power_w, np.round(readings.power_w))
    assert np.allclose(readings.energy_j / 60.0, np.round(readings.energy_j / 60.0))
    assert np.median(np.diff(readings.t_ns)) == pytest.approx(5e9, rel=0.02)
    assert capabilities.energy_resolution_j == 60.0


@pytest.mark.parametrize(("period_s", "most"), [(30.0, 0.01), (1.0, 0.003)])
def test_a_step_load_through_a_late_and_coarse_plug_has_no_bias(
    period_s: float, most: float
) -> None:
    """300 s at 6 W between 3 W: hold-and-sum would be 2.5 % low, trapezoids inside 10 %."""
    load = Load(np.array([-400.0, 0.0, 300.0, 700.0]), np.array([3.0, 6.0, 3.0, 3.0]))
    can = plug(
        period_s=period_s, power_resolution_w=0.1, energy_resolution_j=36.0, latency_bound_s=1.5
    )
    errors: dict[str, list[float]] = {}
    for phase in (np.arange(60) + 0.5) / 60.0:
        t = np.arange((phase - 5.0) * period_s - 5.0, 300.0 + 5.0 * period_s, period_s)
        tick = np.floor(t - 0.618 * phase) + 0.618 * phase  # figures are worked out once a second
        power_w = np.round(load.mean_w(tick - 1.0, tick), 1)
        counter_j = np.floor((load.energy_j(tick) + 1333.0 * phase) / 36.0) * 36.0
        readings = Readings.of(ns(t), power_w, counter_j)
        figure = energy_figure(readings, can, window(300.0), meter="m", target="t").figure
        assert figure is not None
        for method, energy_j in [
            ("figure", figure.gross_j.value),
            *((e.method, e.energy_j) for e in figure.estimates),
        ]:
            errors.setdefault(method, []).append(energy_j / 1800.0 - 1.0)
    bias = {method: abs(float(np.mean(found))) for method, found in errors.items()}
    assert bias["figure"] <= most
    assert bias["interior hold"] <= most
    assert bias["counter difference"] <= most
    if period_s == 30.0:
        assert bias["hold previous, clipped"] == pytest.approx(0.025, abs=0.002)


def test_what_a_judgement_says() -> None:
    judged = Judged(np.array([1.0, -2.0, 3.0, -4.0]), np.array([2.0, 2.0, 2.0, 8.0]))
    assert judged.coverage == 0.75
    assert judged.width == pytest.approx(2.0 / 3.85)
    assert judged.needed == pytest.approx(1.425)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLUGS, ids=lambda kind: kind.name)
def test_intervals_hold_for_each_kind_of_plug(kind: Plug) -> None:
    """At least 93 % of the truths, gross and net, and not simply wide; 1,000 in scripts/bench."""
    (row,) = coverage_statistics(7, 120, [kind])
    assert row.missing == 0
    for judged in (row.gross, row.net):
        # Of 120 trials at 95 %, 108 or more are to be expected 99 times in 100.
        assert judged.coverage >= 108 / 120
        assert judged.width <= 2.0
        assert judged.needed >= 0.5


def corrupted(rng: np.random.Generator, readings: Readings) -> Readings:
    """Spikes, false zeros, counters out of order, and a counter that begins again at 0."""
    powers, counter = readings.power_w.copy(), readings.energy_j.copy()
    n = powers.size
    powers[rng.random(n) < 0.01] = 0.0
    powers[rng.choice(n, 3, replace=False)] = 8000.0
    reset = int(rng.integers(5, n - 5))
    counter[reset:] -= counter[reset - 1]
    late = rng.choice(np.arange(2, n - 2), 2, replace=False)
    counter[late] = counter[late - 2]
    return Readings(readings.t_ns, powers, counter)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [PLUGS[2], PLUGS[13]], ids=lambda kind: kind.name)
def test_intervals_hold_over_readings_that_need_a_gate(kind: Plug) -> None:
    (row,) = coverage_statistics(9, 60, [kind], corrupted)
    assert row.missing == 0
    for judged in (row.gross, row.net):
        assert judged.coverage >= 53 / 60
        assert judged.needed >= 0.5
