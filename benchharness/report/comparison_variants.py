"""The variants of one campaign side by side: all pairs that compete, or each with the baseline."""

from __future__ import annotations

from itertools import combinations

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, Factors, VariantSummary
from benchharness.report.comparison_changes import Sides, pairs_with_changes
from benchharness.report.comparison_guard import class_differences, refuse
from benchharness.report.comparison_records import Comparison, Side
from benchharness.report.groups import Group, agree, groups, has_levels
from benchharness.report.metrics import headline_key, ranked
from benchharness.report.text import plain


def compare_variants(
    campaign: CampaignSummary,
    baseline: Factors | None = None,
    *,
    margin: float | None = None,
    force: bool = False,
) -> Comparison:
    """Compare the variants of each group: with those of ``baseline`` (levels by factor), or all.

    Raises UsageError if there is nothing to compare, or joules must not be.
    """
    differs = class_differences(campaign, campaign)
    refuse(differs, force)
    families = [
        family
        for group in groups(campaign.variants)
        for family in _family(campaign, group, baseline)
    ]
    if not families:
        raise UsageError(
            "no two variants to compare" if not baseline else "no variant beside the baseline's",
            where=f"campaign {campaign.campaign_id}",
            remedy="see benchharness show for its variants",
        )
    margin = campaign.margin if margin is None else margin
    seen = {side.variant.index for family in families for _, *sides in family for side in sides}
    what = "variants against the baseline" if baseline else "all pairs of variants"
    return Comparison(
        title=f"{what}, campaign {campaign.campaign_id}",
        pairs=tuple(p for family in families for p in pairs_with_changes(family, margin)),
        unpaired=tuple(plain(v.label, 60) for v in campaign.variants if v.index not in seen),
        differs=tuple(differs),
        notes=(),
        margin=margin,
        margin_set=campaign.margin or None,
        comparisons=max(map(len, families)),
    )


def _family(
    campaign: CampaignSummary, group: Group[VariantSummary], baseline: Factors | None
) -> list[list[Sides]]:
    """Return the pairs of a group as one family, or nothing; the lower of a pair is B."""
    order = [v for v in ranked(campaign, headline_key(campaign)) if v in group.members and v.ok]
    if baseline:
        named = [v for v in order if has_levels(v, baseline)]
        pairs = [(a, b) for b in order for a in named if b not in named and agree(a, b, baseline)]
    else:
        pairs = [(a, b) for b, a in combinations(order, 2)]
    sides = [
        ("", Side(plain(a.label, 60), campaign, a), Side(plain(b.label, 60), campaign, b))
        for a, b in pairs
    ]
    return [sides] if sides else []
