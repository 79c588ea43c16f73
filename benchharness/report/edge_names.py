"""The columns of an edge table that say what a row is: runtime, mode and what else was varied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from benchharness.model import CampaignSummary
from benchharness.report.edge_rows import EdgeRow, other_factors
from benchharness.report.groups import name_in, workloads
from benchharness.report.table import Cell, Column
from benchharness.report.text import DASH, plain

EMPTY = Cell(DASH, "muted")


def name_columns(
    summary: CampaignSummary, rows: Sequence[EdgeRow]
) -> list[tuple[Column, Callable[[EdgeRow], Cell]]]:
    """Return the columns that say what a row is: runtime, mode and what else was varied.

    Where these do not tell the rows apart the label comes first; it stands for a runtime that a
    row does not have.
    """
    others = other_factors(summary)
    several = len(workloads(summary.variants)) > 1

    def label(row: EdgeRow) -> Cell:
        return Cell(plain(name_in(row.variant, "", several=several), 60))

    keys = [
        (r.variant.workload, r.runtime or label(r).text, r.mode, *r.others.values()) for r in rows
    ]
    columns: list[tuple[Column, Callable[[EdgeRow], Cell]]] = []
    if not any(row.runtime for row in rows) or len({*keys}) < len(keys):
        columns.append((Column("variant", "variant", left=True, importance=100), label))
    if any(row.runtime for row in rows):
        columns.append(
            (
                Column("runtime", "runtime", left=True, importance=99),
                lambda row: _level(row.runtime) if row.runtime else label(row),
            )
        )
    if any(row.mode for row in rows):
        columns.append(
            (Column("mode", "mode", left=True, importance=98), lambda row: _level(row.mode))
        )
    columns += [(_factor_column(name), partial(_other_level, name)) for name in others]
    return columns


def _factor_column(name: str) -> Column:
    return Column(f"factor:{name}", plain(name, 24), left=True, importance=97)


def _other_level(name: str, row: EdgeRow) -> Cell:
    return _level(row.others.get(name))


def _level(level: str | None) -> Cell:
    return EMPTY if level is None else Cell(plain(level, 30))
