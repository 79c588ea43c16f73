"""The checks of the meter, as far as something is known. Limits are those of the cautions."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from benchharness.energy.counter import COUNTER
from benchharness.energy.coverage import gap_limit_s
from benchharness.model import TrialSummary
from benchharness.report.change_text import signed
from benchharness.report.check_records import CheckRow, Result, Seen, by_share, runs_text
from benchharness.report.energy_flags import CrossCheck, cross_check, gate_of, share_text
from benchharness.report.timeline import SeriesReader
from benchharness.units import format_duration, format_si

_COVERAGE = 0.99  # of each window: energy.cautions
_READINGS = 10  # in the shortest window, where energy is summed from powers: energy.cautions
_IDLE_DRIFT = 0.05  # of the idle power: energy.cautions
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
    periods = {m["name"]: m.get("period_s") for m in seen.summary.meters if "name" in m}
    if seen.reader is None:
        return
    worst: dict[str, tuple[float, int]] = {}
    for trial in seen.trials:
        found = _gap_s(seen.reader, trial) if trial.energy else None
        if trial.energy is not None and found is not None:
            longest, beyond = worst.get(trial.energy.meter, (0.0, 0))
            limit = periods.get(trial.energy.meter)
            late = limit is not None and found > gap_limit_s(limit)
            worst[trial.energy.meter] = (max(longest, found), beyond + late)
    for meter, (longest, beyond) in worst.items():
        period_s = periods.get(meter)
        if period_s is not None:
            yield CheckRow(
                "Longest gap between readings" + (f", {meter}" if len(worst) > 1 else ""),
                format_duration(longest),
                f"≤ {format_duration(gap_limit_s(period_s))}",
                by_share(beyond, len(seen.trials)),
            )


def _gap_s(reader: SeriesReader, trial: TrialSummary) -> float | None:
    """Return the longest time without a reading that touches the window, in seconds."""
    import numpy as np

    start, end = trial.window_start_ns, trial.window_end_ns
    if trial.energy is None or start is None or end is None:
        return None
    for stream in reader.streams(trial.trial_id):
        if stream.source == "meter" and stream.name == trial.energy.meter:
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
    pairs = [f.idle_each_w for f in seen.figures if len(f.idle_each_w) == 2 and f.idle_each_w[0]]
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
    for meter in dict.fromkeys(f.meter for f in seen.figures):
        powers = [
            t.energy.gross_j.value / t.duration_s
            for t in seen.trials
            if t.energy and t.energy.meter == meter and t.duration_s
        ]
        step_w = steps.get(meter)
        if step_w and powers and min(powers) > 0.0:
            share = step_w / min(powers)
            yield CheckRow(
                "Step of the power, of the least power",
                f"{format_si(step_w, 'W', 2)} of {format_si(min(powers), 'W', 2)}",
                f"≤ {100 * _RESOLUTION:g} %",
                Result.PASSED if share <= _RESOLUTION else Result.CAUTION,
            )


def _two_ways(seen: Seen) -> Iterator[CheckRow]:
    found: list[tuple[CrossCheck, TrialSummary]] = [
        (check, t) for t in seen.trials if t.energy and (check := cross_check(t.energy))
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
