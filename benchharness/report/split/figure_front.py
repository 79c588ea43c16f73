"""The Pareto front drawn: points of a rule joined over alpha, other schemes as marks with names.

Drawn once: as SVG for the page, and on the axes of a paper's figure.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from benchharness.report import figures
from benchharness.report.figures_paper import drawable
from benchharness.report.placing import Box, place_labels
from benchharness.report.split.front import FrontPanel, FrontPoint, front_words
from benchharness.report.text import Unit, column_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 440.0, 330.0
PALE = 0.45  # of a point that another one beats
_LETTER, _LINE = 6.1, 13.0  # CSS pixels of an average letter, of a line, at the size of the labels
_CLOSE = 11.0  # CSS pixels: points of a line that are as near have one label
_SPREAD = 8.0  # from this largest over smallest on, an axis is logarithmic
_NARROW = 0.6  # from this smallest over largest on, an axis need not begin at 0
_LOOKS: tuple[tuple[str, Any, str], ...] = (
    (figures.LOWER, "solid", "o"),
    (figures.STARTUP, (0, (5, 2)), "s"),
    (figures.BUILD, (0, (2, 1.5)), "^"),
    (figures.INK, (0, (1, 1.5)), "v"),
)
_ALONE = (figures.IO, "D")


def draw_front(panel: FrontPanel, name: str, suffix: str) -> Markup:
    """Draw a panel as SVG; ``name`` is a word that is unique in the page."""
    with figures.style():
        figure = figures.new_figure(WIDTH, HEIGHT)
        figure.subplots_adjust(
            left=54 / WIDTH, right=1 - 12 / WIDTH, top=1 - 10 / HEIGHT, bottom=40 / HEIGHT
        )
        figure.set_dpi(figures.POINTS_PER_INCH)  # so that places are CSS pixels
        axes = figure.subplots()
        plot_front(axes, panel, suffix)
        axes.tick_params(left=False, bottom=False, pad=4)
        title = "Seconds a round against joules a round, by variant"
        return figures.svg(figure, name, title, front_words(panel), places=1)


def plot_front(axes: Axes, panel: FrontPanel, suffix: str, scale: float = 1.0) -> None:
    """Draw points, error bars, lines and labels; ``scale`` is of the type against the page's.

    The figure's dpi must be that of its points, and its margins set: labels are placed in points.
    """
    seconds = column_unit([p.time_s for p in panel.points], "s")
    joules = column_unit([p.energy_j for p in panel.points], "J")
    places = [(p.time_s / seconds.factor, p.energy_j / joules.factor) for p in panel.points]
    _axis(axes, "x", places, [(p.half_s or 0.0) / seconds.factor for p in panel.points])
    _axis(axes, "y", places, [(p.half_j or 0.0) / joules.factor for p in panel.points])
    for line in panel.lines:
        _line(axes, panel, line, places)
    for point, place in zip(panel.points, places, strict=True):
        _point(axes, panel, point, place, (seconds, joules), scale)
    axes.set_xlabel(f"time a round / {seconds.symbol}")
    axes.set_ylabel(f"energy a round{suffix} / {joules.symbol}")
    _labels(axes, panel, places, scale)
    if len(panel.lines) > 1:
        from matplotlib.lines import Line2D

        looks = [_look(panel, next(p for p in panel.points if p.line == n)) for n in panel.lines]
        axes.legend(
            handles=[
                Line2D([], [], color=c, linestyle=d, marker=m, markersize=5.0 * scale, label=line)
                for (c, d, m), line in zip(looks, map(drawable, panel.lines), strict=True)
            ],
            frameon=False, fontsize="small", handlelength=2.6, borderaxespad=0.2,
        )  # fmt: skip


def begins_at_zero(panel: FrontPanel) -> bool:
    """Say whether both axes show their origin."""
    each = ([p.time_s for p in panel.points], [p.energy_j for p in panel.points])
    return all(_kind(values) == "zero" for values in each)


def _kind(values: Sequence[float]) -> str:
    if max(values) / min(values) > _SPREAD:
        return "log"
    return "narrow" if min(values) / max(values) > _NARROW else "zero"


def _axis(
    axes: Axes, which: str, places: Sequence[tuple[float, float]], halves: Sequence[float]
) -> None:
    """Start at 0 where that leaves room for what differs; widely spread points get logarithms."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    values = [place["xy".index(which)] for place in places]
    set_limits = axes.set_xlim if which == "x" else axes.set_ylim
    axis = axes.xaxis if which == "x" else axes.yaxis
    kind = _kind(values)
    low = min(v - h for v, h in zip(values, halves, strict=True))
    high = max(v + h for v, h in zip(values, halves, strict=True))
    if kind == "log":
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
        set_limits(min(values) / 1.6, max(values) * 1.9)
        return
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    room = 0.16 * (high - low) or 0.1 * high
    set_limits(0.0 if kind == "zero" else max(0.0, low - room), high + room)


