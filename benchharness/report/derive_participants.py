"""What each program of a trial did: where it ran, what it used by phase, when it was left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchharness.energy.phase_cpu_seconds import cpu_by_phase
from benchharness.energy.phase_energy import PhaseEnergy, phase_energies
from benchharness.energy.phase_intervals import IndexArray, Intervals, Span, divide
from benchharness.energy.readings import Readings, Samples, Window
from benchharness.model import (
    Capabilities,
    EnergyFigure,
    ParticipantSummary,
    PhaseSpan,
    PhaseUse,
    StepUse,
)
from benchharness.report.derive_devices import DeviceFacts, device_facts, sharers
from benchharness.report.derive_energy import (
    NO_METER,
    NO_WINDOW,
    TrialEnergy,
    capabilities_of,
    target_of,
)
from benchharness.report.derive_rounds import CUT, rounds_of, step_uses
from benchharness.report.derive_spans import MAIN
from benchharness.report.derive_tree import TreeSamples, cpu_in, read_tree, trees_of
from benchharness.store.records import EventRecord, StreamRecord, TrialRecord
from benchharness.units import format_duration

if TYPE_CHECKING:
    from benchharness.store.database import Store

_SEVERAL = 2
_CHANNELS = ("power_w", "energy_j")
_RESUMED = "resumed"
_NO_DEVICE = "it has no device of its own, and so no meter"


@dataclass(frozen=True, slots=True)
class _Trial:
    """What the participants of one trial are derived from."""

    store: Store
    details: Mapping[str, Mapping[str, Any]]
    window: Window | None
    phases: Mapping[str, Sequence[PhaseSpan]]
    trees: Mapping[str, StreamRecord]
    meters: Mapping[str, StreamRecord]  # by target, the first of each
    energy: TrialEnergy
    facts: Mapping[str, DeviceFacts]
    metrics: Mapping[str, Mapping[str, float]]
    sums: Mapping[str, Mapping[str, float]]
    left_out: Mapping[str, Sequence[int]]
    rounds: Mapping[int, Window]  # where what they cost was predicted


def participants_of(
    store: Store,
    record: TrialRecord,
    streams: Sequence[StreamRecord],
    window: Window | None,
    phases: Sequence[PhaseSpan],
    events: Sequence[EventRecord],
    energy: TrialEnergy,
) -> tuple[ParticipantSummary, ...]:
    """Return the programs of a trial that had several, in their order; else nothing.

    ``phases`` and ``events`` are those that count: none of a warm-up.
    """
    details = {} if record.result is None else record.result.details.get("participants", {})
    if len(details) < _SEVERAL:
        return ()
    placed = any(use.get("device") is not None for use in details.values())
    meters: dict[str, StreamRecord] = {}
    for stream in streams:
        if stream.source == "meter":
            meters.setdefault(target_of(stream), stream)
    by_source: dict[str, list[PhaseSpan]] = {}
    for span in phases:
        by_source.setdefault(span.source, []).append(span)
    sums = _sums(events)
    trial = _Trial(
        store=store,
        details=details,
        window=window,
        phases=by_source,
        trees=trees_of(streams),
        meters=meters,
        energy=energy,
        facts=device_facts(store, record.campaign_id) if placed else {},
        metrics=_last_metrics(events),
        sums=sums,
        left_out=_left_out(events),
        rounds=rounds_of(by_source, window) if any(CUT in own for own in sums.values()) else {},
    )
    return tuple(_participant(trial, name) for name in details)


def _title_in_mode(title: str | None, mode: str | None) -> str | None:
    """Return a device's title with its power mode, so that every table tells it."""
    return f"{title}, {mode}" if title and mode else title


