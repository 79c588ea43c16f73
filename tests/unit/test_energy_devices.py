"""The sum over devices: joules, their uncertainties, what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.energy.budget import Budget
from benchharness.energy.devices import ALL_DEVICES, Make, as_part, is_sum, sum_of
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


def summed(*figures: EnergyFigure, makes: Sequence[Make] = ()) -> EnergyFigure:
    found = sum_of(figures, makes)
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


def test_meters_of_one_make_share_what_nobody_calibrated() -> None:
    figures = [device(name, gross_j, 50.0) for name, gross_j in (("a", 100.0), ("b", 200.0))]
    late = [
        replace(f, estimates=(replace(f.estimates[0], terms_j={"gain": 3.0, "latency": 4.0}),))
        for f in (*figures, device("c", 300.0, 50.0))
    ]
    plug, own = Make("plug"), Make("plug", gain_alone=True, delay_alone=True)

    def terms(*makes: Make) -> tuple[float, float]:
        found = summed(*late, makes=makes).estimates[0].terms_j
        return found["gain"], found["latency"]

    assert terms(plug, plug, plug) == pytest.approx((9.0, 12.0))
    assert terms(plug, plug, Make("other")) == pytest.approx((math.hypot(6, 3), math.hypot(8, 4)))
    assert terms(plug, own, plug) == pytest.approx((math.hypot(6, 3), math.hypot(8, 4)))
    assert terms(own, own, own) == pytest.approx((3.0 * math.sqrt(3), 4.0 * math.sqrt(3)))
    assert terms(Make(), Make(), Make()) == pytest.approx((3.0 * math.sqrt(3), 4.0 * math.sqrt(3)))
    half = Make("plug", gain_alone=True)
    assert terms(half, half, half) == pytest.approx((3.0 * math.sqrt(3), 12.0))


def test_the_sum_of_plugs_of_one_batch_is_covered() -> None:
    """Eight plugs with one gain anywhere within ±5 %: U of 95 % must hold the exact joules."""
    chance = np.random.default_rng(5)
    watts = [15.0, 8.0, 8.0, 8.0, 8.0, 7.0, 6.0, 6.0]
    covered = {"one make": 0, "taken to be independent": 0}
    for gain in chance.uniform(-0.05, 0.05, 200).tolist():
        figures = []
        for place, power_w in enumerate(watts):
            told = device(f"d{place}", 300.0 * power_w * (1.0 + gain), None)
            terms = {"gain": 0.05 / math.sqrt(3.0) * told.gross_j.value}
            estimate = replace(told.estimates[0], terms_j=terms, nu={})
            figures.append(replace(told, estimates=(estimate,)))
        for name, makes in (("one make", [Make("plug")] * 8), ("taken to be independent", [])):
            found = summed(*figures, makes=makes).gross_j
            off_j = abs(found.value - 300.0 * sum(watts))
            covered[name] += off_j <= (found.expanded_u or 0.0)
    assert covered["one make"] >= 0.95 * 200
    assert covered["taken to be independent"] < 0.6 * 200


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