def _look(panel: FrontPanel, point: FrontPoint) -> tuple[str, Any, str]:
    if not point.line:
        return _ALONE[0], "none", _ALONE[1]
    return _LOOKS[panel.lines.index(point.line) % len(_LOOKS)]


def _line(axes: Axes, panel: FrontPanel, line: str, places: Sequence[tuple[float, float]]) -> None:
    own = [(p, at) for p, at in zip(panel.points, places, strict=True) if p.line == line]
    colour, dashes, _ = _look(panel, own[0][0])
    axes.plot(
        [x for _, (x, _) in own], [y for _, (_, y) in own],
        color=colour, linestyle=dashes, linewidth=1.2, alpha=0.75, zorder=2,
    )  # fmt: skip


def _point(
    axes: Axes,
    panel: FrontPanel,
    point: FrontPoint,
    place: tuple[float, float],
    units: tuple[Unit, Unit],
    scale: float,
) -> None:
    colour, _, marker = _look(panel, point)
    x, y = place
    axes.errorbar(
        [x], [y],
        xerr=None if point.half_s is None else [point.half_s / units[0].factor],
        yerr=None if point.half_j is None else [point.half_j / units[1].factor],
        fmt="none", ecolor=figures.MUTED, elinewidth=1.0, alpha=1.0 if point.on_front else PALE,
        zorder=2,
    )  # fmt: skip
    axes.plot(
        [x], [y], color=colour, marker=marker, markersize=6.5 * scale, markeredgewidth=0,
        alpha=1.0 if point.on_front else PALE, zorder=3, linestyle="none",
    )  # fmt: skip


def _labels(
    axes: Axes, panel: FrontPanel, places: Sequence[tuple[float, float]], scale: float
) -> None:
    """Name each point beside it; what the lines leave no room for may lie on them."""
    pixels = [tuple(float(v) for v in axes.transData.transform(place)) for place in places]
    at = [(x, y) for x, y in pixels]
    named = together(panel.points, at)
    texts = [drawable(text, 40) for text, _ in named]
    own = [at[middle] for _, middle in named]
    sizes = [(scale * _LETTER * len(text) + 2.0, scale * _LINE) for text in texts]
    box = axes.get_window_extent()
    frame = Box(box.x0, box.y0, box.x1, box.y1)
    points = [Box(x - 4.0, y - 4.0, x + 4.0, y + 4.0) for x, y in at]
    found = place_labels(own, sizes, frame, [*points, *_along(panel, at)])
    if None in found:
        found = place_labels(own, sizes, frame, points)
    back = axes.transData.inverted()
    for text, (_, middle), size, label in zip(texts, named, sizes, found, strict=True):
        if label is None:
            continue
        x, y = back.transform((label.x, label.y))
        if label.leads:  # up to the label's edge
            end = back.transform(
                [
                    min(max(at[middle][n], centre - 0.5 * size[n]), centre + 0.5 * size[n])
                    for n, centre in enumerate((label.x, label.y))
                ]
            )
            axes.plot(
                [places[middle][0], end[0]], [places[middle][1], end[1]],
                color=figures.MUTED, linewidth=0.6, zorder=1,
            )  # fmt: skip
        axes.text(
            x, y, text, color=figures.INK, fontsize=10.5 * scale, ha="center", va="center", zorder=4
        )


def together(
    points: Sequence[FrontPoint], at: Sequence[tuple[float, float]]
) -> list[tuple[str, int]]:
    """Return a label for each group of points, and the point in its middle.

    Neighbours on a line that lie on one another have one label: alphas that chose the same.
    """
    groups: list[list[int]] = []
    for place, point in enumerate(points):
        last = groups[-1][-1] if groups else None
        alike = last is not None and point.line and points[last].line == point.line
        if alike and last is not None and math.dist(at[last], at[place]) < _CLOSE:
            groups[-1].append(place)
        else:
            groups.append([place])
    named = []
    for group in groups:
        first, final = points[group[0]].label, points[group[-1]].label
        text = first if len(group) == 1 else f"{first} to {final.rpartition(' ')[2]}"
        named.append((text, group[len(group) // 2]))
    return named


def _along(panel: FrontPanel, at: Sequence[tuple[float, float]]) -> list[Box]:
    """Return small boxes along the lines between points, so that labels keep off them."""
    found = []
    for line in panel.lines:
        own = [place for point, place in zip(panel.points, at, strict=True) if point.line == line]
        for (x1, y1), (x2, y2) in itertools.pairwise(own):
            count = max(1, int(max(abs(x2 - x1), abs(y2 - y1)) / 6.0))
            for n in range(1, count):
                x, y = x1 + (x2 - x1) * n / count, y1 + (y2 - y1) * n / count
                found.append(Box(x - 1.5, y - 1.5, x + 1.5, y + 1.5))
    return found
