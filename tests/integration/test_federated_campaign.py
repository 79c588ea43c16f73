"""The shipped campaign of D1.4's testbed, smaller: eight clients, eight plugs, a real broker."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Harness

pytestmark = [pytest.mark.slow, pytest.mark.broker, pytest.mark.alone]

SIZES = ("engine=process", "rounds=2", "examples=800", "test_examples=100")
DEVICES = [
    *("agx-orin", "nano-gpu-1", "nano-gpu-2", "nano-gpu-3", "nano-gpu-4"),
    *("nano-cpu", "pi4-1", "pi4-2"),
]
OWN_PHASES = {"download", "train", "upload", "wait", "other"}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Harness:
    return Harness(tmp_path_factory.mktemp("campaign"))


@pytest.fixture(scope="module")
def document(harness: Harness) -> dict[str, Any]:
    sizes = [word for size in SIZES for word in ("--set", size)]
    done = harness("run", "d1.4-fl.toml", "--quick", "--json", "--idle", "3", *sizes)
    assert done.code == 0, done.stderr
    return done.document


def clients(document: dict[str, Any]) -> list[dict[str, Any]]:
    (trial,) = document["trials"]
    return [each for each in trial["participants"] if each["name"] != "main"]


def test_each_client_is_on_its_device_and_has_its_joules(document: dict[str, Any]) -> None:
    assert [each["device"] for each in clients(document)] == DEVICES
    assert {each["energy"]["class"] for each in clients(document)} == {"emulated"}


def test_the_joules_of_the_trial_are_those_of_its_devices(document: dict[str, Any]) -> None:
    (trial,) = document["trials"]
    assert trial["status"] == "ok"
    parts_j = [each["energy"]["gross_j"]["value"] for each in clients(document)]
    assert math.fsum(parts_j) == pytest.approx(trial["energy"]["gross_j"]["value"], rel=1e-9)


def test_phases_fill_the_window_and_their_joules_the_device(document: dict[str, Any]) -> None:
    (trial,) = document["trials"]
    for client in clients(document):
        phases = client["phases"]
        assert {phase["name"] for phase in phases} == OWN_PHASES
        time_s = math.fsum(phase["duration_s"] for phase in phases)
        assert time_s == pytest.approx(trial["duration_s"], abs=0.01)
        energy_j = math.fsum(phase["energy_j"]["value"] for phase in phases)
        assert energy_j == pytest.approx(client["energy"]["gross_j"]["value"], rel=1e-6)


def test_fast_devices_wait_for_slow_ones(document: dict[str, Any]) -> None:
    """Images a second: the four fast devices have 3.5 times the CPU of a Raspberry Pi."""
    found = {}
    for client in clients(document):
        (train,) = (phase for phase in client["phases"] if phase["name"] == "train")
        found[client["device"]] = client["samples"] / train["duration_s"]
    fast = math.fsum(found[name] for name in DEVICES[1:5]) / 4
    slow = math.fsum(found[name] for name in DEVICES[6:]) / 2
    assert 2 < fast / slow < 5


def test_the_page_answers_what_each_device_spent_and_what_was_learnt(
    document: dict[str, Any], harness: Harness, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    done = harness("report", "last", "--html", str(page))
    assert done.code == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    for heading in ("Which device spent what, on what?", "What did it learn, and at what price?"):
        assert heading in text
    assert "not CIFAR-100" in text
    assert "Emulated energy." in text
