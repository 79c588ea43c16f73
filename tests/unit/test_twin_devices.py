"""Devices in trials: power modes for the time of a trial, on twins and boards; full speed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.errors import UnfitError
from benchharness.testbed.records import Device, PowerMode, Testbed
from benchharness.trial.device_groups import DeviceGroups
from benchharness.trial.nvpmodel import Nvpmodel
from benchharness.trial.twin_devices import TwinDevices

LOW = PowerMode("5W", 0.4, 1.5, 4.2, 1.9, 1.8, nvpmodel=1, source="a table")
HIGH = PowerMode("MAXN", 1.0, 2.0, 7.0, 2.3, 2.2, nvpmodel=0)
NANO = Device("nano", "Nano", 0.8, 2.0, 6.0, transmit_w=2.3, modes=(LOW, HIGH), source="a book")
PI = Device("pi", "Pi", 0.2, 0.8, 3.8)
CORES = {"nano": 0.8, "pi": 0.2}


class Groups(DeviceGroups):
    """The quotas that were asked for, in cores; None is no limit."""

    def __init__(self, *devices: Device) -> None:
        super().__init__(Testbed("bed", "Bed", devices), CORES)
        self.quotas: dict[str, float | None] = dict(self.cores)

    @property
    def cores(self) -> dict[str, float]:
        return {device.name: CORES[device.name] for device in self.testbed.devices}

    def hold(self, device: str, cores: float) -> float:
        self.quotas[device] = cores
        return cores

    def lift(self, device: str) -> None:
        self.quotas[device] = None


class Plugs:
    """What each plug was told last."""

    def __init__(self) -> None:
        self.told: dict[str, tuple[Device, float]] = {}

    def set_power(self, device: Device, cores: float) -> None:
        self.told[device.name] = (device, cores)


def test_a_mode_is_a_share_and_watts_for_one_trial() -> None:
    groups, plugs = Groups(NANO, PI), Plugs()
    devices = TwinDevices(groups, plugs)
    with devices.in_modes({"nano": "5W"}) as cautions:
        assert list(cautions) == []
        assert groups.quotas == {"nano": pytest.approx(0.4), "pi": 0.2}
        assert devices.cores["nano"] == pytest.approx(0.4)
        device, cores = plugs.told["nano"]
        assert (device.idle_w, device.busy_w, device.transmit_w, device.receive_w) == (
            1.5, 4.2, 1.9, 1.8,
        )  # fmt: skip
        assert cores == pytest.approx(0.4)
        assert "pi" not in plugs.told
        told = json.loads(devices.env("nano")["BENCHHARNESS_DEVICE"])
        assert (told["power_mode"], told["compute_w"], told["source"]) == ("5W", 4.2, "a table")
        assert json.loads(devices.env("pi")["BENCHHARNESS_DEVICE"])["power_mode"] is None
    assert groups.quotas == pytest.approx(CORES)
    assert plugs.told["nano"][0] == NANO
    assert plugs.told["nano"][1] == pytest.approx(0.8)
    assert json.loads(devices.env("nano")["BENCHHARNESS_DEVICE"])["power_mode"] is None


def test_a_trial_that_fails_leaves_no_mode_and_no_device_at_full_speed() -> None:
    groups, plugs = Groups(NANO, PI), Plugs()
    devices = TwinDevices(groups, plugs)

    def fail() -> None:
        with devices.in_modes({"nano": "MAXN"}):
            assert groups.quotas["nano"] == pytest.approx(1.0)
            devices.release("pi")
            devices.release("nano")
            assert groups.quotas == {"nano": None, "pi": None}
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert groups.quotas == pytest.approx(CORES)
    assert {name: cores for name, (_, cores) in plugs.told.items()} == pytest.approx(CORES)


def test_at_full_speed_the_plug_draws_as_for_a_whole_core_and_then_as_before() -> None:
    groups, plugs = Groups(PI), Plugs()
    devices = TwinDevices(groups, plugs)
    assert devices.env("pi")["OMP_NUM_THREADS"] == "1"
    devices.release("pi")
    assert (groups.quotas["pi"], plugs.told["pi"]) == (None, (PI, 1.0))
    assert devices.cores["pi"] == 0.2  # what it is to have
    devices.hold("pi")
    assert (groups.quotas["pi"], plugs.told["pi"]) == (0.2, (PI, 0.2))


STAND_IN = """#!/bin/sh
echo "$@" >> {folder}/said
case "$1" in
-q) printf 'NV Power Mode: SOME\\n%s\\n' "$(cat {folder}/mode)" ;;
-m) [ "$2" = "$(cat {folder}/refused 2>/dev/null)" ] && echo "NVPM ERROR: no" >&2 && exit 1
    echo "$2" > {folder}/mode ;;
