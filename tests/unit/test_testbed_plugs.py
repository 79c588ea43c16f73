"""The instruments of a testbed's devices, and what the process of the plugs is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.errors import MeterError, UnknownNameError
from benchharness.meters.instrument import load_meter
from benchharness.model import MeasurementClass
from benchharness.testbed import broker
from benchharness.testbed.plugs import configuration, has_plugs, instruments
from benchharness.testbed.program import Configuration
from benchharness.testbed.records import Device, PlugSettings, Testbed

FAST = Device("fast", "Fast board", 1.0, 2.0, 8.0, source="a paper")
SLOW = Device("slow", "Slow board", 0.5, 1.0, 4.0)
BED = Testbed("bed", "Two boards", (FAST, SLOW))


def test_each_device_has_a_plug_of_its_name_and_target() -> None:
    first, second = instruments(BED, "mqtt://127.0.0.1:4711")
    assert (first.name, first.target, first.driver) == ("fast", "fast", "tasmota")
    assert (second.name, second.target) == ("slow", "slow")
    assert first.options["broker"] == "mqtt://127.0.0.1:4711"
    assert (first.options["topic"], first.options["source"]) == ("fast", "a paper")
    capabilities = load_meter(first).capabilities()
    assert capabilities.measurement_class is MeasurementClass.EMULATED
    assert (capabilities.period_s, capabilities.gain_bound) == (1.0, 0.05)


def test_telemetry_only_has_the_period_of_the_telemetry() -> None:
    bed = replace(BED, plugs=PlugSettings(telemetry_s=30.0, poll_s=0.0, chip="hlw8012"))
    capabilities = load_meter(instruments(bed)[0]).capabilities()
    assert capabilities.period_s == 30.0
    assert (capabilities.pulse_j, capabilities.floor_w) == (12.5, 1.25)


def test_a_real_meter_takes_the_place_of_the_plug() -> None:
    bed = replace(BED, devices=(FAST, replace(SLOW, meter="rapl")))
    _, real = instruments(bed)
    assert (real.driver, real.target) == ("rapl", "slow")
    assert has_plugs(bed)
    assert not has_plugs(replace(BED, devices=(replace(SLOW, meter="rapl"),)))
    assert [plug.topic for plug in _told(bed).plugs] == ["fast"]
    with pytest.raises(UnknownNameError, match="'rapl'"):
        instruments(replace(BED, devices=(replace(SLOW, meter="rapll"),)))


def test_the_configuration_goes_to_the_process_and_comes_out_the_same() -> None:
    told = _told(BED, Path("/truth"))
    assert Configuration.from_json(told.to_json()) == told
    assert "\n" not in told.to_json()
    assert told.plugs[0].truth == "/truth/fast.csv"
    assert (told.plugs[1].cores, told.plugs[1].busy_w) == (0.2, 4.0)


def test_without_mosquitto_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_kwargs: None)
    with pytest.raises(MeterError, match="apt install mosquitto"):
        broker.require_mosquitto()


def _told(bed: Testbed, truth: Path | None = None) -> Configuration:
    usage = {device.name: Path(f"/g/{device.name}/cpu.stat") for device in bed.devices}
    return configuration(bed, usage, {"fast": 0.4, "slow": 0.2}, truth=truth)
