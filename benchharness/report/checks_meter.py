"""The checks of the meter, as far as something is known. Limits are those of the cautions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator

from benchharness.energy.counter import COUNTER
from benchharness.energy.coverage import gap_limit_s
from benchharness.energy.devices import counting
from benchharness.model import TrialSummary
from benchharness.report.change_text import signed
from benchharness.report.check_records import CheckRow, Result, Seen, by_share, runs_text
from benchharness.report.energy_flags import CrossCheck, cross_check, gate_of, share_text
from benchharness.report.timeline import SeriesReader
from benchharness.units import format_duration, format_si

_COVERAGE = 0.99  # of each window: energy.cautions
_READINGS = 10  # in the shortest window, where energy is summed from powers: energy.cautions
_IDLE_DRIFT = 0.05  # of the idle power: energy.cautions
_FEW_METERS = 3  # of more, the worst has a row
_RESOLUTION = 0.05  # of the power in the window


def _coverage(seen: Seen) -> Iterator[CheckRow]:
    shares = [f.coverage for f in seen.figures if f.coverage is not None]
    if shares:
        low = sum(share < _COVERAGE for share in shares)
        yield CheckRow(
            "Window vouched for by readings, least",
            f"{share_text(min(shares))} %",
            f"≥ {100 * _COVERAGE:g} %",
            by_share(low, len(shares)),
        )


def _longest_gap(seen: Seen) -> Iterator[CheckRow]:
    limits_s = {
        m["name"]: gap_limit_s(float(m["period_s"]))
        for m in seen.summary.meters
        if "name" in m and m.get("period_s") is not None
    }
    if seen.reader is None:
        return
    worst: dict[str, tuple[float, int]] = {}
    for trial in seen.trials:
        for figure in counting(trial):
            found = _gap_s(seen.reader, trial, figure.meter)
            if found is not None:
                longest, beyond = worst.get(figure.meter, (0.0, 0))
                late = found > limits_s.get(figure.meter, math.inf)
                worst[figure.meter] = (max(longest, found), beyond + late)
    known = {meter: each for meter, each in worst.items() if meter in limits_s}
    most = max(known, key=lambda meter: known[meter][0] / limits_s[meter], default=None)
    for meter, (longest, beyond) in known.items():
        if len(known) <= _FEW_METERS or meter == most:
            yield CheckRow(
                "Longest gap between readings" + (f", {meter}" if len(worst) > 1 else ""),
                format_duration(longest),
                f"≤ {format_duration(limits_s[meter])}",
                by_share(beyond, len(seen.trials)),
            )


def _gap_s(reader: SeriesReader, trial: TrialSummary, meter: str) -> float | None:
    """Return the longest time without a reading that touches the window, in seconds."""
    import numpy as np

    start, end = trial.window_start_ns, trial.window_end_ns
    if start is None or end is None:
        return None
    for stream in reader.streams(trial.trial_id):
        if stream.source == "meter" and stream.name == meter:
            t_ns = np.sort(reader.read_stream(stream.stream_id)[0])
            first = max(0, int(np.searchsorted(t_ns, start, side="right")) - 1)
            last = int(np.searchsorted(t_ns, end, side="left")) + 1
            steps = np.diff(t_ns[first:last])
            return float(steps.max()) / 1e9 if len(steps) else None
    return None


def _readings(seen: Seen) -> Iterator[CheckRow]:
    found = [
        (max(e.readings for e in f.estimates if e.method != COUNTER), f.method)
        for f in seen.figures
        if any(e.method != COUNTER for e in f.estimates)
    ]
    if found:
        few = sum(n < _READINGS and method != COUNTER for n, method in found)
        by_counter = all(method == COUNTER for _, method in found)
        limit = "≥ 2, by counter" if by_counter else f"≥ {_READINGS}"
        yield CheckRow(
            "Readings in the shortest window",
            str(min(n for n, _ in found)),
            limit,
            by_share(few, len(found)),
        )


def _clock(seen: Seen) -> Iterator[CheckRow]:
    if seen.figures:
        jumps = seen.having("meter-clock")
        yield CheckRow(
            "Meter's clock", runs_text(jumps, len(seen.trials), "jumped", "no jump"), "no jump",
            by_share(jumps, len(seen.trials)),
        )  # fmt: skip


def _rejected(seen: Seen) -> Iterator[CheckRow]:
    gates = [gate_of(f) for f in seen.figures if f.gate]
    if gates:
        bad = sum(gate.notable for gate in gates)
        of = sum(gate.accepted or 0 for gate in gates) + bad
        yield CheckRow(
            "Readings repaired or rejected",
            f"{bad} of {of}",
            "0",
            Result.PASSED if not bad else Result.CAUTION,
        )


def _idle(seen: Seen) -> Iterator[CheckRow]:
    each = [t.energy.idle_each_w for t in seen.trials if t.energy is not None]
    pairs = [powers for powers in each if len(powers) == 2 and powers[0]]
    if pairs:
        before, after = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
        moved = seen.having("idle-drift")
        more = f"; moved in {moved} of {len(pairs)} runs" if moved else ""
        yield CheckRow(
            "Idle power before, after",
            f"{format_si(before, 'W')}, {format_si(after, 'W')}{more}",
            f"±{100 * _IDLE_DRIFT:g} % in a run",
            by_share(moved, len(pairs)),
        )


def _resolution(seen: Seen) -> Iterator[CheckRow]:
    steps = {m["name"]: m.get("power_resolution_w") for m in seen.summary.meters if "name" in m}
    powers: dict[str, list[float]] = {}
    for trial in seen.trials:
        for figure in counting(trial):
            if trial.duration_s:
                power_w = figure.gross_j.value / trial.duration_s
                powers.setdefault(figure.meter, []).append(power_w)
    known = [
        (float(step_w), min(each))
        for meter, each in powers.items()
        if (step_w := steps.get(meter)) and min(each) > 0.0
    ]
    known.sort(key=lambda pair: pair[0] / pair[1], reverse=True)
    for step_w, least_w in known[: len(known) if len(known) <= _FEW_METERS else 1]:
        share = step_w / least_w
        yield CheckRow(
            "Step of the power, of the least power",
            f"{format_si(step_w, 'W', 2)} of {format_si(least_w, 'W', 2)}",
            f"≤ {100 * _RESOLUTION:g} %",
            Result.PASSED if share <= _RESOLUTION else Result.CAUTION,
        )


def _two_ways(seen: Seen) -> Iterator[CheckRow]:
    found: list[tuple[CrossCheck, TrialSummary]] = [
        (check, t) for t in seen.trials if (check := _cross_check(t)) is not None
    ]
    shares = [c.difference_j / c.counter_j for c, _ in found if c.counter_j > 0.0]
    if shares:
        apart = sum(any(c.code == "counter-disagrees" for c in t.cautions) for _, t in found)
        median = signed(statistics.median(shares), 2)
        yield CheckRow(
            "Counter against the sum of powers",
            f"{median}\u00a0%; {apart} of {len(found)} runs apart",
            "within its U",
            by_share(apart, len(found)),
        )


def _cross_check(trial: TrialSummary) -> CrossCheck | None:
    """Return both ways to the energy of a run, those of its devices added."""
    checks = [check for f in counting(trial) if (check := cross_check(f)) is not None]
    if not checks or len(checks) < len(counting(trial)):
        return None
    return CrossCheck(sum(c.counter_j for c in checks), sum(c.integral_j for c in checks))


METER_CHECKS: tuple[Callable[[Seen], Iterator[CheckRow]], ...] = (
    _coverage,
    _longest_gap,
    _readings,
    _clock,
    _rejected,
    _idle,
    _resolution,
    _two_ways,
)
