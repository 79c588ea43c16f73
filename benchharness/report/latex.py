"""The comparison as a LaTeX table: booktabs rules, siunitx columns, a caption with the method.

A fragment for ``\\input`` and, on request, a document of its own. A value and its ± stand in two
S columns, aligned at their decimal points, the uncertainty to two digits; intervals of ratios
are printed as [lo, hi], because siunitx 3.2 has no asymmetric uncertainties. pdflatex compiles
it with Debian's texlive-latex-recommended and texlive-science.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.groups import sections
from benchharness.report.latex_caption import caption, resources_caption, table_notes
from benchharness.report.latex_columns import resource_columns, table_columns
from benchharness.report.latex_devices import device_floats
from benchharness.report.latex_document import NEEDS, SHRINK, document, write_tex
from benchharness.report.latex_numbers import PLUS_MINUS, LatexColumn
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
    """Return the tables as a fragment for ``\\input``, or as a document that compiles alone.

    Each workload has a table of its own for time and energy, and one for memory, CPU and sizes.
    """
    head = f"% benchharness, campaign {escape(plain(summary.campaign_id, 40))}\n{NEEDS}\n"
    body = "".join(
        _tables(part.summary, part.heading) + device_floats(part.summary, part.heading)
        for part in sections(summary)
    )
    return document(head + body + more) if standalone else head + body + more


def _tables(summary: CampaignSummary, heading: str) -> str:
    variants = ranked(summary, headline_key(summary))
    name = f"{label(summary.campaign_id)}{f'-{label(heading)}' if heading else ''}"
    text = _float(
        table_columns(summary, variants),
        variants,
        caption(summary, heading),
        name,
        table_notes(summary),
    )
    if resources := resource_columns(summary, variants):
        text += _float(resources, variants, resources_caption(summary, heading), f"{name}-memory")
    return text


def _float(
    columns: Sequence[LatexColumn],
    variants: Sequence[VariantSummary],
    caption_text: str,
    name: str,
    notes: Sequence[str] = (),
) -> str:
    kept = [c for c in columns if any(cell for cell in c.cells) or not variants]
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering",
            r"\small\setlength{\tabcolsep}{4pt}",
            f"\\caption{{{caption_text}}}\\smallskip",
            f"\\label{{tab:benchharness-{name}}}",
            r"\setbox0=\hbox{%",
            r"\begin{tabular}{" + "\n  ".join(["", *(c.spec for c in kept)]) + "\n}",
            r"\toprule",
            " & ".join(c.head for c in kept) + r" \\",
            " & ".join(c.unit for c in kept) + r" \\",
            r"\midrule",
            *_rows(kept, variants),
            r"\bottomrule",
            r"\end{tabular}}%",
            SHRINK,
            *(rf"\par\smallskip{{\footnotesize {' '.join(notes)}\par}}" for _ in notes[:1]),
            r"\end{table}",
            "",
        ]
    )


def _rows(columns: Sequence[LatexColumn], variants: Sequence[VariantSummary]) -> list[str]:
    rows = [" & ".join(c.cells[i] for c in columns) + r" \\" for i in range(len(variants))]
    for place, text in reversed(section_rows(variants)):
        above = rf"\multicolumn{{{_width(columns)}}}{{l}}{{\textit{{{escape(text)}}}}} \\"
        rows[place:place] = [*([r"\addlinespace"] if place else []), above]
    return rows


def _width(columns: Sequence[LatexColumn]) -> int:
    """Return how many of tabular's columns there are: a value with its ± takes two."""
    return sum(2 if PLUS_MINUS in column.spec else 1 for column in columns)
