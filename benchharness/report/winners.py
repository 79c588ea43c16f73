"""The lowest of each group, a row a group: the head of a page where not all variants compete."""

from __future__ import annotations

from dataclasses import replace

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.groups import Group, groups, is_divided, name_in, sections
from benchharness.report.metrics import (
    METRICS,
    class_suffix,
    half_interval,
    headline_key,
    magnitude,
    metric_of,
    ranked,
    standings,
)
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, column_unit, plain, ratio_text, scaled_pm

_EMPTY = Cell(DASH, "muted")


def winners(summary: CampaignSummary) -> Table | None:
    """Return the winners; None where all variants compete, so that there is one."""
    if not is_divided(summary):
        return None
    rows = [
        row
        for part in sections(summary)
        for group in groups(part.summary.variants)
        for row in [_row(replace(part.summary, variants=group.members), group)]
    ]
    metrics = {_metric(part.summary) for part in sections(summary)}
    columns = (
        Column("workload", "workload", left=True, importance=100),
        Column("mode", "mode", left=True, importance=99),
        Column("lowest", "lowest", left=True, importance=98),
        Column("value", metrics.pop() if len(metrics) == 1 else "mean of a run", importance=95),
        Column("next", "next", left=True, importance=80),
    )
    empty = {c.key for i, c in enumerate(columns) if all(r[i].text in ("", DASH) for r in rows)}
    keep = [i for i, c in enumerate(columns) if c.key not in empty]
    return Table(
        "the lowest of each workload and kind of mode",
        tuple(columns[i] for i in keep),
        tuple(tuple(row[i] for i in keep) for row in rows),
    )


def _row(summary: CampaignSummary, group: Group[VariantSummary]) -> tuple[Cell, ...]:
    key = headline_key(summary)
    found = [v for v in ranked(summary, key) if metric_of(v, key) is not None]
    name = (Cell(plain(group.workload, 40)), Cell(group.kind or DASH))
    if not found:
        return (*name, Cell("no good run", "caution"), _EMPTY, _EMPTY)
    best, metric = found[0], METRICS[key]
    unit = column_unit([magnitude(best, key)], metric.base)
    mean = scaled_pm(best.metrics[key].mean, half_interval(best, key), unit)
    return (
        *name,
        Cell(_name(best, group.kind), "best"),
        Cell(f"{mean} {unit.symbol}"),
        _next(summary, key, group.kind, [v.index for v in found]),
    )


def _metric(summary: CampaignSummary) -> str:
    metric = METRICS[headline_key(summary)]
    return f"{metric.title.lower()}{class_suffix(summary) if metric.is_energy else ''}"


def _name(variant: VariantSummary, kind: str) -> str:
    return plain(name_in(variant, kind, several=False), 60)  # a section's labels have no workload


def _next(summary: CampaignSummary, key: str, kind: str, order: list[int]) -> Cell:
    """Return what comes second, how far it is, and whether the two can be told apart."""
    if len(order) < 2:
        return Cell("alone", "muted")
    second = next(v for v in summary.variants if v.index == order[1])
    judged = standings(summary, key)[second.index]
    ratio = second.metrics[key].ratio_to_best
    name = _name(second, kind)
    text = f"{name} × {ratio_text(ratio)}" if ratio else name
    return Cell(f"{judged.glyph} {text}".strip(), judged.key)
