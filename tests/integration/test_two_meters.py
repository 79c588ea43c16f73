"""Wall and rail at once, from the command line to the report: one time axis, no joule twice."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.integration.harness import Harness

pytestmark = pytest.mark.slow

WALL_W, RAIL_W = 10.0, 8.0


def recording(path: Path, power_w: float, period_s: float) -> None:
    """Write a minute of constant power, with a counter."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["t_s", "power_w", "energy_j"])
        for number in range(round(60 / period_s)):
            t_s = number * period_s
            rows.writerow([f"{t_s:.3f}", power_w, power_w * t_s])


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    for name, power_w, period_s in (("wall", WALL_W, 0.1), ("rail", RAIL_W, 0.25)):
        recording(tmp_path / f"{name}.csv", power_w, period_s)
    (tmp_path / "wall.toml").write_text(
        'driver = "replay"\nfile = "wall.csv"\ntarget = "wall"\ngain = 0.02\n'
    )
    (tmp_path / "rail.toml").write_text(
        'driver = "replay"\nfile = "rail.csv"\ntarget = "board"\npart_of = "wall"\ngain = 0.01\n'
        "calibration_date = 2026-03-01\n"
    )
    return Harness(tmp_path)


@pytest.mark.alone
def test_both_powers_stand_in_every_report_with_what_the_supply_loses(harness: Harness) -> None:
    outcome = harness(
        "run", "--json", "--meter", "wall.toml", "--meter", "rail.toml", "--idle", "1",
        "--", "sleep", "1.5",
    )  # fmt: skip
    assert outcome.code == 0, outcome.stderr
    document = outcome.document
    (trial,) = document["trials"]
    window_s = trial["duration_s"]
    wall, (rail,) = trial["energy"], trial["other_energy"]
    assert (wall["meter"], rail["meter"], rail["part_of"]) == ("wall", "rail", "wall")
    assert wall["class"] == rail["class"] == "replayed"
    assert wall["gross_j"]["value"] == pytest.approx(WALL_W * window_s, rel=0.01)
    assert rail["gross_j"]["value"] == pytest.approx(RAIL_W * window_s, rel=0.01)
    assert (wall["coverage"], rail["coverage"]) == pytest.approx((1.0, 1.0))
    (loss,) = trial["several_meters"]["supply_losses"]
    assert loss["loss_j"]["value"] == pytest.approx(2.0 * window_s, rel=0.05)
    # Two gains: 2 % of 10 W and 1 % of 8 W, each a bound, at 95 %
    gains_j = 1.96 * window_s * ((0.02 * WALL_W) ** 2 / 3 + (0.01 * RAIL_W) ** 2 / 3) ** 0.5
    assert loss["loss_j"]["expanded_u"] >= gains_j
    assert loss["loss_j"]["expanded_u"] < 1.5 * gains_j
    assert trial["several_meters"]["total"] is None
    assert [meter["name"] for meter in document["meters"]] == ["wall", "rail"]
    assert document["meters"][1]["calibration_date"] == "2026-03-01"

    shown = harness("show", "last")
    assert "wall − rail" in shown.stderr
    assert "% lost" in shown.stderr
    page = harness("report", "last", "--html", "r.html", "--csv", "numbers")
    assert page.code == 0, page.stderr
    text = (harness.folder / "r.html").read_text(encoding="utf-8")
    assert "shaded: lost between" in text
    assert "rail (board, in wall)" in text
    with (harness.folder / "numbers" / "energy.csv").open(newline="") as file:
        assert [row["meter"] for row in csv.DictReader(file)] == ["wall", "rail"]


def test_a_meter_that_is_named_twice_is_refused_before_anything_is_run(harness: Harness) -> None:
    outcome = harness("run", "--meter", "wall.toml", "--meter", "./wall.toml", "--", "touch", "ran")
    assert outcome.code == 2
    assert outcome.stderr.count("\n") == 1
    assert "./wall.toml is the same meter as wall" in outcome.stderr
    assert not (harness.folder / "ran").exists()


def test_a_second_meter_that_is_not_fit_is_named(harness: Harness) -> None:
    silent = "tasmota:mqtt://127.0.0.1:1/plug-9"
    outcome = harness("run", "--meter", "wall.toml", "--meter", silent, "--", "touch", "ran")
    assert outcome.code == 3
    assert outcome.stderr.count("\n") == 1
    assert "meter plug-9 is not fit" in outcome.stderr
    assert "leave out its --meter" in outcome.stderr
    assert not (harness.folder / "ran").exists()


def test_a_stored_trial_can_be_measured_again(harness: Harness) -> None:
    first = harness("run", "--json", "--meter", "wall.toml", "--idle", "0.5", "--", "sleep", "1")
    assert first.code == 0, first.stderr
    # At a quarter of the speed it lasts longer than the trial that looks at it.
    address = f"replay:{harness.results}?trial=1&speed=0.25"
    again = harness("run", "--json", "--meter", address, "--idle", "0.5", "--", "sleep", "1")
    assert again.code == 0, again.stderr
    (trial,) = again.document["trials"]
    assert trial["energy"]["class"] == "replayed"
    assert trial["energy"]["gross_j"]["value"] == pytest.approx(
        WALL_W * trial["duration_s"], rel=0.05
    )
