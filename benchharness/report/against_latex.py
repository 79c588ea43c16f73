"""The comparison with published results as LaTeX: orders, ratios, and the audit as footnotes."""

from __future__ import annotations

from benchharness.report.against_notes import footnote_texts
from benchharness.report.against_records import Against
from benchharness.report.against_table import AgainstTables, against_tables
from benchharness.report.latex_document import SHRINK
from benchharness.report.latex_text import escape, label
from benchharness.report.published import Finding
from benchharness.report.table import Table


def latex_against(against: Against) -> str:
    """Return a fragment for ``\\input``: a table float for each table, and the footnotes."""
    tables = against_tables(against)
    name = escape(against.published.short)
    lines = [
        f"% benchharness: campaign {escape(against.campaign.campaign_id)} against {name}",
        r"% in the preamble: \usepackage{booktabs,graphicx}",
    ]
    for part in tables.parts:
        notes = " ".join(f"{escape(note[0].upper() + note[1:])}." for note in part.notes)
        for place, table in enumerate(part.tables):
            last = place == len(part.tables) - 1
            tag = f"against-{label(part.heading)}-{place + 1}"
            lines += _float(table, tag, name, notes if last else "")
    lines += _footnotes(tables, name)
    return "\n".join([*lines, ""])


def _float(table: Table, tag: str, name: str, notes: str) -> list[str]:
    columns = "".join("l" if c.left else "r" for c in table.columns)
    heads = " & ".join(escape(c.title) for c in table.columns)
    units = " & ".join(escape(c.unit) for c in table.columns)
    caption = escape(table.caption)
    return [
        r"\begin{table}[htbp]",
        r"\centering",
        r"\footnotesize\setlength{\tabcolsep}{4pt}",
        f"\\caption{{{caption}. Published: {name}.}}\\smallskip",
        f"\\label{{tab:{tag}}}",
        r"\setbox0=\hbox{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        rf"{heads} \\",
        rf"{units} \\",
        *_rows(table),
        r"\bottomrule",
        r"\end{tabular}}%",
        SHRINK,
        *(
            rf"\par\smallskip\begin{{minipage}}{{\textwidth}}\scriptsize {text}\end{{minipage}}"
            for text in (_notes(table, notes),)
            if text
        ),
        r"\end{table}",
    ]


def _rows(table: Table) -> list[str]:
    lines = []
    for place, row in enumerate(table.rows):
        if above := table.heading_above(place):
            lines.append(r"\midrule")
            span = rf"\multicolumn{{{len(table.columns)}}}{{l}}"
            lines.append(rf"{span}{{\emph{{{escape(above)}}}}} \\")
        elif place == 0:
            lines.append(r"\midrule")
        lines.append(" & ".join(escape(cell.text) for cell in row) + r" \\")
    return lines


def _notes(table: Table, more: str) -> str:
    texts = [f"{escape(note[0].upper() + note[1:])}." for note in table.notes]
    return " ".join([*texts, *([more] if more else [])])


def _footnotes(tables: AgainstTables, name: str) -> list[str]:
    if not tables.footnotes:
        return []
    return [
        rf"\par\medskip\noindent\textbf{{Notes on {name}}}\par",
        r"{\footnotesize\sloppy",
        *(_footnote(number, finding) for number, finding in tables.footnotes),
        "}",
    ]


def _footnote(number: int, finding: Finding) -> str:
    text = " ".join(escape(text) for text in footnote_texts(finding))
    return rf"\noindent{{[}}{number}{{]}} {text}\par"
