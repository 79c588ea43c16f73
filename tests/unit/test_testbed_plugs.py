"""The instruments of a testbed's devices, and what the process of the plugs is told."""

from __future__ import annotations

import math
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.errors import MeterError, UnknownNameError, UsageError
from benchharness.meters.emulator.link_use import LinkPlan
from benchharness.meters.instrument import load_meter
from benchharness.model import MeasurementClass
from benchharness.testbed import broker
from benchharness.testbed.orders import Lines, LinkOrder, PowerOrder, draw_of, order_from
from benchharness.testbed.plugs import configuration, has_plugs, instruments
from benchharness.testbed.program import Configuration
from benchharness.testbed.records import Device, PlugSettings, Testbed
from benchharness.testbed.twin import Twin

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
    assert (told.plugs[1].device, told.plugs[1].transmit_w) == ("slow", None)


def test_orders_go_to_the_process_and_come_out_the_same() -> None:
    sending = replace(FAST, transmit_w=3.0)
    orders: list[PowerOrder | LinkOrder] = [
        PowerOrder("fast", draw_of(sending, 0.3)),
        LinkOrder("fast", LinkPlan("/up", "/down", 2e7, None)),
        LinkOrder("fast", None),
    ]
    assert [order_from(order.to_json().encode()) for order in orders] == orders
    assert "\n" not in "".join(order.to_json() for order in orders)
    for wrong in (b"", b"{", b"[]", b"{}", b'{"link": {}}', b'{"device": "a", "power": {"w": 1}}'):
        assert order_from(wrong) is None


def test_lines_come_as_they_are_written() -> None:
    reading, writing = os.pipe()
    lines = Lines(reading)
    os.write(writing, b"one\ntwo\nthr")
    assert (lines.next(), lines.next()) == (b"one", b"two")
    os.write(writing, b"ee\nrest")
    os.close(writing)
    assert (lines.next(), lines.next()) == (b"three", None)
    os.close(reading)


def test_a_link_without_a_rate_is_refused(tmp_path: Path) -> None:
    twin = Twin(BED, dict.fromkeys(("fast", "slow"), tmp_path), {"fast": 0.4, "slow": 0.2})
    for bit_s in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match=r"fast: .* bit/s is no rate of a link"):
            twin.set_link("fast", tmp_path, tmp_path, 1e6, bit_s)
    with pytest.raises(MeterError, match="cannot be read"):
        twin.set_link("fast", tmp_path / "up", tmp_path / "down", 1e6, 1e6)


def test_without_mosquitto_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_kwargs: None)
    with pytest.raises(MeterError, match="apt install mosquitto"):
        broker.require_mosquitto()


def _told(bed: Testbed, truth: Path | None = None) -> Configuration:
    usage = {device.name: Path(f"/g/{device.name}/cpu.stat") for device in bed.devices}
    return configuration(bed, usage, {"fast": 0.4, "slow": 0.2}, truth=truth)
