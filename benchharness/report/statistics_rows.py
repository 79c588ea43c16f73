"""What stands behind a mean: spread and instrument apart, effect size, order, outliers.

Uncertainties are standard ones (k = 1), of the mean, in the metric's unit. What differs between
trials holds what the instrument adds to each by chance; ``between_u`` is what is left without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchharness.energy.systematic import gross_terms_j, net_terms_j, random_u_j, shared_u_j
from benchharness.model import CampaignSummary, Status, TrialSummary, VariantSummary
from benchharness.report.derive_variants import ENERGY_METRICS, NET, VALUES
from benchharness.report.metrics import headline_key, metric_of
from benchharness.report.remembered import once_each
from benchharness.report.run_order import run_times_s
from benchharness.stats.autocorrelation import Neighbours, neighbours
from benchharness.stats.combined import Combined, combined
from benchharness.stats.drift import Drift, drift
from benchharness.stats.effect_size import EffectSize, hedges_g
from benchharness.stats.log_ratio import log_ratio
from benchharness.stats.outliers import outliers
from benchharness.stats.ratio import Ratio

MOST_VARIANTS = 50  # with an effect size of every metric
WIDE_SPREAD = 0.3  # sd over mean, from which on values look lognormal rather than normal


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of one variant and one metric. ``g`` and ``log_ratio`` are against the reference.

    ``log_ratio`` is of geometric means, where the spread of either is wide; at 95 % for itself.
    """

    variant: VariantSummary
    mean: Combined
    g: EffectSize | None
    log_ratio: Ratio | None
    neighbours: Neighbours | None
    outliers: tuple[int, ...]  # places in the run order, from 0
    drift: Drift | None

    @property
    def instrument_u(self) -> float | None:
        """Return the instrument's own part; None where no instrument is known to add any."""
        found = self.mean.instrument_u
        return found if found > 0.0 else None


def statistics_of(summary: CampaignSummary, variant: VariantSummary, key: str) -> Statistics | None:
    """Return the statistics of a metric of a variant; None where it has no value."""
    metric = metric_of(variant, key)
    runs = _runs(summary, variant.index, key)
    if metric is None or not runs:
        return None
    values = [value for _, value in runs]
    shared_u, each_u = _instrument(runs, key)
    found = combined(values, each_u, shared_u)
    if found is None:
        return None
    reference = metric.standing.reference if metric.standing is not None else None
    others: list[float] = []
    if reference is not None and reference != variant.index:
        others = [value for _, value in _runs(summary, reference, key)]
    times_s = summary_times_s(summary)
    timed = [(times_s[t.trial_id], v) for t, v in runs if t.trial_id in times_s]
    flags = outliers(values)
    return Statistics(
        variant=variant,
        mean=found,
        g=hedges_g(values, others) if _is_asked(summary, key) else None,
        log_ratio=log_ratio(values, others) if _is_wide(values) or _is_wide(others) else None,
        neighbours=neighbours(values),
        outliers=tuple(t.index for (t, _), far in zip(runs, flags, strict=True) if far),
        drift=drift([timed]),
    )


def _is_asked(summary: CampaignSummary, key: str) -> bool:
    """Say whether a metric has effect sizes: of many variants only the one that ranks them.

    The interval of g takes some milliseconds.
    """
    return len(summary.variants) <= MOST_VARIANTS or key == headline_key(summary)


@once_each
def summary_times_s(summary: CampaignSummary) -> Mapping[int, float]:
    """Return when each run began, worked out once for a summary."""
    return run_times_s(summary.trials)


def _runs(summary: CampaignSummary, variant: int, key: str) -> list[tuple[TrialSummary, float]]:
    """Return the good runs with a value, in run order."""
    good = (t for t in summary.trials_of(variant) if t.status is Status.OK)
    found = [(t, v) for t in good if (v := VALUES[key](t)) is not None]
    return sorted(found, key=lambda run: run[0].index)


def _instrument(runs: list[tuple[TrialSummary, float]], key: str) -> tuple[float, list[float]]:
    """Return what the meter adds to all runs alike, and to each by chance; 0 without a meter."""
    if key not in ENERGY_METRICS:
        return 0.0, [0.0] * len(runs)
    of_key = net_terms_j if key == NET else gross_terms_j
    terms = [of_key(t.energy) for t, _ in runs if t.energy is not None]
    shared = sorted(shared_u_j(each, with_gain=True) for each in terms)
    return shared[len(shared) // 2], [random_u_j(each) for each in terms]


def _is_wide(values: list[float]) -> bool:
    if len(values) < 2:
        return False
    mean = math.fsum(values) / len(values)
    sd = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return mean > 0.0 and sd >= WIDE_SPREAD * mean
