"""One check of one meter from beginning to end: its driver's judgement, our findings, the pulse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from benchharness.clock import Clock, MonotonicClock
from benchharness.errors import MeterError
from benchharness.meters.base import Meter
from benchharness.meters.check import findings
from benchharness.meters.check.latency import Latency, NoLatency, find_latency
from benchharness.meters.check.pulse import SHORTEST_S, record_pulse, usual_duration_s
from benchharness.meters.check.watch import Say, Watch, say_nothing, watching
from benchharness.meters.checks import observe, reading_checks
from benchharness.model import Capabilities, Check, CheckState, Reading
from benchharness.units import format_duration

if TYPE_CHECKING:
    from benchharness.meters.check.findings import Agreement

_DEFAULT_LOOK_S = 5.0
_DIFFERS = 2.0  # standard uncertainties between two latencies that are not the same


@dataclass(slots=True)
class Checkup:
    """What was found. ``latency`` is None where no pulse was asked for."""

    checks: list[Check] = field(default_factory=list)
    readings: Sequence[Reading] = ()
    observed_s: float | None = None
    capabilities: Capabilities | None = None
    rejected: dict[str, int] = field(default_factory=dict)
    gate: dict[str, int] = field(default_factory=dict)
    agreement: Agreement | None = None
    latency: Latency | NoLatency | None = None

    @property
    def fit(self) -> bool:
        """Say whether no check is an error."""
        return all(check.state is not CheckState.ERROR for check in self.checks)


def check_meter(
    meter: Meter,
    *,
    seconds: float | None = None,
    power_w: float | None = None,
    say: Say = say_nothing,
    clock: Clock | None = None,
) -> Checkup:
    """Have the driver check its meter, and add what its readings tell.

    ``seconds`` overrides how long it is read, ``power_w`` adds the window for that power.
    """
    name = meter.instrument.name
    clock = clock or MonotonicClock()
    with watching(Watch(seconds, say)) as watch:
        checks = list(meter.check())
        if watch.capabilities is None and not any(c.state is CheckState.ERROR for c in checks):
            checks += _look_ourselves(meter, seconds or _DEFAULT_LOOK_S, clock)
    done = Checkup(
        checks=checks,
        readings=watch.readings,
        observed_s=watch.observed_s,
        capabilities=watch.capabilities,
        rejected=findings.rejected(watch.events),
    )
    if watch.readings and watch.capabilities is not None:
        _add_findings(done, name, watch.capabilities, power_w)
    return done


def pulse_meter(
    done: Checkup,
    meter: Meter,
    duration_s: float | None,
    *,
    needed: bool,
    say: Say = say_nothing,
    clock: Clock | None = None,
) -> None:
    """Find the latency by a load pulse and add it to what was ``done``.

    ``needed``: not finding it is an error, since the file waits for it.
    """
    name = meter.instrument.name
    clock = clock or MonotonicClock()
    if duration_s is None:
        can = done.capabilities
        duration_s = usual_duration_s(None if can is None else can.period_s)
    state = CheckState.ERROR if needed else CheckState.ADVICE
    try:
        meter.open()
        recorded = record_pulse(meter, max(SHORTEST_S, duration_s), clock, say=say)
        can = meter.capabilities()
    except MeterError as error:
        done.checks.append(
            Check(f"{name}: latency", CheckState.ERROR, error.line(), "check it without --pulse")
        )
        return
    finally:
        meter.close()
    done.latency = find_latency(recorded)
    # What was declared is beside what was found, in one line.
    done.checks = [check for check in done.checks if check.subject != f"{name}: latency"]
    if isinstance(done.latency, NoLatency):
        found, remedy = done.latency.reason, done.latency.remedy
        done.checks.append(Check(f"{name}: latency", state, found, remedy))
    else:
        check = latency_check(name, done.latency, can)
        # It is being kept: nothing is left to be done about it.
        done.checks.append(Check(check.subject, CheckState.OK, check.found) if needed else check)


def latency_check(name: str, latency: Latency, can: Capabilities) -> Check:
    """Put a latency that was found beside the declared one."""
    lag = latency.lag
    found = (
        f"{latency.latency_s:.2f} s ± {lag.half_width_s:.2f} s (95 %), a single reading's "
        f"± {2.0 * latency.reading_u_s:.2f} s, by a step of {lag.step:.3g} W in {lag.n} readings "
        f"of the {latency.channel}"
    )
    if latency.pulses_s > 0.0:
        found += f"; {latency.pulses_s:.2g} s between pulses come on top"
    subject = f"{name}: latency"
    if can.latency_s is not None:
        room_s = (latency.u_s**2 + (can.latency_u_s or 0.0) ** 2) ** 0.5
        if abs(latency.latency_s - can.latency_s) > _DIFFERS * room_s:
            found += f"; the file says {can.latency_s:g} s"
            return Check(subject, CheckState.ADVICE, found, "keep the new one with --save")
    elif (
        can.latency_bound_s is not None
        and latency.latency_s - lag.half_width_s > can.latency_bound_s
    ):
        found += f"; the bound is {can.latency_bound_s:g} s"
        return Check(subject, CheckState.ADVICE, found, "too small a bound: keep this with --save")
    return Check(subject, CheckState.OK, found)


def calibration(latency: Latency) -> dict[str, float | str]:
    """Return the keys that a pulse writes into an instrument's file; the date is today's."""
    return {
        "latency_s": round(latency.latency_s, 3),
        "latency_u_s": round(latency.reading_u_s + 0.0005, 3),  # never rounded to less
        "calibration_date": date.today().isoformat(),  # the user's day, as on a calibration label
    }


def _look_ourselves(meter: Meter, duration_s: float, clock: Clock) -> list[Check]:
    """Read a meter whose driver judges in its own way, so that its readings are judged as well."""
    name = meter.instrument.name
    try:
        meter.open()
        readings, _ = observe(meter, duration_s, clock)
        return reading_checks(name, readings, duration_s, meter.capabilities())
    except MeterError as error:
        return [Check(name, CheckState.ERROR, error.line())]
    finally:
        meter.close()


def _add_findings(done: Checkup, name: str, can: Capabilities, power_w: float | None) -> None:
    readings = done.readings
    done.checks += findings.step_checks(name, readings, can)
    if not any(check.subject.endswith(": rejected") for check in done.checks):
        done.checks.append(findings.rejected_check(name, done.rejected))
    passed = findings.gated(readings, can)
    if passed is not None:
        done.gate = dict(passed.counts)
        done.checks.append(findings.gate_check(name, passed))
        done.agreement = findings.agreement(passed, can)
        readings = findings.accepted(passed)
    if done.agreement is not None:
        done.checks.append(findings.agreement_check(name, done.agreement))
    if can.latency_s is not None:
        found = f"{can.latency_s:g} s ± {2.0 * (can.latency_u_s or 0.0):.2g} s (95 %), calibrated"
        done.checks.append(Check(f"{name}: latency", CheckState.OK, found))
    elif can.latency_bound_s is not None:
        found = f"at most {format_duration(can.latency_bound_s)}, not calibrated"
        done.checks.append(Check(f"{name}: latency", CheckState.OK, found))
    for level_w in (None, power_w) if power_w is not None else (None,):
        check = findings.window_check(name, can, readings, level_w)
        if check is not None:
            done.checks.append(check)