esac
"""


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a Jetson's nvpmodel, in mode 0."""
    program = tmp_path / "nvpmodel"
    program.write_text(STAND_IN.format(folder=tmp_path))
    program.chmod(0o755)
    (tmp_path / "mode").write_text("0\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def mode_of(board: Path) -> str:
    return (board / "mode").read_text().strip()


REAL = replace(NANO, meter="ina3221")


def test_a_real_board_is_set_by_nvpmodel_and_goes_back_also_on_an_error(board: Path) -> None:
    groups, plugs = Groups(REAL, PI), Plugs()
    devices = TwinDevices(groups, plugs)

    def fail() -> None:
        with devices.in_modes({"nano": "5W"}) as cautions:
            assert list(cautions) == []
            assert mode_of(board) == "1"
            # The board itself is slower; its instrument is no plug of ours.
            assert groups.quotas["nano"] == 0.8
            told = json.loads(devices.env("nano")["BENCHHARNESS_DEVICE"])
            assert (told["class"], told["compute_w"]) == ("measured", 4.2)
            raise UnfitError("the sampler has died")

    with pytest.raises(UnfitError, match="sampler"):
        fail()
    assert mode_of(board) == "0"
    assert (board / "said").read_text().split("\n")[:-1] == ["-q", "-m 1", "-m 0"]
    assert plugs.told == {}


@pytest.mark.parametrize(
    ("hindrance", "words"),
    [
        ("gone", "there is no nvpmodel here"),
        ("no number", "does not say its number for nvpmodel"),
        ("refused", "nvpmodel -m 1 failed: NVPM ERROR: no"),
        ("silent", "does not say which mode the board is in"),
    ],
)
def test_a_mode_that_the_board_cannot_have_is_said_and_is_a_share(
    board: Path, monkeypatch: pytest.MonkeyPatch, hindrance: str, words: str
) -> None:
    device = REAL
    if hindrance == "gone":
        monkeypatch.setenv("PATH", "/nowhere")
    elif hindrance == "no number":
        device = replace(REAL, modes=(replace(LOW, nvpmodel=None),))
    elif hindrance == "refused":
        (board / "refused").write_text("1\n")
    else:
        (board / "mode").write_text("\n")
    groups = Groups(device)
    with TwinDevices(groups).in_modes({"nano": "5W"}) as cautions:
        (caution,) = cautions
        assert caution.code == "power-mode"
        assert words in caution.message
        assert groups.quotas["nano"] == pytest.approx(0.4)
    assert groups.quotas["nano"] == 0.8
    assert mode_of(board) in ("0", "")


def test_a_board_that_does_not_go_back_is_an_error(board: Path) -> None:
    devices = TwinDevices(Groups(REAL))
    with (
        pytest.raises(UnfitError, match="stays in another power mode than before: nvpmodel -m 0"),
        devices.in_modes({"nano": "5W"}),
    ):
        (board / "refused").write_text("0\n")


def test_one_board_has_one_mode(board: Path) -> None:
    nvpmodel = Nvpmodel()
    assert nvpmodel.enter(1) is None
    assert nvpmodel.enter(1) is None
    assert nvpmodel.enter(2) == "another device has mode 1 already"
    assert nvpmodel.restore() is None
    assert mode_of(board) == "0"
    assert nvpmodel.restore() is None
