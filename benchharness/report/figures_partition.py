"""Clients across classes: a bubble for the examples that a client has of a class.

On the page bubbles are round ends of lines without length, a path for each of a few sizes, so
that a hundred classes of fifty clients take little room. On paper they are a scatter plot.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape

from benchharness.report import figures
from benchharness.report.figures_paper import PAGE_MM, drawable, inset, paper_figure
from benchharness.report.partition import PartitionView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 1080.0
_RIGHT, _TOP, _BOTTOM = 62.0, 22.0, 40.0
_LETTER = 6.3  # CSS pixels of an average letter
_SIZES = 24  # of bubbles
_MOST_PITCH, _LEAST_SIZE = 34.0, 14.0  # of columns; of the largest bubble
_LEFT_MM, _RIGHT_MM = 32.0, 3.0  # on paper
_MOST_NAMES = 30  # on paper; of more rows, some have a name


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where rows and columns lie, in CSS pixels, and how large the largest bubble is."""

    left: float
    pitch: float
    row: float
    radius: float
    largest: int

    def at(self, row: float, column: float) -> tuple[float, float]:
        """Return the middle of a cell."""
        return self.left + self.pitch * (column + 0.5), _TOP + self.row * (row + 0.5)

    def radius_of(self, count: float) -> float:
        """Return the radius of a bubble whose area is in proportion to a count."""
        return self.radius * math.sqrt(count / max(self.largest, 1))


def _grid(view: PartitionView) -> _Grid:
    clients, classes = view.counts.shape
    left = 10.0 + _LETTER * max(len(client) for client in view.clients)
    pitch = min(_MOST_PITCH, (WIDTH - left - _RIGHT) / classes)
    row = 26.0 if clients <= 12 else 16.0
    radius = 0.48 * min(row, max(pitch, _LEAST_SIZE))
    return _Grid(left, pitch, row, radius, int(view.counts.max()))


def draw_partition(view: PartitionView, name: str) -> Markup:
    """Draw a partition as SVG; ``name`` is a word that is unique in the page."""
    grid = _grid(view)
    clients, classes = view.counts.shape
    end, bottom = grid.left + grid.pitch * classes, _TOP + grid.row * clients
    width, height = end + _RIGHT, bottom + _BOTTOM
    parts = [
        f'<svg class="plot bubbles" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'width="{width:.0f}" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">Examples by client and class</title>',
        f'<desc id="{name}-d">{escape(description(view))}</desc>',
        _text(end + 8, 12, "in all", "start"),
    ]
    for place, (client, total) in enumerate(zip(view.clients, view.totals, strict=True)):
        _, y = grid.at(place, 0)
        parts.append(f'<path class="rule" d="M{grid.left:.0f} {y:.1f}H{end:.0f}"/>')
        parts.append(_text(grid.left - 8, y + 4, client, "end"))
        parts.append(_text(end + 8, y + 4, _thousands(int(total)), "start"))
    parts += _bubbles(view.counts, grid)
    parts += [
        _text(grid.at(0, label)[0], bottom + 15, str(label), "middle")
        for label in _labels(classes, grid.pitch)
    ]
    parts.append(_text((grid.left + end) / 2, height - 6, "class", "middle"))
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - foreign text in it has been escaped


def key_sizes(view: PartitionView) -> list[int]:
    """Return a few round counts for the key: the largest first number of its size, and less."""
    largest = int(view.counts.max())
    if largest < 4:
        return [largest] if largest else []
    power = 10 ** int(math.log10(largest))
    top = next(m * power for m in (5, 4, 3, 2, 1) if m * power <= largest)
    return [n for n in (top, round(top / 4), round(top / 20)) if n >= 1]


def draw_key(view: PartitionView) -> Markup:
    """Draw the bubbles of the key with their counts."""
    grid = _grid(view)
    parts, x = [], 0.0
    for count in key_sizes(view):
        text = _thousands(count)
        parts.append(
            f'<circle class="fill-lower" cx="{x + grid.radius:.1f}" cy="14" '
            f'r="{grid.radius_of(count):.2f}"/>{_text(x + 2 * grid.radius + 4, 18, text, "start")}'
        )
        x += 2 * grid.radius + 22 + _LETTER * len(text)
    return Markup(  # noqa: S704 - numbers of our own
        f'<svg class="sizes" width="{x:.0f}" height="28" viewBox="0 0 {x:.0f} 28" '
        f'aria-hidden="true" focusable="false">{"".join(parts)}</svg>'
    )


def partition_figure(view: PartitionView) -> Figure:
    """Draw a partition across both columns of a paper.

    Call inside :func:`~benchharness.report.figures_paper.paper_style`.
    """
    clients, classes = view.counts.shape
    row_mm = 4.6 if clients <= 12 else 2.6
    figure = paper_figure(row_mm * clients + 13.0, PAGE_MM)
    inset(figure, left=_LEFT_MM, right=_RIGHT_MM, top=2.0, bottom=9.0)
    axes = figure.subplots()
    rows, columns = np.nonzero(view.counts)
    column_mm = (PAGE_MM - _LEFT_MM - _RIGHT_MM) / (classes + 1)
    largest = min(row_mm, max(2.2 * column_mm, 2.0)) / 25.4 * 72  # points across
    areas = largest**2 * view.counts[rows, columns] / view.counts.max()
    axes.scatter(columns, rows, s=areas, color=figures.LOWER, alpha=0.8, linewidth=0)
    axes.set_xlim(-1.0, classes)
    axes.set_ylim(clients - 0.4, -0.6)
    shown = range(0, clients, math.ceil(clients / _MOST_NAMES))
    axes.set_yticks(list(shown), [drawable(view.clients[n], 24) for n in shown], fontsize=6.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("class")
    return figure


def description(view: PartitionView) -> str:
    """Say in words how many examples each client has, and of how many classes."""
    rows = [
        f"{client}: {total} of {int(np.count_nonzero(counts))} classes, "
        f"at most {int(counts.max())} of one"
        for client, total, counts in zip(view.clients, view.totals, view.counts, strict=True)
    ]
    return "; ".join(rows)


def _bubbles(counts: npt.NDArray[np.int64], grid: _Grid) -> list[str]:
    """Return a path for each size: relative steps from bubble to bubble."""
    share = np.sqrt(counts / max(grid.largest, 1))
    size = np.ceil(share * _SIZES - 1e-9).astype(np.int64)  # 0 is no bubble
    paths = []
    for each in np.unique(size[size > 0]):
        inside = size == each
        # By the mean of its counts, so that no size is larger than what it shows.
        diameter = 2 * grid.radius_of(float(counts[inside].mean()))
        tenths = [
            tuple(round(10 * place) for place in grid.at(row, column))
            for row, column in np.argwhere(inside)
        ]
        steps = [f"M{tenths[0][0] / 10:g} {tenths[0][1] / 10:g}h0"]
        for before, after in itertools.pairwise(tenths):
            step_x, step_y = (after[0] - before[0]) / 10, (after[1] - before[1]) / 10
            steps.append(f"m{step_x:g} {step_y:g}h0")
        paths.append(f'<path class="bubble" stroke-width="{diameter:.2f}" d="{"".join(steps)}"/>')
    return paths


def _labels(classes: int, pitch: float) -> range:
    """Return the classes that have a number below them."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 1000, classes) if s * pitch >= 22.0)
    return range(0, classes, step)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")
