from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchharness.energy.budget import Budget, Term, bound, step, two_steps
from benchharness.energy.interior import interior_hold
from benchharness.energy.observed import Candidate, observe
from benchharness.energy.readings import Readings
from benchharness.model import Capabilities, MeasurementClass
from tests.unit.energy_models import ns, plug, window


def test_bounds_and_steps_are_those_of_uniform_errors() -> None:
    draws = np.random.default_rng(1).uniform(-1.0, 1.0, 200_000)
    assert bound("a", 3.0).u == pytest.approx(3.0 * draws.std(), rel=5e-3)
    assert step("d", 3.0).u == pytest.approx(1.5 * draws.std(), rel=5e-3)
    difference = 0.5 * (draws[::2] - draws[1::2])  # two values rounded to steps of 1
    assert two_steps("q", 3.0).u == pytest.approx(3.0 * difference.std(), rel=5e-3)


def test_terms_combine_in_quadrature_and_the_largest_is_named() -> None:
    budget = Budget.of([Term("a", 3.0), Term("b", 4.0), Term("nothing", 0.0)])
    assert budget.combined == pytest.approx(5.0)
    assert budget.dominant == "b"
    assert list(budget.as_mapping()) == ["b", "a"]


def test_effective_degrees_of_freedom_gum_example_h1() -> None:
    # GUM H.1.6: an end gauge, u in nm with its degrees of freedom; nu_eff = 16, U99 = 93 nm.
    budget = Budget.of(
        [
            Term("u(ls)", 25, 18),
            Term("u(d)", 9.7, 25.6),
            Term("u(da)", 2.9, 50),
            Term("u(dt)", 16.6, 2),
        ]
    )
    assert math.floor(budget.nu_eff) == 16
    assert Budget.of([Term("all", budget.combined, 16)]).expanded(0.99)[0] == pytest.approx(
        93, abs=1
    )


def test_expanded_uses_student_of_the_effective_degrees() -> None:
    budget = Budget.of([Term("spread", 2.0, 4.0), Term("gain", 1.0)])
    nu = 5.0**2 / (2.0**4 / 4.0)
    expanded_u, k = budget.expanded()
    assert budget.nu_eff == pytest.approx(nu)
    assert k == pytest.approx(stats.t.ppf(0.975, nu), rel=1e-9)
    assert expanded_u == pytest.approx(k * math.sqrt(5.0))


def test_an_empty_budget_is_certain() -> None:
    expanded_u, k = Budget(()).expanded()
    assert expanded_u == 0.0
    assert k == pytest.approx(1.959963984540054)
    assert Budget(()).dominant is None


def test_tiny_joules_do_not_underflow() -> None:
    assert Budget.of([Term("a", 1e-100, 3.0)]).nu_eff == pytest.approx(3.0)


def quantisation_j(powers: list[float], step_w: float) -> float:
    t = np.arange(len(powers)) + 0.5
    result = interior_hold(
        observe(
            Readings.of(ns(t), powers), window(float(len(powers))), plug(power_resolution_w=step_w)
        )
    )
    assert isinstance(result, Candidate)
    return result.budget.as_mapping().get("quantisation", 0.0)


class TestPowerQuantisation:
    def test_a_constant_power_has_one_error_for_all_readings(self) -> None:
        assert quantisation_j([5.0] * 100, 1.0) == pytest.approx(100.0 / math.sqrt(12.0))

    def test_levels_average_out(self) -> None:
        assert quantisation_j([5.0, 7.0] * 50, 1.0) == pytest.approx(
            100.0 / math.sqrt(12.0) / math.sqrt(2.0)
        )

    def test_simulated_rounding_of_constant_power(self) -> None:
        rng = np.random.default_rng(2)
        true_w = rng.uniform(3.0, 9.0, 2000)
        errors_j = 10.0 * (np.round(true_w) - true_w)
        assert quantisation_j([5.0] * 10, 1.0) == pytest.approx(errors_j.std(), rel=0.05)


def test_independent_snapshots_are_as_uncertain_as_they_scatter() -> None:
    rng = np.random.default_rng(3)
    t = np.arange(-2.0, 63.0) + 0.5
    found = []
    for _ in range(400):
        readings = Readings.of(ns(t), 5.0 + rng.normal(0.0, 0.5, t.size))
        result = interior_hold(observe(readings, window(60.0), plug()))
        assert isinstance(result, Candidate)
        found.append((result.energy_j, result.budget.as_mapping()["sampling"]))
    energies, stated = np.array(found).T
    assert stated.mean() == pytest.approx(energies.std(), rel=0.1)


def test_an_instrument_that_states_no_gain_gets_an_assumed_one() -> None:
    readings = Readings.of(ns([0.5, 1.5, 2.5]), [5.0, 5.0, 5.0])

    def gain_j(cls: MeasurementClass) -> float:
        capabilities = Capabilities(cls, True, True, period_s=1.0)
        result = interior_hold(observe(readings, window(3.0), capabilities))
        assert isinstance(result, Candidate)
        return result.budget.as_mapping()["gain"]

    assert gain_j(MeasurementClass.MEASURED) == pytest.approx(15.0 * 0.05 / math.sqrt(3.0))
    assert gain_j(MeasurementClass.ESTIMATED) == pytest.approx(15.0 * 0.5 / math.sqrt(3.0))


def test_zero_watts_below_the_floor_are_uncertain_by_the_floor() -> None:
    readings = Readings.of(ns([0.5, 1.5, 2.5]), [0.0, 0.0, 0.0])
    result = interior_hold(observe(readings, window(3.0), plug(floor_w=1.25)))
    assert isinstance(result, Candidate)
    assert result.budget.as_mapping()["floor"] == pytest.approx(3.0 * 1.25 / math.sqrt(3.0))
