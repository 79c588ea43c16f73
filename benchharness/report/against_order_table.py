"""Orders as published and as measured: side by side, or below each other where there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.report.against_notes import Footnotes
from benchharness.report.against_records import (
    AGREES,
    CANNOT_TELL,
    CONTRADICTS,
    NOT_COMPARABLE,
    Order,
    Part,
)
from benchharness.report.against_text import measured_order, order_word, published_order
from benchharness.report.published import TITLES, Place, Published
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH
from benchharness.stats.saying import listed

TONES = {AGREES: "best", CONTRADICTS: "caution"}
_NOTES = (
    "least first; <: told apart by Welch's test at 5 %, corrected by Holm for all pairs of an "
    "order; ?: not told apart; =: the same figure",
    "pairs: that agree / contradict / cannot be told; the published side has no spread, its order "
    "is taken as printed",
)
_UNLIKE_NOTE = (
    f"{NOT_COMPARABLE}: what is printed is of another thing than what is measured here; the "
    "numbers say why"
)


@dataclass(frozen=True, slots=True)
class _Line:
    """One row: an order on some devices, or a level that is not comparable."""

    reading: str
    quantity: str
    devices: str
    published: str
    measured: str
    word: str
    pairs: str
    audit: str


def orders_table(published: Published, part: Part, footnotes: Footnotes) -> Table:
    """Return a row an order; with the published order above the measured one where it is narrow."""
    lines = _lines(published, part, footnotes)
    caption = f"{part.heading}: orders of {published.compare}s, least first"
    unlike = any(line.word == NOT_COMPARABLE for line in lines)
    notes = (*_NOTES, *((_UNLIKE_NOTE,) if unlike else ()))
    return Table(
        caption=caption,
        columns=(
            Column("quantity", "by", left=True, importance=100),
            Column("device", "device", left=True, importance=97),
            Column("published", "published", left=True, importance=95),
            Column("measured", "measured", left=True, importance=96),
            Column("word", "verdict", left=True, importance=94),
            Column("audit", "audit", left=True, importance=93),
            Column("pairs", "pairs", "+ / - / ?", left=True, importance=40),
        ),
        rows=tuple(
            (
                Cell(TITLES[line.quantity][0]),
                Cell(line.devices),
                Cell(line.published),
                Cell(line.measured),
                _verdict(line),
                Cell(line.audit),
                Cell(line.pairs),
            )
            for line in lines
        ),
        notes=notes,
        sections=headings([line.reading for line in lines]),
        narrow=_narrow(caption, lines, (_NOTES[0], *notes[2:])),
    )


def _narrow(caption: str, lines: Sequence[_Line], notes: tuple[str, ...]) -> Table:
    """Return two rows an order, the devices in the headings: the audit is below the verdict."""
    blocks: dict[str, list[_Line]] = {}
    for line in lines:
        blocks.setdefault(f"{line.reading}, {line.devices}", []).append(line)
    rows: list[tuple[Cell, ...]] = []
    heads: list[str] = []
    for head, members in blocks.items():
        for line in members:
            heads += [head, head]
            title = TITLES[line.quantity][0]
            rows.append((Cell(title), Cell("published"), Cell(line.published), _verdict(line)))
            rows.append((Cell(""), Cell("here"), Cell(line.measured), Cell(line.audit)))
    return Table(
        caption=caption,
        columns=(
            Column("quantity", "by", left=True, importance=100),
            Column("side", "", left=True, importance=99),
            Column("order", "order", left=True, importance=98),
            Column("word", "verdict, audit", left=True, importance=97),
        ),
        rows=tuple(rows),
        notes=notes,
        sections=headings(heads),
    )


def _lines(published: Published, part: Part, footnotes: Footnotes) -> list[_Line]:
    lines = []
    for reading in dict.fromkeys(order.reading for order in part.orders):
        for same in _alike([o for o in part.orders if o.reading == reading]):
            if len(same[0].published) > 1:
                lines.append(_order_line(published, part, same, footnotes))
            lines += [_apart_line(published, part, same, k, footnotes) for k in same[0].apart]
    return lines


def _order_line(
    published: Published, part: Part, same: Sequence[Order], footnotes: Footnotes
) -> _Line:
    first = same[0]
    levels = [level for level, _ in first.published]
    ids = footnotes.of_order(part.workload, [o.device for o in same], first.quantity, levels)
    return _Line(
        first.reading,
        first.quantity,
        _devices(part, same),
        published_order(published, first),
        measured_order(published, first),
        order_word(first),
        " / ".join(str(first.count(w)) for w in (AGREES, CONTRADICTS, CANNOT_TELL)),
        footnotes.mark(ids).strip() or DASH,
    )


def _apart_line(
    published: Published, part: Part, same: Sequence[Order], level: str, footnotes: Footnotes
) -> _Line:
    """Return the row of a level that is in no order, with the findings that say why."""
    first = same[0]
    ids = [
        i
        for order in same
        for i in published.not_comparable(Place(part.workload, order.device, level, first.quantity))
    ]
    name = published.shown(level)
    return _Line(
        first.reading,
        first.quantity,
        _devices(part, same),
        name,
        name,
        NOT_COMPARABLE,
        DASH,
        footnotes.mark(list(dict.fromkeys(ids))).strip(),
    )


def _devices(part: Part, same: Sequence[Order]) -> str:
    devices = [order.device for order in same]
    everywhere = len(devices) > 1 and len(devices) == len(part.devices)
    return "every device" if everywhere else listed(devices)


def _alike(orders: Sequence[Order]) -> list[list[Order]]:
    """Group the orders of a reading whose published side is the same on several devices."""
    found: dict[object, list[Order]] = {}
    for order in orders:
        values = [value.value for _, value in order.published]
        equal = [i > 0 and values[i] == values[i - 1] for i in range(len(values))]
        levels = [level for level, _ in order.published]
        key = (order.quantity, tuple(zip(levels, equal, strict=True)), order.apart)
        found.setdefault(key, []).append(order)
    return list(found.values())


def _verdict(line: _Line) -> Cell:
    return Cell(line.word, TONES.get(line.word, "undecided"))


def headings(heads: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Return the headings of rows: one where it differs from that of the row before."""
    return tuple(
        (place, head) for place, head in enumerate(heads) if place == 0 or head != heads[place - 1]
    )
