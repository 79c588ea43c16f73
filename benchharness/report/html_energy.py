"""What stands behind the joules: the budget, what U is made of, every method."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, EnergyFigure
from benchharness.report.energy_budget import GROUPS, good_figures, group_of, typical
from benchharness.report.energy_tables import budget_table, dominant_text
from benchharness.report.html_stacks import Segment, Stack, StackRow
from benchharness.report.metrics import energy_key, ranked
from benchharness.report.table import Cell, Column
from benchharness.report.text import DASH, Unit, column_unit, number, plain

_VISIBLE = 0.005  # of u_c squared: less is not named in the key


@dataclass(frozen=True, slots=True)
class Methods:
    """Gross energy by every method: a row a variant, its figure, and each method against it."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[MethodCell, ...]], ...]  # variant, figure, cells


@dataclass(frozen=True, slots=True)
class MethodCell:
    """One method's mean energy and its distance from the figure; ``used`` if it is the figure."""

    energy: str
    difference: str
    used: bool


@dataclass(frozen=True, slots=True)
class Term:
    """One row of the budget with its meaning and its bar: the share of u_c, in per cent.

    ``role`` names the bar's colour, that of the term's group in the stacked bars.
    """

    cells: tuple[Cell, ...]
    meaning: str
    width: float
    role: str


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of one run: its caption, the head of its table, its terms, and the sums."""

    caption: str
    dominant: str
    columns: tuple[Column, ...]
    terms: tuple[Term, ...]
    sums: tuple[tuple[Cell, ...], ...]


def budget(summary: CampaignSummary) -> Budget | None:
    """Return the budget of the best variant's run of median uncertainty, largest term first."""
    key = energy_key(summary)
    if key is None:
        return None
    variant = ranked(summary, key)[0]
    view = typical(good_figures(summary, variant))
    if view is None:
        return None
    table = budget_table(view, plain(variant.label, 80))
    terms = zip(table.rows, view.lines, strict=False)
    roles = dict(GROUPS)
    return Budget(
        caption=table.caption,
        dominant=dominant_text(view),
        columns=table.columns,
        terms=tuple(
            Term(cells, line.meaning, round(100 * line.of_combined, 2), roles[group_of(line.name)])
            for cells, line in terms
        ),
        sums=table.rows[len(view.lines) :],
    )


def budget_stack(summary: CampaignSummary, most_variants: int = 40) -> Stack | None:
    """Return bars of what each variant's U is made of: shares of u_c squared, which add up."""
    key = energy_key(summary)
    if key is None:
        return None
    views = [
        (variant, view)
        for variant in ranked(summary, key)[:most_variants]
        if (view := typical(good_figures(summary, variant))) is not None
    ]
    if not views:
        return None
    joules = column_unit([v.expanded_j or 2 * v.combined_j for _, v in views], "J")
    seen = [name for name, _ in GROUPS if any(v.groups()[name] >= _VISIBLE for _, v in views)]
    rows = []
    for variant, view in views:
        segments, start = [], 0.0
        for name, role in GROUPS:
            width = 100 * view.groups()[name]
            if name in seen and width > 0:
                segments.append(
                    Segment(name, role, round(start, 2), round(width, 2), f"{width:.0f}")
                )
                start += width
        half = number((view.expanded_j or 2 * view.combined_j) / joules.factor, 2)
        relative = (
            ""
            if view.relative is None or view.relative > 1
            else f"{number(100 * view.relative, 2)} %"
        )
        rows.append(StackRow(plain(variant.label, 80), tuple(segments), f"± {half}", relative))
    legend = tuple((name, role) for name, role in GROUPS if name in seen)
    return Stack("Uncertainty U", joules.symbol, legend, tuple(rows))


def methods(summary: CampaignSummary, most_variants: int = 12) -> Methods | None:
    """Return the gross energy by each method, mean over good runs; None without estimates."""
    key = energy_key(summary)
    if key is None:
        return None
    found = [(v, good_figures(summary, v)) for v in ranked(summary, key)[:most_variants]]
    names = list(dict.fromkeys(e.method for _, group in found for f in group for e in f.estimates))
    if len(names) < 2:
        return None
    joules = column_unit([f.gross_j.value for _, group in found for f in group], "J")
    return Methods(
        names=tuple(plain(n, 60).replace("_", " ") for n in names),
        rows=tuple(
            (
                plain(variant.label, 80),
                f"{number(statistics.fmean(f.gross_j.value for f in group) / joules.factor, 4)} "
                f"{joules.symbol}",
                tuple(_method_cell(name, group, joules) for name in names),
            )
            for variant, group in found
            if group
        ),
    )


def _method_cell(name: str, figures: Sequence[EnergyFigure], joules: Unit) -> MethodCell:
    pairs = [(e.energy_j, f) for f in figures for e in f.estimates if e.method == name]
    if not pairs:
        return MethodCell(DASH, "", used=False)
    mean = statistics.fmean(e for e, _ in pairs)
    figure = statistics.fmean(f.gross_j.value for _, f in pairs)
    used = 2 * sum(f.method == name for f in figures) > len(figures)
    difference = f"{100 * (mean / figure - 1):+.1f} %".replace("-", "−") if figure > 0 else ""
    return MethodCell(number(mean / joules.factor, 4), "" if used else difference, used)
