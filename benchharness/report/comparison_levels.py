"""The levels of one factor side by side, all else equal."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.comparison_changes import Sides, pairs_with_changes
from benchharness.report.comparison_guard import class_differences, refuse
from benchharness.report.comparison_pairs import pair_words, paired
from benchharness.report.comparison_records import Comparison, Side
from benchharness.report.groups import level_of, workloads
from benchharness.report.text import plain


def compare_levels(
    campaign: CampaignSummary,
    factor: str,
    baseline: str | None = None,
    *,
    margin: float | None = None,
    force: bool = False,
) -> Comparison:
    """Compare every level of a factor with the first one, or with ``baseline``.

    Raises UnknownNameError for a factor or level that is not there, UsageError for one level.
    """
    varied = list(dict.fromkeys(name for v in campaign.variants for name in v.factors))
    if factor not in varied:
        raise UnknownNameError("factor", factor, varied, where=f"campaign {campaign.campaign_id}")
    having = [v for v in campaign.variants if level_of(v, factor) is not None]
    levels = list(dict.fromkeys(str(v.factors[factor]) for v in having))
    if len(levels) < 2:
        raise UsageError(
            f"factor {factor!r} has one level only: {levels[0]}",
            where=f"campaign {campaign.campaign_id}",
            remedy="choose a factor that was varied",
        )
    reference = levels[0] if baseline is None else baseline
    if reference not in levels:
        raise UnknownNameError("level", reference, levels, where=f"factor {factor}")
    differs = class_differences(campaign, campaign)
    refuse(differs, force)
    named = len(workloads(campaign.variants)) > 1
    families = [
        _level_sides(campaign, members, factor, reference, heading=workload if named else "")
        for workload in workloads(having)
        for members in [[v for v in having if v.workload == workload]]
    ]
    sides = [side for family in families for side in family]
    if not sides:
        raise UsageError(
            f"no two variants differ in {factor!r} only",
            where=f"campaign {campaign.campaign_id}",
            remedy="choose another --baseline or another factor",
        )
    margin = campaign.margin if margin is None else margin
    in_pairs = {s.variant.index for _, a, b in sides for s in (a, b)}
    return Comparison(
        title=f"{factor} against {reference}, campaign {campaign.campaign_id}",
        pairs=tuple(p for family in families for p in pairs_with_changes(family, margin)),
        unpaired=tuple(plain(v.label, 60) for v in campaign.variants if v.index not in in_pairs),
        differs=tuple(differs),
        notes=(),
        margin=margin,
        margin_set=campaign.margin or None,
        comparisons=max(map(len, families)),
    )


def _level_sides(
    campaign: CampaignSummary,
    members: Sequence[VariantSummary],
    factor: str,
    reference: str,
    *,
    heading: str,
) -> list[Sides]:
    """Return the pairs of one workload: of every other level with the reference."""
    of_level: dict[str, list[VariantSummary]] = {}
    for variant in members:
        of_level.setdefault(str(variant.factors[factor]), []).append(variant)
    shown = _varying(members, factor)
    sides = []
    for level, others in of_level.items():
        if level == reference:
            continue
        for a, b in paired(of_level.get(reference, []), others, factor):
            words = pair_words(a, b, shown, alone=len(others) == 1)
            label = ": ".join(part for part in (heading, words) if part)
            sides.append((label, Side(reference, campaign, a), Side(level, campaign, b)))
    return sides


def _varying(variants: Sequence[VariantSummary], factor: str) -> list[str]:
    """Return the other factors that have more than one level."""
    names = dict.fromkeys(name for v in variants for name in v.factors)
    return [
        n for n in names if n != factor and len({level_of(v, n) for v in variants} - {None}) > 1
    ]
