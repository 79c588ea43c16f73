"""Makes a table fit a width: tightens, drops the least important columns, shortens labels."""

from __future__ import annotations

from dataclasses import replace

from benchharness.report.table import GAP, Cell, Table, find_column
from benchharness.report.text import DASH, display_width, shortened

_LABEL_LEAST = 12


def text_width(table: Table) -> int:
    """Return the width in characters of the table as plain text."""
    return sum(_widths(table)) + GAP * (len(table.columns) - 1)


def _widths(table: Table) -> list[int]:
    return [
        max([len(c.title), len(c.unit), *(display_width(row[i].text) for row in table.rows)])
        for i, c in enumerate(table.columns)
    ]


def fit(table: Table, width: int) -> Table:
    """Make a table at most ``width`` wide: tighten, drop columns, then shorten labels.

    One that has a narrow arrangement is rearranged first. A table that cannot be made to fit comes
    back as narrow as it gets.
    """
    if text_width(table) <= width:
        return table
    if table.narrow is not None:
        return fit(table.narrow, width)
    table = _tightened(table)
    if text_width(table) > width:
        table = _verdict_folded(table)
    if text_width(table) > width:
        table = _without_plus_minus(table, "memory_peak_bytes")
    if text_width(table) > width and find_column(table.columns, "power_w") is not None:
        table = _without_plus_minus(table, "duration_s")  # it stands in the ranking
    dropped: list[str] = []
    while text_width(table) > width and len(table.columns) > 3:
        labels_fit = text_width(table) - _widths(table)[0] + _LABEL_LEAST <= width
        if labels_fit and len(table.columns) <= 6:
            break
        column = min(table.columns[1:], key=lambda c: c.importance)
        if column.key == "coverage":
            table = _coverage_folded(table)
        else:
            dropped.append(" ".join(f"{column.title} {column.unit}".split()))
        table = _without(table, column.key)
    if text_width(table) > width:
        room = max(_LABEL_LEAST, width - (text_width(table) - _widths(table)[0]))
        table = replace(
            table,
            rows=tuple(
                (replace(row[0], text=shortened(row[0].text, room)), *row[1:]) for row in table.rows
            ),
        )
    return replace(table, left_out=tuple(dropped))


def _tightened(table: Table) -> Table:
    rows = tuple(
        tuple(
            replace(cell, text=_short_class(cell.text.replace(" ± ", "±")) if place else cell.text)
            for place, cell in enumerate(row)
        )
        for row in table.rows
    )
    columns = tuple(
        replace(c, unit=_abbreviated(c.unit), title=_abbreviated(c.title)) for c in table.columns
    )
    return replace(table, rows=rows, columns=columns)


def _verdict_folded(table: Table) -> Table:
    """Put the glyph of the verdict beside the ratio that it judges, its words under the table."""
    verdict = find_column(table.columns, "verdict")
    ratio = find_column(table.columns, "energy_ratio") or find_column(
        table.columns, "duration_ratio"
    )
    if verdict is None or ratio is None:
        return table
    words = dict.fromkeys(row[verdict].text for row in table.rows if row[verdict].text)
    rows = []
    for row in table.rows:
        cells = list(row)
        glyph = row[verdict].text[:1] or " "
        cells[ratio] = Cell(f"{row[ratio].text} {glyph}", row[verdict].tone)
        rows.append(tuple(cells))
    folded = replace(table, rows=tuple(rows), notes=(", ".join(words), *table.notes))
    return _without(folded, "verdict")


def _coverage_folded(table: Table) -> Table:
    """Say under the table what readings vouch for: an energy never goes without it."""
    place = find_column(table.columns, "coverage")
    shares = [] if place is None else [row[place].text for row in table.rows]
    shares = [share for share in shares if share not in ("", DASH)]
    if not shares:
        return table
    ends = sorted({end for share in shares for end in share.split(" to ")}, key=float)
    span = " to ".join(dict.fromkeys((ends[0], ends[-1])))
    note = f"readings vouch for {span} % of each window"
    return replace(table, notes=(*table.notes, note))


def _without_plus_minus(table: Table, key: str) -> Table:
    place = find_column(table.columns, key)
    rows = tuple(
        tuple(
            replace(cell, text=cell.text.partition("±")[0].strip()) if i == place else cell
            for i, cell in enumerate(row)
        )
        for row in table.rows
    )
    return replace(table, rows=rows)


def _short_class(text: str) -> str:
    for long, short in (
        ("estimated", "est."),
        ("emulated", "emul."),
        ("replayed", "repl."),
        ("measured", "meas."),
    ):
        text = text.replace(long, short)
    return text


def _abbreviated(text: str) -> str:
    for long, short in (
        ("peak memory", "memory"),
        ("net energy", "net"),
        ("gross energy", "gross"),
    ):
        text = text.replace(long, short)
    return _short_class(text)


def _without(table: Table, key: str) -> Table:
    keep = [i for i, c in enumerate(table.columns) if c.key != key]
    return replace(
        table,
        columns=tuple(table.columns[i] for i in keep),
        rows=tuple(tuple(row[i] for i in keep) for row in table.rows),
    )
