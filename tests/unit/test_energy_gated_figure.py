"""What the gate's work does to a figure: counts, cautions, coverage, a counter that was reset."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchharness.energy.counter import counter_difference
from benchharness.energy.figure import Outcome, energy_figure
from benchharness.energy.gate import ACCEPTED, gate
from benchharness.energy.observed import Candidate, Unavailable, observe
from benchharness.energy.readings import Readings
from benchharness.model import Capabilities, EnergyEstimate
from tests.unit.energy_models import ns, plug, window

TIMES = np.arange(-15.0, 76.0) + 0.25
POWERS = np.where((TIMES >= 0.0) & (TIMES < 60.0), 8.0, 3.0)
ENERGY = 500.0 + 3.0 * TIMES + 5.0 * np.clip(TIMES, 0.0, 60.0)
IDLE = (window(10.0, -12.0), window(10.0, 62.0))


def figure(
    powers: np.ndarray | None, energy: np.ndarray | None, capabilities: Capabilities
) -> Outcome:
    given = Readings.of(ns(TIMES), powers, energy)
    return energy_figure(
        given, capabilities, window(60.0), meter="plug-1", target="board", idle=IDLE
    )


def cautions(outcome: Outcome) -> dict[str, str]:
    return {caution.code: caution.message for caution in outcome.cautions}


def test_clean_readings_are_accepted_and_nobody_is_warned() -> None:
    outcome = figure(POWERS, ENERGY, plug())
    assert outcome.figure is not None
    assert outcome.figure.gate == {ACCEPTED: TIMES.size}
    assert outcome.cautions == ()


def test_spikes_and_zeros_do_not_move_the_energy() -> None:
    powers = POWERS.copy()
    powers[[30, 60]] = 8000.0
    powers[[20, 40, 50]] = 0.0
    outcome = figure(powers, None, plug(floor_w=1.25))
    assert outcome.figure is not None
    assert outcome.figure.gross_j.value == pytest.approx(480.0)
    assert outcome.figure.coverage == 1.0  # each gap is of two seconds
    assert outcome.figure.gate == {
        ACCEPTED: TIMES.size - 5,
        "rejected: spike": 2,
        "rejected: zero beside readings above the floor": 3,
    }
    assert "2 x spike" in cautions(outcome)["gate-rejected"]


def test_what_is_rejected_in_a_row_lowers_the_coverage() -> None:
    powers = POWERS.copy()
    powers[(TIMES > 20.0) & (TIMES < 24.0)] = 900.0
    outcome = figure(powers, None, plug(max_power_w=30.0))
    assert outcome.figure is not None
    assert outcome.figure.coverage == pytest.approx(1.0 - 4.0 / 60.0)
    assert {"gate-rejected", "low-coverage"} <= cautions(outcome).keys()
    powers[(TIMES > 20.0) & (TIMES < 30.0)] = 900.0
    missing = figure(powers, None, plug(max_power_w=30.0))
    assert missing.figure is None
    assert missing.reason is not None
    assert "gave no reading" in missing.reason
    assert "above max_power_w" in cautions(missing)["gate-rejected"]


class TestRestart:
    """The counter begins again at 0 between 29.25 s and 30.25 s of the window."""

    energy = np.where(TIMES < 30.0, ENERGY, ENERGY - ENERGY[TIMES < 30.0][-1] - 2.0)

    def counter(self, outcome: Outcome) -> EnergyEstimate:
        assert outcome.figure is not None
        return {e.method: e for e in outcome.figure.estimates}["counter difference"]

    def test_two_parts_are_joined_and_the_gap_is_a_term(self) -> None:
        outcome = figure(POWERS, self.energy, plug(gain_bound=0.01))
        assert outcome.figure is not None
        # The first value after it is 6 J; at 8 W at most 8 J passed: 7 J within ±1 J, not 8 J.
        assert self.counter(outcome).energy_j == pytest.approx(480.0 - 1.0)
        assert self.counter(outcome).terms_j["gaps"] == pytest.approx(1.0 / math.sqrt(3.0))
        assert outcome.figure.gate["repaired: counter restarted"] == 1
        assert "±1 J" in cautions(outcome)["counter-repaired"]

    def test_powers_without_a_gap_give_the_figure_then(self) -> None:
        outcome = figure(POWERS, self.energy, plug())
        assert outcome.figure is not None
        assert outcome.figure.method == "interior hold"
        assert outcome.figure.gross_j.value == pytest.approx(480.0)

    def test_without_powers_the_joined_counter_gives_it(self) -> None:
        outcome = figure(None, self.energy, plug())
        assert outcome.figure is not None
        assert outcome.figure.gross_j.expanded_u is not None
        assert abs(outcome.figure.gross_j.value - 480.0) < outcome.figure.gross_j.expanded_u

    def test_a_restart_outside_the_window_costs_nothing(self) -> None:
        energy = np.where(TIMES < 65.0, ENERGY, ENERGY - 600.0)
        found = self.counter(figure(POWERS, energy, plug()))
        assert found.energy_j == pytest.approx(480.0)
        assert "gaps" not in found.terms_j

    def test_an_unknown_gap_is_too_long(self) -> None:
        known = (TIMES < 28.0) | (TIMES > 33.0)
        readings = Readings.of(ns(TIMES), None, np.where(known, self.energy, math.nan))
        gated = gate(readings, plug())
        observed = observe(gated.readings, window(60.0), plug(), (), gated.stitches)
        result = counter_difference(observed)
        assert isinstance(result, Unavailable)
        assert result.reason == "the counter was reset in 6.0 s without a reading of it"


def test_the_counter_knows_the_step_at_the_edges() -> None:
    """Messages each 30 s: a line through an edge would lose ΔP a b / (a + b), 5 W x 5 s."""
    t = np.arange(-100.0, 420.0, 30.0)  # 10 s before each edge, 20 s after it
    energy = 3.0 * t + 5.0 * np.clip(t, 0.0, 300.0) + 1000.0
    powers = np.where((t >= 0.0) & (t < 300.0), 8.0, 3.0)
    alone = observe(Readings.of(ns(t), None, energy), window(300.0), plug(period_s=30.0))
    both = observe(Readings.of(ns(t), powers, energy), window(300.0), plug(period_s=30.0))
    by_slopes, by_powers = counter_difference(alone), counter_difference(both)
    assert isinstance(by_slopes, Candidate)
    assert isinstance(by_powers, Candidate)
    assert by_slopes.energy_j == pytest.approx(2400.0)
    assert by_powers.energy_j == pytest.approx(2400.0)
    # Of the slopes, half the step stays unsure at each edge: 2.5 W for a b / (a + b).
    unsure_j = math.sqrt(2.0) * 2.5 * 10.0 * 20.0 / 30.0 / math.sqrt(3.0)
    assert by_slopes.budget.of_name("edges") == pytest.approx(unsure_j)
    assert by_powers.budget.of_name("edges") == 0.0


def test_a_pulse_coarser_than_the_step_is_the_step() -> None:
    readings = Readings.of(ns(TIMES), None, np.floor(ENERGY / 12.5) * 12.5)
    observed = observe(readings, window(60.0), plug(energy_resolution_j=0.36, pulse_j=12.5))
    found = counter_difference(observed)
    assert isinstance(found, Candidate)
    assert found.budget.of_name("quantisation") == pytest.approx(12.5 / math.sqrt(6.0), rel=1e-3)


def test_what_firmware_cuts_cancels_in_net_energy() -> None:
    # 0.1 W may be cut or rounded: 0.05 W / √3 for 60 s, in gross alone.
    outcome = figure(POWERS, None, plug(pulse_j=1.7, power_resolution_w=0.1))
    assert outcome.figure is not None
    gross = {e.method: e for e in outcome.figure.estimates}["interior hold"]
    assert gross.terms_j["truncation"] == pytest.approx(60.0 * 0.05 / math.sqrt(3.0))
    assert outcome.figure.terms_j.get("truncation", 0.0) == pytest.approx(0.0, abs=1e-9)


def test_where_they_clearly_disagree_the_counter_gives_the_figure() -> None:
    # Power swings in step with the telemetry, which sees its peaks alone.
    outcome = figure(POWERS, 500.0 + 0.6 * (ENERGY - 500.0), plug(energy_resolution_j=1.0))
    assert outcome.figure is not None
    assert outcome.figure.method == "counter difference"
    assert "counter-disagrees" in cautions(outcome)


def test_degrees_of_freedom_stand_beside_the_terms() -> None:
    rng = np.random.default_rng(3)
    outcome = figure(POWERS + rng.normal(0.0, 0.2, TIMES.size), None, plug())
    assert outcome.figure is not None
    assert outcome.figure.nu.keys() == {"sampling", "idle sampling"}
    assert outcome.figure.nu_eff is not None
    assert min(outcome.figure.nu.values()) <= outcome.figure.nu_eff
    assert figure(POWERS, None, plug(gain_bound=0.05)).figure.nu_eff is None  # type: ignore[union-attr]


@pytest.mark.parametrize("with_powers", [True, False])
def test_below_the_floor_neither_powers_nor_counter_say_nothing_was_used(
    with_powers: bool,
) -> None:
    # 1 W on a chip that gives a pulse per 12.5 J: no pulse within 10 s is 0 W, and is not counted.
    zeros, still = np.zeros(TIMES.size), np.full(TIMES.size, 500.0)
    can = plug(pulse_j=12.5, energy_resolution_j=36.0)
    outcome = figure(zeros if with_powers else None, still, can)
    assert outcome.figure is not None
    for estimate in outcome.figure.estimates:
        assert estimate.energy_j == 0.0
        assert 1.96 * estimate.standard_u_j > 60.0 * 1.0
    assert estimate.terms_j["floor"] == pytest.approx(60.0 * 1.25 / math.sqrt(3.0))
