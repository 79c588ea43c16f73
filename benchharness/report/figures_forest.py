"""The forest: each variant's change against the reference with its interval, and the margin.

A point left of zero is lower than the reference. The words beside the points are the verdicts of
the tables, made from the same intervals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report import figures
from benchharness.report.figures_paper import drawable, inset, paper_figure, shown_width_mm
from benchharness.report.metrics import (
    METRICS,
    Sign,
    half_interval,
    magnitude,
    metric_of,
    ranked,
    standings,
)
from benchharness.report.text import Unit, column_unit, scaled_pm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_MM, _AXIS_MM = 8.0, 9.0
_LOGARITHMIC_FROM = 4.0  # times the reference: from there the axis counts multiples
_BEYOND = 3.0  # an interval is drawn up to so many times the largest change
_ALWAYS_SHOWN = 1.0  # of the reference: an interval within it is drawn whole
_COLOURS = {"lower": figures.LOWER, "higher": figures.HIGHER, "best": figures.INK}


@dataclass(frozen=True, slots=True)
class ForestPoint:
    """A variant in the forest. ``ratio``, ``low`` and ``high`` are to the reference."""

    label: str
    value: str  # mean ± U with its unit
    sign: Sign
    ratio: float | None
    low: float | None
    high: float | None


def forest_points(summary: CampaignSummary, key: str, most: int = 40) -> list[ForestPoint]:
    """Return a point for each variant with a mean, ranked by group."""
    variants = [v for v in ranked(summary, key) if metric_of(v, key) is not None][:most]
    unit = column_unit((magnitude(v, key) for v in variants), METRICS[key].base)
    signs = standings(summary, key)
    return [_point(variant, key, unit, signs[variant.index]) for variant in variants]


def _point(variant: VariantSummary, key: str, unit: Unit, sign: Sign) -> ForestPoint:
    metric = variant.metrics[key]
    text = scaled_pm(metric.mean, half_interval(variant, key), unit)
    return ForestPoint(
        label=drawable(variant.label, 26),
        value=f"{text} {unit.symbol}, n = {variant.ok}",
        sign=sign,
        ratio=metric.ratio,
        low=metric.ratio_low,
        high=metric.ratio_high,
    )


def forest_figure(points: Sequence[ForestPoint], title: str, margin: float = 0.0) -> Figure | None:
    """Draw the forest for one column; None where no two variants are compared.

    Call inside :func:`~benchharness.report.figures_paper.paper_style`.
    """
    if sum(point.ratio is not None for point in points) < 2:
        return None
    figure = paper_figure(_ROW_MM * len(points) + _AXIS_MM + 2.0)
    longest = max(shown_width_mm(text, 7.0) for p in points for text in (p.label, p.value))
    words = max(shown_width_mm(p.sign.word, 6.5) for p in points)
    inset(figure, left=min(longest + 3.0, 40.0), right=words + 5.0, top=2.0, bottom=_AXIS_MM)
    draw_forest(figure.subplots(), points, title, margin)
    return figure


def draw_forest(axes: Axes, points: Sequence[ForestPoint], title: str, margin: float = 0.0) -> None:
    """Draw the forest on axes, the first point at the top; ``margin`` is a share."""
    import seaborn as sns

    low, high, logarithmic = _range(points, margin)
    if margin > 0:
        axes.axvspan(1 - margin, 1 + margin, color=figures.BAND, linewidth=0)
    axes.axvline(1.0, color=figures.MUTED, linewidth=0.8)
    shown = [(row, p) for row, p in enumerate(points) if p.ratio is not None]
    for row, point in shown:
        _interval(axes, row, point, low, high)
    sns.scatterplot(
        x=[p.ratio for _, p in shown],
        y=[row for row, _ in shown],
        color=[_COLOURS.get(p.sign.key, figures.MUTED) for _, p in shown],
        s=22,
        linewidth=0,
        zorder=3,
        legend=False,
        ax=axes,
    )
    if logarithmic:
        axes.set_xscale("log")
    axes.set_xlim(low, high)
    _ticks(axes, low, high, logarithmic=logarithmic)
    axes.set_ylim(len(points) - 0.5, -0.5)
    _names(axes, points)
    how = "times" if logarithmic else "change / % of"
    axes.set_xlabel(f"{title}, {how} the reference", loc="right")  # so that it is not cut off
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _interval(axes: Axes, row: int, point: ForestPoint, low: float, high: float) -> None:
    if point.low is None or point.high is None:
        return
    colour = _COLOURS.get(point.sign.key, figures.MUTED)
    ends = max(point.low, low), min(point.high, high)
    axes.hlines(row, *ends, color=colour, linewidth=1.4)
    for end, bound, sign in ((point.low, low, "<"), (point.high, high, ">")):
        if (end < bound) if sign == "<" else (end > bound):
            axes.plot([bound], [row], marker=sign, color=colour, markersize=4, clip_on=False)


def _names(axes: Axes, points: Sequence[ForestPoint]) -> None:
    """Write label, mean and verdict beside each row."""
    axes.set_yticks(range(len(points)), ["" for _ in points])
    left, right = axes.get_yaxis_transform(), axes.get_yaxis_transform()
    for row, point in enumerate(points):
        for text, lift, colour in (
            (point.label, 4.2, figures.INK),
            (point.value, -4.2, figures.MUTED),
        ):
            axes.annotate(
                text, (0.0, row), xycoords=left, xytext=(-4, lift), textcoords="offset points",
                ha="right", va="center", color=colour, fontsize=7.0 if lift > 0 else 6.5,
            )  # fmt: skip
        colour = _COLOURS.get(point.sign.key, figures.INK)
        axes.annotate(
            point.sign.text, (1.0, row), xycoords=right, xytext=(3, 0),
            textcoords="offset points", va="center", fontsize=6.5, color=colour,
        )  # fmt: skip


def _range(points: Sequence[ForestPoint], margin: float) -> tuple[float, float, bool]:
    """Return the ends of the axis as ratios, and whether it is logarithmic."""
    ratios = [p.ratio for p in points if p.ratio is not None]
    finite = [end for p in points for end in (p.low, p.high) if end is not None and end < math.inf]
    widest = max((abs(end - 1) for end in finite), default=0.0)
    reach = max(abs(ratio - 1) for ratio in ratios)
    reach = max(_BEYOND * max(reach, margin, 0.005), min(widest, _ALWAYS_SHOWN))
    ends = [1 - 1.5 * margin, 1 + 1.5 * margin, *ratios]
    for point in points:
        if point.low is not None and point.high is not None:
            ends += [max(point.low, 1 - reach), min(point.high, 1 + reach)]
    low, high = min(ends), max(ends)
    if high > _LOGARITHMIC_FROM or low < 1 / _LOGARITHMIC_FROM:
        least = min([*(r for r in ratios if r > 0), 1.0])
        low = max(low, least / 2)
        room = (high / low) ** 0.06
        return low / room, high * room, True
    room = max(0.06 * (high - low), 0.001)
    return low - room, high + room, False


def _ticks(axes: Axes, low: float, high: float, *, logarithmic: bool) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    if logarithmic:
        axes.xaxis.set_major_locator(FixedLocator(_multiples(low, high)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
        return
    locator = MaxNLocator(nbins=4, steps=[1, 2, 5, 10])
    steps = locator.tick_values(100 * (low - 1), 100 * (high - 1))
    places = [1 + step / 100 for step in steps if low <= 1 + step / 100 <= high]
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _change(value)))


def _multiples(low: float, high: float) -> list[float]:
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [m * 10.0**e for e in range(-9, 10) for m in steps if low <= m * 10.0**e <= high]
        if len(found) <= 6:
            break
    return found[:: math.ceil(len(found) / 6)] if found else [1.0]


def _change(ratio: float) -> str:
    change = round(100 * (ratio - 1), 6)
    return "0" if change == 0 else f"{change:+g}".replace("-", "−")
