"""What a cut costs: the paper's equations by hand, each term, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchharness.cuts.costs import costs, estimate
from benchharness.cuts.records import Costs, Layers, Terms, Watts
from benchharness.errors import UsageError
from tests.unit.cuts_samples import made_up, small_device, small_layers

PAPER = Terms(model_exchange=False)
SERVER = Watts(60.0, 0.0, 0.0, 20.0)


def changed(field: str, value: object) -> dict[str, Any]:
    return {field: value}


def test_the_equations_of_the_paper() -> None:
    found = costs(small_layers(), [small_device()], PAPER)
    # Cut 0: 1 s up, 0.5 s server, 0.125 s Theta. Cut 1: 3 s, 0.25 s, 0.5 s up, 0.5 s down, Theta.
    assert found.duration_s.tolist() == [[16.25, 43.75, 50.0]]
    assert found.energy_j.tolist() == [[40.0, 10 * (24 + 2 + 1.0), 400.0]]
    assert found.waiting_w.tolist() == [0.0]


def test_the_model_crosses_twice_a_round() -> None:
    without = costs(small_layers(), [small_device()], PAPER)
    found = costs(small_layers(), [small_device()], Terms())
    assert (found.duration_s - without.duration_s).tolist() == [[0.0, 0.375, 0.75]]
    assert (found.energy_j - without.energy_j).tolist() == [[0.0, 1.0, 2.0]]


def test_waiting_counts_the_server_the_overhead_and_the_slowest() -> None:
    slow = replace(small_device("device-2"), forward_s=np.array([0.0, 11, 12]))
    terms = replace(PAPER, waiting=True)
    without = costs(small_layers(), [small_device(), slow], PAPER)
    found = costs(small_layers(), [small_device(), slow], terms)
    assert (found.energy_j - without.energy_j)[0].tolist() == [6.25, 3.75, 0.0]
    both = estimate(found, (1, 1))
    assert both.round_s == 143.75
    assert both.device_j[0] == found.energy_j[0, 1] + 100.0
    # A device's idle power is drawn whenever it does nothing else.
    assert both.device_j[0] == without.energy_j[0, 1] + 1.0 * (143.75 - 40.0)
    assert both.energy_j == sum(both.device_j)


def test_the_server_draws_at_rest_all_the_time_and_more_for_each_device() -> None:
    terms = replace(PAPER, server=True, server_watts=SERVER)
    found = costs(small_layers(), [small_device(), small_device("device-2")], terms)
    assert found.server_j[0].tolist() == [200.0, 100.0, 0.0]
    both = estimate(found, (1, 2))
    assert both.server_j == 100.0 + 20.0 * 50.0
    assert both.energy_j == sum(both.device_j) + both.server_j


def test_where_nothing_crosses_there_is_no_overhead() -> None:
    late = replace(small_device(), overhead_s=100.0)
    found = costs(small_layers(), [late], PAPER)
    assert found.duration_s[0, 2] == 50.0 and found.duration_s[0, 1] > 1000.0


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("side", ["up_bit_s", "down_bit_s"])
def test_a_rate_is_above_0(side: str, rate: float) -> None:
    with pytest.raises(UsageError, match=f"device-1: {side} is .*above 0 bit/s"):
        replace(small_device(), **changed(side, rate))


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
@pytest.mark.parametrize("name", ["forward_s", "backward_s", "server_s"])
def test_times_are_not_negative(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"device-1: {name} has {value:g}; take 0 or more"):
        replace(small_device(), **changed(name, np.array([0.0, value, 1.0])))


def test_what_else_is_refused() -> None:
    device = small_device()
    with pytest.raises(UsageError, match=r"overhead_s is -1; take 0 or more"):
        replace(device, overhead_s=-1.0)
    with pytest.raises(UsageError, match="batches is 0; take at least 1"):
        replace(device, batches=0)
    with pytest.raises(UsageError, match="forward_s, backward_s, server_s differ in length"):
        replace(device, server_s=np.zeros(2))
    with pytest.raises(UsageError, match=r"forward_s has the shape \(1,\)"):
        replace(device, forward_s=np.zeros(1))
    with pytest.raises(UsageError, match="layers: part_bytes has -4"):
        Layers(np.zeros(2), np.zeros(2), np.array([0.0, -4.0]))
    with pytest.raises(UsageError, match="compute_w is -3"):
        Watts(-3.0, 1.0, 1.0)
    with pytest.raises(UsageError, match="has times for 2 layers, the network has 1"):
        costs(Layers(np.zeros(2), np.zeros(2), np.zeros(2)), [device], Terms())
    with pytest.raises(UsageError, match="there is no device"):
        costs(small_layers(), [], Terms())
    with pytest.raises(UsageError, match="device-1: its power at rest is not known"):
        costs(small_layers(), [small_device(idle_w=None)], Terms(waiting=True))
    with pytest.raises(UsageError, match="the server's energy needs its watts"):
        Terms(server=True, server_watts=Watts(60.0, 0.0, 0.0))
    with pytest.raises(UsageError, match="exchange the two"):
        Terms(server=True, server_watts=Watts(10.0, 0.0, 0.0, 60.0))


@pytest.mark.parametrize(
    ("cuts", "message"),
    [
        ((0, 3), r"cut 3 is out of range; take 0 \(all on the server\) to 2"),
        ((-1, 0), "cut -1 is out of range"),
        ((0,), "1 cuts for 2 devices"),
    ],
)
def test_cuts_are_within_the_network(cuts: tuple[int, ...], message: str) -> None:
    found = costs(small_layers(), [small_device(), small_device("device-2")], Terms())
    with pytest.raises(UsageError, match=message):
        estimate(found, cuts)


def test_costs_have_a_row_for_each_device() -> None:
    good = made_up([[1.0, 2.0]], [[1.0, 2.0]])
    for change in (
        {"names": ("a", "b")}, {"energy_j": np.zeros((1, 3))}, {"waiting_w": np.zeros(2)},
    ):  # fmt: skip
        with pytest.raises(UsageError, match="costs: "):
            replace(good, **change)
    assert isinstance(good, Costs) and good.last_cut == 1
