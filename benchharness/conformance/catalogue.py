"""The rigs of the drivers that benchharness brings: what the conformance table is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchharness.clock import Clock
from benchharness.conformance.faults import MQTT_FAULTS
from benchharness.conformance.rig import Rig, Shape
from benchharness.conformance.rig_mqtt import Fate, MqttRig
from benchharness.conformance.rig_replay import ReplayRig
from benchharness.conformance.rig_stepped import Show, SteppedRig
from benchharness.conformance.trees import hwmon_ina3221, iio_ina3221, rapl
from benchharness.meters.base import Instrument, Meter
from benchharness.meters.emulator.device import Device
from benchharness.meters.emulator.devices import DRIVERS, DeviceOptions, make_device
from benchharness.meters.emulator.load import WaveformLoad
from benchharness.meters.emulator.waveform import Waveform
from benchharness.meters.onboard.ina3221 import Ina3221Meter
from benchharness.meters.onboard.rapl import RaplMeter
from benchharness.meters.plugs.mqtt_json import MqttJsonMeter
from benchharness.meters.plugs.shelly1 import Shelly1Meter
from benchharness.meters.plugs.shelly2 import Shelly2Meter
from benchharness.meters.plugs.tasmota import TasmotaMeter
from benchharness.meters.plugs.zigbee2mqtt import Zigbee2MqttMeter

_DRIVERS = {
    "tasmota": TasmotaMeter,
    "shelly1": Shelly1Meter,
    "shelly2": Shelly2Meter,
    "zigbee2mqtt": Zigbee2MqttMeter,
    "mqtt-json": MqttJsonMeter,
}
_TOPIC = "plug-1"
# The gain of every instrument is drawn within this, and its file says so.
_GAIN = 0.01
_JSON = {
    "power_path": "power_w",
    "energy_path": "energy_j",
    "energy_unit": "J",
    "availability_topic": f"{_TOPIC}/availability",
}


@dataclass(frozen=True, slots=True)
class _Plug:
    """A plug of one kind: how the emulator makes it, and what its instrument's file says."""

    kind: str
    device: DeviceOptions
    options: Mapping[str, Any]
    shape: Shape
    readings: str = ""


def _make(plug: _Plug, load: Waveform, fate: Fate) -> Device:
    options = replace(plug.device, topic=_TOPIC, faults=fate.faults, seed=fate.seed)
    return make_device(plug.kind, WaveformLoad(load), options, log=fate.log)


def _rig(name: str, plug: _Plug, faults: tuple[str, ...] = MQTT_FAULTS) -> MqttRig:
    return MqttRig(
        name=name,
        meter=_DRIVERS[DRIVERS[plug.kind]],
        options={"broker": "mqtt://broker", "topic": _TOPIC, "gain": _GAIN, **plug.options},
        device=partial(_make, plug),
        shape=plug.shape,
        faults=faults,
        readings=plug.readings,
    )


def _polled(name: str, device: DeviceOptions, **options: Any) -> MqttRig:
    """Return a Tasmota plug that is asked once a second."""
    return _rig(
        name,
        _Plug("tasmota", device, options, Shape(gain=_GAIN), "SENSOR$|STATUS10$|STATUS8$"),
    )


def _pushed(kind: str, period_s: float, name: str = "", **options: Any) -> MqttRig:
    """Return a plug that tells its figures every ``period_s`` and is not asked."""
    window_s = max(120.0, 20.0 * period_s)
    shape = Shape(
        window_s, 4.0 * period_s + 5.0, 2.5 * period_s + 5.0, dither_s=period_s, gain=_GAIN
    )
    device = DeviceOptions(period_s=period_s, watt_res=1, energy_res=5)
    said = {"period_s": period_s, "wait_s": 2.0 * period_s + 5.0, **options}
    readings = {
        "tasmota": "SENSOR$|STATUS10$",
        "shelly-gen1": "relay/0/(power|energy)$",
        "shelly-gen2": "status/switch:0$|events/rpc$|/rpc$",
        "zigbee2mqtt": f"{_TOPIC}$",
        "json": f"{_TOPIC}$",
    }[kind]
    return _rig(name or f"{kind}, {period_s:g} s", _Plug(kind, device, said, shape, readings))


def _onboard(
    driver: Callable[[Instrument, Clock, str], Meter],
    instrument: Instrument,
    clock: Clock,
    folder: Path,
) -> Meter:
    return driver(instrument, clock, str(folder))


def _read_directly(name: str, **options: Any) -> SteppedRig:
    drivers: dict[str, tuple[Callable[[Instrument, Clock, str], Meter], Show]] = {
        "ina3221, hwmon": (Ina3221Meter, hwmon_ina3221),
        "ina3221, iio": (Ina3221Meter, iio_ina3221),
        "rapl": (RaplMeter, rapl),
    }
    driver, show = drivers[name]
    shape = Shape(gain=_GAIN, tick_s=0.5)
    keys = {"gain": _GAIN, "poll_s": 0.5, **options}
    return SteppedRig(name, partial(_onboard, driver), show, keys, shape)


def step_rigs() -> tuple[Rig, ...]:
    """Return a plug with telemetry each 30 s and one that is asked each 1 s, on the papers' step.

    Their load is rest at 3 W and a window of 300 s at 6 W; their gain is right.
    """
    fine = DeviceOptions(watt_res=1, energy_res=5)
    slow = _pushed("tasmota", 30.0, poll_s=0)
    quick = _polled("tasmota, 1 s", fine)
    return tuple(
        replace(
            rig,
            shape=replace(
                rig.shape, window_s=300.0, idle_w=(3.0, 3.0), swing_w=(3.0, 3.0), gain=0.0
            ),
        )
        for rig in (slow, quick)
    )


def rigs() -> tuple[Rig, ...]:
    """Return every rig, in the order of the table."""
    fine = DeviceOptions(watt_res=1, energy_res=5)
    return (
        _polled("tasmota, asked each 1 s", fine, max_power_w=100),
        _polled("tasmota, as delivered (1 W, 3600 J)", DeviceOptions()),
        _polled("tasmota, HLW8012", replace(fine, chip="hlw8012"), chip="hlw8012"),
        _polled("tasmota, BL0937", replace(fine, chip="bl0937"), chip="bl0937"),
        _pushed("tasmota", 10.0, "tasmota, TelePeriod 10", poll_s=0),
        _pushed("tasmota", 30.0, "tasmota, TelePeriod 30", poll_s=0),
        # A counter that is read each 300 s cannot tell a spike from a moment of 8 kW.
        _pushed("tasmota", 300.0, "tasmota, TelePeriod 300", poll_s=0, max_power_w=100),
        _pushed("shelly-gen1", 10.0),
        _pushed("shelly-gen2", 10.0),
        _pushed("zigbee2mqtt", 10.0),
        _pushed("json", 1.0, **_JSON),
        _read_directly("ina3221, hwmon"),
        _read_directly("ina3221, iio"),
        _read_directly("rapl"),
        ReplayRig(options={"gain": _GAIN, "power_resolution_w": 0.01, "energy_resolution_j": 0.1}),
    )  # fmt: skip
