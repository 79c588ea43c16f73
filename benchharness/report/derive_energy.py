"""The energy of a trial by each of its meters, from stored readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchharness.energy.devices import Make, is_sum
from benchharness.energy.figure import Outcome, energy_figure
from benchharness.energy.peak import above_peak
from benchharness.energy.readings import FloatArray, Readings, TimeArray, Window
from benchharness.model import (
    Capabilities,
    Caution,
    EnergyFigure,
    MeasurementClass,
    MeterEvent,
    PhaseSpan,
)
from benchharness.report.derive_devices import counted_outcome, make_of
from benchharness.report.derive_meter_events import (
    event_cautions,
    meter_events,
    rejected_messages,
)
from benchharness.report.derive_meters import meters_cautions
from benchharness.report.derive_spans import idle_windows
from benchharness.store.records import EventRecord, StreamRecord

if TYPE_CHECKING:
    from benchharness.store.database import Store

NO_METER = "no meter was used"
NO_WINDOW = "the trial has no window"
_CHANNELS = ("power_w", "energy_j")


@dataclass(frozen=True, slots=True)
class TrialEnergy:
    """The figure that counts or the reason why it is missing, and those of the others.

    ``by_target`` holds the meters' own figures, the first of each target, and
    ``missing_by_target`` why a target has none.
    """

    figure: EnergyFigure | None
    missing: str | None
    others: tuple[EnergyFigure, ...]
    cautions: tuple[Caution, ...]
    by_target: Mapping[str, EnergyFigure] = field(default_factory=dict)
    missing_by_target: Mapping[str, str] = field(default_factory=dict)


def trial_energy(
    store: Store,
    streams: Sequence[StreamRecord],
    window: Window | None,
    spans: Sequence[PhaseSpan],
    events: Sequence[EventRecord],
    devices: Sequence[str] = (),
) -> TrialEnergy:
    """Integrate the readings of every meter over the window; the first meter gives the figure.

    Where meters measure several of the ``devices`` that programs of the trial ran on, the sum over
    all of these gives it.
    """
    meters = [stream for stream in streams if stream.source == "meter"]
    if not meters:
        return TrialEnergy(None, NO_METER, (), ())
    if window is None:
        return TrialEnergy(None, NO_WINDOW, (), ())
    idle = idle_windows(spans)
    outcomes = [
        (target_of(meter), meter_outcome(store, meter, window, idle, events)) for meter in meters
    ]
    cautions = [caution for _, outcome in outcomes for caution in outcome.cautions]
    cautions += [
        Caution("energy-missing", outcome.reason)
        for _, outcome in outcomes
        if outcome.reason is not None
    ]
    cautions += meters_cautions([o.figure for _, o in outcomes if o.figure is not None])
    counted, others = counted_outcome(outcomes, devices, makes_of(meters))
    first = dict(reversed(outcomes))
    known = [f for f in (counted.figure, *others) if f is not None and not is_sum(f)]
    single = {figure.target: figure for figure in reversed(known)}
    return TrialEnergy(
        counted.figure,
        counted.reason,
        others,
        tuple(cautions),
        by_target={target: single[target] for target, o in first.items() if o.figure is not None},
        missing_by_target={t: o.reason for t, o in first.items() if o.reason is not None},
    )


def target_of(meter: StreamRecord) -> str:
    """Return what a meter measures."""
    return str(meter.meta.get("target", "board"))


def makes_of(meters: Sequence[StreamRecord]) -> dict[str, Make]:
    """Return the makes of meters by target, of the first of each."""
    return {target_of(meter): make_of(meter.meta) for meter in reversed(meters)}


def capabilities_of(meta: Mapping[str, Any]) -> Capabilities:
    """Return an instrument's capabilities as they were stored with its readings."""
    return Capabilities(
        measurement_class=MeasurementClass(meta.get("class", MeasurementClass.MEASURED.value)),
        has_power=bool(meta.get("has_power", True)),
        has_counter=bool(meta.get("has_counter", True)),
        period_s=meta.get("period_s"),
        power_resolution_w=meta.get("power_resolution_w"),
        energy_resolution_j=meta.get("energy_resolution_j"),
        floor_w=meta.get("floor_w"),
        gain_bound=meta.get("gain_bound"),
        latency_bound_s=meta.get("latency_bound_s"),
        latency_s=meta.get("latency_s"),
        latency_u_s=meta.get("latency_u_s"),
        pulse_j=meta.get("pulse_j"),
        max_power_w=meta.get("max_power_w"),
    )


def meter_outcome(
    store: Store,
    meter: StreamRecord,
    window: Window,
    idle: Sequence[Window],
    events: Sequence[EventRecord],
) -> Outcome:
    """Integrate the stored readings of one meter over a window."""
    there = [channel.name for channel in meter.channels if channel.name in _CHANNELS]
    times_ns, columns = store.read_stream(meter.stream_id, there)
    said = meter_events(events, meter.name)
    observed = [*idle, window]
    first_ns, last_ns = min(w.start_ns for w in observed), max(w.end_ns for w in observed)
    outcome = energy_figure(
        Readings.of(times_ns, columns.get("power_w"), columns.get("energy_j")),
        capabilities_of(meter.meta),
        window,
        meter=meter.name,
        target=target_of(meter),
        idle=idle,
        events=said,
        declared_idle_w=meter.meta.get("idle_power_w"),
    )
    now = [event for event in said if first_ns <= event.t_ns <= last_ns]
    figure = outcome.figure
    if figure is not None:
        figure = replace(
            figure, part_of=meter.meta.get("part_of"), gate=_with_messages(figure.gate, now)
        )
    happened = event_cautions(meter.name, now, times_ns, last_ns)
    beyond = () if figure is None else _above_peak(figure, times_ns, columns, window)
    return Outcome(figure, outcome.reason, (*outcome.cautions, *beyond, *happened))


def _above_peak(
    figure: EnergyFigure,
    times_ns: TimeArray,
    columns: Mapping[str, FloatArray],
    window: Window,
) -> tuple[Caution, ...]:
    if "power_w" not in columns:
        return ()
    inside = (times_ns >= window.start_ns) & (times_ns <= window.end_ns)
    powers_w = columns["power_w"][inside]
    caution = above_peak(figure, powers_w[np.isfinite(powers_w)], window.duration_s)
    return () if caution is None else (caution,)


def _with_messages(gate: Mapping[str, int], events: Sequence[MeterEvent]) -> dict[str, int]:
    """Add what the driver rejected before it became a reading to what the gate counted."""
    counts = dict(gate)
    for reason, count in rejected_messages(events).items():
        key = f"rejected: {reason}"
        counts[key] = counts.get(key, 0) + count
    return counts
