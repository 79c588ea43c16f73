"""The third part of the edge table: what the programs of a workload say of themselves."""

from __future__ import annotations

from benchharness.report.edge_figure import EdgeFigure
from benchharness.report.edge_names import EMPTY, name_columns
from benchharness.report.edge_program import (
    CAPTION,
    NOTE,
    PEAK,
    PEAK_NOTE,
    said_columns,
    said_names,
)
from benchharness.report.edge_rows import edge_rows
from benchharness.report.groups import Section
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import Unit, number, plain, scaled_pm


def said_table(section: Section) -> Table | None:
    """Return the table of a workload; None where its programs say nothing."""
    rows = edge_rows(section.summary)
    sizes: dict[str, list[float]] = {}
    for name in said_names(section.summary):
        told = [figure for row in rows if (figure := row.said.get(name))]
        if told:
            sizes[name] = [max(abs(f.mean), f.half or 0.0) for f in told]
    columns = said_columns(sizes)
    if not columns:
        return None
    rows = [row for row in rows if row.said]
    names = name_columns(section.summary, rows)
    heading = f": {plain(section.heading, 60)}" if section.heading else ""
    notes = [NOTE]
    if any(row.said[c.name].half for row in rows for c in columns if c.name in row.said):
        notes.append("±: 95 % interval of the mean between runs")
    if PEAK in sizes:
        notes.append(PEAK_NOTE)
    return Table(
        f"{CAPTION}{heading}",
        (
            *(column for column, _ in names),
            *(
                Column(f"metric:{c.name}", c.title, c.unit.symbol, importance=c.importance)
                for c in columns
            ),
        ),
        tuple(
            (
                *(make(row) for _, make in names),
                *(_said_cell(row.said.get(c.name), c.unit) for c in columns),
            )
            for row in rows
        ),
        tuple(notes),
    )


def _said_cell(figure: EdgeFigure | None, unit: Unit) -> Cell:
    if figure is None:
        return EMPTY
    if not unit.symbol and figure.mean == int(figure.mean) and not figure.half:
        return Cell(f"{figure.mean:.0f}")  # a count
    if figure.half is None:
        return Cell(number(figure.mean / unit.factor, 4 if unit.symbol != "%" else 3))
    return Cell(scaled_pm(figure.mean, figure.half, unit))
