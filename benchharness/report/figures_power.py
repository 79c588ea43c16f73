"""Energy against time, a point a variant, with lines of constant power through the origin.

Drawn once, with seaborn: as SVG for the page, and on axes of a paper's figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from benchharness.model import CampaignSummary
from benchharness.report import figures
from benchharness.report.metrics import (
    METRICS,
    class_suffix,
    energy_key,
    ratio_key,
)
from benchharness.report.placing import Box, place_labels
from benchharness.report.power_points import (
    PowerPoint,
    line_powers,
    points_description,
    power_points,
    powers_caption,
)
from benchharness.report.text import Unit, column_unit
from benchharness.units import format_si

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 440.0, 330.0
_LETTER, _LINE = 5.9, 13.0  # CSS pixels of an average letter, of a line, at the size of the labels
_INSIDE = WIDTH - 64.0  # of the axes, across
_MOST_MARGIN = 0.35  # of that, for labels on the right
_SPREAD = 8.0  # from this largest over smallest on, both axes are logarithmic


@dataclass(frozen=True, slots=True)
class PowerPlot:
    """The figure and what it shows in words."""

    figure: Markup
    caption: str
    left_out: int


def power_plot(summary: CampaignSummary, name: str, most: int = 24) -> PowerPlot | None:
    """Draw the variants of a campaign; None for less than two with time and positive energy."""
    key = ratio_key(summary) or energy_key(summary)
    if key is None:
        return None
    points = power_points(summary, key)
    if len(points) < 2:
        return None
    shown = points[:most]
    title = METRICS[key].title
    with figures.style():
        figure = figures.new_figure(WIDTH, HEIGHT)
        figure.subplots_adjust(
            left=52 / WIDTH, right=1 - 12 / WIDTH, top=1 - 10 / HEIGHT, bottom=40 / HEIGHT
        )
        figure.set_dpi(figures.POINTS_PER_INCH)  # so that places are CSS pixels
        plot_power(figure.subplots(), shown, title, class_suffix(summary))
        drawn = figures.svg(
            figure, name, f"{title} against time, by variant", points_description(shown)
        )
    return PowerPlot(drawn, powers_caption(shown, title), len(points) - len(shown))


def plot_power(axes: Axes, points: Sequence[PowerPoint], title: str, suffix: str = "") -> None:
    """Draw points, their intervals, the lines of constant power, and labels that do not overlap."""
    import seaborn as sns

    seconds = column_unit([p.duration_s for p in points], "s")
    joules = column_unit([p.energy_j for p in points], "J")
    _limits(axes, points, seconds, joules)
    x = [p.duration_s / seconds.factor for p in points]
    y = [p.energy_j / joules.factor for p in points]
    axes.errorbar(
        x, y,
        xerr=[(p.half_s or 0.0) / seconds.factor for p in points],
        yerr=[(p.half_j or 0.0) / joules.factor for p in points],
        fmt="none", ecolor=figures.MUTED, elinewidth=1.1, zorder=2,
    )  # fmt: skip
    sns.scatterplot(
        x=x,
        y=y,
        hue=[p.is_reference for p in points],
        style=[p.is_reference for p in points],
        palette={True: figures.INK, False: figures.LOWER},
        markers={True: "s", False: "o"},
        s=40,
        linewidth=0,
        zorder=3,
        legend=False,
        ax=axes,
    )
    axes.set(xlabel=f"time / {seconds.symbol}", ylabel=f"{title.lower()}{suffix} / {joules.symbol}")
    axes.tick_params(length=2, pad=3)
    taken = _power_lines(axes, points, seconds, joules)
    _labels(axes, points, list(zip(x, y, strict=True)), taken)


def _limits(axes: Axes, points: Sequence[PowerPoint], seconds: Unit, joules: Unit) -> None:
    """Start both axes at 0, so that the lines are rays; widely spread points get logarithms."""
    times = [p.duration_s / seconds.factor for p in points]
    energies = [p.energy_j / joules.factor for p in points]
    if max(times) / min(times) > _SPREAD or max(energies) / min(energies) > _SPREAD:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(min(times) / 1.8, max(times) * 3.0)
        axes.set_ylim(min(energies) / 1.8, max(energies) * 1.8)
        _plain_ticks(axes)
        return
    tops = [
        max(value + (half or 0.0) / unit.factor for value, half in pairs)
        for unit, pairs in (
            (seconds, [(t, p.half_s) for t, p in zip(times, points, strict=True)]),
            (joules, [(e, p.half_j) for e, p in zip(energies, points, strict=True)]),
        )
    ]
    longest = _LETTER * max(len(point.label) for point in points) + 14.0
    axes.set_xlim(0.0, max(1.18, 1.0 / (1.0 - min(_MOST_MARGIN, longest / _INSIDE))) * tops[0])
    axes.set_ylim(0.0, 1.12 * tops[1])


def _plain_ticks(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _power_lines(
    axes: Axes, points: Sequence[PowerPoint], seconds: Unit, joules: Unit
) -> list[Box]:
    """Draw the rays and their powers at the frame; return where those texts are."""
    taken: list[Box] = []
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    inside = _pixels(axes)
    for power_w in line_powers([p.power_w for p in points]):
        slope = power_w * seconds.factor / joules.factor
        end = min(right, top / slope)
        start = max(left, bottom / slope) if axes.get_xscale() == "log" else 0.0
        if end <= start:
            continue
        axes.plot(
            [start, end], [slope * start, slope * end],
            color=figures.MUTED, linewidth=0.8, dashes=(4, 3), zorder=1,
        )  # fmt: skip
        text = format_si(power_w, "W", 2)
        px, py = (float(place) for place in axes.transData.transform((end, slope * end)))
        width = _LETTER * len(text)
        x = px + 3.0 if end < right else inside.right - width - 3.0
        ys = [inside.top - _LINE / 2.0] if end < right else [py + _LINE * 0.6, py - _LINE * 0.9]
        boxes = [Box(x - 2.0, y - _LINE / 2.0, x + width + 2.0, y + _LINE / 2.0) for y in ys]
        box = next((b for b in boxes if _is_free(b, taken, inside)), None)
        if box is None:
            continue
        taken.append(box)
        at = axes.transData.inverted().transform((x, box.bottom + _LINE / 2.0))
        axes.text(at[0], at[1], text, color=figures.MUTED, fontsize=10, va="center", ha="left")
    return taken


def _is_free(box: Box, taken: Sequence[Box], inside: Box) -> bool:
    return box.is_within(inside) and not any(box.overlaps(other) for other in taken)


def _pixels(axes: Axes) -> Box:
    """Return the inside of the axes in CSS pixels, which are the figure's points."""
    box = axes.get_window_extent()
    return Box(box.x0, box.y0, box.x1, box.y1)


def _labels(
    axes: Axes,
    points: Sequence[PowerPoint],
    places: Sequence[tuple[float, float]],
    taken: Sequence[Box],
) -> None:
    pixels = [tuple(axes.transData.transform(place)) for place in places]
    sizes = [(_LETTER * len(p.label) + 2.0, _LINE) for p in points]
    found = place_labels([(float(x), float(y)) for x, y in pixels], sizes, _pixels(axes), taken)
    back = axes.transData.inverted()
    for point, place, label in zip(points, places, found, strict=True):
        if label is None:
            continue
        x, y = back.transform((label.x, label.y))
        if label.leads:
            axes.plot([place[0], x], [place[1], y], color=figures.MUTED, linewidth=0.6, zorder=1)
        axes.text(x, y, point.label, color=figures.INK, fontsize=10.5, ha="center", va="center")
