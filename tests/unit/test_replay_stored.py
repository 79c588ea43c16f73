"""A stored trial that is played again."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.clock import FakeClock
from benchharness.errors import BenchharnessError
from benchharness.meters.instrument import load_meter, resolve_instrument
from benchharness.meters.replay import ReplayMeter
from benchharness.meters.replay_recording import read_recording
from benchharness.model import MeasurementClass
from tests.unit.derive_store import META, Trial, campaign


@pytest.fixture
def results(tmp_path: Path) -> Path:
    trials = [Trial(busy_w=5.0), Trial(busy_w=9.0, meta={**META, "class": "emulated"}), None]
    campaign(tmp_path, {"a": trials}).close()
    return tmp_path / "results.db"


def test_the_readings_and_the_capabilities_are_those_of_the_run(results: Path) -> None:
    recording = read_recording(results, {"trial": "2", "meter": "plug-1"})
    assert recording.source == "emulated readings of meter plug-1 in run 2 of campaign 0badcafe"
    # 12 s before the window, 20 s of it, 12 s after it, two readings a second
    assert len(recording.readings) == 88
    assert {r.power_w for r in recording.readings} == {3.0, 9.0}
    assert {r.energy_j for r in recording.readings} == {None}
    assert recording.capabilities is not None
    assert recording.capabilities.gain_bound == 0.02


def test_it_plays_from_the_start_and_is_called_replayed(results: Path) -> None:
    instrument = resolve_instrument(f"replay:{results}?trial=1&speed=4")
    replay = ReplayMeter(instrument, clock := FakeClock())
    can = replay.capabilities()
    assert can.measurement_class is MeasurementClass.REPLAYED
    assert (can.period_s, can.gain_bound) == (0.125, 0.02)
    replay.open()
    clock.sleep_s(100.0)
    readings = replay.read()
    # 43.5 s between the first and the last reading
    assert readings[-1].t_ns - readings[0].t_ns == round(43.5e9 / 4)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("", "the campaign has 3 runs; choose one: ?trial=1"),
        ("?trial=9", "there is no run 9; choose one from 1 to 3"),
        ("?trial=3", "the run was made without a meter"),
        ("?trial=1&meter=plug", "unknown meter of the run 'plug'; did you mean 'plug-1'?"),
        ("?trial=1&campaign=ffff", "ffff"),
        ("?trial=one", "trial: expected a whole number"),
    ],
)
def test_what_is_not_there_is_one_line(results: Path, query: str, complaint: str) -> None:
    with pytest.raises(BenchharnessError) as caught:
        load_meter(resolve_instrument(f"replay:{results}{query}"))
    assert complaint in caught.value.line()
