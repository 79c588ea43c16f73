"""A meter's readings as the timeline draws them: those that made the joules, as these took them.

What the gate rejects is left out. With a window, readings stand at the times that they speak of,
their stamps less the meter's mean delay, and at the window's edges stands what the estimators
take there, so that the area under the line over the window is the run's own energy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.energy.counter import at_edges_j
from benchharness.energy.gate import gate
from benchharness.energy.interior import interior_line
from benchharness.energy.observed import Observed, observe
from benchharness.energy.readings import Readings, Samples, Window
from benchharness.model import EnergyFigure, TrialSummary
from benchharness.report.buckets import apart, apart_by
from benchharness.report.derive_energy import capabilities_of

Floats = npt.NDArray[np.float64]
TimesNs = npt.NDArray[np.int64]
Channels = dict[str, tuple[TimesNs, Floats]]

POWER, ENERGY = "power_w", "energy_j"


def meter_channels(
    meta: Mapping[str, Any],
    times_ns: TimesNs,
    columns: Mapping[str, Floats],
    trial: TrialSummary,
    *,
    edges: bool,
) -> Channels:
    """Return the accepted readings of each channel that is there: int64[n] ns, float64[n].

    With ``edges`` also what the estimators take for the window's edges, which nobody read.
    """
    capabilities = capabilities_of(meta)
    gated = gate(Readings.of(times_ns, columns.get(POWER), columns.get(ENERGY)), capabilities)
    if trial.window_start_ns is None or trial.window_end_ns is None:
        zero_ns = int(times_ns[0]) if len(times_ns) else 0
        power, counter = gated.readings.powers(zero_ns), gated.readings.counters(zero_ns)
        counter = _apart(counter)
    else:
        window = Window(trial.window_start_ns, trial.window_end_ns)
        seen = observe(gated.readings, window, capabilities, (), gated.stitches)
        zero_ns = window.start_ns
        power = _held_out(seen) if edges else seen.power
        counter = _with_edges(seen) if edges else _apart(seen.counter)
    known = {POWER: power, ENERGY: counter}
    return {
        name: (zero_ns + np.rint(known[name].t_s * 1e9).astype(np.int64), known[name].value)
        for name in columns
        if name in known
    }


def method_of(trial: TrialSummary, meter: str, meta: Mapping[str, Any]) -> str | None:
    """Return the method that gave a meter's figure of a run, None where there is no figure."""
    target = str(meta.get("target") or "board")
    figures: list[EnergyFigure | None] = [trial.energy, *trial.other_energy]
    found = (f.method for f in figures if f is not None and (f.meter, f.target) == (meter, target))
    return next(found, None)


def _apart(counter: Samples) -> Samples:
    """Leave out readings that follow at once: a step over no time is no power."""
    kept = apart(counter.t_s)
    return Samples(counter.t_s[kept], counter.value[kept])


def _with_edges(seen: Observed) -> Samples:
    """Put the counter at the window's edges among its readings, in place of those at once there."""
    edges_j = at_edges_j(seen)
    if edges_j is None:
        return _apart(seen.counter)
    counter = _apart(seen.counter)
    edges_s = np.array([0.0, seen.duration_s])
    distance_s = np.abs(counter.t_s[:, None] - edges_s).min(axis=1)
    kept = distance_s >= apart_by(seen.counter.t_s)
    t_s = np.concatenate([counter.t_s[kept], edges_s])
    order = np.argsort(t_s, kind="stable")
    return Samples(t_s[order], np.concatenate([counter.value[kept], edges_j])[order])


def _held_out(seen: Observed) -> Samples:
    """Step the line of powers at the window's edges, where the nearest ones are held on both sides.

    Inside stand the readings that the energy was made from: where others remain, none that may
    still show what was before the window, or already what came after it.
    """
    inside = interior_line(seen)
    if inside is None or len(seen.power) < 2:
        return seen.power
    parts = [Samples(inside.t_s, inside.value)]
    end_s, power = seen.duration_s, seen.power
    outer = [(power.t_s < 0.0, 0.0, -1), (power.t_s > end_s, end_s, 0)]
    for (chosen, edge_s, nearest), place in zip(outer, (0, 2), strict=True):
        t_s, value = power.t_s[chosen], power.value[chosen]
        if t_s.size and abs(t_s[nearest] - edge_s) <= seen.gap_limit_s:
            at = 0 if nearest == 0 else t_s.size
            t_s, value = np.insert(t_s, at, edge_s), np.insert(value, at, value[nearest])
        parts.insert(place, Samples(t_s, value))
    return Samples(
        np.concatenate([part.t_s for part in parts]), np.concatenate([p.value for p in parts])
    )
