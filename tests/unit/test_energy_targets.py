from __future__ import annotations

import math

import pytest

from benchharness.energy.targets import addable, disjoint, supply_losses
from benchharness.model import EnergyEstimate, EnergyFigure, MeasurementClass, Quantity

MEASURED, EMULATED = MeasurementClass.MEASURED, MeasurementClass.EMULATED


def figure(
    target: str,
    energy_j: float,
    u_j: float = 1.0,
    *,
    part_of: str | None = None,
    meter: str | None = None,
    measurement_class: MeasurementClass = MEASURED,
) -> EnergyFigure:
    terms_j = {"gain": u_j}
    return EnergyFigure(
        gross_j=Quantity(energy_j, 1.96 * u_j, 1.96),
        net_j=None,
        method="counter difference",
        meter=meter or f"meter-{target}",
        target=target,
        measurement_class=measurement_class,
        idle_power_w=None,
        dominant_term="gain",
        terms_j=terms_j,
        coverage=1.0,
        estimates=(EnergyEstimate("counter difference", energy_j, u_j, terms_j),),
        part_of=part_of,
    )


def test_two_gains_do_not_cancel_in_the_loss_of_a_supply() -> None:
    wall, rail = figure("wall", 200.0, 3.0), figure("board", 170.0, 4.0, part_of="wall")
    (loss,) = supply_losses([wall, rail])
    assert loss.outer is wall
    assert loss.inner == (rail,)
    assert loss.loss_j.value == pytest.approx(30.0)
    assert loss.loss_j.expanded_u == pytest.approx(1.959964 * 5.0, rel=1e-5)
    assert loss.share is not None
    assert loss.share.value == pytest.approx(0.15)
    # By hand: u(1 - r/w)² = (4/200)² + (170 * 3 / 200²)²
    by_hand = math.hypot(0.02, 0.01275)
    assert loss.share.expanded_u == pytest.approx(1.959964 * by_hand, rel=1e-5)
    assert not loss.impossible


def test_parts_that_use_more_than_the_whole_are_impossible() -> None:
    (loss,) = supply_losses([figure("wall", 100.0), figure("board", 110.0, part_of="wall")])
    assert loss.impossible
    (close,) = supply_losses([figure("wall", 100.0), figure("board", 101.0, part_of="wall")])
    assert not close.impossible


def test_each_level_is_compared_with_the_nearest_that_was_metered() -> None:
    wall = figure("wall", 100.0)
    board = figure("board", 80.0, part_of="wall")
    cpu, gpu = figure("cpu", 30.0, part_of="board"), figure("gpu", 20.0, part_of="board")
    losses = supply_losses([cpu, wall, gpu, board])
    assert {(loss.outer.target, tuple(i.target for i in loss.inner)) for loss in losses} == {
        ("wall", ("board",)),
        ("board", ("cpu", "gpu")),
    }
    assert [loss.loss_j.value for loss in losses] == pytest.approx([20.0, 30.0])


def test_classes_are_not_subtracted_from_one_another() -> None:
    rail = figure("board", 80.0, part_of="wall", measurement_class=EMULATED)
    assert supply_losses([figure("wall", 100.0), rail]) == []


def test_no_share_of_nothing() -> None:
    (loss,) = supply_losses([figure("wall", 0.0), figure("board", 0.5, part_of="wall")])
    assert loss.share is None


class TestAddable:
    def test_what_another_contains_is_refused_with_the_reason(self) -> None:
        wall, rail = figure("wall", 200.0), figure("board", 170.0, part_of="wall")
        added, reasons = addable([rail, wall])
        assert added == [wall]
        assert reasons == [
            "meter meter-board is not added: target wall of meter meter-wall contains board"
        ]

    def test_through_a_target_between(self) -> None:
        cpu = figure("cpu", 30.0, part_of="board")
        board, wall = figure("board", 80.0, part_of="wall"), figure("wall", 100.0)
        assert addable([cpu, board, wall])[0] == [wall]
        assert not disjoint(cpu, wall, [board])
        assert disjoint(cpu, wall)  # nobody says that the board is in between

    def test_siblings_without_their_whole_are_added(self) -> None:
        rails = [figure("cpu", 30.0, part_of="board"), figure("gpu", 20.0, part_of="board")]
        assert addable(rails) == (rails, [])
        assert disjoint(rails[0], rails[1])

    def test_eight_clients_are_added(self) -> None:
        clients = [figure(f"client-{i}", 10.0) for i in range(8)]
        assert addable(clients) == (clients, [])

    def test_a_second_meter_on_one_target_and_another_class_are_refused(self) -> None:
        first = figure("board", 10.0, meter="a")
        second = figure("board", 11.0, meter="b")
        other = figure("node", 5.0, meter="c", measurement_class=EMULATED)
        added, reasons = addable([first, second, other])
        assert added == [first]
        assert "same target" in reasons[0]
        assert "emulated" in reasons[1]

    def test_a_circle_ends(self) -> None:
        circle = [figure("a", 1.0, part_of="b"), figure("b", 1.0, part_of="a")]
        added, reasons = addable(circle)
        assert added == []
        assert len(reasons) == 2
        assert not disjoint(circle[0], circle[1])
