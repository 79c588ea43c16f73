"""Small panels on shared axes, for paper: every run of each variant, and power over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from benchharness.report import figures
from benchharness.report.figures_losses import title_of
from benchharness.report.figures_paper import (
    COLUMN_MM,
    PAGE_MM,
    drawable,
    inset,
    paper_figure,
    shown_width_mm,
)
from benchharness.report.figures_power import plot_power
from benchharness.report.figures_runs import RunDots, plot_runs, shared_limit
from benchharness.report.figures_time import peak, phase_bars, plot_series
from benchharness.report.power_points import PowerPoint
from benchharness.report.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_RUNS, _MOST_POWERS = 16, 6
_MOST_POINTS = 24
_RUN_MM, _POWER_MM = 25.0, 27.0
_POINTS_MM, _POINTS_WIDE_MM = 82.0, 120.0


def runs_figure(panels: Sequence[RunDots], runs: int) -> Figure:
    """Draw a panel a variant: every run's distance from the mean, in run order.

    Call inside :func:`~benchharness.report.figures_paper.paper_style`.
    """
    shown = panels[:_MOST_RUNS]
    across = 2 if len(shown) <= 4 else 4
    down = -(-len(shown) // across)
    figure = paper_figure(_RUN_MM * down + 4.0, COLUMN_MM if across == 2 else PAGE_MM)
    limit = shared_limit(shown)
    left = 6.0 + shown_width_mm(f"+{limit:g} %", 7.5)  # beside the words that stand upright
    inset(figure, left=left, right=2.0, top=5.0, bottom=9.0)
    figure.subplots_adjust(hspace=0.42, wspace=0.12)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(shown):
            axes.set_visible(False)
            continue
        plot_runs(axes, shown[place], runs, limit)
        _head(axes, shown[place].label)
        below = place + across < len(shown)
        axes.set_xlabel("")
        axes.tick_params(labelbottom=not below, labelleft=place % across == 0)
    figure.supylabel("from the mean", fontsize=7.5, x=0.01, ha="left")
    figure.supxlabel("run, in the order of the campaign", fontsize=7.5, y=0.01, va="bottom")
    return figure


def points_figure(points: Sequence[PowerPoint], title: str, suffix: str) -> Figure | None:
    """Draw energy against time with lines of constant power; None for less than two points.

    Call inside :func:`~benchharness.report.figures_paper.paper_style`.
    """
    if len(points) < 2:
        return None
    figure = paper_figure(_POINTS_MM, _POINTS_WIDE_MM)
    figure.set_dpi(figures.POINTS_PER_INCH)  # the labels are placed in points
    inset(figure, left=14.0, right=3.0, top=3.0, bottom=11.0)
    shown = [replace(point, label=drawable(point.label, 40)) for point in points[:_MOST_POINTS]]
    plot_power(figure.subplots(), shown, title, suffix)
    return figure


def power_figure(
    lines: Sequence[tuple[str, Timeline]], roles: Mapping[str, str], suffix: str = ""
) -> Figure | None:
    """Draw power over time of one run of each variant, on shared axes from 0 W.

    ``suffix`` says what class the joules are of. None where no run has a power.
    """
    shown = [(label, line) for label, line in lines if line.first("power")][:_MOST_POWERS]
    if not shown:
        return None
    figure = paper_figure(_POWER_MM * len(shown) + 10.0)
    inset(figure, left=11.0, right=2.5, top=5.0, bottom=9.0)
    figure.subplots_adjust(hspace=0.38)
    column = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    powers = [s for _, line in shown for s in line.series if s.quantity == "power"]
    top = max(peak(series) for series in powers)
    for axes, (label, line) in zip(column, shown, strict=True):
        losses = plot_series(axes, line, "power", width=0.9)
        figures.from_zero(axes, top)
        own = [s for s in line.series if s.quantity == "power"]
        key = title_of(own, losses=losses).partition(",")[2] if len(own) > 1 else ""
        _head(axes, f"{label}{key}", pad=7 if line.phases else 3)
        phase_bars(axes, line, roles)
        axes.grid(visible=False, axis="x")
    column[-1].set_xlim(
        min(line.start_s for _, line in shown), max(line.end_s for _, line in shown)
    )
    column[-1].set_xlabel("time from the start of the window / s")
    figure.supylabel(f"Power{suffix} / W", fontsize=7.5, x=0.005, ha="left")
    return figure


def _head(axes: Axes, label: str, pad: int = 3) -> None:
    axes.set_title(drawable(label, 46), loc="left", pad=pad, color=figures.INK, fontsize=7.0)
