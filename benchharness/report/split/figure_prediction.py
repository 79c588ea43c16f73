"""Predicted against measured, a point a device and round, with the line of equality.

Drawn once: as SVG for the page, and on the axes of a paper's figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from benchharness.report import figures
from benchharness.report.figures_paper import drawable
from benchharness.report.split.prediction import Errors, Pair, errors
from benchharness.report.text import column_unit, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 440.0, 370.0
MOST_POINTS = 500
NEAR = 0.1  # of what was predicted: the band around the line of equality
_MOST_BARS = 150  # with an uncertainty each: more are a fog
_MOST_NAMES = 6
_SPREAD = 8.0  # from this largest over smallest on, both axes are logarithmic
_LOOKS = ((figures.LOWER, "o"), (figures.STARTUP, "s"), (figures.IO, "D"), (figures.BUILD, "^"),
          (figures.INK, "v"), (figures.MUTED, "P"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one chart shows: seconds or joules."""

    quantity: str  # "time" or "energy"
    base: str  # "s" or "J"
    suffix: str  # the class of the joules
    pairs: tuple[Pair, ...]
    errors: Errors


def predictions(
    found: Sequence[Pair], left_out: int, quantity: str, base: str, suffix: str = ""
) -> Predictions | None:
    """Return what a chart of these pairs shows, None for no pair."""
    told = errors(found, left_out)
    return None if told is None else Predictions(quantity, base, suffix, tuple(found), told)


def draw_predictions(shown: Predictions, name: str) -> Markup:
    """Draw a chart as SVG; ``name`` is a word that is unique in the page."""
    with figures.style():
        figure = figures.new_figure(WIDTH, HEIGHT)
        figure.subplots_adjust(
            left=52 / WIDTH, right=1 - 12 / WIDTH, top=1 - 10 / HEIGHT, bottom=40 / HEIGHT
        )
        axes = figure.subplots()
        plot_predictions(axes, shown)
        axes.tick_params(left=False, bottom=False, pad=4)
        title = f"{shown.quantity.capitalize()} predicted and measured"
        return figures.svg(figure, name, title, prediction_words(shown), places=1)


def plot_predictions(axes: Axes, shown: Predictions, size: float = 3.6) -> None:
    """Draw the points of each device, their U where it is known, and the line of equality."""
    unit = column_unit([pair.measured for pair in shown.pairs], shown.base)
    drawn = thinned(shown.pairs)
    values = [v / unit.factor for pair in shown.pairs for v in (pair.predicted, pair.measured)]
    _limits(axes, values)
    low, high = axes.get_xlim()
    band = [0.0, high] if low <= 0.0 else [low, high]
    axes.fill_between(
        band, [(1.0 - NEAR) * v for v in band], [(1.0 + NEAR) * v for v in band],
        color=figures.BAND, linewidth=0, zorder=0,
    )  # fmt: skip
    axes.plot([low, high], [low, high], color=figures.MUTED, linewidth=0.9, dashes=(4, 3), zorder=1)
    names = list(dict.fromkeys(pair.name for pair in drawn))
    for place, name in enumerate(names):
        own = [pair for pair in drawn if pair.name == name]
        colour, marker = _LOOKS[min(place, len(_LOOKS) - 1)]
        x = [pair.predicted / unit.factor for pair in own]
        y = [pair.measured / unit.factor for pair in own]
        if len(drawn) <= _MOST_BARS and all(pair.u is not None for pair in own):
            axes.errorbar(
                x, y, yerr=[(pair.u or 0.0) / unit.factor for pair in own], fmt="none",
                ecolor=colour, elinewidth=0.8, alpha=0.35, zorder=2,
            )  # fmt: skip
        axes.plot(
            x, y, linestyle="none", marker=marker, color=colour, markersize=size, alpha=0.75,
            markeredgewidth=0, zorder=3,
            label=drawable(name, 22) if place < _MOST_NAMES else "_others",
        )  # fmt: skip
    axes.set_xlabel(f"predicted {shown.quantity} / {unit.symbol}")
    axes.set_ylabel(f"measured {shown.quantity}{shown.suffix} / {unit.symbol}")
    if len(names) > 1:
        axes.legend(
            frameon=False, fontsize="small", loc="upper left", borderaxespad=0.2,
            handletextpad=0.2,
        )  # fmt: skip


def thinned(found: Sequence[Pair]) -> list[Pair]:
    """Return every n-th pair, and those whose predictions were the farthest off."""
    if len(found) <= MOST_POINTS:
        return list(found)
    every = math.ceil(len(found) / MOST_POINTS)
    worst = max(found, key=lambda pair: abs(pair.error))
    kept = list(found[::every])
    return kept if worst in kept else [*kept, worst]


def error_words(told: Errors) -> str:
    """Return the median and the largest error: ``error 2.1 % in the median, 8.3 % at most``."""
    text = (
        f"error {number(100 * told.median, 2)} % in the median, "
        f"{number(100 * told.largest, 2)} % at most"
    )
    if told.median > 0.0 and abs(told.middle) > 0.5 * told.median:
        text += f"; most predictions are too {'high' if told.middle > 0 else 'low'}"
    return text


def prediction_words(shown: Predictions) -> str:
    """Say in words what the picture shows."""
    unit = shown.base
    measured = sorted(pair.measured for pair in shown.pairs)
    return (
        f"{len(measured)} predictions of {shown.quantity}: measured {number(measured[0], 3)} to "
        f"{number(measured[-1], 3)} {unit}; {error_words(shown.errors)}"
    )


def _limits(axes: Axes, values: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    least, most = min(values), max(values)
    logarithmic = least > 0.0 and most > _SPREAD * least
    low, high = (0.75 * least, 1.35 * most) if logarithmic else (min(0.0, least), 1.08 * most)
    if logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    for axis in (axes.xaxis, axes.yaxis):
        if logarithmic:
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=9))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
        else:
            axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
