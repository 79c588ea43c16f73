"""What stands behind the joules, as tables for the terminal, Markdown and HTML alike.

energy_table   a row a variant: U, the largest term, degrees of freedom, coverage, readings, marks
budget_table   a row a term of one run's energy, then u_c and U
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchharness.model import CampaignSummary, EnergyFigure, VariantSummary
from benchharness.report.energy_budget import BudgetView, good_figures, typical
from benchharness.report.energy_flags import (
    MARK,
    all_gates,
    coverage_text,
    marked_runs,
)
from benchharness.report.groups import workloads
from benchharness.report.metrics import class_suffix, headline_key, ranked
from benchharness.report.table import Cell, Column, Table, section_rows
from benchharness.report.text import DASH, Unit, column_unit, number, plain, scaled_pm

_EMPTY = Cell(DASH, "muted")


def energy_table(summary: CampaignSummary) -> Table | None:
    """Return how far the joules of each variant can be trusted; None without any energy."""
    rows = []
    found = [(v, good_figures(summary, v)) for v in ranked(summary, headline_key(summary))]
    found = [(variant, figures) for variant, figures in found if figures]
    if not found:
        return None
    views = [view for _, figures in found if (view := typical(figures)) is not None]
    joules = column_unit((magnitude_j(view) for view in views), "J")
    several = len(workloads(summary.variants)) > 1  # then the headings name the workload
    for variant, figures in found:
        head = f"{variant.workload} " if several else ""
        label = plain(variant.label.removeprefix(head), 60)
        rows.append(_variant_row(summary, variant, label, figures, joules))
    suffix = class_suffix(summary)
    columns = (
        Column("variant", "variant", left=True, importance=100),
        Column("energy", "one run", f"{joules.symbol}{suffix}", importance=90),
        Column("relative", "± U", "%", importance=85),
        Column("dominant", "largest term", "of u_c", left=True, importance=80),
        Column("k", "k", importance=30),
        Column("nu", "ν_eff", importance=25),
        Column("coverage", "coverage", "%", importance=95),
        Column("readings", "readings", "not accepted", importance=60),
        Column("marked", "marked", f"runs {MARK}", importance=65),
    )
    notes = ["one run: its energy (net where there is one) ± U = k u_c, 95 %, median run"]
    table = Table("what the joules rest on", columns, tuple(rows), tuple(notes))
    return without_empty(replace(table, sections=section_rows([v for v, _ in found])))


def budget_table(view: BudgetView, label: str) -> Table:
    """Return the terms of one budget, then the combined and the expanded uncertainty."""
    joules = column_unit([magnitude_j(view)], "J")
    rows = [
        (
            Cell(line.name),
            Cell(number(line.u_j / joules.factor, 2)),
            Cell(share_of_u_text(line.of_combined)),
            Cell(_percent_of(line.u_j, view.energy_j)),
            Cell(nu_text(line.nu)),
        )
        for line in view.lines
    ]
    rows.append(
        (
            Cell("combined, u_c", "best"),
            Cell(number(view.combined_j / joules.factor, 2), "best"),
            Cell("100"),
            Cell(_percent_of(view.combined_j, view.energy_j)),
            Cell(nu_text(view.nu_eff)),
        )
    )
    if view.expanded_j is not None:
        k = f", k = {number(view.k, 3)}" if view.k else ""
        rows.append(
            (
                Cell(f"U (95 %){k}", "best"),
                Cell(number(view.expanded_j / joules.factor, 2), "best"),
                Cell(""),
                Cell(_percent_of(view.expanded_j, view.energy_j)),
                Cell(""),
            )
        )
    columns = (
        Column("term", "source", left=True, importance=100),
        Column("u", "standard uncertainty", joules.symbol, importance=95),
        Column("of_combined", "of u_c", "%", importance=90),
        Column("of_energy", "of the energy", "%", importance=80),
        Column("nu", "degrees of", "freedom", importance=20),
    )
    caption = f"{view.of} of one run of {label}"
    return Table(caption, columns, tuple(rows))


def readings_cell(figures: Sequence[EnergyFigure]) -> Cell:
    """Return how many readings were repaired or rejected, of how many."""
    gates = all_gates(figures)
    seen = (gates.accepted or 0) + gates.notable
    if not seen:
        return _EMPTY
    return Cell(f"{gates.notable} of {seen}", "caution" if gates.notable else "")


def nu_text(nu: float | None) -> str:
    """Format degrees of freedom; None stands for infinite."""
    return "∞" if nu is None or nu >= 1e4 else number(nu, 2)


def dominant_text(view: BudgetView | None) -> str:
    """Return the largest term with its share of u_c: ``gain, 71 %``."""
    if view is None or view.dominant is None:
        return DASH
    return f"{view.dominant.name}, {100 * view.dominant.of_combined:.0f} %"


def _variant_row(
    summary: CampaignSummary,
    variant: VariantSummary,
    label: str,
    figures: Sequence[EnergyFigure],
    joules: Unit,
) -> tuple[Cell, ...]:
    view = typical(figures)
    marks = len(marked_runs(summary, variant.index))
    return (
        Cell(label),
        Cell(scaled_pm(view.energy_j, view.expanded_j, joules)) if view else _EMPTY,
        Cell(_percent_of(view.expanded_j, view.energy_j)) if view else _EMPTY,
        Cell(dominant_text(view)),
        Cell(number(view.k, 3)) if view and view.k else _EMPTY,
        Cell(nu_text(view.nu_eff)) if view else _EMPTY,
        Cell(coverage_text(figures)),
        readings_cell(figures),
        Cell(f"{marks} of {len(figures)}", "caution") if marks else Cell("0", "muted"),
    )


def share_of_u_text(share: float) -> str:
    """Format a share of u_c in per cent; what cannot be seen beside the others is below 0.1."""
    return number(100 * share, 2) if share >= 0.001 else "< 0.1"


def magnitude_j(view: BudgetView) -> float:
    """Return what a unit must make readable: the energy, or its U where that is larger."""
    return max(abs(view.energy_j), view.expanded_j or 2.0 * view.combined_j)


def _percent_of(part_j: float | None, energy_j: float) -> str:
    """Return a share of the energy in per cent; beyond all of it, that is all there is to say."""
    if part_j is None or energy_j <= 0.0:
        return DASH
    return number(100 * part_j / energy_j, 2) if part_j <= energy_j else "> 100"


def without_empty(table: Table) -> Table:
    """Drop the columns that say nothing for any row."""
    keep = [
        place
        for place, column in enumerate(table.columns)
        if column.key in ("variant", "run")
        or any(row[place].text not in ("", DASH, "0") for row in table.rows)
    ]
    return Table(
        table.caption,
        tuple(table.columns[place] for place in keep),
        tuple(tuple(row[place] for place in keep) for row in table.rows),
        table.notes,
        table.left_out,
        table.sections,
    )
