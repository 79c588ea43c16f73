"""What is on board: found without opening it, told by doctor and list, taken as the default."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchharness.cli.doctor import onboard_check
from benchharness.cli.main import main
from benchharness.meters.instrument import (
    default_instrument,
    known_drivers,
    load_meter,
    resolve_instrument,
)
from benchharness.meters.onboard.found import DRIVERS, find_onboard
from benchharness.model import CheckState, MeasurementClass
from tests.unit.onboard_tree import DATA, Tree


@pytest.fixture(autouse=True)
def no_meters_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.mark.parametrize(
    ("tree", "lines", "default"),
    [
        ("sys-ina3221-orin-nx", ["ina3221 (VDD_IN)"], "ina3221"),
        ("sys-ina3221-nano", ["ina3221 (POM_5V_IN)"], "ina3221"),
        (
            "sys-ina3221-agx-orin",
            ["ina3221 (VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0)"],
            "ina3221",
        ),
        # A part of the board is no default: the estimate at least means the whole.
        ("sys-rapl-laptop", ["rapl (package-0, core, uncore, psys)"], "estimate"),
        ("sys-battery-energy", ["battery (BAT0)"], "estimate"),
        ("sys-pi5", ["pmic (the rails behind the power chip)"], "estimate"),
        ("sys-pi4", [], "estimate"),
    ],
)
def test_what_is_there_and_what_is_taken(tree: str, lines: list[str], default: str) -> None:
    root = str(DATA / tree)
    assert [meter.line() for meter in find_onboard(root)] == lines
    taken = default_instrument(root)
    assert taken.driver == default
    if default == "ina3221":
        meter = load_meter(taken)
        assert meter.capabilities().measurement_class is MeasurementClass.REPLAYED
        meter.open()
        assert (meter.read()[0].power_w or 0.0) > 1.0
        meter.close()


def test_an_input_that_cannot_be_read_is_no_default(tmp_path: Path) -> None:
    tree = Tree("sys-ina3221-orin-nx", tmp_path)
    tree.put("in1_enable", 0)
    assert default_instrument(str(tree.root)).driver == "estimate"
    (found,) = find_onboard(str(tree.root))
    assert found.line() == "ina3221 (VDD_IN), cannot be read now"
    tree.put("in1_enable", 1)
    tree.remove("curr1_input")
    assert default_instrument(str(tree.root)).driver == "estimate"


def test_services_and_gpus_by_their_marks(tmp_path: Path) -> None:
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    (tmp_path / "proc/driver/nvidia/version").write_text("NVRM version: 580\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/jtop.sock").touch()
    assert [meter.driver for meter in find_onboard(str(tmp_path))] == ["nvml", "jtop"]
    assert find_onboard(str(tmp_path / "run")) == []


def test_every_driver_has_a_short_name_without_a_file_of_one_s_own() -> None:
    assert set(DRIVERS) <= set(known_drivers())
    for driver in DRIVERS:
        assert resolve_instrument(driver).driver == driver
        assert load_meter(resolve_instrument(driver)).instrument.name == driver
    assert resolve_instrument("nvml:0").options == {"address": "0"}
    assert load_meter(resolve_instrument("rapl:dram")).instrument.target == "dram"


def test_doctor_names_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert onboard_check(str(tmp_path)).found == "none"
    tree = Tree("sys-rapl-server", tmp_path)
    check = onboard_check(str(tree.root))
    assert (check.state, check.found) == (CheckState.OK, "rapl (package-0, dram, package-1)")
    assert check.advice == "--meter rapl"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    check = onboard_check(str(tree.root))
    assert check.state is CheckState.ADVICE
    assert check.found.endswith("package-1), only root may read it")


def test_a_battery_that_is_charged_is_said_to_be(tmp_path: Path) -> None:
    tree = Tree("sys-battery-energy", tmp_path)
    tree.put("BAT0/status", "Charging")
    (found,) = find_onboard(str(tree.root))
    assert found.hindrance == "only while it discharges, now Charging"


def test_list_says_which_are_here(capsys: pytest.CaptureFixture[str]) -> None:
    here = {meter.driver for meter in find_onboard()}
    assert main(["list", "meters", "--json"]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["meters"]}
    for driver in DRIVERS:
        assert entries[driver]["here"] is (driver in here)
        assert entries[driver]["class"] == "measured"
    assert entries["estimate-generic-x86"]["here"] is None
    assert (entries["nvml"]["target"], entries["nvml"]["part_of"]) == ("gpu-0", "board")
