"""Two campaigns, or the levels of one factor, side by side: ratios with intervals, or a refusal.

Variants are paired by their factors. What must be equal (machine, meter, class of the joules,
quick or not) is checked first; a changed kernel or library is said, and does not stop anyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import CampaignSummary, MetricSummary, VariantSummary
from benchharness.report.comparison_guard import (
    changed,
    class_differences,
    differences,
    refuse,
)
from benchharness.report.comparison_pairs import pair_words, paired
from benchharness.report.derive_variants import VariantTrials
from benchharness.report.groups import level_of, workloads
from benchharness.report.metrics import metric_of
from benchharness.report.text import plain
from benchharness.stats.ratio import Ratio, ratio_of_means
from benchharness.stats.sample import Spread, spread
from benchharness.stats.welch import holm, welch_p

COMPARED = ("energy_net_j", "energy_gross_j", "duration_s", "memory_peak_bytes", "cpu_s")
SIGNIFICANCE = 0.05
LOWER, HIGHER, UNDECIDED, SINGLE = "lower", "higher", "undecided", "no interval"


@dataclass(frozen=True, slots=True)
class Side:
    """One variant of a pair, with the campaign that it was run in."""

    name: str
    campaign: CampaignSummary
    variant: VariantSummary


@dataclass(frozen=True, slots=True)
class Change:
    """A metric of B against A: the ratio B/A with its 95 % interval, and the verdict."""

    metric: str
    a: MetricSummary
    b: MetricSummary
    ratio: Ratio | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two variants that differ in what is compared, and in nothing else."""

    label: str
    a: Side
    b: Side
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every pair, what could not be paired, and what differs besides."""

    title: str
    pairs: tuple[Pair, ...]
    unpaired: tuple[str, ...]
    differs: tuple[str, ...]  # what should keep one from comparing
    notes: tuple[str, ...]  # what is as well to know


def compare_campaigns(a: CampaignSummary, b: CampaignSummary, *, force: bool = False) -> Comparison:
    """Compare the variants that two campaigns have in common.

    Raises UsageError if they must not be compared (unless ``force``) or have nothing in common.
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
    return Comparison(
        title=f"{b.campaign_id} ({plain(b.title, 40)}) against {a.campaign_id} "
        f"({plain(a.title, 40)})",
        pairs=tuple(
            pair
            for workload in workloads([side.variant for _, side, _ in sides])
            for pair in _pairs([each for each in sides if each[1].variant.workload == workload])
        ),
        unpaired=tuple(unpaired),
        differs=tuple(differs),
        notes=tuple(changed(a.environment, b.environment)),
    )


def compare_levels(
    campaign: CampaignSummary, factor: str, baseline: str | None = None, *, force: bool = False
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
    paired = {s.variant.index for _, a, b in sides for s in (a, b)}
    return Comparison(
        title=f"{factor} against {reference}, campaign {campaign.campaign_id}",
        pairs=tuple(pair for family in families for pair in _pairs(family)),
        unpaired=tuple(plain(v.label, 60) for v in campaign.variants if v.index not in paired),
        differs=tuple(differs),
        notes=(),
    )


def _level_sides(
    campaign: CampaignSummary,
    members: Sequence[VariantSummary],
    factor: str,
    reference: str,
    *,
    heading: str,
) -> list[tuple[str, Side, Side]]:
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


def _varying(variants: Sequence[VariantSummary], factor: str) -> list[str]:
    """Return the other factors that have more than one level."""
    names = dict.fromkeys(name for v in variants for name in v.factors)
    return [
        n for n in names if n != factor and len({level_of(v, n) for v in variants} - {None}) > 1
    ]


def _pairs(sides: Sequence[tuple[str, Side, Side]]) -> tuple[Pair, ...]:
    """Compare each pair in each metric; Holm's correction counts the pairs of a metric.

    ``sides`` are of one workload, since nothing is decided across workloads.
    """
    by_pair: list[list[Change]] = [[] for _ in sides]
    for metric in COMPARED:
        spreads = [(_spread(a, b, metric), _spread(b, a, metric)) for _, a, b in sides]
        known = [i for i, (of_a, of_b) in enumerate(spreads) if of_a and of_b]
        tests = [(spreads[i][0], spreads[i][1]) for i in known]
        p_values = dict(zip(known, holm([welch_p(a, b) for a, b in tests if a and b]), strict=True))
        for place, (_, a, b) in enumerate(sides):
            change = _change(a, b, metric, spreads[place], p_values.get(place))
            if change is not None:
                by_pair[place].append(change)
    return tuple(
        Pair(label, a, b, tuple(changes))
        for (label, a, b), changes in zip(sides, by_pair, strict=True)
    )


def _spread(side: Side, other: Side, metric: str) -> Spread | None:
    variant = _trials(side)
    meters = variant.meters | _trials(other).meters
    return spread(variant.sample(metric, one_meter=len(meters) <= 1))


def _trials(side: Side) -> VariantTrials:
    v = side.variant
    return VariantTrials(
        {"index": v.index, "label": v.label, "factors": v.factors}, side.campaign.trials
    )


def _change(
    a: Side, b: Side, metric: str, spreads: tuple[Spread | None, Spread | None], p: float | None
) -> Change | None:
    of_a, of_b = metric_of(a.variant, metric), metric_of(b.variant, metric)
    if of_a is None or of_b is None or of_a.mean is None or of_b.mean is None:
        return None
    if of_a.mean <= 0 or of_b.mean <= 0:  # a net energy below its uncertainty bears no ratio
        return Change(metric, of_a, of_b, None, UNDECIDED)
    spread_a, spread_b = spreads
    if spread_a is None or spread_b is None or p is None:
        return Change(metric, of_a, of_b, Ratio(of_b.mean / of_a.mean, None, None), SINGLE)
    ratio = ratio_of_means(spread_b, spread_a)
    if p > SIGNIFICANCE:
        return Change(metric, of_a, of_b, ratio, UNDECIDED)
    return Change(metric, of_a, of_b, ratio, LOWER if of_b.mean < of_a.mean else HIGHER)
