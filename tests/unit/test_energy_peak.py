"""An energy above the highest power times the time is told, with the numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchharness.energy.peak import above_peak
from benchharness.model import Quantity
from tests.unit.test_derive_meters import figure

HOURS_22_S = 22 * 3600.0
POWERS_W = np.array([14.0, 15.0, 14.5, 15.0])


def test_watt_hours_that_are_taken_for_kilowatt_hours_are_told() -> None:
    """D1.4: 227 'kWh' of a device that drew 15 W."""
    slip = figure("plug-1", "agx", 227.0 * 3.6e6)
    caution = above_peak(slip, POWERS_W, HOURS_22_S)
    assert caution is not None
    assert caution.code == "energy-above-peak"
    assert caution.message == (
        "meter plug-1 gives 817 MJ in 22 h 00 min: 10.3 kW on average, above its highest power "
        "of 15.0 W"
    )
    assert "Wh and not kWh" in (caution.remedy or "")


@pytest.mark.parametrize("energy_j", [0.0, 227.0 * 3600.0, 15.0 * HOURS_22_S])
def test_an_energy_that_can_be_is_not(energy_j: float) -> None:
    assert above_peak(figure("plug-1", "agx", energy_j), POWERS_W, HOURS_22_S) is None


def test_within_its_uncertainty_it_can_be() -> None:
    twice = figure("plug-1", "agx", 2 * 15.0 * HOURS_22_S)
    assert above_peak(twice, POWERS_W, HOURS_22_S) is not None
    unsure = replace(twice, gross_j=Quantity(twice.gross_j.value, 15.0 * HOURS_22_S, 2.0))
    assert above_peak(unsure, POWERS_W, HOURS_22_S) is None


def test_two_powers_tell_no_peak() -> None:
    assert above_peak(figure("plug-1", "agx", 1e12), POWERS_W[:2], HOURS_22_S) is None
