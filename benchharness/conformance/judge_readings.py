"""What a driver said, held against what its instrument showed."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds
from benchharness.conformance.defects import Defect, Finding
from benchharness.conformance.rig import Shown
from benchharness.conformance.trial import Observation
from benchharness.model import Capabilities, Reading

# How far a stamp may lie from an arrival: two messages in one tick of the clock keep their order
# by a nanosecond each, and a driver may put two messages of one moment together.
STAMP_TOLERANCE_NS = NANOSECONDS_PER_SECOND // 100
# By how much stamps of one moment may be moved on, so that they rise.
_ORDER_NS = 1_000
# The units in which instruments show a power: W, mW, uW, kW.
_UNITS_W = (1.0, 1e-3, 1e-6, 1e3)
_RELATIVE = 1e-6
_FEW = 3  # findings of one kind are enough


def reading_findings(seen: Observation, shown: Shown) -> list[Finding]:
    """Return the defects of single readings, a few of each kind."""
    found = [Finding(Defect.CRASH, text) for text in shown.failures[:_FEW]]
    if seen.failure is not None:
        found.append(Finding(Defect.CRASH, seen.failure))
    for check in (_order, _stamps, _powers, _silence):
        found += _first(check(seen, shown))
    return found + _too_many(seen, shown)


def _first(findings: Iterator[Finding]) -> list[Finding]:
    return [finding for finding, _ in zip(findings, range(_FEW), strict=False)]


def _order(seen: Observation, _shown: Shown) -> Iterator[Finding]:
    for before, after in pairwise(seen.readings):
        if after.t_ns <= before.t_ns:
            back_s = seconds(before.t_ns - after.t_ns)
            yield Finding(Defect.ORDER, f"{after} is {back_s:.3f} s before the reading before it")


def _stamps(seen: Observation, shown: Shown) -> Iterator[Finding]:
    for reading, read_ns in zip(seen.readings, seen.read_ns, strict=True):
        if reading.t_ns > read_ns + _ORDER_NS:
            early_s = seconds(reading.t_ns - read_ns)
            yield Finding(Defect.STAMP, f"{reading} is stamped {early_s:.3f} s after it was read")
        elif not _near(shown, reading):
            yield Finding(Defect.STAMP, f"nothing arrived when {reading} is stamped")


def _powers(seen: Observation, shown: Shown) -> Iterator[Finding]:
    for reading in seen.readings:
        if reading.power_w is not None and not 0.0 <= reading.power_w < math.inf:
            yield Finding(Defect.INVENTED, f"{reading} has a power that cannot be")
        elif reading.power_w:  # 0 W is looked at as silence
            near = _near(shown, reading)
            if near and not any(_shows(numbers, reading.power_w) for numbers in near):
                yield Finding(Defect.INVENTED, f"{reading} has a power that was not shown then")


def _silence(seen: Observation, shown: Shown) -> Iterator[Finding]:
    for reading in seen.readings:
        if reading.power_w != 0.0:
            continue
        if any(start < reading.t_ns < end for start, end in shown.away):
            yield Finding(Defect.SILENCE, f"{reading} while the instrument was away")
        elif not any(n is None or 0.0 in n for n in _near(shown, reading)):
            yield Finding(Defect.SILENCE, f"{reading} though 0 was not shown then")


def _too_many(seen: Observation, shown: Shown) -> list[Finding]:
    powers = sum(reading.power_w is not None for reading in seen.readings)
    if powers <= shown.sent:
        return []
    return [Finding(Defect.INVENTED, f"{powers} powers from {shown.sent} that were sent")]


def _near(shown: Shown, reading: Reading) -> Sequence[frozenset[float] | None]:
    """Return what was shown around the time of a reading."""
    low = bisect.bisect_left(shown.at_ns, reading.t_ns - STAMP_TOLERANCE_NS)
    high = bisect.bisect_right(shown.at_ns, reading.t_ns + STAMP_TOLERANCE_NS)
    return shown.numbers[low:high]


def _shows(numbers: frozenset[float] | None, power_w: float) -> bool:
    if numbers is None or power_w in numbers:
        return True
    return any(
        abs(power_w - unit_w * number) <= _RELATIVE * abs(power_w)
        for unit_w in _UNITS_W
        for number in numbers
    )


def counter_findings(
    readings: Sequence[Reading], can: Capabilities, true_j: float, span_s: float, peak_w: float
) -> list[Finding]:
    """Hold the counter's advance from its first to its last reading against the energy drawn then.

    It may be wrong by its steps at both ends, its gain, and what is drawn while it lags: by the
    stated latency (else 2 s), or until the next pulse of its chip.
    """
    counts = [reading.energy_j for reading in readings if reading.energy_j is not None]
    if len(counts) < 2:
        return []
    advance_j = counts[-1] - counts[0]
    lag_s = 2.0 if can.latency_bound_s is None else can.latency_bound_s
    allowed_j = (
        2.0 * (can.energy_resolution_j or 0.0)
        + 2.0 * (can.pulse_j or 0.0)
        + (can.gain_bound or 0.0) * true_j
        + 2.0 * (lag_s + seconds(STAMP_TOLERANCE_NS)) * peak_w
    )
    if abs(advance_j - true_j) <= allowed_j:
        return []
    text = f"it advanced by {advance_j:.6g} J in {span_s:.1f} s in which {true_j:.6g} J were drawn"
    return [Finding(Defect.COUNTER, text)]
