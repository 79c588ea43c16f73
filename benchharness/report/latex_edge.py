"""The edge table in LaTeX: the run, sizes and start, what programs say (booktabs, siunitx)."""

from __future__ import annotations

from pathlib import Path

from benchharness.model import CampaignSummary
from benchharness.report.edge_table import edge_tables
from benchharness.report.latex_document import NEEDS, document, write_tex
from benchharness.report.latex_numbers import LATEX_UNITS, PLUS_MINUS, pair_columns
from benchharness.report.latex_text import escape, label
from benchharness.report.table import Table
from benchharness.report.text import DASH, plain

_PERCENT = {"% core": r"\si{\percent} of a core", "% all": r"\si{\percent} of all"}
_SIZES = {"MB": r"\mega\byte", "kB": r"\kilo\byte", "W": r"\watt", "mW": r"\milli\watt"}


def write_latex_edge(summary: CampaignSummary, path: Path, *, standalone: bool = False) -> Path:
    """Write the tables to ``path``. Raises UsageError when the file cannot be written."""
    return write_tex(path, render_latex_edge(summary, standalone=standalone), "the table")


def render_latex_edge(summary: CampaignSummary, *, standalone: bool = False) -> str:
    """Return the tables as a fragment for ``\\input``, or as a document that compiles alone."""
    campaign = plain(summary.campaign_id, 40)
    quick = ", a quick run with small inputs, not a result" if summary.quick else ""
    tables = [
        _table(
            table,
            f"{plain(summary.title, 120)}, campaign {campaign}{quick}",
            f"{label(campaign)}-{n}",
        )
        for n, table in enumerate(edge_tables(summary), 1)
    ]
    body = "".join(tables)
    return document(body) if standalone else body


def _table(table: Table, title: str, name: str) -> str:
    columns = [_column(table, place) for place in range(len(table.columns))]
    rows = []
    for place in range(len(table.rows)):
        if above := table.heading_above(place):
            space = [r"\addlinespace"] if place else []
            text = rf"\textit{{{escape(above)}}}"
            rows += [*space, rf"\multicolumn{{{len(columns)}}}{{l}}{{{text}}} \\"]
        rows.append(" & ".join(cells[place] for _, _, _, cells in columns) + r" \\")
    notes = ". ".join(escape(f"{note[0].upper()}{note[1:]}") for note in table.notes)
    return "\n".join(
        [
            NEEDS,
            r"\begin{table}[htbp]",
            r"\centering",
            r"\small\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{escape(title)}, {escape(table.caption)}. {notes}.}}\smallskip",
            rf"\label{{tab:benchharness-edge-{name}}}",
            r"\begin{tabular}{" + "\n  ".join(["", *(spec for spec, _, _, _ in columns)]) + "\n}",
            r"\toprule",
            " & ".join(head for _, head, _, _ in columns) + r" \\",
            " & ".join(unit for _, _, unit, _ in columns) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _column(table: Table, place: int) -> tuple[str, str, str, list[str]]:
    """Return a column's specification, its two heads and its cells; a ± has two S columns."""
    column = table.columns[place]
    texts = [row[place].text for row in table.rows]
    if column.left:
        cells = [escape(text) for text in texts]
        return "l", escape(column.title.capitalize()), escape(column.unit), cells
    halves = [text.partition(" ± ")[::2] for text in texts]
    pairs = [("" if value == DASH else value, half) for value, half in halves]
    spec, cells = pair_columns(pairs, [""] * len(pairs))
    span = r"\multicolumn{2}{c}" if PLUS_MINUS in spec else ""
    head, unit = escape(_capital(column.title)), _unit(column.unit)
    return spec, f"{span}{{{head}}}", f"{span}{{{unit}}}", cells


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _unit(symbol: str) -> str:
    """Return the unit in siunitx's words, with the class of the joules after it."""
    unit, comma, rest = symbol.partition(",")
    if unit in _PERCENT:
        return _PERCENT[unit]
    known = {**LATEX_UNITS, **_SIZES, "%": r"\percent"}.get(unit)
    return (rf"\si{{{known}}}" if known else escape(unit)) + escape(f"{comma}{rest}")
