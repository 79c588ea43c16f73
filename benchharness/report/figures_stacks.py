"""Where the joules and the seconds went, as stacked bars for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.report import figures
from benchharness.report.figures_paper import drawable, inset, paper_figure, shown_width_mm
from benchharness.report.html_stacks import Stack, StackRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_MM, _AXIS_MM, _KEY_MM = 5.0, 9.0, 4.5
_KEYS_IN_A_ROW = 3
_MOST_ROWS = 24


def stack_figure(stack: Stack) -> Figure:
    """Draw stacked bars for one column, the longest with all of the width.

    Call inside :func:`~benchharness.report.figures_paper.paper_style`.
    """
    rows = stack.rows[:_MOST_ROWS]
    keys_mm = _KEY_MM * -(-len(stack.legend) // _KEYS_IN_A_ROW)
    figure = paper_figure(_ROW_MM * len(rows) + _AXIS_MM + keys_mm + 1.0)
    labels = [drawable(row.label, 34) for row in rows]
    left = min(max(shown_width_mm(label, 7.0) for label in labels) + 3.0, 40.0)
    totals = max(shown_width_mm(_total(row, stack), 7.0) for row in rows)
    inset(figure, left=left, right=totals + 3.0, top=keys_mm + 1.0, bottom=_AXIS_MM)
    axes = figure.subplots()
    _bars(axes, stack)
    axes.set_yticks(range(len(rows)), labels, fontsize=7.0)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0.0, 100.0)
    _ticks(axes, stack)
    words = f"share of the {stack.title.lower()} / %; totals in {stack.unit}"
    axes.set_xlabel(words if stack.shares else f"{stack.title} / {stack.unit}")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    _key(figure, stack)
    return figure


def _bars(axes: Axes, stack: Stack) -> None:
    for place, row in enumerate(stack.rows[:_MOST_ROWS]):
        for segment in row.segments:
            axes.barh(
                place,
                segment.width,
                left=segment.start,
                height=0.68,
                color=figures.COLOUR_OF[segment.role],
                linewidth=0,
            )
        end = max((segment.start + segment.width for segment in row.segments), default=0.0)
        if row.whisker:
            low, high = row.whisker
            axes.errorbar(
                (low + high) / 2, place, xerr=(high - low) / 2, fmt="none", ecolor=figures.INK,
                elinewidth=0.8, capsize=1.6, capthick=0.8,
            )  # fmt: skip
            end = max(end, high)
        axes.annotate(
            _total(row, stack),
            (end, place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.0,
            color=figures.INK,
            annotation_clip=False,
        )
        if row.mark:  # where the window, and with it the total, begins
            axes.vlines(row.mark, place - 0.42, place + 0.42, color=figures.INK, linewidth=0.8)


def _total(row: StackRow, stack: Stack) -> str:
    """Return the total, with its other unit where there is one."""
    return f"{row.total} ({row.second} {stack.second})" if stack.second else row.total


def _ticks(axes: Axes, stack: Stack) -> None:
    """Count the axis in the unit of the bars, from zero."""
    from matplotlib.ticker import MaxNLocator

    values = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(0.0, stack.longest)
    kept = [value for value in values if 0.0 <= value <= stack.longest * 1.0001]
    axes.set_xticks([100.0 * value / stack.longest for value in kept], [f"{v:g}" for v in kept])


def _key(figure: Figure, stack: Stack) -> None:
    from matplotlib.patches import Patch

    figure.legend(
        handles=[Patch(color=figures.COLOUR_OF[role]) for _, role in stack.legend],
        labels=[drawable(name, 28) for name, _ in stack.legend],
        loc="upper center",
        ncols=min(_KEYS_IN_A_ROW, max(1, len(stack.legend))),
        borderaxespad=0.2,
        handlelength=1.0,
        handleheight=0.8,
        columnspacing=1.2,
    )
