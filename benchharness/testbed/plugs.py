"""The instruments of a testbed's devices: emulated plugs, or the real ones that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchharness.meters.base import Instrument
from benchharness.meters.instrument import resolve_instrument
from benchharness.meters.plugs.options import CHIPS
from benchharness.testbed.program import Configuration, PlugConfiguration
from benchharness.testbed.records import Device, Testbed

_NOWHERE = "mqtt://127.0.0.1"  # for an instrument that is described and never opened


def instruments(
    testbed: Testbed, broker: str = _NOWHERE, prefix: str = "", login: Path | None = None
) -> list[Instrument]:
    """Return one instrument per device; its target is the device's name, and so is a plug's own.

    ``login`` is the credentials file of the plugs' broker, if it is one of our own. Raises
    UsageError for a real instrument that is not there.
    """
    return [
        _plug(testbed, device, broker, prefix, login)
        if device.meter is None
        else replace(resolve_instrument(device.meter), target=device.name)
        for device in testbed.devices
    ]


def has_plugs(testbed: Testbed) -> bool:
    """Return whether any device has an emulated plug."""
    return any(device.meter is None for device in testbed.devices)


def configuration(
    testbed: Testbed,
    usage: Mapping[str, Path],
    cores: Mapping[str, float],
    prefix: str = "",
    truth: Path | None = None,
) -> Configuration:
    """Return what the process of the plugs is told.

    ``usage`` are the counters of the devices' groups, ``cores`` their quotas; ``truth`` a folder
    for the exact energies, NAME.csv each.
    """
    plugs = tuple(
        PlugConfiguration(
            topic=prefix + device.name,
            usage_file=str(usage[device.name]),
            cores=cores[device.name],
            idle_w=device.idle_w,
            busy_w=device.busy_w,
            truth=None if truth is None else str(truth / f"{device.name}.csv"),
            device=device.name,
            transmit_w=device.transmit_w,
            receive_w=device.receive_w,
        )
        for device in testbed.devices
        if device.meter is None
    )
    return Configuration(testbed.plugs, plugs)


def _plug(
    testbed: Testbed, device: Device, broker: str, prefix: str, login: Path | None
) -> Instrument:
    settings = testbed.plugs
    options: dict[str, Any] = {
        "broker": broker,
        "topic": prefix + device.name,
        "poll_s": settings.poll_s,
        "gain": settings.gain_bound,
        "class": "emulated",
        "description": f"emulated plug of {device.title}, testbed {testbed.name}",
    }
    if login is not None:
        options["credentials_file"] = str(login)
    if device.source:
        options["source"] = device.source
    if not settings.poll_s:
        options["period_s"] = settings.telemetry_s
    if settings.chip in CHIPS:
        options["chip"] = settings.chip
    return Instrument(device.name, "tasmota", f"testbed {testbed.name}", device.name, options)
