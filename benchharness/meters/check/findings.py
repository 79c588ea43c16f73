"""What readings tell beyond fit or not: the step seen, both ways to the energy, the window needed.

Each is a :class:`Check`, so that people read one list; the figures behind them are in the
document of ``--json``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchharness.meters.check.seen import counts, intervals, powers
from benchharness.model import Capabilities, Check, CheckState, MeterEvent, Reading
from benchharness.stats.steps import Step
from benchharness.units import format_duration, format_pm, format_si

if TYPE_CHECKING:
    from benchharness.energy.gate import Gated

TARGET = 0.05  # of the energy, for the advice: k u/E
_VARIATION = 0.05  # of the power in a window, where the readings show less
_OTHER = 1.5  # a step seen that differs from the declared one by more is another step
_FEW_STEPS = 3.0  # of the counter: less than this and it may not have moved yet
_NO_STEP = 0.01  # a step this much finer than declared is no step of the instrument


@dataclass(frozen=True, slots=True)
class Agreement:
    """The energy of the observed time by counter and by integral, in joules, with U at k = 2.

    The gain is common to both and left out.
    """

    counter_j: float
    counter_u_j: float
    integral_j: float
    integral_u_j: float
    step_j: float | None = None

    @property
    def tells(self) -> bool:
        """Say whether enough has passed: within a few steps no counter can be judged."""
        return abs(self.integral_j) >= _FEW_STEPS * (self.step_j or 0.0)

    @property
    def agree(self) -> bool:
        """Say whether they differ by no more than both uncertainties together."""
        room = math.hypot(self.counter_u_j, self.integral_u_j)
        return abs(self.counter_j - self.integral_j) <= room


def step_checks(name: str, readings: Sequence[Reading], can: Capabilities) -> list[Check]:
    """Compare the steps seen with those declared."""
    checks = []
    power, count = powers(readings), counts(readings)
    if power is not None:
        key = "power_resolution_w"
        checks.append(_step(f"{name}: power step", power.step, can.power_resolution_w, key, "W"))
    if count is not None:
        key = "energy_resolution_j"
        checks.append(_step(f"{name}: counter step", count.step, can.energy_resolution_j, key, "J"))
        if count.resets:
            found = f"went back {count.resets} times in {count.n} readings"
            advice = "see what resets the plug, or whether two devices use one address"
            checks.append(Check(f"{name}: counter", CheckState.ADVICE, found, advice))
    return checks


def _step(subject: str, seen: Step | None, declared: float | None, key: str, unit: str) -> Check:
    said = "none declared" if declared is None else f"{format_si(declared, unit)} declared"
    if seen is None or (declared is not None and seen.size < _NO_STEP * declared):
        return Check(subject, CheckState.OK, f"none seen, {said}")
    finer = declared is not None and seen.size * _OTHER < declared
    coarser = declared is None or seen.size > _OTHER * declared
    if coarser and not seen.is_certain:
        return Check(subject, CheckState.OK, f"too few changes to see it, {said}")
    found = f"{format_si(seen.size, unit)} seen, {said}"
    if finer or coarser:
        return Check(subject, CheckState.ADVICE, found, f"write {key} = {seen.size:g}")
    return Check(subject, CheckState.OK, found)


def gated(readings: Sequence[Reading], can: Capabilities) -> Gated | None:
    """Put readings through the gate of every energy figure, None if there are none."""
    from benchharness.energy.gate import gate
    from benchharness.energy.readings import Readings

    if not readings:
        return None
    return gate(
        Readings.of(
            [reading.t_ns for reading in readings],
            [_number(reading.power_w) for reading in readings],
            [_number(reading.energy_j) for reading in readings],
        ),
        can,
    )


def accepted(passed: Gated) -> list[Reading]:
    """Return the readings that the gate left, as a trial would use them."""
    left = passed.readings
    columns = (left.t_ns.tolist(), left.power_w.tolist(), left.energy_j.tolist())
    return [
        Reading(t_ns, _or_none(power_w), _or_none(energy_j))
        for t_ns, power_w, energy_j in zip(*columns, strict=True)
    ]


def gate_check(name: str, passed: Gated) -> Check:
    """Say what the gate would do with such readings in a trial."""
    from benchharness.energy.gate import ACCEPTED

    others = [f"{n} {what}" for what, n in passed.counts.items() if what != ACCEPTED]
    found = ", ".join([f"{passed.counts.get(ACCEPTED, 0)} accepted", *others])
    if not others:
        return Check(f"{name}: gate", CheckState.OK, found)
    if passed.counts.get(ACCEPTED, 0) == 0:
        nothing = "a trial would have no energy: see what makes them, and max_power_w"
        return Check(f"{name}: gate", CheckState.ERROR, found, nothing)
    advice = "such readings are left out of every energy, or mended: see what makes them"
    return Check(f"{name}: gate", CheckState.ADVICE, found, advice)


def agreement(passed: Gated, can: Capabilities) -> Agreement | None:
    """Return both energies between the first and the last reading, None where one is missing."""
    from benchharness.energy.counter import counter_difference
    from benchharness.energy.interior import interior_hold
    from benchharness.energy.observed import Candidate, observe
    from benchharness.energy.readings import Window

    seen = passed.readings
    if len(seen) < 3:
        return None
    observed = observe(seen, Window(int(seen.t_ns[0]), int(seen.t_ns[-1])), can)
    counter, integral = counter_difference(observed), interior_hold(observed)
    if not (isinstance(counter, Candidate) and isinstance(integral, Candidate)):
        return None
    return Agreement(
        counter.energy_j,
        2.0 * counter.own_u_j,
        integral.energy_j,
        2.0 * integral.own_u_j,
        can.energy_resolution_j,
    )


def agreement_check(name: str, both: Agreement) -> Check:
    """Say whether the counter and the integral of the powers tell one energy."""
    subject = f"{name}: counter against integral"
    found = (
        f"{format_pm(both.counter_j, both.counter_u_j)} J by the counter, "
        f"{format_pm(both.integral_j, both.integral_u_j)} J by the powers"
    )
    if not both.tells:
        little = f"too little to tell in steps of {format_si(both.step_j, 'J')}: {found}"
        return Check(subject, CheckState.OK, little)
    if both.agree:
        return Check(subject, CheckState.OK, f"they agree: {found}")
    advice = "look longer with --seconds; if it stays, one of them is wrong: do not trust either"
    return Check(subject, CheckState.ADVICE, f"they disagree: {found}", advice)


def window_check(
    name: str, can: Capabilities, readings: Sequence[Reading], power_w: float | None = None
) -> Check | None:
    """Say how long a window must be for 5 %, at ``power_w`` or at the power seen.

    None where there is no power to speak of.
    """
    seen = powers(readings)
    level_w = power_w if power_w is not None else (None if seen is None else seen.mean_w)
    if level_w is None or level_w <= 0.0:
        return None
    window_s, period_s = advised_window_s(can, readings, level_w)
    by = "its counter" if period_s is None else f"its {period_s:.3g} s telemetry"
    at = f"{level_w:.3g} W" + ("" if power_w is not None else ", as now")
    subject = f"{name}: window"
    if window_s is None:
        found = f"no window gives {100 * TARGET:g} % at {at}"
        advice = "its power step is too coarse for that load, and its counter does not help"
        return Check(subject, CheckState.ADVICE, found, advice)
    length = format_duration(max(1.0, window_s))
    gain = f", its gain of ±{100 * can.gain_bound:.3g} % apart" if can.gain_bound else ""
    found = f"with {by} a window of {length} gives {100 * TARGET:g} % at {at}{gain}"
    return Check(subject, CheckState.OK, found)


def advised_window_s(
    can: Capabilities, readings: Sequence[Reading], power_w: float
) -> tuple[float | None, float | None]:
    """Return the shortest window for 5 % at ``power_w``, and the telemetry interval it rests on."""
    from benchharness.energy.advice import shortest_window_s

    gaps, seen = intervals(readings), powers(readings)
    period_s = gaps.median_s if gaps is not None else can.period_s
    can = replace(can, period_s=period_s)
    variation = max(_VARIATION, (seen.variation if seen is not None else None) or 0.0)
    window_s = shortest_window_s(can, power_w, variation=variation, target=TARGET)
    return window_s, period_s


def rejected(events: Sequence[MeterEvent]) -> dict[str, int]:
    """Return how many readings were rejected for each reason, from a meter's events."""
    found: dict[str, int] = {}
    for event in events:
        if event.kind != "rejected":
            continue
        number, times, reason = event.detail.partition(" x ")
        count = int(number) if times and number.isdigit() else 1
        reason = reason or event.detail
        found[reason] = found.get(reason, 0) + count
    return found


def rejected_check(name: str, reasons: dict[str, int]) -> Check:
    """Say what was rejected; for a driver that does not say so itself."""
    if not reasons:
        return Check(f"{name}: rejected", CheckState.OK, "nothing")
    found = ", ".join(f"{count} x {reason}" for reason, count in reasons.items())
    return Check(f"{name}: rejected", CheckState.ADVICE, found, "see what else uses this address")


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
