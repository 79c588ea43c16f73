"""The answer as a table of five columns: variant, mean, change, interval, verdict.

It fits a terminal of 80 columns, and stands first wherever there is room for one table only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.answer_notes import comparison_notes, marks_of, undecided_notes
from benchharness.report.change_text import change_text
from benchharness.report.groups import Section, sections
from benchharness.report.metrics import (
    ALONE,
    METRICS,
    SINGLE,
    Sign,
    class_suffix,
    half_interval,
    headline_key,
    magnitude,
    metric_of,
    ranked,
    standings,
)
from benchharness.report.table import Cell, Column, Table, comparison_tables, section_rows
from benchharness.report.text import DASH, Unit, column_unit, plain, scaled_pm
from benchharness.standing import Word

_LABEL = 40
_TOLD = ("verdict", "energy_ratio", "duration_ratio", "coverage")  # in the answer, or its notes
_OF_RUN = {"duration_s": "time of a run", "memory_peak_bytes": "peak memory", "cpu_s": "CPU time"}


def answer_tables(summary: CampaignSummary) -> list[tuple[str, Table]]:
    """Return the table of each workload under its heading, "" where there is one workload only."""
    parts = sections(summary)
    found = [(part.heading, _answer(part)) for part in parts]
    heading, last = found[-1]
    return [*found[:-1], (heading, _with_notes(last, comparison_notes(summary)))]


def other_tables(summary: CampaignSummary) -> list[tuple[str, Table]]:
    """Return the metrics beside the one that the answer is about, without any verdict."""
    found = []
    for part, (heading, table) in zip(sections(summary), comparison_tables(summary), strict=True):
        told = headline_key(part.summary)
        keep = [i for i, column in enumerate(table.columns) if column.key not in (told, *_TOLD)]
        found.append((heading, _columns(table, keep)))
    return found


def _columns(table: Table, keep: Sequence[int]) -> Table:
    return replace(
        table,
        columns=tuple(table.columns[i] for i in keep),
        rows=tuple(tuple(row[i] for i in keep) for row in table.rows),
        notes=(),
    )


def _answer(part: Section) -> Table:
    summary = part.summary
    key = headline_key(summary)
    metric = METRICS[key]
    variants = ranked(summary, key)
    unit = column_unit((magnitude(v, key) for v in variants), metric.base)
    suffix = class_suffix(summary) if metric.is_energy else ""
    judged = standings(summary, key)
    compared = any(sign not in (ALONE, SINGLE) for sign in judged.values())
    columns = [
        Column(
            "variant",
            _OF_RUN.get(key, f"{metric.title.lower()} of a run"),
            left=True,
            importance=100,
        ),
        Column("mean", unit.symbol + suffix, importance=99),
        Column("change", "change", importance=92),
        Column("interval", "95 % interval", importance=80),
        Column("verdict", "verdict", left=True, importance=98),
    ]
    rows = [_row(summary, variant, key, unit, judged[variant.index]) for variant in variants]
    keep = range(len(columns)) if compared and len(rows) > 1 else range(2)
    return Table(
        caption=f"{metric.title.lower()}{suffix} of a run",
        columns=tuple(columns[i] for i in keep),
        rows=tuple(tuple(row[i] for i in keep) for row in rows),
        notes=tuple(undecided_notes(summary, key)),
        sections=section_rows(variants),
    )


def _row(
    summary: CampaignSummary, variant: VariantSummary, key: str, unit: Unit, sign: Sign
) -> tuple[Cell, ...]:
    metric = metric_of(variant, key)
    label = " ".join([plain(variant.label, _LABEL), *marks_of(summary, variant, key)])
    mean = scaled_pm(metric.mean if metric else None, half_interval(variant, key), unit)
    standing = metric.standing if metric is not None else None
    if standing is None or standing.word is Word.REFERENCE:
        return (Cell(label), Cell(mean), Cell(""), Cell(""), Cell(sign.text, sign.key))
    told = change_text(standing.ratio, standing.low, standing.high)
    change = "" if told.change == DASH else told.change
    return (
        Cell(label),
        Cell(mean),
        Cell(change, sign.key),
        Cell(told.interval, "muted"),
        Cell(sign.text, sign.key),
    )


def _with_notes(table: Table, notes: Sequence[str]) -> Table:
    return replace(table, notes=(*table.notes, *notes))