def _participant(trial: _Trial, name: str) -> ParticipantSummary:
    use = trial.details[name]
    device = use.get("device")
    facts = trial.facts.get(str(device), DeviceFacts())
    figure, missing = _energy(trial, name)
    tree = trial.trees.get(name)
    samples = None if tree is None else read_tree(trial.store, tree)
    window = trial.window
    mode = use.get("power_mode")
    return ParticipantSummary(
        name=name,
        role="support" if use.get("role") == "support" else "main",
        device=device,
        device_title=_title_in_mode(facts.title, mode),
        cores=facts.cores if use.get("cores") is None else use["cores"],
        energy=figure,
        energy_missing=missing,
        cpu_s=use.get("cpu_s"),
        cpu_window_s=_cpu_window_s(use, samples, window),
        memory_peak_bytes=use.get("memory_peak_bytes"),
        phases=_phases(trial, name, figure, missing, samples),
        metrics=trial.metrics.get(name, {}),
        metric_sums=trial.sums.get(name, {}),
        restarts=int(use.get("restarts") or 0),
        left=_left(use.get("left"), window),
        left_out_steps=tuple(trial.left_out.get(name, ())),
        power_mode=mode,
        steps=_steps(trial, name, figure, missing),
    )


def _steps(
    trial: _Trial, name: str, figure: EnergyFigure | None, missing: str | None
) -> tuple[StepUse, ...]:
    """Return the rounds of a program whose costs were predicted, and of a metered server."""
    if trial.window is None or not trial.rounds:
        return ()
    if CUT not in trial.sums.get(name, {}) and (name != MAIN or figure is None):
        return ()
    own = trial.phases.get(name, ())
    if figure is None:
        return step_uses(trial.rounds, own, trial.window, missing or NO_METER)
    readings, capabilities = _readings(trial, name)
    return step_uses(trial.rounds, own, trial.window, (figure, readings, capabilities))


def _cpu_window_s(
    use: Mapping[str, Any], samples: TreeSamples | None, window: Window | None
) -> float | None:
    if window is None:
        return None
    left = use.get("left")
    if left and left["t_ns"] < window.start_ns:
        return 0.0  # gone for good before it began
    return None if samples is None else cpu_in(samples, window)


def _energy(trial: _Trial, name: str) -> tuple[EnergyFigure | None, str | None]:
    """Return the figure of a program's device, or why it is not the program's."""
    device = trial.details[name].get("device")
    if not trial.meters:
        return None, NO_METER
    if device is None:
        return None, _NO_DEVICE
    if trial.window is None:
        return None, NO_WINDOW
    if device not in trial.meters:
        return None, f"no meter measures device {device}"
    others = [each for each in sharers(trial.details, device) if each != name]
    if others:
        return None, f"it shares device {device} with {', '.join(others)}"
    figure = trial.energy.by_target.get(device)
    return figure, trial.energy.missing_by_target.get(device)


def _phases(
    trial: _Trial,
    name: str,
    figure: EnergyFigure | None,
    missing: str | None,
    samples: TreeSamples | None,
) -> tuple[PhaseUse, ...]:
    """Return what a program spent in each of its phases; nothing where it names none."""
    spans = [
        Span(span.start_ns, span.end_ns, span.name, span.cpu_s)
        for span in trial.phases.get(name, ())
        if span.end_ns is not None
    ]
    if trial.window is None or not spans:
        return ()
    intervals = divide(spans, trial.window)
    cpu = None if samples is None else _cpu(samples, trial.window)
    by_phase = None if cpu is None else cpu_by_phase(cpu, intervals)
    memory = [None] * len(intervals.names) if samples is None else _memory(samples, intervals)
    return tuple(
        PhaseUse(
            name=energy.name,
            count=count,
            duration_s=duration_s,
            cpu_s=None if by_phase is None else float(by_phase[0][place]),
            memory_peak_bytes=memory[place],
            energy_j=energy.energy_j,
            energy_method=energy.method,
            energy_missing=energy.missing,
        )
        for place, (energy, count, duration_s) in enumerate(
            zip(
                _energies(trial, name, figure, missing, intervals, cpu),
                intervals.counts,
                intervals.durations_s.tolist(),
                strict=True,
            )
        )
    )


