"""A figure of the edge table: a mean over a variant's good runs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchharness.energy.budget import LEVEL
from benchharness.energy.systematic import gross_terms_j, net_terms_j, shared_u_j
from benchharness.model import EnergyFigure, Quantity, TrialSummary
from benchharness.report.text import half_width
from benchharness.stats.interval import mean_interval
from benchharness.stats.student import t_factor


@dataclass(frozen=True, slots=True)
class EdgeFigure:
    """A mean over ``n`` runs, and half of its 95 % interval, where it has one."""

    n: int
    mean: float
    half: float | None = None


def mean_of(values: Sequence[float | None]) -> EdgeFigure | None:
    """Return the mean of the values that are there, None if there are none."""
    known = [value for value in values if value is not None]
    interval = mean_interval(known)
    if interval.mean is None:
        return None
    half = half_width(interval.low, interval.high)
    return EdgeFigure(interval.n, interval.mean, half or None)


def start_figures(good: Sequence[TrialSummary]) -> dict[str, EdgeFigure | None]:
    """Return seconds and joules from the start of the program to its window."""
    starts = [trial.start for trial in good if trial.start is not None]
    figures = [start.energy for start in starts if start.energy is not None]
    if len({figure.measurement_class for figure in figures}) > 1:
        figures = []
    nets = [figure for figure in figures if figure.net_j is not None]
    return {
        "start_s": mean_of([start.duration_s for start in starts]),
        "start_gross_j": _joules(figures, [figure.gross_j for figure in figures]),
        "start_net_j": _joules(nets, [figure.net_j for figure in nets], net=True),
    }


def _joules(
    figures: Sequence[EnergyFigure], values: Sequence[Quantity | None], *, net: bool = False
) -> EdgeFigure | None:
    """Return a mean whose ± has the meter's share: of a single run its whole uncertainty."""
    known = [value for value in values if value is not None]
    mean = mean_of([value.value for value in known])
    if mean is None:
        return None
    if len(known) == 1:
        return replace(mean, half=known[0].expanded_u)
    terms = [net_terms_j(f) if net else gross_terms_j(f) for f in figures]
    shared_j = statistics.median(shared_u_j(each, with_gain=True) for each in terms)
    meter_j = t_factor(LEVEL, math.inf) * shared_j
    return replace(mean, half=math.hypot(mean.half or 0.0, meter_j) or None)
