"""A table of text cells as a LaTeX float: booktabs rules, siunitx columns, a ± in two of them."""

from __future__ import annotations

from benchharness.report.latex_document import SHRINK
from benchharness.report.latex_numbers import LATEX_UNITS, PLUS_MINUS, pair_columns
from benchharness.report.latex_text import escape
from benchharness.report.table import Table
from benchharness.report.text import DASH

_PERCENT = {"% core": r"\si{\percent} of a core", "% all": r"\si{\percent} of all"}
_MORE = {
    "MB": r"\mega\byte", "kB": r"\kilo\byte", "W": r"\watt", "mW": r"\milli\watt",
    "min": r"\minute", "h": r"\hour", "Wh": r"\watt\hour", "mWh": r"\milli\watt\hour",
    "kWh": r"\kilo\watt\hour", "%": r"\percent",
}  # fmt: skip


def table_float(table: Table, caption: str, name: str, *, shrink: bool = False) -> str:
    """Return the float; ``caption`` is LaTeX, ``name`` what follows ``tab:benchharness-``.

    With ``shrink`` a table that is wider than the text is made as wide.
    """
    columns = [_column(table, place) for place in range(len(table.columns))]
    before = [r"\setbox0=\hbox{%"] if shrink else []
    after = [r"\end{tabular}}%", SHRINK] if shrink else [r"\end{tabular}"]
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering",
            r"\small\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{caption}}}\smallskip",
            rf"\label{{tab:benchharness-{name}}}",
            *before,
            r"\begin{tabular}{" + "\n  ".join(["", *(spec for spec, *_ in columns)]) + "\n}",
            r"\toprule",
            " & ".join(head for _, head, _, _ in columns) + r" \\",
            " & ".join(unit for _, _, unit, _ in columns) + r" \\",
            r"\midrule",
            *_rows(table, columns),
            r"\bottomrule",
            *after,
            r"\end{table}",
            "",
        ]
    )


_Column = tuple[str, str, str, list[str]]  # specification, two heads, cells


def _rows(table: Table, columns: list[_Column]) -> list[str]:
    width = sum(2 if PLUS_MINUS in spec else 1 for spec, *_ in columns)
    rows = []
    for place in range(len(table.rows)):
        if above := table.heading_above(place):
            space = [r"\addlinespace"] if place else []
            text = rf"\textit{{{escape(above)}}}"
            rows += [*space, rf"\multicolumn{{{width}}}{{l}}{{{text}}} \\"]
        rows.append(" & ".join(cells[place] for _, _, _, cells in columns) + r" \\")
    return rows


def _column(table: Table, place: int) -> _Column:
    """Return a column's specification, its two heads and its cells; a ± has two S columns."""
    column = table.columns[place]
    texts = [row[place].text for row in table.rows]
    if column.left:
        cells = [escape(text) for text in texts]
        return "l", escape(_capital(column.title)), escape(column.unit), cells
    halves = [text.partition(" ± ")[::2] for text in texts]
    pairs = [("" if value == DASH else value, half) for value, half in halves]
    spec, cells = pair_columns(pairs, [""] * len(pairs))
    span = r"\multicolumn{2}{c}" if PLUS_MINUS in spec else ""
    head, unit = escape(_capital(column.title)), _unit(column.unit)
    return spec, f"{span}{{{head}}}", f"{span}{{{unit}}}", cells


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _unit(symbol: str) -> str:
    """Return the unit in siunitx's words, with the class of the joules or the like after it."""
    if symbol in _PERCENT:
        return _PERCENT[symbol]
    unit = symbol.partition(",")[0].partition(" ")[0]
    rest = symbol.removeprefix(unit)
    known = {**LATEX_UNITS, **_MORE}.get(unit)
    return (rf"\si{{{known}}}" if known else escape(unit)) + escape(rest)
