"""What a campaign that was run tells of one that is planned: power, budget, spread of trials."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchharness.energy.advice import rescaled
from benchharness.energy.forecast import Forecast
from benchharness.energy.systematic import gross_terms_j, net_terms_j
from benchharness.model import (
    CampaignSummary,
    EnergyFigure,
    MeasurementClass,
    Status,
    TrialSummary,
)


@dataclass(frozen=True, slots=True)
class Pilot:
    """The medians of one variant's good trials, and the spread of all variants'.

    ``net`` says whether the energy is above idle. ``spread`` is the relative standard deviation
    between equal trials, pooled over the variants, None where none was repeated.
    """

    label: str
    meter: str
    measurement_class: MeasurementClass
    net: bool
    method: str
    window_s: float
    energy_j: float
    power_w: float
    idle_w: float | None
    terms_j: dict[str, float]
    spread: float | None
    trials: int

    def forecast(self, window_s: float) -> Forecast:
        """Return the budget of a window of another length, at the same power."""
        return Forecast(
            window_s,
            self.energy_j * window_s / self.window_s,
            rescaled(self.terms_j, self.window_s, window_s, self.method),
            self.measurement_class is MeasurementClass.ESTIMATED,
        )

    @property
    def between_trials(self) -> float | None:
        """Return the programs' own spread: what the instrument explains is taken off."""
        if self.spread is None:
            return None
        random = self.forecast(self.window_s).random_rel
        return math.sqrt(max(0.0, self.spread**2 - random**2))


def pilot(summary: CampaignSummary) -> Pilot | None:
    """Return what a campaign tells; of its variants, the one with the least energy, as it is the
    hardest to tell. None if no good trial has a positive energy.
    """
    good = [t for t in summary.trials if t.status is Status.OK and _energy_j(t) is not None]
    by_variant: dict[int, list[TrialSummary]] = {}
    for trial in good:
        by_variant.setdefault(trial.variant, []).append(trial)
    if not by_variant:
        return None
    index, trials = min(by_variant.items(), key=lambda item: _median_j(item[1]))
    figures = [trial.energy for trial in trials if trial.energy is not None]
    first = figures[0]
    net = all(figure.net_j is not None for figure in figures)
    energy_j = statistics.median(_value_j(figure, net=net) for figure in figures)
    window_s = statistics.median(trial.duration_s or 0.0 for trial in trials)
    if energy_j <= 0.0 or window_s <= 0.0:
        return None
    idle = [figure.idle_power_w.value for figure in figures if figure.idle_power_w is not None]
    labels = {variant.index: variant.label for variant in summary.variants}
    return Pilot(
        label=labels.get(index, first.target),
        meter=first.meter,
        measurement_class=first.measurement_class,
        net=net,
        method=first.method,
        window_s=window_s,
        energy_j=energy_j,
        power_w=statistics.median(figure.gross_j.value for figure in figures) / window_s,
        idle_w=statistics.median(idle) if idle and net else None,
        terms_j=_median_terms([net_terms_j(f) if net else gross_terms_j(f) for f in figures]),
        spread=_pooled([[_energy_j(t) or 0.0 for t in each] for each in by_variant.values()]),
        trials=len(good),
    )


def _energy_j(trial: TrialSummary) -> float | None:
    if trial.energy is None:
        return None
    return _value_j(trial.energy, net=trial.energy.net_j is not None)


def _value_j(figure: EnergyFigure, *, net: bool) -> float:
    return figure.net_j.value if net and figure.net_j is not None else figure.gross_j.value


def _median_j(trials: Sequence[TrialSummary]) -> float:
    return statistics.median(_energy_j(trial) or 0.0 for trial in trials)


def _median_terms(budgets: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for table in budgets for name in table)
    return {name: statistics.median(table.get(name, 0.0) for table in budgets) for name in names}


def _pooled(groups: Sequence[Sequence[float]]) -> float | None:
    """Return the relative standard deviation within groups, weighted by degrees of freedom."""
    squares = [
        ((len(values) - 1), (statistics.stdev(values) / statistics.fmean(values)) ** 2)
        for values in groups
        if len(values) > 1 and statistics.fmean(values) > 0.0
    ]
    nu = sum(weight for weight, _ in squares)
    return math.sqrt(sum(weight * square for weight, square in squares) / nu) if nu else None
