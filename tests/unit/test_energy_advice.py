from __future__ import annotations

import pytest

from benchharness.energy.advice import shortest_window_s, window_for
from benchharness.model import Capabilities, MeasurementClass
from tests.unit.energy_models import plug


@pytest.mark.parametrize(("period_s", "window_s"), [(30.0, 750.0), (10.0, 250.0), (1.0, 25.0)])
def test_shortest_trustworthy_window_for_two_per_cent(period_s: float, window_s: float) -> None:
    capabilities = Capabilities(MeasurementClass.MEASURED, True, False, period_s=period_s)
    found = shortest_window_s(capabilities, 5.0, variation=0.05, target=0.02)
    assert found == pytest.approx(window_s)
    four_times = shortest_window_s(capabilities, 5.0, variation=0.10, target=0.02)
    assert four_times == pytest.approx(4 * window_s)


def test_a_coarse_power_step_is_never_averaged_out() -> None:
    capabilities = Capabilities(
        MeasurementClass.MEASURED, True, False, period_s=1.0, power_resolution_w=1.0
    )
    assert shortest_window_s(capabilities, 5.0, target=0.02) is None  # 2 x 0.29 W of 5 W


def test_a_counter_needs_its_step_to_be_small_against_the_energy() -> None:
    capabilities = Capabilities(
        MeasurementClass.MEASURED, False, True, period_s=1.0, energy_resolution_j=36.0
    )
    found = shortest_window_s(capabilities, 5.0, target=0.05)
    assert found == pytest.approx(2 * 36.0 / 6**0.5 / (0.05 * 5.0))


def test_net_power_is_what_counts() -> None:
    gross = shortest_window_s(plug(), 5.0)
    net = shortest_window_s(plug(), 5.0, net_power_w=1.0)
    assert gross is not None
    assert net == pytest.approx(25 * gross)


def test_the_advised_window_reaches_the_target() -> None:
    terms = {"sampling": 2.0, "edges": 1.5, "idle drift": 0.4, "gain": 99.0}
    advised = window_for(terms, 20.0, 40.0, "interior hold", target=0.05)
    assert advised is not None
    scale = advised / 20.0
    u_j = (2.0**2 * scale + 1.5**2 + (0.4 * scale) ** 2) ** 0.5
    assert 2.0 * u_j / (40.0 * scale) == pytest.approx(0.05)


def test_no_advice_where_nothing_can_be_had() -> None:
    assert window_for({"edges": 1.0}, 20.0, 0.0, "interior hold") is None
    assert window_for({"idle drift": 10.0}, 20.0, 40.0, "interior hold") is None
