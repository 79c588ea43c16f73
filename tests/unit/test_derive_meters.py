"""What happened to meters, and what several of them say of each other."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchharness.model import EnergyFigure, MeasurementClass, Quantity
from benchharness.report.derive_meter_events import event_cautions, meter_events, rejected_messages
from benchharness.report.derive_meters import agreements, meters_cautions, total
from benchharness.store.records import EventRecord
from tests.unit.derive_store import META, Trial, at, one


def happened(t_s: float, text: str, name: str = "plug-1") -> EventRecord:
    return EventRecord(at(t_s), "harness", "meter", name=name, text=text)


def figure(
    meter: str, target: str, gross_j: float, u_j: float = 1.0, part_of: str | None = None
) -> EnergyFigure:
    return EnergyFigure(
        gross_j=Quantity(gross_j, 1.96 * u_j, 1.96),
        net_j=None,
        method="interior hold",
        meter=meter,
        target=target,
        measurement_class=MeasurementClass.MEASURED,
        idle_power_w=None,
        dominant_term="gain",
        terms_j={"gain": u_j},
        coverage=1.0,
        part_of=part_of,
    )


def test_what_was_rejected_is_added_up_by_reason() -> None:
    events = meter_events(
        [
            happened(1.0, "rejected: 3 x NaN"),
            happened(2.0, "rejected: 1 x not JSON: {"),
            happened(11.0, "rejected: 2 x NaN"),
            happened(1.0, "rejected: 9 x NaN", "plug-2"),
            happened(1.0, "rejected: odd"),
        ],
        "plug-1",
    )
    assert rejected_messages(events) == {"NaN": 5, "odd": 1, "not JSON: {": 1}


def test_silences_are_told_with_their_length() -> None:
    events = meter_events(
        [
            happened(0.0, "connected: to mqtt://broker:1883"),
            happened(2.0, "offline: last will"),
            happened(5.0, "online: back"),
            happened(7.0, "offline: last will"),
            happened(10.0, "disconnected: the broker went away"),
            happened(10.5, "connected: again"),
            happened(12.0, "restarted: uptime 3 s"),
        ],
        "plug-1",
    )
    readings = np.array([at(1.0), at(8.0), at(11.0)])
    told = {c.code: c.message for c in event_cautions("plug-1", events, readings, at(20.0))}
    # 2 s to 5 s, and 7 s to the reading at 8 s
    assert told == {
        "meter-offline": "meter plug-1 was offline (it said so, or its broker did) 2 times, "
        "for 4.0 s",
        "meter-reconnected": "meter plug-1 lost its connection, for 500 ms",
        "meter-restarted": "meter plug-1: uptime 3 s",
    }


def test_a_first_connection_is_no_news() -> None:
    events = meter_events([happened(0.0, "connected: x"), happened(0.1, "online: x")], "plug-1")
    assert event_cautions("plug-1", events, np.array([at(1.0)]), at(9.0)) == []


def test_the_gate_counts_messages_that_never_became_readings(tmp_path: Path) -> None:
    found = one(tmp_path, Trial(events=[happened(3.0, "rejected: 2 x NaN")])).energy
    assert found is not None
    assert found.gate["rejected: NaN"] == 2


def test_two_meters_of_one_target_agree_within_both_uncertainties() -> None:
    a, b = figure("a", "board", 100.0, 3.0), figure("b", "board", 107.0, 4.0)
    (pair,) = agreements([a, b, figure("gpu", "gpu", 5.0)])
    assert pair.difference_j.value == pytest.approx(7.0)
    assert pair.difference_j.expanded_u == pytest.approx(1.96 * 5.0, rel=1e-3)
    assert pair.agree
    assert list(meters_cautions([a, b])) == []
    (caution,) = meters_cautions([a, replace(b, gross_j=Quantity(111.0, 7.84, 1.96))])
    assert caution.code == "meters-disagree"
    assert caution.message == "meters a and b of target board differ by 11.0 J ± 9.8 J"


def test_an_estimate_beside_a_plug_is_not_compared_with_it() -> None:
    model = replace(figure("model", "board", 900.0), measurement_class=MeasurementClass.ESTIMATED)
    assert agreements([figure("a", "board", 100.0), model]) == []
    assert list(meters_cautions([model, replace(model, gross_j=Quantity(1.0, 0.1, 2.0))])) == []


def test_parts_that_use_more_than_the_whole_are_told() -> None:
    wall, rail = figure("wall", "wall", 90.0), figure("rail", "board", 100.0, part_of="wall")
    (caution,) = meters_cautions([wall, rail])
    assert caution.code == "parts-exceed-whole"
    assert caution.message == ("rail used more than wall, of which it is part: by 10.0 J ± 2.8 J")
    assert list(meters_cautions([wall, replace(rail, gross_j=Quantity(80.0, 1.0, 2.0))])) == []


def test_nothing_is_counted_twice_in_a_total() -> None:
    wall, rail = figure("wall", "wall", 100.0), figure("rail", "board", 80.0, part_of="wall")
    client = figure("client", "client-1", 50.0, 2.0)
    assert total([wall]) is None
    assert total([wall, rail]) is None
    found = total([wall, rail, client])
    assert found is not None
    assert found.meters == ("wall", "client")
    assert found.energy_j.value == pytest.approx(150.0)
    assert found.energy_j.expanded_u == pytest.approx(1.96 * math.sqrt(5.0), rel=1e-3)
    (reason,) = found.left_out
    assert "rail is not added" in reason


def test_wall_and_rail_of_a_stored_trial(tmp_path: Path) -> None:
    rail = {**META, "target": "board", "part_of": "wall", "gain_bound": 0.01}
    trial = Trial(meta={**META, "target": "wall"}, others={"rail": (rail, 0.8)})
    found = one(tmp_path, trial)
    assert found.energy is not None
    (part,) = found.other_energy
    assert (found.energy.target, part.target, part.part_of) == ("wall", "board", "wall")
    assert found.energy.gross_j.value == pytest.approx(160.0)
    assert part.gross_j.value == pytest.approx(128.0)
    assert found.cautions == ()
