"""Two campaigns side by side: ratios with intervals, or a refusal.

Variants are paired by their factors. What must be equal (machine, meter, class of the joules,
quick or not, kernel and runtimes) is checked first; a changed commit is what one wants to compare.
"""

from __future__ import annotations

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.comparison_changes import pairs_with_changes
from benchharness.report.comparison_guard import commit_changed, differences, refuse
from benchharness.report.comparison_records import Comparison, Side
from benchharness.report.groups import workloads
from benchharness.report.text import plain


def compare_campaigns(
    a: CampaignSummary, b: CampaignSummary, *, margin: float | None = None, force: bool = False
) -> Comparison:
    """Compare the variants that two campaigns have in common.

    ``margin`` None: that of campaign A. Raises UsageError if they must not be compared (unless
    ``force``) or have nothing in common.
    """
    if a.campaign_id == b.campaign_id:
        raise UsageError(
            f"campaign {a.campaign_id} twice",
            remedy="name two campaigns, or compare the levels of a factor with --by",
        )
    differs = differences(a, b)
    refuse(differs, force)
    matched, unpaired = _matched(a, b)
    if not matched:
        raise UsageError(
            f"campaigns {a.campaign_id} and {b.campaign_id} have no variant in common",
            remedy="compare campaigns that set the same factors to the same levels",
        )
    sides = [
        (
            plain(va.label, 60) if len(matched) > 1 else "",
            Side(a.campaign_id, a, va),
            Side(b.campaign_id, b, vb),
        )
        for va, vb in matched
    ]
    margin = a.margin if margin is None else margin
    families = [
        [each for each in sides if each[1].variant.workload == workload]
        for workload in workloads([side.variant for _, side, _ in sides])
    ]
    return Comparison(
        title=f"{b.campaign_id} ({plain(b.title, 40)}) against {a.campaign_id} "
        f"({plain(a.title, 40)})",
        pairs=tuple(p for family in families for p in pairs_with_changes(family, margin)),
        unpaired=tuple(unpaired),
        differs=tuple(differs),
        notes=tuple(commit_changed(a.environment, b.environment)),
        margin=margin,
        margin_set=a.margin or None,
        comparisons=max(map(len, families)),
    )


def _matched(
    a: CampaignSummary, b: CampaignSummary
) -> tuple[list[tuple[VariantSummary, VariantSummary]], list[str]]:
    """Pair variants whose shared factors are equal; a single one on each side is a pair."""
    if len(a.variants) == 1 and len(b.variants) == 1:
        return [(a.variants[0], b.variants[0])], []
    pairs = []
    left = list(b.variants)
    unpaired = []
    for variant in a.variants:
        same = [v for v in left if _alike(variant, v)]
        if len(same) == 1:
            pairs.append((variant, same[0]))
            left.remove(same[0])
        else:
            unpaired.append(f"{plain(variant.label, 60)} of {a.campaign_id}")
    return pairs, unpaired + [f"{plain(v.label, 60)} of {b.campaign_id}" for v in left]


def _alike(a: VariantSummary, b: VariantSummary) -> bool:
    shared = a.factors.keys() & b.factors.keys()
    if a.workload != b.workload or not shared:
        return a.label == b.label and a.workload == b.workload
    return all(a.factors[key] == b.factors[key] for key in shared)
