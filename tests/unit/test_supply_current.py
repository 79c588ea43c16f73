"""Current and voltage beside a meter's readings: told by payloads, stored apart, never required."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, cast

import pytest

from benchharness.clock import FakeClock
from benchharness.errors import UsageError
from benchharness.meters.base import Instrument, Meter
from benchharness.meters.common import read_common
from benchharness.meters.onboard.ina3221 import Ina3221Meter
from benchharness.meters.options import OptionReader
from benchharness.meters.plugs.payload import PlugReading
from benchharness.meters.plugs.shelly2_payload import Component, parse_notification, parse_status
from benchharness.meters.plugs.tasmota_payload import parse_sensor
from benchharness.meters.plugs.zigbee2mqtt_payload import parse_state
from benchharness.model import Capabilities, MeasurementClass, MeterEvent, Reading
from benchharness.store.database import Store
from benchharness.trial.recorder import Recorder, meter_meta
from benchharness.trial.sampling import Sampler
from tests.unit.derive_store import campaign


def reading_in(said: object) -> PlugReading:
    """Return the reading among what a payload says."""
    several = said if isinstance(said, tuple) else (said,)
    return next(one for one in several if isinstance(one, PlugReading))


def tasmota(channel: int = 1, **energy: object) -> PlugReading:
    return reading_in(parse_sensor(json.dumps({"ENERGY": energy}).encode(), channel))


def test_tasmota_tells_amperes_and_volts() -> None:
    seen = tasmota(Power=6.3, Voltage=231, Current=0.071)
    assert (seen.current_a, seen.voltage_v) == (0.071, 231.0)


def test_channels_have_currents_of_their_own_and_may_share_a_voltage() -> None:
    seen = tasmota(2, Power=[5, 42], Voltage=229, Current=[0.03, 0.19])
    assert (seen.current_a, seen.voltage_v) == (0.19, 229.0)
    seen = tasmota(2, Power=[5, 42], Voltage=[229, 230], Current=[0.03, 0.19])
    assert seen.voltage_v == 230.0


@pytest.mark.parametrize("wrong", ["many", -1, 1e6, None, [], {}])
def test_a_current_that_is_none_leaves_the_reading_good(wrong: object) -> None:
    seen = tasmota(Power=6.3, Voltage=wrong, Current=wrong)
    assert (seen.power_w, seen.current_a, seen.voltage_v) == (6.3, None, None)


def test_shelly_tells_them_whole_and_in_parts() -> None:
    status = {"apower": 8.9, "voltage": 230.4, "current": 0.08, "aenergy": {"total": 1.0}}
    switch = Component("switch", 0)
    whole = reading_in(parse_status(json.dumps(status).encode(), switch))
    assert (whole.current_a, whole.voltage_v) == (0.08, 230.4)
    part = {"method": "NotifyStatus", "params": {"switch:0": {"apower": 8.9, "current": 0.09}}}
    seen = reading_in(parse_notification(json.dumps(part).encode(), switch))
    assert (seen.current_a, seen.voltage_v) == (0.09, None)


def test_zigbee2mqtt_tells_them_by_outlet() -> None:
    state = {"power_l2": 7, "current_l2": 0.05, "voltage": 233}
    seen = reading_in(parse_state(json.dumps(state).encode(), "l2"))
    assert (seen.current_a, seen.voltage_v) == (0.05, 233.0)


def rails(folder: Path, **currents_ma: int) -> Path:
    """Make the tree of one chip with these rails at 5 V."""
    chip = folder / "sys/class/hwmon/hwmon3"
    chip.mkdir(parents=True)
    (chip / "name").write_text("ina3221\n")
    for number, (name, current_ma) in enumerate(currents_ma.items(), 1):
        for file, text in (
            (f"in{number}_label", name),
            (f"in{number}_input", "5000"),
            (f"curr{number}_input", str(current_ma)),
            (f"in{number}_enable", "1"),
            (f"shunt{number}_resistor", "5000"),
        ):
            (chip / file).write_text(f"{text}\n")
    return folder


def ina3221_reading(folder: Path, **options: Any) -> Reading:
    instrument = Instrument("rail", "ina3221", "rail.toml", options=options)
    meter = Ina3221Meter(instrument, FakeClock(), str(folder))
    meter.open()
    try:
        return meter.read()[0]
    finally:
        meter.close()


def test_a_rail_tells_them_and_a_sum_of_rails_does_not(tmp_path: Path) -> None:
    folder = rails(tmp_path, VDD_IN=1200, VDD_CPU_GPU_CV=400, VDD_SOC=300)
    seen = ina3221_reading(folder)
    assert seen.power_w == pytest.approx(6.0)
    assert (seen.current_a, seen.voltage_v) == (1.2, 5.0)
    several = ina3221_reading(folder, rail=["VDD_CPU_GPU_CV", "VDD_SOC"])
    assert several.power_w == pytest.approx(3.5)
    assert (several.current_a, several.voltage_v) == (None, None)


class TellingMeter:
    """A plug whose second message has a current, and whose third has nothing else new."""

    def __init__(self, **options: Any) -> None:
        self.instrument = Instrument("plug-1", "tasmota", "plug-1.toml", options=options)

    def open(self) -> None: ...
    def capabilities(self) -> Capabilities:
        return Capabilities(MeasurementClass.MEASURED, True, True)

    def read(self) -> list[Reading]:
        return [Reading(1, 2.0), Reading(2, 2.1, None, 0.06, 230.0), Reading(3, 2.2, None, 0.07)]

    def events(self) -> list[MeterEvent]:
        return []

    def request(self) -> None: ...
    def check(self) -> list[Any]:
        return []

    def close(self) -> None: ...


class SilentSampler:
    def receive(self) -> list[object]:
        return []


def test_they_are_stored_in_a_stream_of_their_own(tmp_path: Path) -> None:
    with campaign(tmp_path, {"a": [None]}) as store:
        trial_id = _recorded(store, cast(Meter, TellingMeter()))
        streams = {stream.name: stream for stream in store.streams(trial_id)}
        times_ns, columns = store.read_stream(streams["supply:plug-1"].stream_id)
        readings_ns, _ = store.read_stream(streams["plug-1"].stream_id)
    assert streams["supply:plug-1"].source == "probe"
    assert times_ns.tolist() == [2, 3]
    assert columns["current_a"].tolist() == [0.06, 0.07]
    assert columns["voltage_v"][0] == 230.0
    assert math.isnan(columns["voltage_v"][1])
    assert readings_ns.tolist() == [1, 2, 3]


def _recorded(store: Store, meter: Meter) -> int:
    trial = store.trials("0badcafe")[0]
    sampler = cast(Sampler, SilentSampler())
    Recorder(store, trial.trial_id, FakeClock(), sampler, [meter]).tick()
    return trial.trial_id


def test_the_stated_voltage_is_stored_with_the_readings() -> None:
    assert meter_meta(cast(Meter, TellingMeter(supply_voltage_v=5.1)))["supply_voltage_v"] == 5.1
    assert "supply_voltage_v" not in meter_meta(cast(Meter, TellingMeter()))


def test_a_voltage_of_nothing_is_refused() -> None:
    instrument = Instrument("plug", "tasmota", "plug.toml", options={"supply_voltage_v": 0})
    with pytest.raises(UsageError, match="expected a number above 0"):
        read_common(OptionReader(instrument))
