"""The comparison with published results as tables of text cells, for every kind of output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.against_notes import Footnotes
from benchharness.report.against_order_table import orders_table
from benchharness.report.against_ratio_table import ratios_table
from benchharness.report.against_records import Against, Part
from benchharness.report.groups import level_of
from benchharness.report.metrics import class_suffix
from benchharness.report.published import TITLES, Finding, Published
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, number, plain, scaled_pm

HERE = "here"
# What a narrow terminal keeps longest.
_IMPORTANCE = {
    "duration_s": 79,
    "cpu_percent": 70,
    "host_mb": 66,
    "module_kb": 65,
    "ram_percent": 60,
    "energy_j": 55,
    "current_ma": 50,
}


@dataclass(frozen=True, slots=True)
class PartTables:
    """One workload: its heading, its tables, and what is to be said of it."""

    heading: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgainstTables:
    """All tables with the footnotes that their [numbers] refer to."""

    parts: tuple[PartTables, ...]
    footnotes: tuple[tuple[int, Finding], ...]


def against_tables(against: Against) -> AgainstTables:
    """Build the tables: figures side by side, orders, ratios, for every part."""
    footnotes = Footnotes(against.published.findings)
    parts = []
    for part in against.parts:
        tables = [_values(against, part, footnotes)]
        if part.orders:
            tables.append(orders_table(against.published, part, footnotes))
        if part.ratios:
            tables.append(ratios_table(against, part, footnotes))
        parts.append(PartTables(part.heading, tuple(tables), part.notes))
    return AgainstTables(tuple(parts), tuple(footnotes.used()))


def _values(against: Against, part: Part, footnotes: Footnotes) -> Table:
    """Return a row a level and place: the published devices, then this campaign's variants."""
    published = against.published
    known = [n for n in published.factors if any(n in row.factors for row in part.rows)]
    shown = [n for n in known if n != published.compare]
    rows: list[tuple[Cell, ...]] = []
    sections = []
    heads = _shared_marks(part, published, footnotes)
    columns = (
        Column("where", "where", left=True, importance=100),
        *(Column(n, n, left=True, importance=80) for n in shown),
        *(_quantity_column(q, against.campaign, footnotes.mark(heads[q])) for q in part.quantities),
    )
    for level in part.levels:
        sections.append((len(rows), published.shown(level)))
        rows += _published_rows(part, published, level, shown, footnotes, heads)
        for variant in part.variants:
            if level_of(variant, published.compare) == level:
                rows.append(_measured_row(against, part, variant, shown))
    return Table(
        caption=f"{part.heading}: as published and as measured here; times of different machines "
        "are not compared",
        columns=columns,
        rows=tuple(rows),
        notes=("±: 95 % interval of the mean between runs",),
        sections=tuple(sections),
    )


def _quantity_column(quantity: str, campaign: CampaignSummary, mark: str) -> Column:
    title, unit = TITLES[quantity]
    suffix = class_suffix(campaign) if quantity == "energy_j" else ""
    return Column(quantity, title, f"{unit}{suffix}{mark}", importance=_IMPORTANCE[quantity])


def _shared_marks(
    part: Part, published: Published, footnotes: Footnotes
) -> Mapping[str, Sequence[str]]:
    """Return for each quantity the findings that all of its printed figures have."""
    found = {}
    for quantity in part.quantities:
        each = [
            footnotes.of_value(
                row.workload, row.device, row.factors.get(published.compare, ""), quantity
            )
            for row in part.rows
            if quantity in row.values
        ]
        found[quantity] = [i for i in each[0] if all(i in ids for ids in each)] if each else []
    return found


def _published_rows(
    part: Part,
    published: Published,
    level: str,
    shown: Sequence[str],
    footnotes: Footnotes,
    heads: Mapping[str, Sequence[str]],
) -> Iterable[tuple[Cell, ...]]:
    """Yield a row a device: what several tables print of it stands together."""
    for device in part.devices:
        rows = [
            r for r in part.rows if r.device == device and r.factors.get(published.compare) == level
        ]
        if not rows:
            continue
        cells = []
        for quantity in part.quantities:
            value = next((r.values[quantity] for r in rows if quantity in r.values), None)
            if value is None:
                cells.append(Cell(DASH, "muted"))
                continue
            ids = footnotes.of_value(part.workload, device, level, quantity)
            own = footnotes.mark([i for i in ids if i not in heads[quantity]])
            cells.append(Cell(f"{value.text}{own}"))
        factors = {n: x for r in rows for n, x in r.factors.items()}
        yield (Cell(device), *(Cell(factors.get(n, DASH)) for n in shown), *cells)


def _measured_row(
    against: Against, part: Part, variant: VariantSummary, shown: Sequence[str]
) -> tuple[Cell, ...]:
    cells = []
    for quantity in part.quantities:
        figure = against.measuring.get(variant, quantity)
        if figure is None:
            cells.append(Cell(DASH, "muted"))
        elif figure.half is None:
            cells.append(Cell(number(figure.mean, 3)))
        else:
            cells.append(Cell(scaled_pm(figure.mean, figure.half, Unit("", 1.0))))
    levels = [level_of(variant, n) for n in shown]
    return (Cell(HERE, "best"), *(Cell(plain(x or DASH, 40)) for x in levels), *cells)
