"""Trials to variants: means and intervals. Classes of joules are not mixed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from benchharness.energy.budget import GAIN, LEVEL
from benchharness.energy.systematic import (
    gross_terms_j,
    lasting_u_j,
    net_terms_j,
    random_u_j,
    shared_u_j,
)
from benchharness.model import (
    EnergyFigure,
    Factors,
    MeasurementClass,
    MetricSummary,
    Status,
    TrialSummary,
    VariantSummary,
)
from benchharness.stats.interval import mean_interval
from benchharness.stats.sample import Sample
from benchharness.stats.student import t_factor

NET, GROSS = "energy_net_j", "energy_gross_j"
ENERGY_METRICS = (NET, GROSS)

VALUES: Mapping[str, Callable[[TrialSummary], float | None]] = {
    "duration_s": lambda trial: trial.duration_s,
    "cpu_s": lambda trial: trial.cpu_s,
    "cpu_percent": lambda trial: trial.cpu_percent,
    "memory_peak_bytes": lambda trial: trial.memory_peak_bytes,
    "memory_window_bytes": lambda trial: trial.memory_window_bytes,
    GROSS: lambda trial: None if trial.energy is None else trial.energy.gross_j.value,
    NET: lambda trial: (
        None if trial.energy is None or trial.energy.net_j is None else trial.energy.net_j.value
    ),
}


def of_variants(
    variants: Iterable[Mapping[str, Any]], trials: Iterable[TrialSummary]
) -> list[VariantTrials]:
    """Return every variant of the run table with its trials, which are looked through once."""
    found: dict[int, list[TrialSummary]] = {}
    for trial in trials:
        found.setdefault(trial.variant, []).append(trial)
    return [VariantTrials(each, found.get(int(each["index"]), ())) for each in variants]


class VariantTrials:
    """A variant of the run table with its trials; metrics come from those that are right."""

    def __init__(self, variant: Mapping[str, Any], trials: Sequence[TrialSummary]) -> None:
        self.index = int(variant["index"])
        self.trials = [trial for trial in trials if trial.variant == self.index]
        self.good = [trial for trial in self.trials if trial.status is Status.OK]
        self.factors: Factors = variant.get("factors", {})
        self.applies: tuple[str, ...] | None = variant.get("applies")
        of_trials = self.trials[0].workload if self.trials else ""
        self.workload = str(variant.get("workload") or of_trials)
        self.label = str(variant.get("label") or self.workload or f"variant {self.index}")
        self.figures = [trial.energy for trial in self.good if trial.energy is not None]
        self.classes = {figure.measurement_class for figure in self.figures}
        self.meters = {figure.meter for figure in self.figures}
        self._values: dict[str, tuple[float, ...]] = {}
        self._samples: dict[tuple[str, bool], Sample] = {}
        self._budgets: dict[str, list[Mapping[str, float]]] = {}

    @property
    def energy_class(self) -> MeasurementClass | None:
        """Return the class of the joules, None where there are none or several."""
        return next(iter(self.classes)) if len(self.classes) == 1 else None

    def values(self, metric: str) -> tuple[float, ...]:
        """Return the values of the good trials that have one, in run order."""
        if metric in ENERGY_METRICS and self.energy_class is None:
            return ()
        if metric not in self._values:
            found = map(VALUES[metric], self.good)
            self._values[metric] = tuple(value for value in found if value is not None)
        return self._values[metric]

    def sample(self, metric: str, *, one_meter: bool) -> Sample:
        """Return what a comparison needs; the gain cancels only on one measuring meter."""
        values = self.values(metric)
        if metric not in ENERGY_METRICS or not values:
            return Sample(self.label, values)
        with_gain = not one_meter or self.energy_class is MeasurementClass.ESTIMATED
        key = (metric, with_gain)
        if key not in self._samples:
            self._samples[key] = self._sample(metric, values, with_gain=with_gain)
        return self._samples[key]

    def _sample(self, metric: str, values: tuple[float, ...], *, with_gain: bool) -> Sample:
        terms = self._terms(metric)
        return Sample(
            self.label,
            values,
            common_u=statistics.median(shared_u_j(each, with_gain=with_gain) for each in terms),
            lasting_u=statistics.median(lasting_u_j(each, with_gain=with_gain) for each in terms),
            window_u=statistics.median(random_u_j(each) for each in terms),
            window_s=statistics.median(self.values("duration_s")),
            meter_share=self._instrument_u(metric) or 0.0,
        )

    def summary(self) -> VariantSummary:
        """Return the variant without its standing."""
        sizes = {trial.module_bytes for trial in self.good if trial.module_bytes is not None}
        return VariantSummary(
            index=self.index,
            label=self.label,
            workload=self.workload,
            factors=self.factors,
            trials=len(self.trials),
            ok=len(self.good),
            metrics={name: self._metric(name) for name in VALUES if self.values(name)},
            energy_class=self.energy_class,
            energy_instrument_u_rel=self._gain_u_rel(),
            module_bytes=max(sizes, default=None),
            applies=None if self.applies is None else tuple(self.applies),
        )

    def _metric(self, name: str) -> MetricSummary:
        interval = mean_interval(self.values(name))
        return MetricSummary(
            n=interval.n,
            mean=interval.mean,
            sd=interval.sd,
            low=interval.low,
            high=interval.high,
            instrument_u=self._instrument_u(name),
        )

    def _instrument_u(self, name: str) -> float | None:
        """Return the meter's share at 95 %; of a single trial its whole uncertainty."""
        if name not in ENERGY_METRICS:
            return None
        quantities = [f.net_j if name == NET else f.gross_j for f in self.figures]
        known = [q for q in quantities if q is not None]
        if len(known) == 1:
            return known[0].expanded_u
        shared = (shared_u_j(terms, with_gain=True) for terms in self._terms(name))
        return t_factor(LEVEL, float("inf")) * statistics.median(shared)

    def _terms(self, name: str) -> list[Mapping[str, float]]:
        """Return the budget of each figure that has the energy."""
        if name not in self._budgets:
            self._budgets[name] = [
                net_terms_j(figure) if name == NET else gross_terms_j(figure)
                for figure in self.figures
                if name == GROSS or figure.net_j is not None
            ]
        return self._budgets[name]

    def _gain_u_rel(self) -> float | None:
        shares = [share for figure in self.figures if (share := _gain_share(figure)) is not None]
        if self.energy_class is None or not shares:
            return None
        return t_factor(LEVEL, float("inf")) * statistics.median(shares)


def net_is_known(figures: Sequence[EnergyFigure]) -> bool:
    """Say whether net energy is above its own uncertainty in at least half of the runs.

    A run whose net energy was refused, though rest was read, counts among those that are not.
    """
    nets = [figure.net_j for figure in figures if figure.net_j is not None]
    refused = sum(f.net_j is None and f.idle_power_w is not None for f in figures)
    above = sum(net.value > (net.expanded_u or 0.0) for net in nets)
    return 2 * above >= len(nets) + refused


def comparable(variants: Sequence[VariantTrials]) -> bool:
    """Say whether all joules are of one class."""
    return len({found for variant in variants for found in variant.classes}) == 1


def samples_of(variants: Sequence[VariantTrials], metric: str) -> list[Sample]:
    """Return a sample for each variant, in their order."""
    meters = {meter for variant in variants for meter in variant.meters}
    return [variant.sample(metric, one_meter=len(meters) <= 1) for variant in variants]


def _gain_share(figure: EnergyFigure) -> float | None:
    gain_j = gross_terms_j(figure).get(GAIN)
    if gain_j is None or figure.gross_j.value == 0.0:
        return None
    return gain_j / abs(figure.gross_j.value)
