"""A check as one document of plain values; missing is null, never 0."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from benchharness.meters.base import Instrument
from benchharness.meters.check.checkup import Checkup
from benchharness.meters.check.findings import TARGET, advised_window_s
from benchharness.meters.check.latency import Latency, NoLatency
from benchharness.meters.check.seen import counts, intervals, powers
from benchharness.model import Capabilities
from benchharness.stats.steps import Step


def document(instrument: Instrument, done: Checkup) -> dict[str, Any]:
    """Return what ``meters check --json`` prints."""
    return {
        "meter": instrument.name,
        "fit": done.fit,
        "checks": [
            {
                "subject": check.subject,
                "state": check.state.value,
                "found": check.found,
                "advice": check.advice,
            }
            for check in done.checks
        ],
        "declared": None if done.capabilities is None else _declared(done.capabilities),
        "seen": _seen(done),
        "rejected": done.rejected,
        "gate": done.gate,
        "agreement": None
        if done.agreement is None
        else {**asdict(done.agreement), "agree": done.agreement.agree},
        "window": _window(done),
        "latency": _latency(done.latency),
    }


def _declared(can: Capabilities) -> dict[str, Any]:
    return {**asdict(can), "measurement_class": can.measurement_class.value}


def _seen(done: Checkup) -> dict[str, Any]:
    gaps, power, count = intervals(done.readings), powers(done.readings), counts(done.readings)
    return {
        "readings": len(done.readings),
        "observed_s": done.observed_s,
        "interval_median_s": None if gaps is None else gaps.median_s,
        "interval_p95_s": None if gaps is None else gaps.p95_s,
        "interval_longest_s": None if gaps is None else gaps.longest_s,
        "power_mean_w": None if power is None else power.mean_w,
        "power_sd_w": None if power is None else power.sd_w,
        "power_zero_share": None if power is None else power.zeros / power.n,
        "power_step_w": None if power is None else _size(power.step),
        "energy_step_j": None if count is None else _size(count.step),
        "counter_resets": None if count is None else count.resets,
    }


def _size(step: Step | None) -> float | None:
    return None if step is None else step.size


def _window(done: Checkup) -> dict[str, Any] | None:
    power = powers(done.readings)
    if power is None or power.mean_w <= 0.0 or done.capabilities is None:
        return None
    window_s, _ = advised_window_s(done.capabilities, done.readings, power.mean_w)
    return {"power_w": power.mean_w, "target": TARGET, "window_s": window_s}


def _latency(latency: Latency | NoLatency | None) -> dict[str, Any] | None:
    if latency is None:
        return None
    if isinstance(latency, NoLatency):
        return {"latency_s": None, "reason": latency.reason, "remedy": latency.remedy}
    lag = latency.lag
    return {
        "latency_s": latency.latency_s,
        "u_s": latency.u_s,
        "between_pulses_s": latency.pulses_s or None,
        "nu": lag.nu,
        "half_width_95_s": lag.half_width_s,
        "reading_u_s": latency.reading_u_s,
        "channel": latency.channel,
        "step_w": lag.step,
        "step_u_w": lag.step_u,
        "readings": lag.n,
    }
