"""The comparison with published results as tables of text cells, for every kind of output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.against_notes import Footnotes
from benchharness.report.against_records import (
    AGREES,
    CANNOT_TELL,
    CONTRADICTS,
    Against,
    Order,
    Part,
    RatioRow,
)
from benchharness.report.against_text import (
    measured_order,
    order_word,
    published_order,
)
from benchharness.report.groups import level_of
from benchharness.report.metrics import class_suffix
from benchharness.report.published import TITLES, Finding, Published
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, number, plain, scaled_pm
from benchharness.stats.ratio import Ratio
from benchharness.stats.verdict import listed
from benchharness.stats.verdict import ratio_text as ratio_with_digits

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
_TONES = {AGREES: "best", CONTRADICTS: "caution"}
_ORDER_NOTES = (
    "least first; <: told apart by Welch's test at 5 %, corrected by Holm for all pairs of an "
    "order; ?: not told apart; =: the same figure",
    "pairs: that agree / contradict / cannot be told; the published side has no spread, its order "
    "is taken as printed",
)
_RATIO_NOTE = (
    "measured: Fieller's 95 % interval; published: the bounds that the rounding of the printed "
    "figures leaves; a word compares the direction, not the size"
)


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
            tables.append(_orders(against.published, part, footnotes))
        if part.ratios:
            tables.append(_ratios(against, part))
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


def _orders(published: Published, part: Part, footnotes: Footnotes) -> Table:
    rows: list[tuple[Cell, ...]] = []
    sections = []
    for reading in dict.fromkeys(order.reading for order in part.orders):
        sections.append((len(rows), reading))
        for same in _alike([o for o in part.orders if o.reading == reading]):
            first = same[0]
            devices = [order.device for order in same]
            word = order_word(first)
            ids = footnotes.of_order(part.workload, devices, first.quantity)
            everywhere = len(devices) > 1 and len(devices) == len(part.devices)
            rows.append(
                (
                    Cell(TITLES[first.quantity][0]),
                    Cell("every device" if everywhere else listed(devices)),
                    Cell(published_order(published, first)),
                    Cell(measured_order(published, first)),
                    Cell(word, _TONES.get(word, "undecided")),
                    Cell(
                        " / ".join(str(first.count(w)) for w in (AGREES, CONTRADICTS, CANNOT_TELL))
                    ),
                    Cell(footnotes.mark(ids).strip() or DASH),
                )
            )
    return Table(
        caption=f"{part.heading}: orders of {published.compare}s, least first",
        columns=(
            Column("quantity", "by", left=True, importance=100),
            Column("device", "device", left=True, importance=70),
            Column("published", "published", left=True, importance=95),
            Column("measured", "measured", left=True, importance=96),
            Column("word", "verdict", left=True, importance=94),
            Column("pairs", "pairs", "+ / - / ?", left=True, importance=40),
            Column("audit", "audit", left=True, importance=45),
        ),
        rows=tuple(rows),
        notes=_ORDER_NOTES,
        sections=tuple(sections),
    )


def _alike(orders: Sequence[Order]) -> list[list[Order]]:
    """Group the orders of a reading whose published side is the same on several devices."""
    found: dict[tuple[str, tuple[tuple[str, bool], ...]], list[Order]] = {}
    for order in orders:
        values = [value.value for _, value in order.published]
        equal = [i > 0 and values[i] == values[i - 1] for i in range(len(values))]
        levels = [level for level, _ in order.published]
        key = (order.quantity, tuple(zip(levels, equal, strict=True)))
        found.setdefault(key, []).append(order)
    return list(found.values())


def _ratios(against: Against, part: Part) -> Table:
    published = against.published
    rows: list[tuple[Cell, ...]] = []
    sections = []
    for reading in dict.fromkeys(row.reading for row in part.ratios):
        sections.append((len(rows), reading))
        rows += [_ratio_row(published, part, r) for r in part.ratios if r.reading == reading]
    reference = published.shown(published.reference)
    suffix = class_suffix(against.campaign)
    joules = (f"energy: joules{suffix}",) if suffix and "energy_j" in part.quantities else ()
    return Table(
        caption=f"{part.heading}: ratios to {reference}",
        columns=(
            Column("quantity", "ratio of", left=True, importance=100),
            Column("level", published.compare, left=True, importance=99),
            *(
                Column(f"published {d}", d, "published", importance=90 - i)
                for i, d in enumerate(part.devices)
            ),
            Column("measured", "measured", "95 % interval", left=True, importance=98),
            *(
                Column(f"word {d}", d, "verdict", left=True, importance=70 - i)
                for i, d in enumerate(part.devices)
            ),
        ),
        rows=tuple(rows),
        notes=(_RATIO_NOTE, *joules),
        sections=tuple(sections),
    )


def _ratio_row(published: Published, part: Part, row: RatioRow) -> tuple[Cell, ...]:
    words = [row.words[device] for device in part.devices]
    return (
        Cell(TITLES[row.quantity][0]),
        Cell(published.shown(row.level)),
        *(Cell(ratio_cell(row.published.get(device))) for device in part.devices),
        Cell(ratio_cell(row.measured)),
        *(Cell(word, _TONES.get(word, "undecided")) for word in words),
    )


def ratio_cell(ratio: Ratio | None) -> str:
    """Return ``1.13 (1.10 to 1.16)`` with the digits that the interval bears."""
    if ratio is None or ratio.ratio != ratio.ratio:
        return DASH
    if ratio.low is None or ratio.high is None:
        return number(ratio.ratio, 3)
    text, low, high = ratio_with_digits(ratio)
    return text if low == high else f"{text} ({low} to {high})"
