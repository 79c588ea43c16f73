"""Every emulated device by its name, put together: load, relay, chip, figures, topics, faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from benchharness.errors import UnknownNameError
from benchharness.meters.emulator.chips import make_chip
from benchharness.meters.emulator.device import Device
from benchharness.meters.emulator.faults import FaultLog, Faults
from benchharness.meters.emulator.faulty_device import FaultyDevice
from benchharness.meters.emulator.json_device import JsonDevice, JsonSettings
from benchharness.meters.emulator.load import Load, Switched, WaveformLoad
from benchharness.meters.emulator.metering import (
    SOME_DAY,
    Metering,
    MeteringSettings,
    Record,
    forget,
)
from benchharness.meters.emulator.shelly1 import Shelly1Plug, Shelly1Settings
from benchharness.meters.emulator.shelly2 import Shelly2Plug, Shelly2Settings
from benchharness.meters.emulator.tasmota import TasmotaPlug
from benchharness.meters.emulator.tasmota_figures import USED_J, TasmotaSettings
from benchharness.meters.emulator.waveform import Waveform
from benchharness.meters.emulator.wrong_figures import WrongFigures
from benchharness.meters.emulator.zigbee2mqtt import ZigbeePlug, ZigbeeSettings

# The driver that reads each device.
DRIVERS = {
    "tasmota": "tasmota",
    "shelly-gen1": "shelly1",
    "shelly-gen2": "shelly2",
    "zigbee2mqtt": "zigbee2mqtt",
    "json": "mqtt-json",
}
# What another appliance on another channel of a strip draws.
_OTHER_W = 10.0


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """How a device is; what a kind does not know is left aside.

    ``period_s`` is how often it tells its figures unasked (TelePeriod, mqtt_update_period ...),
    None for the kind's default. ``channel`` of ``channels`` is the one that carries the load.
    """

    topic: str = "plug-1"
    chip: str = "ideal"
    gain: float = 0.0
    latency_s: float = 0.0
    update_s: float = 1.0
    period_s: float | None = None
    watt_res: int = 0
    energy_res: int = 3
    channels: int = 1
    channel: int = 1
    each_total: bool = True
    faults: Faults = field(default_factory=Faults)
    seed: int = 0
    epoch: datetime = SOME_DAY


def make_device(
    kind: str,
    load: Load,
    options: DeviceOptions | None = None,
    record: Record = forget,
    log: FaultLog | None = None,
) -> Device:
    """Return a device of ``kind``, one of DRIVERS, that feeds ``load``.

    ``record`` is given every point of the true load, ``log`` every fault that is done. Raises
    UnknownNameError.
    """
    if kind not in DRIVERS:
        raise UnknownNameError("device", kind, DRIVERS)
    options = options or DeviceOptions()
    log = log if log is not None else FaultLog()
    device = _MAKERS[kind](load, options, record, log)
    return FaultyDevice(device, options.faults, options.seed, log) if options.faults else device


def _socket(
    load: Load, options: DeviceOptions, record: Record, log: FaultLog, base_j: float
) -> Metering:
    settings = MeteringSettings(options.update_s, options.latency_s, base_j, options.epoch)
    chip = make_chip(options.chip, options.gain, options.seed)
    wrong = WrongFigures(options.faults, options.seed, log)
    return Metering(Switched(load), chip, settings, record, wrong)


def _tasmota(load: Load, options: DeviceOptions, record: Record, log: FaultLog) -> Device:
    settings = TasmotaSettings(
        options.topic,
        300.0 if options.period_s is None else options.period_s,
        options.watt_res,
        options.energy_res,
        each_total=options.each_total,
        seed=options.seed,
    )
    sockets = []
    for channel in range(1, options.channels + 1):
        if channel == options.channel:
            sockets.append(_socket(load, options, record, log, USED_J))
        else:
            other = WaveformLoad(Waveform((0.0,), (_OTHER_W * channel,)))
            sockets.append(_socket(other, options, forget, log, USED_J))
    return TasmotaPlug(settings, *sockets)


def _shelly1(load: Load, options: DeviceOptions, record: Record, log: FaultLog) -> Device:
    settings = Shelly1Settings(
        options.topic, 30.0 if options.period_s is None else options.period_s, seed=options.seed
    )
    # Its counter begins anew each time that it is powered up.
    return Shelly1Plug(settings, _socket(load, options, record, log, 0.0))


def _shelly2(load: Load, options: DeviceOptions, record: Record, log: FaultLog) -> Device:
    settings = Shelly2Settings(
        options.topic, 60.0 if options.period_s is None else options.period_s, seed=options.seed
    )
    return Shelly2Plug(settings, _socket(load, options, record, log, USED_J))


def _zigbee(load: Load, options: DeviceOptions, record: Record, log: FaultLog) -> Device:
    settings = ZigbeeSettings(
        options.topic, 60.0 if options.period_s is None else options.period_s, seed=options.seed
    )
    return ZigbeePlug(settings, _socket(load, options, record, log, USED_J))


def _json(load: Load, options: DeviceOptions, record: Record, log: FaultLog) -> Device:
    settings = JsonSettings(
        options.topic, 1.0 if options.period_s is None else options.period_s, seed=options.seed
    )
    return JsonDevice(settings, _socket(load, options, record, log, 0.0))


_MAKERS: dict[str, Callable[[Load, DeviceOptions, Record, FaultLog], Device]] = {
    "tasmota": _tasmota,
    "shelly-gen1": _shelly1,
    "shelly-gen2": _shelly2,
    "zigbee2mqtt": _zigbee,
    "json": _json,
}
