"""Recordings that are played again: CSV files, at any speed, round after round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.clock import FakeClock
from benchharness.errors import BenchharnessError, UsageError
from benchharness.meters.base import Instrument, Meter
from benchharness.meters.instrument import load_meter, resolve_instrument
from benchharness.meters.replay import ReplayMeter
from benchharness.meters.replay_csv import read_csv
from benchharness.model import CheckState, MeasurementClass

SECOND_NS = 1_000_000_000
RAMP = "t_s,power_w,energy_j\n100.0,2,50\n101.0,4,53\n102.0,,\n103.0,4,61\n"


def meter(folder: Path, text: str = RAMP, **options: Any) -> tuple[ReplayMeter, FakeClock]:
    (folder / "r.csv").write_text(text)
    clock = FakeClock()
    keys = {"file": str(folder / "r.csv"), **options}
    return ReplayMeter(Instrument("r", "replay", "replay:r.csv", options=keys), clock), clock


def said(replay: ReplayMeter, clock: FakeClock) -> list[tuple[float, float | None, float | None]]:
    start_ns = FakeClock().now_ns()
    return [((r.t_ns - start_ns) / SECOND_NS, r.power_w, r.energy_j) for r in replay.read()]


def test_readings_come_as_their_time_comes(tmp_path: Path) -> None:
    replay, clock = meter(tmp_path)
    assert replay.read() == []
    replay.open()
    assert said(replay, clock) == [(0.0, 2.0, 50.0)]
    clock.sleep_s(0.999)
    assert said(replay, clock) == []
    clock.sleep_s(1.001)
    assert said(replay, clock) == [(1.0, 4.0, 53.0), (2.0, None, None)]


def test_at_the_end_there_is_an_event_and_silence(tmp_path: Path) -> None:
    replay, clock = meter(tmp_path)
    replay.open()
    assert [e.kind for e in replay.events()] == ["replaying"]
    clock.sleep_s(1000.0)
    assert len(replay.read()) == 4
    (event,) = replay.events()
    assert (event.kind, event.detail) == ("offline", "the recording of 3.0 s has ended")
    assert event.t_ns == FakeClock().now_ns() + 3 * SECOND_NS
    clock.sleep_s(1000.0)
    assert replay.read() == []
    assert replay.events() == []


def test_a_faster_replay_keeps_the_watts_and_one_energy_for_both(tmp_path: Path) -> None:
    replay, clock = meter(tmp_path, speed=2, energy_resolution_j=0.5)
    replay.open()
    clock.sleep_s(10.0)
    assert said(replay, clock) == [
        (0.0, 2.0, 25.0), (0.5, 4.0, 26.5), (1.0, None, None), (1.5, 4.0, 30.5)
    ]  # fmt: skip
    can = replay.capabilities()
    assert can.period_s == 0.5
    assert can.energy_resolution_j == 0.5  # what is stated is not stretched


def test_a_loop_goes_on_and_so_does_the_counter(tmp_path: Path) -> None:
    replay, clock = meter(tmp_path, "t_s,energy_j\n0,10\n1,12\n2,14\n", loop=True)
    replay.open()
    clock.sleep_s(7.0)
    assert said(replay, clock) == [(float(t), None, 10.0 + 2 * t) for t in range(8)]
    assert [e.kind for e in replay.events()] == ["replaying"]


def test_a_second_opening_begins_again(tmp_path: Path) -> None:
    replay, clock = meter(tmp_path)
    replay.open()
    clock.sleep_s(9.0)
    assert len(replay.read()) == 4
    replay.close()
    replay.close()
    assert replay.read() == []
    replay.open()
    assert len(replay.read()) == 1


def test_it_is_a_meter_of_class_replayed_and_judged_without_waiting(tmp_path: Path) -> None:
    replay, clock = meter(tmp_path)
    assert isinstance(replay, Meter)
    can = replay.capabilities()
    assert can.measurement_class is MeasurementClass.REPLAYED
    assert (can.has_power, can.has_counter, can.period_s) == (True, True, 1.0)
    before = clock.now_ns()
    checks = replay.check()
    assert clock.now_ns() == before
    assert checks[0].found == "r.csv, 3.0 s"
    assert {c.state for c in checks} == {CheckState.OK, CheckState.ADVICE}


def test_through_the_door_of_all_drivers(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(RAMP)
    address = f"replay:{tmp_path}/r.csv?speed=4&gain=0.01&loop=true"
    can = load_meter(resolve_instrument(address)).capabilities()
    assert (can.gain_bound, can.period_s) == (0.01, 0.25)
    (tmp_path / "old.toml").write_text('driver = "replay"\nfile = "r.csv"\nfloor_w = 1.25\n')
    instrument = resolve_instrument(str(tmp_path / "old.toml"))
    assert load_meter(instrument).capabilities().floor_w == 1.25


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the recording holds no reading"),
        ("t_s,power_w\n", "the recording holds no reading"),
        ("time,power_w\n0,1\n", "line 1: no column of times"),
        ("t_s\n0\n", "line 1: no column of values"),
        ("t_s,power\n0,1\n", "line 1: unknown column 'power'; did you mean 'power_w'?"),
        ("# a comment\n\nt_s,power_w\n0\n", "line 4: 1 cells, the header has more"),
        ("t_s,power_w\n0,1\n1,on\n", "line 3: power_w: expected a number, got 'on'"),
        ("t_s,power_w\n0,nan\n", "line 2: power_w: expected a number, got 'nan'"),
        ("t_s,power_w\n0,inf\n", "line 2: power_w: expected a number, got 'inf'"),
        ("t_s,power_w\nnan,1\n", "line 2: t_s: expected a time, got 'nan'"),
        ("t_s,power_w\n,1\n", "line 2: t_s: expected a time, got ''"),
        ("t_s,power_w\n1e30,1\n", "line 2: t_s: expected a time, got '1e30'"),
        ("t_s,power_w\n2,1\n1,1\n", "line 3: time goes back; sort the lines by time"),
        ('t_s,power_w\n"2,1\n', "line 2: is not CSV"),
    ],
)
def test_a_bad_file_is_one_line_with_file_and_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        meter(tmp_path, text)
    assert f"{tmp_path}/r.csv: {complaint}" in caught.value.line()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"file": "none.csv"}, "none.csv: the recording cannot be read"),
        ({"file": None}, "file: is missing"),
        ({"speed": 0}, "speed: expected a number"),
        ({"loop": "often"}, "unknown loop 'often'"),
        ({"class": "measured"}, "class: a recording is replayed"),
        ({"trial": 1}, "trial: a CSV file has nothing to choose from"),
        ({"sped": 1}, "unknown key 'sped'; did you mean 'speed'?"),
    ],
)
def test_bad_keys_are_refused(tmp_path: Path, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BenchharnessError) as caught:
        meter(tmp_path, RAMP, **options)
    assert complaint in caught.value.line()


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(b"t_s,power_w\n0,\xff\n")
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        read_csv(tmp_path / "r.csv", {})


def test_an_export_can_be_replayed_as_it_is(tmp_path: Path) -> None:
    first_ns = 86_400_000_000_123
    text = f"t_ns,window_s,power_w,energy_j\n{first_ns},-1.5,3.25,\n{first_ns + 7},-1.5,3.5,\n"
    (tmp_path / "r.csv").write_text("\ufeff" + text, encoding="utf-8")
    found = read_csv(tmp_path / "r.csv", {})
    assert [(r.t_ns, r.power_w) for r in found.readings] == [
        (first_ns, 3.25), (first_ns + 7, 3.5)
    ]  # fmt: skip


@given(st.lists(st.integers(0, 10**18), min_size=1, max_size=20))
def test_seconds_keep_their_nanoseconds(times_ns: list[int]) -> None:
    import tempfile

    times_ns.sort()
    lines = [f"{t // SECOND_NS}.{t % SECOND_NS:09d},1" for t in times_ns]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.csv"
        path.write_text("\n".join(["t_s,power_w", *lines]))
        assert [r.t_ns for r in read_csv(path, {}).readings] == times_ns
