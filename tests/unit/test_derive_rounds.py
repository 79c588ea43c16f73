"""Seconds and joules of each device by round, from stored readings; parts of a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchharness.energy.figure import energy_figure
from benchharness.energy.readings import Readings, Window
from benchharness.energy.window_parts import part_energies
from benchharness.model import Capabilities, MeasurementClass, PhaseSpan, Quantity
from benchharness.report.derive import derive_campaign
from benchharness.report.derive_rounds import rounds_of
from benchharness.report.split.rounds import device_rounds
from tests.unit.device_store import Federated, one
from tests.unit.split_store import BOARDS, SplitRun, split_store

S = 1_000_000_000
PLUG = Capabilities(
    MeasurementClass.EMULATED, has_power=True, has_counter=False, period_s=1.0,
    power_resolution_w=0.1, gain_bound=0.05,
)  # fmt: skip


def test_parts_and_what_is_between_them_sum_to_the_figure() -> None:
    t_s = np.arange(-20.0, 121.0) + 0.4
    power_w = np.where(t_s % 20.0 < 12.0, 7.0, 2.0)
    readings = Readings.of((t_s * S).astype(np.int64) + 100 * S, power_w)
    window = Window(100 * S, 220 * S)
    figure = energy_figure(readings, PLUG, window, meter="a", target="b").figure
    assert figure is not None
    edges = [(n, n + 20) for n in range(0, 120, 20)]
    parts = [Window((100 + a) * S, (100 + b) * S) for a, b in edges]
    told = part_energies(figure, readings, PLUG, window, [*parts, Window(101 * S, 102 * S)])
    joules = [each for each in told[:-1] if isinstance(each, Quantity)]
    assert sum(each.value for each in joules) == pytest.approx(figure.gross_j.value)
    for each in joules:
        assert each.expanded_u is not None
        assert abs(each.value - (12 * 7.0 + 8 * 2.0)) < each.expanded_u < 12.0
        assert each.expanded_u >= 1.95 * 0.05 / 3**0.5 * each.value  # the gain's at least
    assert told[-1] == "1 reading in it, of the 3 that it takes"


def test_devices_have_their_rounds_without_the_servers_test(tmp_path: Path) -> None:
    with split_store(tmp_path) as store:
        trial = derive_campaign(store, "last").trials[0]
    rounds = device_rounds(trial)
    assert [(each.device, each.step) for each in rounds[:6]] == [
        *(("device-1", n) for n in range(1, 6)), ("device-2", 1),
    ]  # fmt: skip
    for each in rounds:
        board = next(b for b in BOARDS if b.name == each.board)
        assert each.use is not None
        assert (each.use.end_ns - each.use.start_ns) / S == pytest.approx(19.0)
        assert each.use.waiting_s == pytest.approx(19.0 - board.train_s)
        assert each.round_j is not None
        assert each.measured_j is not None
        busy_j = board.busy_w * board.train_s
        true_j = busy_j + board.idle_w * (19.0 - board.train_s)
        assert each.round_j.value == pytest.approx(true_j, rel=0.05)
        assert abs(each.measured_j.value - busy_j) < (each.measured_j.expanded_u or 0.0)
        assert 0.05 * true_j < (each.round_j.expanded_u or 0.0) < 0.2 * true_j
    assert [p.value for p in trial.series["device-1/link_up_bit_s"]] == [20e6, 5e6]
    assert [p.steps for p in trial.participants if p.name == "main"] == [()]  # it has no meter


def test_a_plug_that_is_read_seldom_does_not_tell_every_round(tmp_path: Path) -> None:
    with split_store(tmp_path, SplitRun(poll_s=8.0)) as store:
        trial = derive_campaign(store, "last").trials[0]
    missing = [each.missing for each in device_rounds(trial) if each.measured_j is None]
    assert missing
    assert {m for m in missing if m} == {
        "2 readings in it, of the 3 that it takes",
        "its readings do not tell it from nothing: its uncertainty is as large",
    }
    told = [each.measured_j for each in device_rounds(trial) if each.measured_j is not None]
    assert all(joules.value > (joules.expanded_u or 0.0) for joules in told)


def test_other_trainings_have_no_rounds(tmp_path: Path) -> None:
    assert all(p.steps == () for p in one(tmp_path, Federated(rounds=2)).participants)


def test_a_round_that_was_done_again_is_the_last_one() -> None:
    spans = [
        PhaseSpan("main", "round", 10 * S, 30 * S, 1),
        PhaseSpan("main", "round", 40 * S, 70 * S, 1),
        PhaseSpan("main", "aggregate", 60 * S, 61 * S, 1),
        PhaseSpan("main", "round", 80 * S, None, 2),
        PhaseSpan("main", "round", 90 * S, 120 * S, 3),
    ]
    found = rounds_of({"main": spans}, Window(0, 100 * S))
    assert found == {1: Window(40 * S, 60 * S), 3: Window(90 * S, 100 * S)}
    assert rounds_of({"main": spans}, None) == {}
