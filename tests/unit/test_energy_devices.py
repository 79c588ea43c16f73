"""The sum over devices: joules, their uncertainties, what is missing."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.energy.budget import Budget
from benchharness.energy.devices import ALL_DEVICES, as_part, is_sum, sum_of
from benchharness.energy.targets import supply_losses
from benchharness.model import EnergyEstimate, EnergyFigure, MeasurementClass, Quantity

MEASURED, EMULATED = MeasurementClass.MEASURED, MeasurementClass.EMULATED


def device(
    name: str, gross_j: float, net_j: float | None, cls: MeasurementClass = MEASURED
) -> EnergyFigure:
    """Return a figure with 2 % of gain, 1 J of sampling and 0.5 J of the clock."""

    def budget(value_j: float) -> Budget:
        terms = {"gain": 0.02 * value_j, "sampling": 1.0, "clock": 0.5}
        return Budget.from_mappings(terms, {"sampling": 6.0})

    gross, counted = budget(gross_j), budget(gross_j if net_j is None else net_j)
    terms, nu = counted.as_mapping(), counted.degrees_of_freedom()
    estimate = EnergyEstimate(
        "interior hold", gross_j, gross.combined, gross.as_mapping(), 60, 0.99,
        gross.degrees_of_freedom(),
    )  # fmt: skip
    return EnergyFigure(
        gross_j=gross.quantity(gross_j),
        net_j=None if net_j is None else counted.quantity(net_j),
        method="interior hold",
        meter=name,
        target=name,
        measurement_class=cls,
        idle_power_w=Quantity(2.0, 0.1, 2.0),
        dominant_term="gain",
        terms_j=terms,
        coverage=0.99,
        estimates=(estimate,),
        gate={"accepted": 60},
        nu=nu,
        idle_each_w=(1.9, 2.1),
        net_missing="not at rest" if net_j is None else None,
    )


def summed(*figures: EnergyFigure) -> EnergyFigure:
    found = sum_of(figures)
    assert isinstance(found, EnergyFigure), found
    return found


def test_joules_add_up_and_independent_uncertainties_in_quadrature() -> None:
    found = summed(device("a", 300.0, 100.0), device("b", 400.0, 200.0))
    assert is_sum(found)
    assert (found.meter, found.target, found.part_of) == ("sum of 2 meters", ALL_DEVICES, None)
    assert found.gross_j.value == 700.0
    (estimate,) = found.estimates
    assert estimate.terms_j["gain"] == pytest.approx(0.02 * 500.0)
    assert estimate.terms_j["sampling"] == pytest.approx(math.sqrt(2.0))
    assert estimate.terms_j["clock"] == pytest.approx(1.0)  # one clock for both
    assert estimate.nu["sampling"] == pytest.approx(12.0)  # Welch-Satterthwaite of two equal ones
    assert found.net_j is not None
    assert found.net_j.value == 300.0
    assert found.terms_j["gain"] == pytest.approx(0.02 * math.hypot(100.0, 200.0))
    assert (estimate.readings, found.coverage, found.gate) == (120, 0.99, {"accepted": 120})
    assert found.idle_each_w == pytest.approx((3.8, 4.2))
    assert found.idle_power_w == Quantity(4.0, pytest.approx(math.hypot(0.1, 0.1)), 2.0)  # type: ignore[arg-type]


def test_one_program_behind_all_meters_has_one_gain() -> None:
    pair = (device("a", 300.0, 100.0, EMULATED), device("b", 400.0, 200.0, EMULATED))
    found = summed(*pair)
    assert found.estimates[0].terms_j["gain"] == pytest.approx(0.02 * 700.0)
    assert found.terms_j["gain"] == pytest.approx(0.02 * 300.0)
    assert found.idle_power_w is not None
    assert found.idle_power_w.expanded_u == pytest.approx(0.2)


def test_one_net_energy_missing_is_all_of_it_missing() -> None:
    found = summed(device("a", 300.0, 100.0), device("b", 400.0, None))
    assert (found.net_j, found.net_missing) == (None, "not at rest")
    assert found.terms_j == found.estimates[0].terms_j


def test_classes_are_not_mixed() -> None:
    assert sum_of([device("a", 1.0, 1.0), device("b", 1.0, 1.0, EMULATED)]) == (
        "the devices' joules are emulated and measured, and are not added"
    )


def test_parts_of_a_sum_lose_nothing_and_real_parts_still_do() -> None:
    pair = [device("a", 300.0, 100.0), device("b", 400.0, 200.0)]
    parts = [as_part(figure) for figure in pair]
    assert supply_losses([summed(*pair), *parts]) == []
    rail = replace(device("rail", 250.0, 90.0), part_of="a")
    (loss,) = supply_losses([summed(*pair), *parts, rail])
    assert (loss.outer.target, loss.loss_j.value) == ("a", 50.0)


@given(st.lists(st.tuples(st.floats(1.0, 1e6), st.floats(0.1, 1e5)), min_size=2, max_size=8))
def test_a_sum_is_never_surer_than_its_parts_in_quadrature(
    values: list[tuple[float, float]],
) -> None:
    figures = [device(f"d{n}", g, net) for n, (g, net) in enumerate(values)]
    found = summed(*figures)
    u_j = found.estimates[0].standard_u_j
    parts = [f.estimates[0].standard_u_j for f in figures]
    assert math.hypot(*parts) * (1 - 1e-9) <= u_j <= math.fsum(parts) * (1 + 1e-9)
    assert found.gross_j.value == pytest.approx(math.fsum(g for g, _ in values))
