"""What each participant of one trial drew over time: power in slices, energy in bars, its phases.

A participant's readings are those of the meter whose target is its device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchharness.model import ParticipantSummary, PhaseSpan, TrialSummary
from benchharness.report.buckets import broken_at_gaps, bucketed, means_between, rate
from benchharness.report.phase_kinds import PhaseKinds, clients
from benchharness.report.timeline import Floats, Observed, SeriesReader, Span, observed

USUAL_BAR_S = 120.0  # as published: four readings of a plug that tells its power every 30 s
_LEAST_BARS, _FEW_BARS = 10, 30
_STEPS_S = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, USUAL_BAR_S)
_LEAST_COVERED = 0.5  # of a bar: what was hardly observed is no bar
_FEWEST_READINGS = 3  # behind a plateau


@dataclass(frozen=True, slots=True)
class DeviceSeries:
    """One participant: float64[n] slices on the clock of the window, in which no bar sees less.

    ``low`` and ``high`` are None where ``mean`` is the readings themselves. ``bars_j`` is
    float64[m], NaN where less than half of a bar was observed; ``plateau_w`` is the median
    reading while it worked.
    """

    participant: ParticipantSummary
    t_s: Floats
    mean_w: Floats
    low_w: Floats | None
    high_w: Floats | None
    steps: bool
    spans: tuple[Span, ...]  # named by kind
    plateau_w: float | None
    bar_edges_s: Floats
    bars_j: Floats

    @property
    def peak_w(self) -> float:
        """Return the largest power that is drawn, 0 for none."""
        finite = self.mean_w if self.high_w is None else self.high_w
        finite = finite[np.isfinite(finite)]
        return float(finite.max()) if finite.size else 0.0


@dataclass(frozen=True, slots=True)
class TrialSeries:
    """The participants of one trial that were metered, on one clock."""

    trial: TrialSummary
    window_s: float
    bar_s: float
    period_s: float | None  # between two readings, usually
    devices: tuple[DeviceSeries, ...]


def read_devices(
    reader: SeriesReader, trial: TrialSummary, kinds: PhaseKinds, buckets: int = 240
) -> TrialSeries | None:
    """Read the meters of a trial's participants; None where none was metered, or no window."""
    if trial.window_start_ns is None or trial.window_end_ns is None:
        return None
    placed = [p for p in clients(trial) if p.device is not None]
    if not placed:
        return None
    window_s = (trial.window_end_ns - trial.window_start_ns) / 1e9
    by_target = {
        str(o[0].meta.get("target")): o for o in observed(reader, trial, ("power",), edges=True)
    }
    found = [(p, by_target[p.device]) for p in placed if p.device in by_target]
    if not found or window_s <= 0:
        return None
    periods = [float(np.median(np.diff(o[3]))) / 1e9 for _, o in found]
    bar_s = bar_seconds(window_s, max(periods))
    return TrialSeries(
        trial,
        window_s,
        bar_s,
        float(np.median(periods)),
        tuple(_device(p, o, trial, kinds, (window_s, bar_s, buckets)) for p, o in found),
    )


def bar_seconds(window_s: float, period_s: float) -> float:
    """Return how long a bar is: two minutes, in short windows less, never less than two readings.

    >>> bar_seconds(79_200.0, 30.0)
    120.0
    >>> bar_seconds(240.0, 1.0)
    10.0
    """
    if window_s >= _LEAST_BARS * USUAL_BAR_S:
        return USUAL_BAR_S
    wanted_s = max(window_s / _FEW_BARS, 2.0 * period_s)
    return next((step for step in _STEPS_S if step >= wanted_s), USUAL_BAR_S)


def spans_of(trial: TrialSummary, participant: str, kinds: PhaseKinds) -> tuple[Span, ...]:
    """Return a participant's phases in seconds of the window, named by kind; neighbours joined."""
    zero_ns = trial.window_start_ns or 0
    own = sorted(
        (s for s in trial.spans if s.source == participant and s.end_ns is not None),
        key=_start,
    )
    joined: list[Span] = []
    for span in own:
        kind = kinds.of(span.name)
        start_s, end_s = (span.start_ns - zero_ns) / 1e9, ((span.end_ns or 0) - zero_ns) / 1e9
        if joined and joined[-1].name == kind and start_s - joined[-1].end_s < 1e-3:
            joined[-1] = Span(kind, joined[-1].start_s, max(end_s, joined[-1].end_s))
        else:
            joined.append(Span(kind, start_s, end_s))
    return tuple(joined)


def _start(span: PhaseSpan) -> int:
    return span.start_ns


def _device(
    participant: ParticipantSummary,
    seen: Observed,
    trial: TrialSummary,
    kinds: PhaseKinds,
    scales: tuple[float, float, int],
) -> DeviceSeries:
    _, _, _, times_ns, values, counter = seen
    window_s, bar_s, buckets = scales
    t_s = (times_ns - (trial.window_start_ns or 0)).astype(np.float64) / 1e9
    power = rate(t_s, values)[1] if counter else values
    spans = spans_of(trial, participant.name, kinds)
    edges = np.append(np.arange(0.0, window_s - 1e-9, bar_s), window_s)
    inside = (t_s >= -1e-9) & (t_s <= window_s + 1e-9)
    drawn_t, drawn = t_s[inside], power[inside]
    low = high = None
    if len(drawn_t) > buckets:
        drawn_t, drawn, low, high = bucketed(drawn_t, drawn, buckets)
    elif len(drawn_t) > 1:
        drawn_t, drawn = broken_at_gaps(drawn_t, drawn)
    return DeviceSeries(
        participant=participant,
        t_s=drawn_t,
        mean_w=drawn,
        low_w=low,
        high_w=high,
        steps=counter and low is None,
        spans=spans,
        plateau_w=_plateau(t_s, power, [s for s in spans if s.name == kinds.work]),
        bar_edges_s=edges,
        bars_j=_bars(t_s, values, edges, counter=counter),
    )


def _bars(t_s: Floats, values: Floats, edges: Floats, *, counter: bool) -> Floats:
    """Return the joules between edges: what was observed of them, NaN for less than half."""
    power = rate(t_s, values)[1] if counter else values
    mean, _, _, covered = means_between(t_s, power, edges)
    joules = np.diff(np.interp(edges, t_s, values)) if counter else mean * covered
    joules = np.where(covered >= _LEAST_COVERED * np.diff(edges), joules, np.nan)
    return np.asarray(joules, dtype=np.float64)


def _plateau(t_s: Floats, power: Floats, work: Sequence[Span]) -> float | None:
    """Return the median reading within spans, None for less than three."""
    inside = np.zeros(len(t_s), dtype=np.bool_)
    for span in work:
        inside |= (t_s > span.start_s) & (t_s < span.end_s)
    readings = power[inside & np.isfinite(power)]
    if len(readings) < _FEWEST_READINGS:
        return None
    median = float(np.median(readings))
    return median if math.isfinite(median) else None
