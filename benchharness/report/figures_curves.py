"""What a model learned: values by round, against time and against joules, a line a variant.

Drawn once: as SVG for the page, and on the axes of a paper's figure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from benchharness.report import figures
from benchharness.report.figures_paper import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 440.0, 250.0
MOST_LINES = 6
_BEGUN = 0.01  # of a line's end: what is before this was told at the start
_FAR = 8.0  # from this largest over smallest end on, the x axis is logarithmic
_MOST_MARKERS = 40
_LABEL_LIMIT = 34
# Of the n-th variant: colour, dashes, marker. The first is broad, so that others show on it.
_Dashes = tuple[float, ...]
_LOOKS: tuple[tuple[str, _Dashes, str], ...] = (
    (figures.LOWER, (), "o"),
    (figures.STARTUP, (5, 2), "s"),
    (figures.IO, (2, 1.5), "^"),
    (figures.BUILD, (6, 2, 1.5, 2), "D"),
    (figures.INK, (1, 1.5), "v"),
    (figures.MUTED, (8, 3), "P"),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: its values against what it is drawn over; ``place`` gives its look.

    ``faint`` is of what stands beside another of the same variant: training beside test.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    place: int = 0
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines on shared axes. ``level`` is a horizontal line with its word: what chance gives."""

    curves: tuple[Curve, ...]
    x_title: str
    y_title: str
    level: tuple[float, str] | None = None
    from_zero: bool = True
    percent: bool = False
    whole: bool = False  # the x axis counts

    @property
    def logarithmic(self) -> bool:
        """Say whether the lines end so far apart that short ones need a logarithmic x axis."""
        ends = [max(c.x) for c in self.curves if c.x]
        return not self.whole and min(ends, default=0.0) > 0.0 and max(ends) > _FAR * min(ends)


def draw_chart(chart: Chart, name: str, title: str) -> Markup:
    """Draw a chart as SVG; ``name`` is a word that is unique in the page."""
    with figures.style():
        figure = figures.new_figure(WIDTH, HEIGHT)
        figure.subplots_adjust(
            left=44 / WIDTH, right=1 - 20 / WIDTH, top=1 - 8 / HEIGHT, bottom=40 / HEIGHT
        )
        axes = figure.subplots()
        plot_chart(axes, chart)
        axes.set_ylabel("")  # which the caption says
        axes.tick_params(left=False, bottom=False, pad=4)
        return figures.svg(figure, name, title, description(chart), places=1)


def plot_chart(axes: Axes, chart: Chart, width: float = 1.5) -> None:
    """Draw the lines, the level, both axes and a key where there are several lines."""
    if chart.level is not None:
        level, word = chart.level
        axes.axhline(level, color=figures.MUTED, linewidth=0.8, dashes=(1.5, 2))
        axes.annotate(
            word, (1.0, level), xycoords=axes.get_yaxis_transform(), xytext=(-2, 2),
            textcoords="offset points", va="bottom", ha="right", color=figures.MUTED,
            fontsize="small",
        )  # fmt: skip
    for curve in chart.curves:
        _line(axes, _begun(curve) if chart.logarithmic else curve, width)
    axes.set(xlabel=chart.x_title, ylabel=chart.y_title)
    _limits(axes, chart)
    if len(chart.curves) > 1:
        axes.legend(frameon=False, fontsize="small", handlelength=2.6, borderaxespad=0.2)


def _line(axes: Axes, curve: Curve, width: float) -> None:
    colour, dashes, marker = _LOOKS[curve.place % len(_LOOKS)]
    style: dict[str, Any] = {"linestyle": (0, dashes) if dashes else "solid"}
    if curve.faint:
        style = {"linestyle": (0, (1, 1.6)), "alpha": 0.8}
    few = len(curve.x) <= _MOST_MARKERS and not curve.faint
    axes.plot(
        curve.x,
        curve.y,
        color=colour,
        linewidth=width * (1.7 if curve.place == 0 and not curve.faint else 1.0),
        marker=marker if few else "",
        markersize=2.2 * width,
        label=drawable(curve.label, _LABEL_LIMIT),
        **style,
    )


def _begun(curve: Curve) -> Curve:
    """Leave out what was told before anything was spent: a logarithmic axis has no place for it."""
    least = _BEGUN * max(curve.x)
    kept = [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if x > least]
    return replace(curve, x=tuple(x for x, _ in kept), y=tuple(y for _, y in kept))


def _limits(axes: Axes, chart: Chart) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    largest = max((max(c.x) for c in chart.curves if c.x), default=0.0)
    if chart.logarithmic:
        plain_log_ticks(axes)
        axes.set_xlim(0.7 * min(min(_begun(c).x) for c in chart.curves), 1.3 * largest)
    else:
        axes.set_xlim(0.0, 1.04 * largest if largest > 0 else 1.0)
    if chart.from_zero:
        top = max((max(c.y) for c in chart.curves if c.y), default=0.0)
        axes.set_ylim(0.0, top * 1.12 if top > 0 else 1.0)
    steps = [1, 2, 2.5, 5, 10]
    if not chart.logarithmic:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=steps, integer=chart.whole))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=steps))
    if chart.percent:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g} %"))


def plain_log_ticks(axes: Axes) -> None:
    """Make the x axis logarithmic, with plain numbers at powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def description(chart: Chart) -> str:
    """Say in words where each line begins and ends."""
    parts = [
        f"{c.label}: {_value(c.y[0], chart)} at {c.x[0]:.4g}, {_value(c.y[-1], chart)} "
        f"at {c.x[-1]:.4g}"
        for c in chart.curves
        if c.x
    ]
    return f"{chart.y_title} against {chart.x_title}. {'; '.join(parts)}"


def _value(value: float, chart: Chart) -> str:
    return f"{100 * value:.1f} %" if chart.percent else f"{value:.3g}"
