"""Devices that come late, and servers that are started again, are told of as all others are."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

pytest.importorskip("torch")

from benchharness.links.records import LinkTrace
from benchharness.split.config import SplitConfig
from benchharness.split.estimates import Estimate
from benchharness.split.figures import Setting
from benchharness.split.server_work import ServerWork
from benchharness.split.telling import LinkTeller
from tests.unit.test_split_estimates import LAYERS, profile

STEPS = LinkTrace("steps", "", (0.0, 100.0, 200.0), (1e6, 2e6, 3e6), (4e6, 5e6, 6e6))


def written(file: Path) -> list[dict[str, Any]]:
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def test_a_link_is_told_from_the_rate_that_holds_when_it_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHHARNESS_EVENTS", str(tmp_path / "events"))
    begun_ns = time.monotonic_ns() - int(199.95e9)
    with LinkTeller(begun_ns) as teller:
        teller.add({1: STEPS})
        teller.add({1: STEPS})  # in the next round
        until = time.monotonic() + 5
        while len(written(tmp_path / "events")) < 4 and time.monotonic() < until:
            time.sleep(0.005)
    told = [(each["name"], each["value"]) for each in written(tmp_path / "events")]
    assert told == [
        ("link_up_bit_s", 2e6),
        ("link_down_bit_s", 5e6),
        ("link_up_bit_s", 3e6),
        ("link_down_bit_s", 6e6),
    ]


def test_who_comes_for_the_first_time_is_told_with_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHHARNESS_EVENTS", str(tmp_path / "events"))
    work = SimpleNamespace(title="t", classes=10, test_examples=7, parameters=1, layers=LAYERS)
    setting = Setting(SplitConfig(devices=2), cast("ServerWork", work))
    estimates = {1: Estimate(profile(1), 0.5)}
    setting.tell(estimates, ["kernel"])
    setting.tell(estimates, ["kernel"])
    estimates[2] = Estimate(profile(2), 0.5)
    setting.tell(estimates, ["kernel", "program"])
    names = [each["name"] for each in written(tmp_path / "events")]
    assert names.count("classes") == 1 and names.count("profile") == 2
    outputs = {each["name"]: each["value"] for each in written(tmp_path / "events")}
    assert [each["name"] for each in outputs["profile"]["devices"]] == ["device-1", "device-2"]
    assert set(outputs["watts_source"]) == {"device-1", "device-2"}
    assert outputs["shaping"] == "kernel and program"
