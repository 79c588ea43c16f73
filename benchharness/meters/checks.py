"""Pre-flight answers that every meter can give from its readings alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, seconds
from benchharness.meters.base import Meter
from benchharness.meters.check.seen import Intervals, Powers, intervals, powers
from benchharness.meters.check.watch import current_watch
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
    """Read an open meter for a while and return what came.

    Whoever looks on (``check.watch``) may ask for another duration, and is told how it goes.
    """
    watch = current_watch()
    if watch is not None and watch.seconds is not None:
        duration_s = watch.seconds
    readings: list[Reading] = []
    events: list[MeterEvent] = []
    start_ns = clock.now_ns()
    end_ns = start_ns + round(duration_s * NANOSECONDS_PER_SECOND)
    while (now_ns := clock.now_ns()) < end_ns:
        clock.sleep_s(min(_PAUSE_S, seconds(end_ns - now_ns)))
        readings += meter.read()
        events += meter.events()
        if watch is not None:
            watch.say(seconds(clock.now_ns() - start_ns), duration_s, _newest(readings))
    if watch is not None:
        watch.events += events
        watch.observed_s = duration_s
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
    watch = current_watch()
    if watch is not None:
        duration_s = watch.observed_s or duration_s
        watch.judged(readings, duration_s, can)
    checks = [_number(name, readings, duration_s)]
    gaps = intervals(readings)
    if gaps is not None:
        checks.append(_period(name, gaps))
    seen = powers(readings)
    checks.append(_power(name, seen, can, refine))
    if seen is not None and seen.zeros:
        checks.append(_zeros(name, seen))
    checks.append(_counter(name, can, refine))
    checks.append(_measurement_class(name, can))
    return checks


def _newest(readings: Sequence[Reading]) -> Reading | None:
    return readings[-1] if readings else None


def _number(name: str, readings: Sequence[Reading], duration_s: float) -> Check:
    found = f"{len(readings)} in {duration_s:.3g} s"
    if not readings:
        return Check(f"{name}: readings", CheckState.ERROR, found, "see that the meter is on")
    return Check(f"{name}: readings", CheckState.OK, found)


def _period(name: str, gaps: Intervals) -> Check:
    found = (
        f"one reading each {gaps.median_s:.3g} s (95th percentile {gaps.p95_s:.3g} s, "
        f"longest gap {gaps.longest_s:.3g} s)"
    )
    if gaps.p95_s > UNEVEN * gaps.median_s:
        return Check(
            f"{name}: period", CheckState.ADVICE, found, "uneven: look at the network, or poll_s"
        )
    return Check(f"{name}: period", CheckState.OK, found)


def _power(name: str, seen: Powers | None, can: Capabilities, refine: Refine) -> Check:
    step = "unknown" if can.power_resolution_w is None else f"{can.power_resolution_w:.3g} W"
    if seen is None:
        return Check(f"{name}: power", CheckState.ADVICE, "none", "energy comes from its counter")
    mean_w = seen.mean_w
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


def _zeros(name: str, seen: Powers) -> Check:
    """Judge readings of 0 W: a board that is on draws more."""
    found = f"{seen.zeros} of {seen.n} readings are 0 W ({100 * seen.zeros / seen.n:.3g} %)"
    if seen.zeros == seen.n:
        advice = "switch the relay on, or connect a load that the meter can see"
        return Check(f"{name}: zeros", CheckState.ERROR, found, advice)
    advice = "a pulse-counting chip says 0 W below its floor: put more load on the plug"
    return Check(f"{name}: zeros", CheckState.ADVICE, found, advice)


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
