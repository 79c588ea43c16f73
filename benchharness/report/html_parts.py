"""What the page shows of each workload: forests, the table of all figures, every run, the bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchharness.model import CampaignSummary
from benchharness.report import html_panels
from benchharness.report.comparing import comparing
from benchharness.report.figures_power import PowerPlot, power_plot
from benchharness.report.groups import groups, sections
from benchharness.report.html_forest import Forest, forest
from benchharness.report.html_stacks import Stack, energy_stack, time_stack
from benchharness.report.in_words import drift_sentence, pair_sentences, resolution
from benchharness.report.metrics import METRICS, headline_key
from benchharness.report.pairs import MOST_VARIANTS, PairMatrix, pair_matrix
from benchharness.report.statistics_table import statistics_table
from benchharness.report.table import Table, comparison_tables
from benchharness.report.text import plain


@dataclass(frozen=True, slots=True)
class Part:
    """One workload. ``name`` is for the page's links; ``heading`` is "" where there is one only."""

    name: str
    heading: str
    trials: int
    variants: int
    headline: str
    kinds: tuple[str, ...]  # the kinds of mode that are apart
    main_forest: Forest | None
    other_forests: tuple[Forest, ...]
    table: Table
    dots: tuple[html_panels.Panels, float] | None
    stacks: tuple[Stack, ...]
    matrices: tuple[PairMatrix, ...]
    many: str  # why some have no matrix
    words: tuple[str, ...]
    statistics: Table | None
    power: PowerPlot | None


def parts(summary: CampaignSummary, limits: html_panels.Limits) -> list[Part]:
    """Return the workloads in the order of the run table; what is drawn is shared out evenly."""
    found = sections(summary)
    share = replace(limits, dots=max(1, limits.dots // len(found)))
    tables = [table for _, table in comparison_tables(summary)]
    return [
        _part(place, section.heading, section.summary, table, share)
        for place, (section, table) in enumerate(zip(found, tables, strict=True))
    ]


def _part(
    place: int, heading: str, summary: CampaignSummary, table: Table, limits: html_panels.Limits
) -> Part:
    key = headline_key(summary)
    others = [k for k in ("duration_s", "memory_peak_bytes") if k != key]
    name = f"-{place + 1}" if heading else ""
    found = [(group, pair_matrix(summary, group, key)) for group in groups(summary.variants)]
    matrices = tuple(matrix for _, matrix in found if matrix is not None)
    words = [*pair_sentences(matrices, summary), resolution(matrices, summary, key)]
    return Part(
        name=name,
        heading=plain(heading, 60),
        trials=len(summary.trials),
        variants=len(summary.variants),
        headline=METRICS[key].title,
        kinds=tuple(text for _, text in table.sections),
        main_forest=forest(summary, key),
        other_forests=_known([forest(summary, k, most_ticks=3) for k in others]),
        table=table,
        dots=html_panels.run_dots(summary, limits, f"dots{name}"),
        stacks=tuple(s for s in (energy_stack(summary), time_stack(summary)) if s is not None),
        matrices=matrices,
        many=_many(
            max((len(g.members) for g, _ in found), default=0), comparing(summary, key).against
        ),
        words=tuple(w for w in (*words, drift_sentence(summary, key)) if w),
        statistics=statistics_table(summary),
        power=power_plot(summary, f"power{name}"),
    )


def _many(most: int, against: str) -> str:
    if most <= MOST_VARIANTS:
        return ""
    return (
        f"With {most} variants there is no matrix of all pairs: the figures above have every "
        f"pair with the reference ({against})."
    )


def _known(found: Sequence[Forest | None]) -> tuple[Forest, ...]:
    return tuple(each for each in found if each is not None)
