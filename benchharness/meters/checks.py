"""Pre-flight answers that every meter can give from its readings alone."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, seconds
from benchharness.meters.base import Meter
from benchharness.model import (
    Capabilities,
    Check,
    CheckState,
    MeasurementClass,
    MeterEvent,
    Reading,
)
from benchharness.units import format_si

# Coarser than this, the counter needs a window of minutes on a small board.
COARSE_ENERGY_J = 100.0
# Intervals beyond this multiple of their median are uneven (Green Metrics Tool: 20 %).
UNEVEN = 1.2
_PAUSE_S = 0.05


def observe(
    meter: Meter, duration_s: float, clock: Clock
) -> tuple[list[Reading], list[MeterEvent]]:
    """Read an open meter for a while and return what came."""
    readings: list[Reading] = []
    events: list[MeterEvent] = []
    end_ns = clock.now_ns() + round(duration_s * NANOSECONDS_PER_SECOND)
    while clock.now_ns() < end_ns:
        clock.sleep_s(min(_PAUSE_S, duration_s))
        readings += meter.read()
        events += meter.events()
    return readings, events


@dataclass(frozen=True, slots=True)
class Refine:
    """What a user can do about steps that are too coarse, for one kind of meter."""

    power: str = "its energy needs a long window"
    counter: str = "its energy needs a long window"


def reading_checks(
    name: str,
    readings: Sequence[Reading],
    duration_s: float,
    can: Capabilities,
    refine: Refine | None = None,
) -> list[Check]:
    """Judge the readings of ``duration_s`` seconds: number, period, resolution, floor, class."""
    refine = refine or Refine()
    checks = [_number(name, readings, duration_s)]
    if len(readings) >= 3:
        checks.append(_period(name, readings))
    checks.append(_power(name, readings, can, refine))
    checks.append(_counter(name, can, refine))
    checks.append(_measurement_class(name, can))
    return checks


def _number(name: str, readings: Sequence[Reading], duration_s: float) -> Check:
    found = f"{len(readings)} in {duration_s:.3g} s"
    if not readings:
        return Check(f"{name}: readings", CheckState.ERROR, found, "see that the meter is on")
    return Check(f"{name}: readings", CheckState.OK, found)


def _period(name: str, readings: Sequence[Reading]) -> Check:
    times = [reading.t_ns for reading in readings]
    intervals = sorted(seconds(b - a) for a, b in itertools.pairwise(times))
    median = statistics.median(intervals)
    high = intervals[min(len(intervals) - 1, round(0.95 * (len(intervals) - 1)))]
    found = f"one reading each {median:.3g} s (95th percentile {high:.3g} s)"
    if high > UNEVEN * median:
        return Check(
            f"{name}: period", CheckState.ADVICE, found, "uneven: look at the network, or poll_s"
        )
    return Check(f"{name}: period", CheckState.OK, found)


def _power(name: str, readings: Sequence[Reading], can: Capabilities, refine: Refine) -> Check:
    powers = [reading.power_w for reading in readings if reading.power_w is not None]
    step = "unknown" if can.power_resolution_w is None else f"{can.power_resolution_w:g} W"
    if not powers:
        return Check(f"{name}: power", CheckState.ADVICE, "none", "energy comes from its counter")
    mean_w = statistics.fmean(powers)
    found = f"{mean_w:.3g} W on average, in steps of {step}"
    if can.floor_w is not None:
        found += f", floor {can.floor_w:g} W"
        if mean_w < can.floor_w:
            return Check(
                f"{name}: power", CheckState.ERROR, found, "the load is below what the meter sees"
            )
    if can.power_resolution_w is not None and mean_w < 20 * can.power_resolution_w:
        return Check(
            f"{name}: power", CheckState.ADVICE, found, f"coarse for this load: {refine.power}"
        )
    return Check(f"{name}: power", CheckState.OK, found)


def _counter(name: str, can: Capabilities, refine: Refine) -> Check:
    if not can.has_counter:
        return Check(
            f"{name}: counter", CheckState.ADVICE, "none", "energy is summed from the power alone"
        )
    if can.energy_resolution_j is None:
        return Check(f"{name}: counter", CheckState.OK, "there, its step is unknown")
    found = f"counts in steps of {format_si(can.energy_resolution_j, 'J')}"
    if can.energy_resolution_j > COARSE_ENERGY_J:
        return Check(f"{name}: counter", CheckState.ADVICE, found, f"coarse: {refine.counter}")
    return Check(f"{name}: counter", CheckState.OK, found)


def _measurement_class(name: str, can: Capabilities) -> Check:
    gain = "" if can.gain_bound is None else f", gain within ±{100 * can.gain_bound:.3g} %"
    found = f"{can.measurement_class.value}{gain}"
    if can.measurement_class is MeasurementClass.MEASURED:
        return Check(f"{name}: class", CheckState.OK, found)
    return Check(
        f"{name}: class", CheckState.ADVICE, found, "its joules are marked so wherever they appear"
    )
