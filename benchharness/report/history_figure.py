"""One series as a drawing: means and intervals in their order, levels, steps, other machines.

The place on the axis is the campaign's number, so that a busy week does not hide in a pixel; dates
stand under it. Colours are classes of the style sheet, so that the page can be light and dark.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from markupsafe import Markup, escape

from benchharness.report.change_text import change_text
from benchharness.report.history import Point, Series
from benchharness.report.text import Unit, number

_WIDTH, _HEIGHT = 560.0, 196.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 8.0, 24.0, 24.0
_LEAST_RANGE = 0.1  # of the middle: less would make noise look like news
_TITLES_TO = 250  # points that say what they are when pointed at
_DATES = 4


def draw_series(series: Series, unit: Unit) -> Markup:
    """Return the drawing as SVG; what it says stands in the page's tables too."""
    scale = _Scale(series, unit)
    parts = [
        *_y_axis(scale, unit),
        *_x_axis(series.points, scale),
        *_environment(series, scale),
        *_intervals(series.points, scale),
        *_points(series.points, scale),
        *_levels(series, scale),
        *_steps(series, scale),
    ]
    head = f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{escape(_said(series))}"'
    return Markup(  # noqa: S704 - every text in it is escaped
        f'<svg class="plot history" {head} font-size="11.5">{"".join(parts)}</svg>'
    )


class _Scale:
    """From a campaign's number and a mean to a place in the drawing."""

    def __init__(self, series: Series, unit: Unit) -> None:
        means = [point.mean for point in series.points]
        halves = [(p.high - p.low) / 2.0 for p in series.points if p.low is not None and p.high]
        half = statistics.median(halves) if halves else 0.0
        low, high = min(means) - half, max(means) + half
        middle = (low + high) / 2.0
        wide = max(high - low, _LEAST_RANGE * abs(middle)) or 1.0
        self.step = _nice(wide / unit.factor / 3.0) * unit.factor
        self.low = math.floor((middle - wide / 2.0) / self.step) * self.step
        self.high = math.ceil((middle + wide / 2.0) / self.step) * self.step
        self.count = len(means)

    def x(self, index: float) -> float:
        """Return the place of a campaign; one alone is in the middle."""
        room = _WIDTH - _LEFT - _RIGHT
        return _LEFT + room * (index + 0.5) / self.count

    def y(self, value: float) -> float:
        """Return the place of a mean, inside the drawing."""
        share = (value - self.low) / (self.high - self.low)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1.0 - min(1.0, max(0.0, share)))


def _nice(step: float) -> float:
    """Return 1, 2, 2.5 or 5 times a power of ten, no less than ``step``."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(f * power for f in (1.0, 2.0, 2.5, 5.0, 10.0) if f * power >= step * 0.999)


def _y_axis(scale: _Scale, unit: Unit) -> list[str]:
    parts = []
    ticks = round((scale.high - scale.low) / scale.step)
    step = scale.step / unit.factor
    places = max(0, -math.floor(math.log10(step) + 1e-9)) + (step < 1 and "25" in f"{step:g}")
    for k in range(ticks + 1):
        value = scale.low + k * scale.step
        y = scale.y(value)
        parts.append(f'<path class="grid" d="M{_LEFT:g} {y:.1f}H{_WIDTH - _RIGHT:g}"/>')
        text = f"{value / unit.factor:.{places}f}".replace("-", "−")
        parts.append(f'<text x="{_LEFT - 6:g}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    return parts


def _x_axis(points: Sequence[Point], scale: _Scale) -> list[str]:
    """Write the date of the first, the last and some between, each where its campaign is."""
    count = min(_DATES, len(points))
    places = {round(k * (len(points) - 1) / max(1, count - 1)) for k in range(count)}
    parts = []
    dates: set[str] = set()
    for index in sorted(places):
        date = points[index].created_utc[:10]
        if date in dates:
            continue
        dates.add(date)
        x = scale.x(index)
        anchor = "start" if x < _LEFT + 30 else "end" if x > _WIDTH - 40 else "middle"
        y = _HEIGHT - 7
        parts.append(f'<text x="{x:.1f}" y="{y:g}" text-anchor="{anchor}">{escape(date)}</text>')
    return parts


def _intervals(points: Sequence[Point], scale: _Scale) -> list[str]:
    lines = [
        f"M{scale.x(i):.1f} {scale.y(p.low):.1f}V{scale.y(p.high):.1f}"
        for i, p in enumerate(points)
        if p.low is not None and p.high is not None
    ]
    thin = " thin" if len(points) > 200 else ""
    return [f'<path class="spread{thin}" d="{"".join(lines)}"/>'] if lines else []


def _points(points: Sequence[Point], scale: _Scale) -> list[str]:
    """Draw dots, as one path where they are many: a dot is a line of no length."""
    if len(points) > _TITLES_TO:
        dots = "".join(f"M{scale.x(i):.1f} {scale.y(p.mean):.1f}h0" for i, p in enumerate(points))
        return [f'<path class="dots" d="{dots}"/>']
    size = 2.6 if len(points) > 60 else 3.4
    return [
        f'<circle class="mean" cx="{scale.x(i):.1f}" cy="{scale.y(p.mean):.1f}" r="{size}">'
        f"<title>{escape(p.campaign_id)}, {escape(p.created_utc[:16].replace('T', ' '))}, "
        f"{number(p.mean, 4)} ({p.n} run{'' if p.n == 1 else 's'})</title></circle>"
        for i, p in enumerate(points)
    ]


def _levels(series: Series, scale: _Scale) -> list[str]:
    """Draw the mean of each level, where there is a step between them."""
    edges = [0, *(change.index for change in series.changes), len(series.points)]
    if len(edges) == 2:
        return []
    values = [series.changes[0].before, *(change.after for change in series.changes)]
    return [
        f'<path class="level" d="M{scale.x(start - 0.5):.1f} {scale.y(value):.1f}'
        f'H{scale.x(end - 0.5):.1f}"/>'
        for start, end, value in zip(edges, edges[1:], values, strict=False)
    ]


def _steps(series: Series, scale: _Scale) -> list[str]:
    parts = []
    for change in series.changes:
        x = scale.x(change.index - 0.5)
        tone = "up" if change.after > change.before else "down"
        parts.append(f'<path class="step {tone}" d="M{x:.1f} {_TOP:g}V{_HEIGHT - _BOTTOM:g}"/>')
        ratio = change.ratio
        text = change_text(ratio.ratio, None, None).change if ratio else ""
        if ratio and ratio.low is not None:
            text = change_text(ratio.ratio, ratio.low, ratio.high).change
        glyph = "▲" if tone == "up" else "▼"
        anchor = "end" if x > _WIDTH - 60 else "start" if x < _LEFT + 40 else "middle"
        parts.append(
            f'<text class="step {tone}" x="{x:.1f}" y="{_TOP - 8:g}" text-anchor="{anchor}">'
            f"{glyph} {escape(text)}</text>"
        )
    return parts


def _environment(series: Series, scale: _Scale) -> list[str]:
    lines = "".join(
        f"M{scale.x(each.index - 0.5):.1f} {_TOP:g}V{_HEIGHT - _BOTTOM:g}"
        for each in series.environment
    )
    return [f'<path class="machine" d="{lines}"/>'] if lines else []


def _said(series: Series) -> str:
    count = len(series.points)
    steps = len(series.changes)
    what = "no step" if not steps else f"{steps} step{'' if steps == 1 else 's'}"
    return f"{series.label}: {count} campaign{'' if count == 1 else 's'}, {what}"
