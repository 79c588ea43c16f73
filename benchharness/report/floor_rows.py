"""What part of each variant's figure is the floor: what a program that does nothing costs here."""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.model import CampaignSummary
from benchharness.report.comparison_guard import class_differences
from benchharness.report.derive_variants import samples_of
from benchharness.report.metrics import METRICS, headline_key, metric_of, ranked
from benchharness.report.pairs import of_summary
from benchharness.report.text import plain
from benchharness.stats.floor import floor_of

_MOST = 24


@dataclass(frozen=True, slots=True)
class FloorTable:
    """A sentence for each variant; ``campaign_id`` is that of the noop campaign."""

    campaign_id: str
    metric: str
    rows: tuple[tuple[str, str], ...]


def floor_table(summary: CampaignSummary, noop: CampaignSummary | None) -> FloorTable | None:
    """Return the floor's part of each variant in the metric that ranks; None without a floor."""
    if noop is None:
        return None
    key = headline_key(summary)
    if METRICS[key].is_energy and class_differences(summary, noop):
        return None
    floors = samples_of(of_summary(noop, noop.variants), key)
    if len(floors) != 1:
        return None
    variants = [v for v in ranked(summary, key) if metric_of(v, key) is not None][:_MOST]
    samples = samples_of(of_summary(summary, variants), key)
    found = [
        (plain(variant.label, 60), floor.sentence)
        for variant, sample in zip(variants, samples, strict=True)
        if (floor := floor_of(floors[0], sample)) is not None
    ]
    if not found:
        return None
    return FloorTable(plain(noop.campaign_id, 40), METRICS[key].title.lower(), tuple(found))
