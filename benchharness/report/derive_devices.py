"""Programs on devices of their own: which ones, and the energy of all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchharness.energy.devices import Make, as_part, sum_of
from benchharness.energy.figure import Outcome
from benchharness.model import EnergyFigure
from benchharness.store.records import TrialResult

if TYPE_CHECKING:
    from benchharness.store.database import Store

_SEVERAL = 2


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What the testbed says of a device; None for what it does not."""

    title: str | None = None
    cores: float | None = None
    busy_w: float | None = None


def devices_of(result: TrialResult) -> tuple[str, ...]:
    """Return the devices that the measured programs ran on, each once, in their order."""
    participants = result.details.get("participants", {}).values()
    found = [use.get("device") for use in participants if use.get("role") != "support"]
    return tuple(dict.fromkeys(str(device) for device in found if device is not None))


def sharers(details: Mapping[str, Mapping[str, Any]], device: str) -> list[str]:
    """Return the programs that ran on a device, in their order."""
    return [name for name, use in details.items() if use.get("device") == device]


def device_facts(store: Store, campaign_id: str) -> dict[str, DeviceFacts]:
    """Return what the campaign's testbed says of each device, nothing without one."""
    testbed = store.campaign(campaign_id).spec.get("testbed") or {}
    return {str(each["name"]): _facts(each) for each in testbed.get("devices", ())}


def _facts(device: Mapping[str, Any]) -> DeviceFacts:
    return DeviceFacts(device.get("title"), device.get("cores"), device.get("busy_w"))


def make_of(meta: Mapping[str, Any]) -> Make:
    """Return a meter's make, from what is stored with its readings.

    A date of calibration says that the gain in its file was found for this very meter.
    """
    driver = meta.get("driver")
    return Make(
        None if driver is None else str(driver),
        gain_alone=meta.get("calibration_date") is not None,
        delay_alone=meta.get("latency_s") is not None,
    )


def counted_outcome(
    outcomes: Sequence[tuple[str, Outcome]],
    devices: Sequence[str],
    makes: Mapping[str, Make],
) -> tuple[Outcome, tuple[EnergyFigure, ...]]:
    """Return the outcome that gives the trial's energy, and the figures beside it.

    ``outcomes`` are by target, in the order of the meters, at least one, and ``makes`` those of the
    meters, the first of each target. It is the first one's,
    unless meters measure devices of the trial: then it is the sum over all devices, of which the
    single ones are parts. The sum is missing if any of them is.
    """
    by_device: dict[str, Outcome] = {}
    for target, outcome in outcomes:
        if target in devices:
            by_device.setdefault(target, outcome)
    if not by_device:
        first, *rest = [outcome for _, outcome in outcomes]
        return first, _figures(rest)
    if len(devices) < _SEVERAL:
        (counted,) = by_device.values()
        return counted, _figures([o for _, o in outcomes if o is not counted])
    counted = _sum(by_device, devices, makes)
    in_sum = {id(outcome) for outcome in by_device.values()}
    others = [
        as_part(outcome.figure) if id(outcome) in in_sum else outcome.figure
        for _, outcome in outcomes
        if outcome.figure is not None
    ]
    return counted, tuple(others)


def _sum(
    by_device: Mapping[str, Outcome], devices: Sequence[str], makes: Mapping[str, Make]
) -> Outcome:
    figures = []
    for device in devices:
        outcome = by_device.get(device)
        if outcome is None:
            return Outcome(None, f"no meter measures device {device}")
        if outcome.figure is None:
            return Outcome(None, f"the energy of device {device} is missing: {outcome.reason}")
        figures.append(outcome.figure)
    total = sum_of(figures, [makes.get(device, Make()) for device in devices])
    return Outcome(None, total) if isinstance(total, str) else Outcome(total, None)


def _figures(outcomes: Sequence[Outcome]) -> tuple[EnergyFigure, ...]:
    return tuple(outcome.figure for outcome in outcomes if outcome.figure is not None)
