"""A request's testbed in force: control groups for its devices, and what meters each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchharness.errors import UsageError
from benchharness.plan.instances import instances
from benchharness.testbed.document import usable_cores
from benchharness.testbed.records import Device, Testbed

if TYPE_CHECKING:
    from benchharness.cli.request import Request
    from benchharness.meters.base import Instrument
    from benchharness.testbed.twin import Twin
    from benchharness.trial.devices import Devices
    from benchharness.trial.overhead import CpuSeconds

_NO_METER = ("none",)


@dataclass(frozen=True, slots=True)
class Place:
    """Where participants are put and what meters them; without a testbed there is neither.

    ``plugs_cpu_s`` tells what the emulated plugs have used so far; ``plugs`` are told of links.
    """

    devices: Devices | None = None
    instruments: Sequence[Instrument] = ()
    plugs_cpu_s: CpuSeconds | None = None
    plugs: Twin | None = None


def on_testbed(request: Request, testbed: Testbed | None) -> Request:
    """Return a request on a testbed, whose devices share this machine; as it is for None.

    Its title says that it is a twin, wherever the title is shown, unless it does already.
    Devices that no variant has a participant for are left out: they would draw their idle power
    into every sum. The others keep the share that they have among all. Raises UsageError if no
    participant wants a device.
    """
    if testbed is None:
        return request
    cores = testbed.cores(usable_cores())
    devices = testbed.devices[: _devices_wanted(request)]
    if not devices:
        raise UsageError(
            f"no program of {' or '.join(request.manifests)} is to be put on a device",
            where="testbed",
            remedy="write on_device = true at a participant in its manifest, or leave it out",
        )
    return replace(
        request,
        title=request.title if "twin" in request.title.lower() else _twin_title(request, testbed),
        testbed=replace(testbed, devices=devices),
        device_cores={device.name: cores[device.name] for device in devices},
    )


def _twin_title(request: Request, testbed: Testbed) -> str:
    return f"{request.title}, on the twin of testbed {testbed.name}"


def _devices_wanted(request: Request) -> int:
    """Return how many devices the variant with the most participants on devices takes."""
    return max(
        sum(
            each.program.on_device
            for each in instances(request.manifests[variant.workload], variant.factors)
        )
        for variant in request.table.variants
    )


@contextmanager
def placed(request: Request, meters: Sequence[str], truth: Path | None = None) -> Iterator[Place]:
    """Make the devices of a request's testbed, with their plugs unless ``meters`` is none.

    ``truth`` is a folder for the exact energies. Raises UnfitError or MeterError with the remedy,
    UsageError where there is nothing that the truth could be of.
    """
    without_plugs = tuple(meters) == _NO_METER
    if truth is not None and (request.testbed is None or without_plugs):
        raise UsageError(
            "there are no emulated plugs whose energy could be known",
            where="--truth",
            remedy="add --testbed NAME, or leave it out" if request.testbed is None else None,
        )
    if request.testbed is None:
        yield Place()
        return
    from benchharness.testbed.twin import Twin
    from benchharness.trial.device_groups import DeviceGroups
    from benchharness.trial.twin_devices import TwinDevices

    with DeviceGroups(request.testbed, request.device_cores) as groups:
        if without_plugs:
            yield Place(TwinDevices(groups))
            return
        usage = {each.name: groups.usage_file(each.name) for each in request.testbed.devices}
        with Twin(request.testbed, usage, groups.cores, truth) as twin:
            devices = TwinDevices(groups, twin)
            yield Place(devices, twin.instruments(), twin.cpu_s, twin)


def device_instruments(spec: Mapping[str, Any]) -> list[Instrument]:
    """Return the instruments of a stored testbed's devices, described and not to be opened."""
    from benchharness.testbed.document import testbed_from
    from benchharness.testbed.plugs import instruments

    return instruments(testbed_from(spec["testbed"])[0]) if "testbed" in spec else []


def testbed_text(testbed: Testbed, cores: Mapping[str, float]) -> str:
    """Return a testbed in one sentence: its devices, their shares, and that it is a twin."""
    shares = [device_share_text(each, cores[each.name]) for each in testbed.devices]
    plugs = sum(each.meter is None for each in testbed.devices)
    metered = "emulated plugs" if plugs == len(shares) else f"{plugs} emulated plugs"
    return f"{testbed.name}, a twin on this machine ({metered}); cores: {', '.join(shares)}"


def device_share_text(device: Device, cores: float) -> str:
    """Return ``nano 0.4``: a device and its cores, those of each power mode beside them."""
    modes = [f"{each.name} {cores * each.speed / device.speed:.3g}" for each in device.modes]
    return f"{device.name} {cores:.3g}" + (f" ({', '.join(modes)})" if modes else "")
