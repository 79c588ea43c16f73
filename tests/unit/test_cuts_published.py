"""What was published of ARES: its constants, its slips, and what they say of the best cuts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchharness.cuts import published
from benchharness.cuts.costs import costs
from benchharness.cuts.optimise import best_cuts, local
from benchharness.cuts.records import Terms
from benchharness.cuts.slips import Slips, as_published, believed_costs
from benchharness.errors import UnknownNameError, UsageError
from tests.unit.cuts_samples import boards

CORRECTED = Slips(activations=False, rate=False, last_cut=False, rule=False)
PAPER_ONLY = Terms(model_exchange=False)
RATES = (5.0, 10.0, 15.0, 20.0, 50.0, 100.0)
ALPHAS = np.linspace(0.0, 1.0, 11).tolist()
FROM_1 = np.tile(np.arange(8) >= 1, (5, 1))


def test_the_network_has_the_published_sizes() -> None:
    network = published.network()
    assert network.up_bytes[[0, 1, 6, 7]].tolist() == [1228800.0, 13107200.0, 51200.0, 0.0]
    assert network.down_bytes[[0, 1]].tolist() == [0.0, 13107200.0]
    assert network.part_bytes[-1] == 4 * 582_346


def test_a_board_has_the_published_times_and_watts() -> None:
    pi, nano = boards(20.0)[:2]
    assert (pi.forward_s + pi.backward_s)[-1] == pytest.approx(3.944)
    assert (nano.forward_s + nano.backward_s)[-1] == pytest.approx(0.205)
    assert (nano.watts.compute_w, nano.watts.idle_w, nano.batches) == (7.252, None, 50)
    assert published.watts("nano", "5W").transmit_w == 1.917
    assert published.watts("pi", "5W") == published.watts("pi")  # a Pi has no modes


def test_what_the_server_takes_falls_with_the_cut() -> None:
    times = published.server_times(0.5)
    assert (times[0], times[-1]) == (0.5, 0.0) and (np.diff(times) <= 0.0).all()


def test_each_slip_is_a_switch() -> None:
    devices, network = boards(20.0), published.network()
    true = costs(network, devices, PAPER_ONLY)
    same = believed_costs(network, devices, CORRECTED)
    assert (same.duration_s == true.duration_s).all() and (same.energy_j == true.energy_j).all()

    def crossing_s(slips: Slips) -> float:  # a round of the Pi at cut 1, without computing
        return float(believed_costs(network, devices, slips).duration_s[0, 1]) - 50 * 1.353

    float32_s = 50 * 2 * 13107200 * 8 / 20e6
    assert crossing_s(CORRECTED) == pytest.approx(float32_s)
    eight = Slips(rate=False, last_cut=False, rule=False)
    assert crossing_s(eight) == pytest.approx(float32_s / 4)
    rate = Slips(activations=False, last_cut=False, rule=False)
    assert crossing_s(rate) == pytest.approx(float32_s * 2.329384 / 1.28)
    last = believed_costs(network, devices, Slips(activations=False, rate=False, rule=False))
    extra_s = (last.duration_s - true.duration_s)[0]
    assert extra_s[-1] == pytest.approx(50 * 2 * 4000 * 8 / 20e6) and not extra_s[:-1].any()


def test_the_rule_is_a_slip_and_what_is_chosen_is_counted_truly() -> None:
    devices, network = boards(50.0), published.network()
    true = costs(network, devices, Terms())
    slips = Slips()
    found = as_published(believed_costs(network, devices, slips), true, 0.5, slips, allowed=FROM_1)
    assert found.cuts == (2, 4, 4, 4, 4)
    assert found.believed.round_s < found.taken.round_s
    joint = Slips(rule=False)
    found = as_published(believed_costs(network, devices, joint), true, 1.0, joint, allowed=FROM_1)
    # Time alone: only the slowest counts, the Nanos take what draws least and is done before it.
    assert found.cuts[0] == 2 and len(set(found.cuts[1:])) == 1


@pytest.mark.parametrize(("mbit_s", "pi"), [(5.0, 6), (10.0, 2), (20.0, 2), (50.0, 2)])
def test_a_pi_prefers_the_earliest_small_activation_on_a_fast_link(mbit_s: float, pi: int) -> None:
    true = costs(published.network(), boards(mbit_s), Terms())
    assert best_cuts(true, 0.0, normalise=True, allowed=FROM_1).cuts[0] == pi


def test_a_nano_prefers_a_late_cut_or_trains_locally() -> None:
    for mbit_s in RATES[:-1]:
        true = costs(published.network(), boards(mbit_s), Terms())
        for alpha in ALPHAS:
            nanos = best_cuts(true, alpha, normalise=True, allowed=FROM_1).cuts[1:]
            assert set(nanos) == ({6} if mbit_s == 50.0 else {7})


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_slower_link_moves_no_cut_earlier(alpha: float) -> None:
    chosen = [
        best_cuts(costs(published.network(), boards(rate), Terms()), alpha, normalise=True,
                  allowed=FROM_1).cuts
        for rate in RATES
    ]  # fmt: skip
    for slower, faster in itertools.pairwise(chosen):
        assert all(a >= b for a, b in zip(slower, faster, strict=True))


def test_less_time_and_energy_than_locally_as_the_documentation_says() -> None:
    true = costs(published.network(), boards(50.0), Terms())
    best = best_cuts(true, 0.5, normalise=True, allowed=FROM_1)
    all_local = local(true)
    assert best.round_s / all_local.round_s == pytest.approx(0.642, abs=0.001)
    assert best.energy_j / all_local.energy_j == pytest.approx(0.601, abs=0.001)


def test_what_is_not_published_is_not_known() -> None:
    link = published.Link(1e6, 1e6)
    with pytest.raises(UnknownNameError, match="unknown board 'pie'; did you mean 'pi'"):
        published.device("pie", link)
    with pytest.raises(UnknownNameError, match="unknown power mode '10W'"):
        published.device("nano", link, mode="10W")
    with pytest.raises(UsageError, match="batch is 0; take at least 1"):
        published.network(0)
    with pytest.raises(UsageError, match="up_bit_s is 0; a link's rate is above 0"):
        published.device("pi", published.Link(0.0, 1.0))
