"""The lowest of each group, a row a group: the head of a page where not all variants compete."""

from __future__ import annotations

from dataclasses import replace

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.groups import Group, groups, is_divided, name_in, sections
from benchharness.report.metrics import (
    ALONE,
    BEST,
    HIGHER,
    METRICS,
    MISSING,
    SINGLE,
    UNDECIDED,
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
from benchharness.report.timed_out import reason_of

_EMPTY = Cell(DASH, "muted")
_DECIDED, _UNDECIDED, _UNRANKED = "decided", "undecided", "not ranked"
# Intervals hold together within a workload and kind of mode, not over all that is counted.
EACH_AT = "Each at 95 %: by chance one in twenty of them is wrong."
_SHORT = 150  # characters that a headline of two lines holds


def winners(summary: CampaignSummary) -> Table | None:
    """Return the winners; None where all variants compete, so that there is one."""
    if not is_divided(summary):
        return None
    rows = [
        _row(replace(part.summary, variants=group.members), group, headline_key(part.summary))
        for part in sections(summary)
        for group in groups(part.summary.variants)
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


def headline(summary: CampaignSummary) -> dict[str, str] | None:
    """Return a sentence that counts what was decided, and what failed, for the table below it.

    None where the verdict itself is short, or says all: a page's headline has two lines.
    """
    if not is_divided(summary) or _is_short(summary.verdict):
        return None
    found = [
        _outcome(replace(part.summary, variants=group.members), headline_key(part.summary))
        for part in sections(summary)
        for group in groups(part.summary.variants)
        if not group.is_reference
    ]
    counts = [outcome for outcome in found if outcome]
    if not counts:
        return None
    metrics = {_metric(part.summary) for part in sections(summary)}
    head = f"{metrics.pop().capitalize()}: a" if len(metrics) == 1 else "A"
    text = f"{head} lowest variant in {counts.count(_DECIDED)} of {len(counts)} comparisons"
    for outcome in (_UNDECIDED, _UNRANKED):
        text += f", {counts.count(outcome)} {outcome}" if outcome in counts else ""
    failed = sum(v.trials > 0 and v.ok == 0 for v in summary.variants)
    rest = [EACH_AT] if len(counts) > 1 and _DECIDED in counts else []
    rest += [f"No good trial of {failed} variant{'' if failed == 1 else 's'}."] if failed else []
    return {"head": f"{'Quick run. ' if summary.quick else ''}{text}.", "rest": " ".join(rest)}


def _is_short(verdict: str) -> bool:
    return len(verdict) <= _SHORT


def _outcome(summary: CampaignSummary, key: str) -> str:
    """Return how the comparison of a group ended; "" where there is nothing to compare.

    The metric is that of the workload, for all its groups, as it is in the workload's own table.
    """
    judged = {
        found for found in standings(summary, key).values() if found not in (ALONE, BEST, MISSING)
    }
    if sum(metric_of(variant, key) is not None for variant in summary.variants) < 2:
        return ""
    if judged == {HIGHER}:
        return _DECIDED
    return _UNDECIDED if judged <= {HIGHER, UNDECIDED} else _UNRANKED


def _row(summary: CampaignSummary, group: Group[VariantSummary], key: str) -> tuple[Cell, ...]:
    found = [
        v
        for v in ranked(summary, key)
        if metric_of(v, key) is not None and reason_of(summary, v, key) is None
    ]
    name = (Cell(plain(group.workload, 40)), Cell(group.kind or DASH))
    if not found:
        return (*name, Cell("no good run", "caution"), _EMPTY, _EMPTY)
    best, metric = found[0], METRICS[key]
    unit = column_unit([magnitude(best, key)], metric.base)
    mean = scaled_pm(best.metrics[key].mean, half_interval(best, key), unit)
    return (
        *name,
        Cell(_name(best, group.kind), "best" if BEST in standings(summary, key).values() else ""),
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
    ratio = second.metrics[key].ratio
    name = _name(second, kind)
    text = f"{name} × {ratio_text(ratio)}" if ratio else name
    text += f", {judged.word}" if judged is SINGLE else ""
    return Cell(f"{judged.glyph} {text}".strip(), judged.key)
