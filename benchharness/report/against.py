"""A campaign against published results: orderings and ratios, never times across machines.

The published side has no intervals: its order is taken as printed, its ratios bear the rounding of
their figures. The measured side ranks nothing that it cannot tell apart: Welch's test at 5 %,
Holm's correction for the pairs of an ordering, Fieller's interval for a ratio.

Every workload is read twice: with each level in the mode (and build) in which it was published,
and like with like, all levels in the same one.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.against_measured import IN_WINDOW, RAM, Measuring
from benchharness.report.against_orders import PartComparison
from benchharness.report.against_readings import known_factors, readings_of, slices
from benchharness.report.against_records import Against, Part, Reading
from benchharness.report.groups import level_of
from benchharness.report.published import TITLES, Published, Row
from benchharness.stats.saying import listed


def compare_published(campaign: CampaignSummary, published: Published) -> Against:
    """Compare a campaign with published results.

    Raises UsageError if they have no workload and level in common, with what there should be.
    """
    measuring = Measuring(campaign, {w: n.measured for w, n in published.workloads.items()})
    parts = []
    for workload in dict.fromkeys(row.workload for row in published.rows):
        rows = [row for row in published.rows if row.workload == workload]
        levels = {row.factors.get(published.compare) for row in rows}
        variants = [
            v
            for v in campaign.variants
            if v.workload == workload and v.ok and level_of(v, published.compare) in levels
        ]
        known = known_factors(rows, published)
        for others, members in slices(variants, known, published.compare):
            parts.append(_part(measuring, published, rows, members, others, known))
    if not parts:
        raise UsageError(_nothing(campaign, published), remedy=_needs(published))
    return Against(published, campaign, measuring, tuple(parts), _notes(campaign, published, parts))


def _part(
    measuring: Measuring,
    published: Published,
    rows: Sequence[Row],
    variants: Sequence[VariantSummary],
    words: str,
    known: Sequence[str],
) -> Part:
    levels = tuple(
        dict.fromkeys(
            row.factors[published.compare] for row in rows if published.compare in row.factors
        )
    )
    devices = tuple(dict.fromkeys(row.device for row in rows))
    quantities = tuple(
        q
        for q in TITLES
        if any(q in row.values for row in rows)
        or (q == "energy_j" and any(measuring.get(v, q) for v in variants))
    )
    readings = readings_of(rows, variants, levels, published.compare, known)
    comparison = PartComparison(measuring, published, rows, devices, levels)
    usable = [r for r in readings if len(r.variants) > 1]
    news = [
        (reading, q)
        for place, reading in enumerate(usable)
        for q in quantities
        if not any(comparison.same(reading, earlier, q) for earlier in usable[:place])
    ]
    return Part(
        workload=rows[0].workload,
        words=words,
        devices=devices,
        levels=levels,
        quantities=quantities,
        rows=tuple(rows),
        variants=tuple(variants),
        readings=tuple(readings),
        orders=tuple(o for r, q in news for o in comparison.orders(r, q)),
        ratios=tuple(o for r, q in news for o in comparison.ratios(r, q)),
        notes=tuple(_part_notes(measuring, published, rows, variants, levels, readings)),
    )


def _part_notes(
    measuring: Measuring,
    published: Published,
    rows: Sequence[Row],
    variants: Sequence[VariantSummary],
    levels: Sequence[str],
    readings: Sequence[Reading],
) -> list[str]:
    notes = []
    workload = rows[0].workload
    wanted = published.workloads[workload].set if workload in published.workloads else {}
    for name, value in wanted.items():
        levels_here = {level_of(v, name) for v in variants}
        here = {x for x in levels_here if x is not None and not _same(x, value)}
        if here:
            notes.append(
                f"here {name} is {listed(sorted(here))}, in the publication {value}: "
                "orders and ratios may depend on it"
            )
    if len(levels) == 1:
        notes.append(
            f"published under {published.shown(levels[0])} only: no order and no ratio to compare"
        )
    elif readings[0].missing:
        notes.append(f"as published is not complete here: it needs {listed(readings[0].missing)}")
    if len(levels) > 1 and all(len(reading.variants) < 2 for reading in readings):
        notes.append(f"one {published.compare} only was measured: no order and no ratio to compare")
    singles = [v.label for v in variants if v.ok == 1]
    if singles and len(singles) == sum(v.ok > 0 for v in variants):
        notes.append("one good run of each variant: no interval, so that nothing is ranked")
    elif singles:
        notes.append(f"one good run of {listed(singles)}: no interval, so that nothing is ranked")
    if any("current_ma" in row.values for row in rows):
        notes.append(_about_current(measuring, variants))
    if any(RAM in row.values for row in rows):
        notes.append(_about_memory(measuring, workload))
    return notes


def _about_memory(measuring: Measuring, workload: str) -> str:
    if measuring.campaign.environment.get("memory_bytes") is None:
        return "RAM: the size of this machine's memory is not known"
    if measuring.memory_key(workload) == IN_WINDOW:
        return "RAM here: the most at a sample in the window, without the start before it"
    return (
        "RAM here: the peak of the whole run, start-up and compiling included, since not every "
        "variant has a sample in its window"
    )


def _about_current(measuring: Measuring, variants: Sequence[VariantSummary]) -> str:
    if any(measuring.get(v, "current_ma") for v in variants):
        return (
            "current on the mains side: apparent, and no measure of energy; with another supply "
            "unit or meter even its order may differ"
        )
    return (
        "no mains current was measured here; a current is not computed from watts, "
        "since no power factor is known"
    )


def _same(level: str, value: str) -> bool:
    """Say whether two levels are the same, as numbers where they are numbers: 2 and 2.0."""
    try:
        return float(level) == float(value)
    except ValueError:
        return level == value


def _notes(
    campaign: CampaignSummary, published: Published, parts: Sequence[Part]
) -> tuple[str, ...]:
    notes = []
    if campaign.quick:
        notes.append("a quick run with small inputs: not a result")
    there = {part.workload for part in parts}
    absent = [w for w in dict.fromkeys(row.workload for row in published.rows) if w not in there]
    if absent:
        notes.append(f"published, with no good run here: {listed(absent)}")
    return tuple(notes)


def _nothing(campaign: CampaignSummary, published: Published) -> str:
    return f"campaign {campaign.campaign_id} has no good run in common with {published.short}"


def _needs(published: Published) -> str:
    by_workload: dict[str, list[str]] = {}
    for row in published.rows:
        level = row.factors.get(published.compare)
        if level is not None and level not in by_workload.setdefault(row.workload, []):
            by_workload[row.workload].append(level)
    words = [f"{w} ({published.compare} {', '.join(x)})" for w, x in by_workload.items()]
    return f"it would need one of {'; '.join(words)}"
