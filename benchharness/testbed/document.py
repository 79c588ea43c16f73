"""A testbed as it is stored with a campaign, and read back from there.

Reports read it: names, titles, cores, watts and sources of the devices, how the plugs were. A
resumed campaign runs on what is stored, whatever has become of the file since.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from benchharness.errors import UnfitError
from benchharness.testbed.records import Device, PlugSettings, PowerMode, Testbed


def usable_cores() -> int:
    """Return how many cores of this machine a program may use."""
    return len(os.sched_getaffinity(0))


def testbed_document(testbed: Testbed, cores: Mapping[str, float]) -> dict[str, Any]:
    """Return what is stored: the testbed, with the quota in cores of each device.

    ``class`` is what every joule of its plugs is; a device with a ``meter`` has a real one.
    """
    return {
        "name": testbed.name,
        "title": testbed.title,
        "source": testbed.source,
        "class": "emulated",
        "share": testbed.share,
        "devices": [{**asdict(device), "cores": cores[device.name]} for device in testbed.devices],
        "plugs": asdict(testbed.plugs),
    }


def testbed_from(document: Mapping[str, Any]) -> tuple[Testbed, dict[str, float]]:
    """Return the testbed of a stored document, and the quota in cores of each device."""
    devices = tuple(_device_from(each) for each in document["devices"])
    testbed = Testbed(
        document["name"],
        document["title"],
        devices,
        PlugSettings(**_known(PlugSettings, document["plugs"])),
        document["share"],
        document["source"],
    )
    return testbed, {each["name"]: float(each["cores"]) for each in document["devices"]}


def require_room(cores: Mapping[str, float], machine_cores: int) -> None:
    """Raise UnfitError if the devices want more cores together than this machine has."""
    wanted = sum(cores.values())
    if wanted > machine_cores:
        raise UnfitError(
            f"its devices want {wanted:.3g} cores together and this machine has {machine_cores}",
            where="testbed",
            remedy="take a machine with as many cores as the one on which the campaign began",
        )


def _device_from(values: Mapping[str, Any]) -> Device:
    modes = tuple(PowerMode(**_known(PowerMode, each)) for each in values.get("modes", ()))
    return Device(**{**_known(Device, values), "modes": modes})


def _known(
    kind: type[Device | PlugSettings | PowerMode], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values that this version knows."""
    return {each.name: values[each.name] for each in fields(kind) if each.name in values}
