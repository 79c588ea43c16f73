"""The edge table in LaTeX: the run, sizes and start, what programs say (booktabs, siunitx)."""

from __future__ import annotations

from pathlib import Path

from benchharness.model import CampaignSummary
from benchharness.report.edge_table import edge_tables
from benchharness.report.latex_document import NEEDS, document, write_tex
from benchharness.report.latex_table import table_float
from benchharness.report.latex_text import escape, label
from benchharness.report.table import Table
from benchharness.report.text import plain


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
    notes = ". ".join(escape(f"{note[0].upper()}{note[1:]}") for note in table.notes)
    caption = f"{escape(title)}, {escape(table.caption)}. {notes}."
    return f"{NEEDS}\n{table_float(table, caption, f'edge-{name}')}"
