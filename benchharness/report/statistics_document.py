"""The statistics of a metric as they stand in the JSON document of a campaign."""

from __future__ import annotations

from typing import Any

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.statistics_rows import statistics_of


def statistics_document(
    summary: CampaignSummary, variant: VariantSummary, key: str
) -> dict[str, Any] | None:
    """Return what stands behind a mean, uncertainties with k = 1; None without a good run."""
    found = statistics_of(summary, variant, key)
    if found is None:
        return None
    alone = found.mean.spread_u is None and found.instrument_u is None
    g, by_logarithms = found.g, found.log_ratio
    return {
        "between_u": found.mean.between_u,
        "instrument_u": found.instrument_u,
        "combined_u": None if alone else found.mean.combined_u,
        "g": None if g is None else g.g,
        "g_low": None if g is None else g.low,
        "g_high": None if g is None else g.high,
        "log_ratio": None if by_logarithms is None else by_logarithms.ratio,
        "log_ratio_low": None if by_logarithms is None else by_logarithms.low,
        "log_ratio_high": None if by_logarithms is None else by_logarithms.high,
        "neighbours_r": None if found.neighbours is None else found.neighbours.r,
        "neighbours_p": None if found.neighbours is None else found.neighbours.p,
        "outliers": list(found.outliers),
        "drift": None if found.drift is None else found.drift.total,
        "drift_low": None if found.drift is None else found.drift.low,
        "drift_high": None if found.drift is None else found.drift.high,
    }
