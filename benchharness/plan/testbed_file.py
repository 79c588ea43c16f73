"""A testbed file: the devices of a trial, how fast they are against each other, what they draw.

title = "Two boards and a laptop"
source = "where the figures are from"
share = 0.8                     # of this machine's CPU, for all devices together
[plugs]                         # how the emulated plugs are; all of it may be left out
telemetry_s = 30
poll_s = 1                      # 0: telemetry only
[[device]]
name = "pi4"                    # also the name of its meter, and of the meter's target
title = "Raspberry Pi 4"
speed = 0.3                     # relative to the fastest
idle_w = 2.2
busy_w = 6
count = 2                       # pi4-1 and pi4-2; also threads, memory_bytes, compute, source
meter = "plug-1"                # a real instrument instead of the emulated plug
transmit_w = 2.9                # while its link carries bits and it computes nothing; receive_w
[device.mode.5W]                # another way in which it may run (power_mode in a manifest)
speed = 0.2                     # as the device's own figures, each of which it has without one
nvpmodel = 1                    # the mode's number on a real Jetson
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError
from benchharness.meters.address import parse_broker
from benchharness.meters.emulator.chips import CHIPS
from benchharness.plan.testbed_modes import read_modes, read_number, read_sentence, read_watts
from benchharness.plan.toml_reader import Table, read_toml
from benchharness.testbed.records import USUAL_SHARE, Device, PlugSettings, Testbed

_FOLDER = "testbeds"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_COMPUTE = ("cpu", "gpu")
_DEVICE_KEYS = (
    "name", "title", "speed", "idle_w", "busy_w", "memory_bytes", "threads", "meter", "source",
    "compute", "count", "transmit_w", "receive_w", "mode",
)  # fmt: skip
_PLUG_KEYS = (
    "telemetry_s", "poll_s", "chip", "gain", "gain_bound", "watt_res", "energy_res", "broker",
)  # fmt: skip


def find_testbed(text: str, where: str | None = None) -> Testbed:
    """Return the testbed that a user means: a name of ``testbeds/NAME.toml``, or a path.

    The user's own folder comes before the shipped one. Raises UnknownNameError with the nearest
    name, UsageError with file, line and key.
    """
    if text.endswith(".toml") or "/" in text:
        if not Path(text).is_file():
            raise UsageError(f"no such testbed file: {text}", where=where, remedy="check the path")
        return load_testbed(Path(text))
    files = testbed_files()
    if text not in files:
        raise UnknownNameError("testbed", text, files, where=where)
    return load_testbed(files[text])


def testbed_files() -> dict[str, Path]:
    """Return the testbeds that can be named, sorted; a user's own hides a shipped one."""
    found: dict[str, Path] = {}
    for folder in declarations.folders(_FOLDER):
        for file in folder.glob("*.toml"):
            found.setdefault(file.stem, file)
    return dict(sorted(found.items()))


def load_testbed(path: Path) -> Testbed:
    """Read a testbed file. Speeds become relative to the fastest device's.

    Raises UsageError with file, line and key.
    """
    table = read_toml(path)
    table.only("title", "source", "share", "plugs", "device")
    share = read_number(table, "share", USUAL_SHARE, above=0.0)
    if share > 1:
        raise table.error(
            f"{share:g} of this machine is more than it has", "share", remedy="write 1 or less"
        )
    return Testbed(
        name=path.stem,
        title=table.string("title", path.stem),
        devices=_all_devices(table, path),
        plugs=_plugs(table.table("plugs")),
        share=share,
        source=read_sentence(table),
    )


def _all_devices(table: Table, path: Path) -> tuple[Device, ...]:
    """Return the devices, each name once, with speeds relative to the fastest."""
    found: dict[str, Device] = {}
    for entry in table.tables("device"):
        for device in _devices(entry, path):
            if device.name in found:
                raise entry.error(
                    f"{device.name!r} is there twice", "name", remedy="give each its own name"
                )
            found[device.name] = device
    if not found:
        raise table.error("has no device", remedy="write [[device]] and its name")
    fastest = max(device.top_speed for device in found.values())
    return tuple(_relative_to(fastest, device) for device in found.values())


