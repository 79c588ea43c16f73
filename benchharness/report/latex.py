"""The comparison as a LaTeX table: booktabs rules, siunitx columns, a caption with the method.

A fragment for ``\\input`` and, on request, a document of its own. A value and its ± stand in two
S columns, aligned at their decimal points, the uncertainty to two digits; intervals of ratios
are printed as [lo, hi], because siunitx 3.2 has no asymmetric uncertainties. pdflatex compiles
it with Debian's texlive-latex-recommended and texlive-science.
"""

from __future__ import annotations

from pathlib import Path

from benchharness.model import CampaignSummary
from benchharness.report.groups import sections
from benchharness.report.latex_caption import caption
from benchharness.report.latex_columns import table_columns
from benchharness.report.latex_document import NEEDS, document, write_tex
from benchharness.report.latex_text import escape, label
from benchharness.report.metrics import headline_key, ranked
from benchharness.report.table import section_rows
from benchharness.report.text import plain


def write_latex(
    summary: CampaignSummary, path: Path, *, standalone: bool = False, more: str = ""
) -> Path:
    """Write the table, and ``more`` after it, to ``path``.

    Raises UsageError when the file cannot be written.
    """
    return write_tex(path, render_latex(summary, standalone=standalone, more=more), "the table")


def render_latex(summary: CampaignSummary, *, standalone: bool = False, more: str = "") -> str:
    """Return the table as a fragment for ``\\input``, or as a document that compiles alone.

    Each workload has a table of its own.
    """
    body = "".join(_table(part.summary, part.heading) for part in sections(summary)) + more
    return document(body) if standalone else body


def _table(summary: CampaignSummary, heading: str) -> str:
    variants = ranked(summary, headline_key(summary))
    columns = [c for c in table_columns(summary, variants) if any(cell for cell in c.cells)]
    rows = [" & ".join(c.cells[i] for c in columns) + r" \\" for i in range(len(variants))]
    for place, text in reversed(section_rows(variants)):
        above = rf"\multicolumn{{{len(columns)}}}{{l}}{{\textit{{{escape(text)}}}}} \\"
        rows[place:place] = [*([r"\addlinespace"] if place else []), above]
    return "\n".join(
        [
            f"% benchharness, campaign {escape(plain(summary.campaign_id, 40))}",
            NEEDS,
            r"\begin{table}[htbp]",
            r"\centering",
            r"\small\setlength{\tabcolsep}{4pt}",
            f"\\caption{{{caption(summary, heading)}}}\\smallskip",
            f"\\label{{tab:benchharness-{label(summary.campaign_id)}{_suffix(heading)}}}",
            r"\begin{tabular}{" + "\n  ".join(["", *(c.spec for c in columns)]) + "\n}",
            r"\toprule",
            " & ".join(c.head for c in columns) + r" \\",
            " & ".join(c.unit for c in columns) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _suffix(heading: str) -> str:
    return f"-{label(heading)}" if heading else ""
