"""Which meters a command line means, and what is said of one that is not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchharness.cli.run_options import Options
from benchharness.cli.session import trial_options
from benchharness.errors import BenchharnessError, MeterError, UsageError
from benchharness.model import Capabilities, MeasurementClass
from benchharness.trial.equip import chosen_instruments, open_meters

CSV = "t_s,power_w\n0,1\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("wall.csv", "rail.csv", "a/same.csv", "b/same.csv"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(CSV)
    for folder in ("a", "b"):
        Path(folder, "same.toml").write_text('driver = "replay"\nfile = "same.csv"\n')


def test_meters_that_share_a_name_get_names_of_their_own() -> None:
    tables = ["a/same.toml", "b/same.toml", "replay:wall.csv"]
    assert [i.name for i in chosen_instruments(tables)] == ["same", "same-2", "replay-wall.csv"]


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("replay:wall.csv", "replay:wall.csv"),
        ("w.toml", "./w.toml"),
        ("tasmota:mqtt://host/plug-1", "p.toml"),
    ],
)
def test_a_meter_that_is_named_twice_is_refused_in_one_line(first: str, again: str) -> None:
    Path("w.toml").write_text('driver = "replay"\nfile = "wall.csv"\n')
    Path("p.toml").write_text(
        'driver = "tasmota"\nbroker = "host"\ntopic = "plug-1"\ngain = 0.01\n'
    )
    with pytest.raises(UsageError) as caught:
        chosen_instruments(["replay:rail.csv", first, again])
    assert caught.value.line().startswith("--meter: ")
    assert "is the same meter as" in caught.value.line()
    assert caught.value.exit_code == 2


def test_one_topic_of_two_makes_of_plug_is_two_meters() -> None:
    both = ["tasmota:mqtt://host/plug-1", "shelly2:mqtt://host/plug-1"]
    assert [each.driver for each in chosen_instruments(both)] == ["tasmota", "shelly2"]


def test_a_meter_is_opened_once_all_of_them_can_be_constructed() -> None:
    with open_meters(["replay:wall.csv", "replay:rail.csv"]) as meters:
        assert [len(meter.read()) for meter in meters] == [1, 1]
    Path("rail.csv").write_text("nonsense\n")
    with pytest.raises(UsageError, match=r"rail\.csv: line 1"):
        open_meters(["replay:wall.csv", "replay:rail.csv"]).__enter__()


def test_none_is_no_meter() -> None:
    with open_meters(["none"]) as meters:
        assert meters == []


def test_of_several_meters_the_one_that_is_not_fit_is_named() -> None:
    bad = "tasmota:mqtt://127.0.0.1:1/plug-9"
    with (
        pytest.raises(MeterError) as caught,
        open_meters(["replay:wall.csv", bad]),
    ):
        raise AssertionError("opened")
    assert caught.value.exit_code == 3
    line = caught.value.line()
    assert "meter plug-9 is not fit" in line
    assert "127.0.0.1:1" in line
    assert line.endswith("or measure without it: leave out its --meter")
    with pytest.raises(BenchharnessError) as alone, open_meters([bad]):
        raise AssertionError("opened")
    assert "leave out" not in alone.value.line()


class Slow:
    """A meter as far as the choice of a trial's stages asks."""

    def __init__(self, **options: float) -> None:
        self.can = Capabilities(MeasurementClass.MEASURED, True, True, **options)

    def capabilities(self) -> Capabilities:
        return self.can


@pytest.mark.parametrize(
    ("options", "idle_s"),
    [
        ({"period_s": 1.0}, 5.0),  # five readings
        ({"period_s": 1.0, "latency_bound_s": 4.0}, 8.0),
        ({"period_s": 1.0, "latency_s": 3.0, "latency_u_s": 0.1}, 12.0),
        ({"period_s": 1.0, "pulse_j": 12.5}, 2.0 * 2.0 * 12.5 / 3.0),
        ({"period_s": 30.0}, 60.0),  # never longer
    ],
)
def test_rest_is_longer_than_readings_look_back(options: dict[str, float], idle_s: float) -> None:
    meters: list[Any] = [Slow(**options)]
    assert trial_options(Options(), meters).idle_s == pytest.approx(idle_s)
    assert trial_options(Options(idle_s=3.0), meters).idle_s == 3.0
    assert trial_options(Options(quick=True), meters).idle_s <= idle_s