def _energies(
    trial: _Trial,
    name: str,
    figure: EnergyFigure | None,
    missing: str | None,
    intervals: Intervals,
    cpu: Samples | None,
) -> list[PhaseEnergy]:
    if figure is None:
        return [PhaseEnergy(each, None, None, missing) for each in intervals.names]
    readings, capabilities = _readings(trial, name)
    return phase_energies(figure, readings, capabilities, intervals, cpu)


def _readings(trial: _Trial, name: str) -> tuple[Readings, Capabilities]:
    """Return the readings of a program's device, and what its meter can do."""
    meter = trial.meters[str(trial.details[name]["device"])]
    there = [channel.name for channel in meter.channels if channel.name in _CHANNELS]
    times_ns, columns = trial.store.read_stream(meter.stream_id, there)
    readings = Readings.of(times_ns, columns.get("power_w"), columns.get("energy_j"))
    return readings, capabilities_of(meter.meta)


def _cpu(samples: TreeSamples, window: Window) -> Samples | None:
    """Return the cumulative CPU seconds that are known, which never fall."""
    times_ns, columns = samples
    if "cpu_s" not in columns:
        return None
    known = np.isfinite(columns["cpu_s"])
    cpu_s = np.maximum.accumulate(columns["cpu_s"][known])
    return Samples((times_ns[known] - window.start_ns) / 1e9, cpu_s)


def _memory(samples: TreeSamples, intervals: Intervals) -> list[int | None]:
    """Return the largest sample of memory in each phase, None where there is none."""
    times_ns, columns = samples
    if "memory_bytes" not in columns:
        return [None] * len(intervals.names)
    edges_ns, memory = intervals.edges_ns, columns["memory_bytes"]
    chosen = (times_ns >= edges_ns[0]) & (times_ns < edges_ns[-1]) & np.isfinite(memory)
    chosen &= memory > 0.0
    place = np.searchsorted(edges_ns, times_ns[chosen], side="right") - 1
    return _peaks(intervals.phase[place], memory[chosen], len(intervals.names))


def _peaks(phase: IndexArray, values: np.ndarray, phases: int) -> list[int | None]:
    peaks = np.full(phases, -np.inf)
    np.maximum.at(peaks, phase, values)
    return [round(peak) if np.isfinite(peak) else None for peak in peaks.tolist()]


def _left(left: Mapping[str, Any] | None, window: Window | None) -> str | None:
    """Return when and why a program ended before its time."""
    if not left:
        return None
    since_s = None if window is None else (left["t_ns"] - window.start_ns) / 1e9
    if since_s is None:
        return str(left["reason"])
    when = f"after {format_duration(since_s)}" if since_s >= 0.0 else "before the window"
    return f"{when}: {left['reason']}"


def _last_metrics(events: Sequence[EventRecord]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for event in events:
        if event.kind == "metric" and event.name is not None and event.value is not None:
            found.setdefault(event.participant, {})[event.name] = event.value
    return found


def _sums(events: Sequence[EventRecord]) -> dict[str, dict[str, float]]:
    """Return what all tellings of each metric with a step give together."""
    found: dict[str, dict[str, list[float]]] = {}
    for event in events:
        if event.kind != "metric" or event.name is None or event.step is None:
            continue
        if event.value is not None:
            own = found.setdefault(event.participant, {})
            own.setdefault(event.name, []).append(event.value)
    return {
        participant: {name: math.fsum(values) for name, values in own.items()}
        for participant, own in found.items()
    }


def _left_out(events: Sequence[EventRecord]) -> dict[str, list[int]]:
    """Return the steps that went on without a program, each once and in order.

    A workload that comes back after a step (the metric "resumed" at it) does all later ones again:
    what was said of these before counts no more.
    """
    found: dict[str, set[int]] = {}
    for event in sorted(events, key=lambda event: event.t_ns):
        if event.step is None:
            continue
        if event.kind == "left_out":
            found.setdefault(event.participant, set()).add(event.step)
        elif event.kind == "metric" and event.name == _RESUMED:
            for steps in found.values():
                steps.difference_update([step for step in steps if step > event.step])
    return {name: sorted(steps) for name, steps in found.items()}
