"""The uncertainty budget as a LaTeX table: a row a term, then u_c and U (booktabs, siunitx).

One variant fills three columns: joules, per cent of u_c, degrees of freedom. Several stand side by
side with their joules alone. ``\\input`` it; needs what the comparison table needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary
from benchharness.report.energy_budget import BudgetView, good_figures, typical
from benchharness.report.energy_flags import coverage_text
from benchharness.report.energy_tables import magnitude_j, nu_text
from benchharness.report.latex_document import NEEDS, document, write_tex
from benchharness.report.latex_numbers import LATEX_UNITS, table_format
from benchharness.report.latex_text import escape, label
from benchharness.report.metrics import CLASS_NOTES, energy_classes, energy_key, ranked
from benchharness.report.text import Unit, column_unit, number, plain

MOST_VARIANTS = 6

_Named = tuple[str, BudgetView]


def write_latex_budget(summary: CampaignSummary, path: Path, *, standalone: bool = False) -> Path:
    """Write the budget of each variant's run of median uncertainty, ``MOST_VARIANTS`` at most.

    Raises UsageError for a campaign without energy, and when the file cannot be written.
    """
    return write_tex(path, render_latex_budget(summary, standalone=standalone), "the budget")


def render_latex_budget(summary: CampaignSummary, *, standalone: bool = False) -> str:
    """Return the table as a fragment for ``\\input``, or as a document that compiles alone."""
    views = _views(summary)
    if not views:
        raise UsageError(
            "no run has an energy, so that there is no uncertainty budget",
            where=f"campaign {plain(summary.campaign_id, 40)}",
            remedy="measure with a meter (--meter)",
        )
    joules = column_unit((magnitude_j(view) for _, view in views), "J")
    columns, head, rows = _alone(views[0][1], joules) if len(views) == 1 else _beside(views, joules)
    body = "\n".join(
        [
            f"% benchharness, uncertainties of campaign {escape(plain(summary.campaign_id, 40))}",
            NEEDS,
            r"\begin{table}[htbp]",
            r"\centering",
            r"\small",
            f"\\caption{{{_caption(summary, views)}}}\\smallskip",
            f"\\label{{tab:benchharness-budget-{label(summary.campaign_id)}}}",
            rf"\begin{{tabular}}{{l{columns}}}",
            r"\toprule",
            *head,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )
    return document(body) if standalone else body


def _views(summary: CampaignSummary) -> list[_Named]:
    key = energy_key(summary)
    variants = [] if key is None else ranked(summary, key)
    found = [
        (escape(plain(variant.label, 60)), view)
        for variant in variants
        if (view := typical(good_figures(summary, variant))) is not None
    ]
    return found[:MOST_VARIANTS]


def _alone(view: BudgetView, joules: Unit) -> tuple[str, list[str], list[str]]:
    """Return the columns, the head and the rows of one budget."""
    terms = [number(line.u_j / joules.factor, 2) for line in view.lines]
    sums = _sums(view, joules)
    columns = rf"S[table-format={table_format([*terms, *sums])}]S[table-format=3.0]r"
    head = [
        r"Source & {$u_i$} & {of $u_c$} & $\nu_i$ \\",
        rf"& {{{_unit(joules)}}} & {{\si{{\percent}}}} & \\",
    ]
    rows = [
        rf"{escape(line.name)} & {text} & {100 * line.of_combined:.0f} & {_nu(line.nu)} \\"
        for line, text in zip(view.lines, terms, strict=True)
    ]
    combined, expanded = sums
    k = f", $k = {number(view.k, 3)}$" if view.k else ""
    rows += [
        r"\midrule",
        rf"combined, $u_c$ & {combined} & 100 & {_nu(view.nu_eff)} \\",
        rf"expanded, $U${k} & {expanded} & & \\",
    ]
    return columns, head, rows


def _beside(views: Sequence[_Named], joules: Unit) -> tuple[str, list[str], list[str]]:
    """Return the columns, the head and the rows of several budgets, their joules alone."""
    names = list(dict.fromkeys(line.name for _, view in views for line in view.lines))
    terms = [{line.name: line.u_j for line in view.lines} for _, view in views]
    cells = [
        [number(each[name] / joules.factor, 2) if name in each else "" for each in terms]
        for name in names
    ]
    sums = [_sums(view, joules) for _, view in views]
    columns = "".join(
        rf"S[table-format={table_format([*(row[place] for row in cells), *sums[place]])}]"
        for place in range(len(views))
    )
    unit = rf"{{{_unit(joules)}}}"
    head = [
        " & ".join(["$u_i$ of", *(rf"{{{name}}}" for name, _ in views)]) + r" \\",
        " & ".join(["", *(unit for _ in views)]) + r" \\",
    ]
    rows = [
        " & ".join([escape(name), *(cell or "{--}" for cell in row)]) + r" \\"
        for name, row in zip(names, cells, strict=True)
    ]
    rows += [
        r"\midrule",
        " & ".join(["combined, $u_c$", *(combined for combined, _ in sums)]) + r" \\",
        " & ".join([r"$\nu_\mathrm{eff}$", *(f"{{{_nu(v.nu_eff)}}}" for _, v in views)]) + r" \\",
        " & ".join(["expanded, $U$", *(expanded or "{--}" for _, expanded in sums)]) + r" \\",
    ]
    return columns, head, rows


def _sums(view: BudgetView, joules: Unit) -> tuple[str, str]:
    """Return u_c and U as texts; U is empty where it is not known."""
    expanded = "" if view.expanded_j is None else number(view.expanded_j / joules.factor, 2)
    return number(view.combined_j / joules.factor, 2), expanded


def _unit(joules: Unit) -> str:
    return rf"\si{{{LATEX_UNITS[joules.symbol]}}}"


def _nu(nu: float | None) -> str:
    text = nu_text(nu)
    return r"$\infty$" if text == "∞" else text


def _caption(summary: CampaignSummary, views: Sequence[_Named]) -> str:
    figures = [figure for variant in summary.variants for figure in good_figures(summary, variant)]
    of = views[0][1].of
    whose = f"one run of {views[0][0]}" if len(views) == 1 else "one run of each variant"
    largest = views[0][1].dominant
    parts = [
        f"Uncertainty budget of the {of} of {whose}, the one of median uncertainty (GUM)",
        r"$U = k u_c$ at \SI{95}{\percent}",
        f"Readings vouch for {coverage_text(figures)}"
        r"\,\si{\percent} of each window",
        *(f"Joules are {CLASS_NOTES[cls]}" for cls in energy_classes(summary)),
    ]
    if largest is not None:
        parts.insert(1, f"Largest term: {escape(largest.name)}")
    return ". ".join(parts) + "."