def _relative_to(fastest: float, device: Device) -> Device:
    modes = tuple(replace(mode, speed=mode.speed / fastest) for mode in device.modes)
    return replace(device, speed=device.speed / fastest, modes=modes)


def _devices(entry: Table, path: Path) -> Iterable[Device]:
    """Return the device of one ``[[device]]``, or as many as ``count`` says."""
    entry.only(*_DEVICE_KEYS)
    device = _device(entry, path)
    count = entry.integer("count", minimum=1)
    if count is None:
        return [device]
    if device.meter is not None and count > 1:
        raise entry.error(
            f"one instrument cannot meter {count} devices", "meter", remedy="write each by itself"
        )
    return [replace(device, name=f"{device.name}-{number + 1}") for number in range(count)]


def _device(entry: Table, path: Path) -> Device:
    name = entry.string("name")
    if not _NAME.fullmatch(name):
        raise entry.error(
            f"not a device's name: {name!r}", "name", remedy="use letters, digits, - and _"
        )
    watts = read_watts(entry)
    compute = entry.string("compute", "cpu")
    if compute not in _COMPUTE:
        raise UnknownNameError("compute", compute, _COMPUTE, where=entry.where("compute"))
    device = Device(
        name=name,
        title=entry.string("title", name),
        speed=read_number(entry, "speed", above=0.0),
        idle_w=watts.idle_w,
        busy_w=watts.busy_w,
        memory_bytes=entry.integer("memory_bytes", minimum=1 << 20),
        threads=entry.integer("threads", minimum=1) or 1,
        meter=_meter(entry, path),
        source=read_sentence(entry),
        compute=compute,
        transmit_w=watts.transmit_w,
        receive_w=watts.receive_w,
    )
    return replace(device, modes=read_modes(entry.table("mode"), device))


def _meter(entry: Table, path: Path) -> str | None:
    """Return a meter's name or address as it is; a path beside the file as one from the root.

    It is kept with the campaign, which may be gone on with from another folder.
    """
    text = entry.optional_string("meter")
    if text is not None and text.endswith(".toml") and (path.parent / text).is_file():
        return str((path.parent / text).resolve())
    return text


def _plugs(table: Table) -> PlugSettings:
    table.only(*_PLUG_KEYS)
    usual = PlugSettings()
    chip = table.string("chip", usual.chip)
    if chip not in CHIPS:
        raise UnknownNameError("chip", chip, CHIPS, where=table.where("chip"))
    gain = read_number(table, "gain", usual.gain, above=-1.0)
    bound = read_number(table, "gain_bound", max(usual.gain_bound, abs(gain)), minimum=0.0)
    if abs(gain) > bound:
        raise table.error(
            f"{gain:g} is beyond what the harness would allow for, {bound:g}", "gain",
            remedy="raise gain_bound",
        )  # fmt: skip
    broker = table.optional_string("broker")
    if broker is not None:
        parse_broker(broker, table.where("broker"))
    return PlugSettings(
        telemetry_s=read_number(table, "telemetry_s", usual.telemetry_s, above=0.0),
        poll_s=read_number(table, "poll_s", usual.poll_s, minimum=0.0),
        chip=chip,
        gain=gain,
        gain_bound=bound,
        watt_res=_decimals(table, "watt_res", usual.watt_res, 3),
        energy_res=_decimals(table, "energy_res", usual.energy_res, 5),
        broker=broker,
    )


def _decimals(table: Table, key: str, usual: int, most: int) -> int:
    value = table.integer(key, minimum=0)
    if value is not None and value > most:
        raise table.error(f"expected at most {most}, got {value}", key)
    return usual if value is None else value
