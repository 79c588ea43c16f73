"""A campaign, derived: variants, their metrics, everything that tables are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchharness.model.trials import TrialSummary
from benchharness.model.words import Caution, Factors, MeasurementClass
from benchharness.standing import Standing


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """A metric over a variant's good trials: the mean and its 95 % t interval.

    ``standing`` is how it compares with the reference; None where there is nothing to compare.
    """

    n: int
    mean: float | None
    sd: float | None  # None for one trial: one value has no spread
    low: float | None
    high: float | None
    standing: Standing | None = None
    instrument_u: float | None = None  # 95 %, what all trials share through the meter; not in low

    @property
    def ratio(self) -> float | None:
        """Return the mean over the reference's."""
        return None if self.standing is None else self.standing.ratio

    @property
    def ratio_low(self) -> float | None:
        """Return the lower end of the ratio's interval."""
        return None if self.standing is None else self.standing.low

    @property
    def ratio_high(self) -> float | None:
        """Return the upper end of the ratio's interval."""
        return None if self.standing is None else self.standing.high


@dataclass(frozen=True, slots=True)
class VariantSummary:
    """One variant: its factors and its metrics by name.

    Metric names: duration_s, cpu_s, cpu_percent, memory_peak_bytes, memory_window_bytes,
    energy_gross_j, energy_net_j.
    """

    index: int
    label: str
    workload: str
    factors: Factors
    trials: int
    ok: int
    metrics: Mapping[str, MetricSummary]
    energy_class: MeasurementClass | None
    energy_instrument_u_rel: float | None  # common to all variants on one meter
    module_bytes: int | None = None
    applies: tuple[str, ...] | None = None  # names of the factors that apply; None for all


@dataclass(frozen=True)  # without slots: what is looked up often is worked out once
class CampaignSummary:
    """A campaign, derived: everything that tables and reports are made of."""

    campaign_id: str
    created_utc: str
    state: str
    title: str
    quick: bool
    seed: int | None  # of the run order; None: no order was drawn
    command: str
    trials: tuple[TrialSummary, ...]
    variants: tuple[VariantSummary, ...]
    environment: Mapping[str, Any]
    overhead: Mapping[str, Any]
    cautions: tuple[Caution, ...]
    verdict: str  # the answer in a sentence
    meters: tuple[Mapping[str, Any], ...] = ()
    margin: float = 0.0  # what is too little to matter, as a share of the reference
    baseline: Factors | None = None  # levels of the reference; None: the lowest mean
    metric: str | None = None  # what the campaign is about: a key, or energy; None: it does not say
    results: str | None = None  # the results file as it was named; None: the default one

    @cached_property
    def by_variant(self) -> Mapping[int, tuple[TrialSummary, ...]]:
        """Return the trials of each variant that has any, by its index, in their order."""
        found: dict[int, list[TrialSummary]] = {}
        for trial in self.trials:
            found.setdefault(trial.variant, []).append(trial)
        return {index: tuple(trials) for index, trials in found.items()}

    def trials_of(self, variant: int) -> tuple[TrialSummary, ...]:
        """Return the trials of a variant, by its index, in their order."""
        return self.by_variant.get(variant, ())
