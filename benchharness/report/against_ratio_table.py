"""Ratios as published and as measured: all devices in a row, or a block a device."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.report.against_notes import Footnotes
from benchharness.report.against_order_table import TONES, headings
from benchharness.report.against_records import NOT_COMPARABLE, Against, Part, RatioRow
from benchharness.report.metrics import class_suffix
from benchharness.report.published import TITLES, Place, Published
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, number
from benchharness.stats.ratio import Ratio
from benchharness.stats.saying import ratio_text as ratio_with_digits

_NOTE = (
    "measured: Fieller's 95 % interval; published: the bounds that the rounding of the printed "
    "figures leaves; a word compares the direction, not the size"
)


def ratios_table(against: Against, part: Part, footnotes: Footnotes) -> Table:
    """Return a row a ratio with all devices; in a narrow page a block a device, each with words."""
    published = against.published
    readings = list(dict.fromkeys(row.reading for row in part.ratios))
    ordered = [row for name in readings for row in part.ratios if row.reading == name]
    suffix = class_suffix(against.campaign)
    joules = (f"energy: gross joules{suffix}",) if suffix and "energy_j" in part.quantities else ()
    words = {
        (place, device): _word(published, part, row, device, footnotes)
        for place, row in enumerate(ordered)
        for device in part.devices
    }
    caption = f"{part.heading}: ratios to {published.shown(published.reference)}"
    return Table(
        caption=caption,
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
        rows=tuple(
            (
                *_names(published, row),
                *(Cell(ratio_cell(row.published.get(device))) for device in part.devices),
                Cell(ratio_cell(row.measured)),
                *(words[place, device] for device in part.devices),
            )
            for place, row in enumerate(ordered)
        ),
        notes=(_NOTE, *joules),
        sections=headings([row.reading for row in ordered]),
        narrow=_narrow(caption, published, part, ordered, words, (_NOTE, *joules)),
    )


def _narrow(
    caption: str,
    published: Published,
    part: Part,
    ordered: Sequence[RatioRow],
    words: dict[tuple[int, str], Cell],
    notes: tuple[str, ...],
) -> Table:
    """Return a block a device and level: what is published of it, with the verdict.

    What is published of no device stands in blocks of its own.
    """
    rows: list[tuple[Cell, ...]] = []
    heads: list[str] = []
    for reading, level in dict.fromkeys((row.reading, row.level) for row in ordered):
        places = [
            p for p, row in enumerate(ordered) if (row.reading, row.level) == (reading, level)
        ]
        pair = f"{published.shown(level)} / {published.shown(published.reference)}"
        for device in (*part.devices, None):
            for p in places:
                row = ordered[p]
                if device not in (row.published or (None,)):
                    continue
                heads.append(f"{reading}, {device or 'measured only'}: {pair}")
                rows.append(
                    (
                        Cell(TITLES[row.quantity][0].removeprefix("gross ")),
                        Cell(DASH if device is None else ratio_cell(row.published[device])),
                        Cell(ratio_cell(row.measured)),
                        Cell(DASH, "muted") if device is None else words[p, device],
                    )
                )
    return Table(
        caption=caption,
        columns=(
            Column("quantity", "ratio of", left=True, importance=100),
            Column("published", "published", importance=97),
            Column("measured", "measured", "95 % interval", left=True, importance=99),
            Column("word", "verdict", left=True, importance=98),
        ),
        rows=tuple(rows),
        notes=notes,
        sections=headings(heads),
    )


def _names(published: Published, row: RatioRow) -> tuple[Cell, Cell]:
    return Cell(TITLES[row.quantity][0]), Cell(published.shown(row.level))


def _word(
    published: Published, part: Part, row: RatioRow, device: str, footnotes: Footnotes
) -> Cell:
    """Return the verdict of a device; where there is none to be had, with the findings."""
    word = row.words[device]
    if word != NOT_COMPARABLE:
        return Cell(word, TONES.get(word, "undecided"))
    ids = [
        i
        for level in (row.level, published.reference)
        for i in published.not_comparable(Place(part.workload, device, level, row.quantity))
    ]
    return Cell(f"{word}{footnotes.mark(list(dict.fromkeys(ids)))}", "undecided")


def ratio_cell(ratio: Ratio | None) -> str:
    """Return ``1.13 (1.10 to 1.16)`` with the digits that the interval bears."""
    if ratio is None or ratio.ratio != ratio.ratio:
        return DASH
    if ratio.low is None or ratio.high is None:
        return number(ratio.ratio, 3)
    text, low, high = ratio_with_digits(ratio)
    return text if low == high else f"{text} ({low} to {high})"
