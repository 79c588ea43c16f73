"""One participant over time: its power with its phases shaded, and its joules in bars below.

Drawn once: as SVG for the page, a figure each, and on the axes of a paper's figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from benchharness.report import figures
from benchharness.report.device_series import DeviceSeries, TrialSeries
from benchharness.report.participants_shown import time_unit
from benchharness.report.text import Unit, column_unit, number, plain
from benchharness.report.timeline import Span
from benchharness.units import JOULES_PER_WATT_HOUR, format_duration, format_si

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch
    from matplotlib.ticker import Locator

WIDTH, HEIGHT = 340.0, 204.0
_SHADES = {"floor": 0.3, "startup": 0.5, "io": 0.5, "muted": 0.12}  # how dense a phase's colour is
_SHADE = 0.3  # of the others
_MOST_APART = 80  # bars with a gap between them


@dataclass(frozen=True, slots=True)
class DeviceAxes:
    """What all panels share: their tops, the units of time and of a bar, colours of the kinds."""

    window_s: float
    bar_s: float
    top_w: float
    top_j: float
    time: Unit
    joules: Unit
    watt_hours: Unit
    roles: Mapping[str, str]


def device_axes(series: TrialSeries, roles: Mapping[str, str]) -> DeviceAxes:
    """Find axes that hold every participant of a trial."""
    bars = [b for d in series.devices for b in d.bars_j[np.isfinite(d.bars_j)]]
    top_j = float(max(bars, default=0.0))
    top_wh = top_j / JOULES_PER_WATT_HOUR
    return DeviceAxes(
        window_s=series.window_s,
        bar_s=series.bar_s,
        top_w=max(device.peak_w for device in series.devices),
        top_j=top_j,
        time=time_unit(series.window_s),
        joules=column_unit([top_j], "J"),
        watt_hours=Unit("Wh", 1.0) if top_wh >= 0.5 else Unit("mWh", 1e-3),
        roles=roles,
    )


def draw_device(device: DeviceSeries, axes: DeviceAxes, name: str) -> Markup:
    """Draw one participant as SVG; ``name`` is a word that is unique in the page."""
    with figures.style():
        figure = figures.new_figure(WIDTH, HEIGHT)
        figure.subplots_adjust(
            left=38 / WIDTH, right=1 - 44 / WIDTH, top=1 - 18 / HEIGHT, bottom=34 / HEIGHT,
            hspace=0.42,
        )  # fmt: skip
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        plot_power(upper, device, axes)
        plot_bars(lower, device, axes)
        for each, left, right in (
            (upper, "Power / W", ""),
            (lower, bar_title(axes), axes.watt_hours.symbol),
        ):
            each.set_title(left, loc="left", pad=4, color=figures.MUTED, fontsize=10)
            each.set_title(right, loc="right", pad=4, color=figures.MUTED, fontsize=10)
            each.tick_params(left=False, bottom=False, pad=3)
        lower.set_xlabel(f"time / {axes.time.symbol}", labelpad=2)
        who = plain(device.participant.name, 60)
        return figures.svg(
            figure, name, f"Power and energy of {who}", description(device, axes), places=1
        )


def bar_title(shared: DeviceAxes) -> str:
    """Name the axis of the bars."""
    return f"Energy in each {bar_length(shared.bar_s)} / {shared.joules.symbol}"


def watts(power_w: float) -> str:
    """Return a plateau's number: tenths of a watt, as plugs tell them, more below 1 W."""
    return f"{power_w:.1f}" if power_w >= 1.0 else number(power_w, 2)


def bar_length(bar_s: float) -> str:
    """Return ``2 min`` or ``10 s``."""
    minutes = bar_s / 60.0
    return f"{minutes:g} min" if minutes >= 1 and minutes == int(minutes) else f"{bar_s:g} s"


def plot_power(axes: Axes, device: DeviceSeries, shared: DeviceAxes) -> None:
    """Draw power over time on a shared axis from 0 W, its phases behind it, its plateau named."""
    time = shared.time.factor
    shade_phases(axes, device.spans, shared)
    if device.low_w is not None and device.high_w is not None:
        axes.fill_between(
            device.t_s / time, device.low_w, device.high_w, color=figures.INK, alpha=0.22,
            linewidth=0,
        )  # fmt: skip
    axes.plot(
        device.t_s / time,
        device.mean_w,
        color=figures.INK,
        linewidth=0.9,
        drawstyle="steps-pre" if device.steps else "default",
    )
    figures.from_zero(axes, shared.top_w)
    axes.yaxis.set_major_locator(_ticks(4))
    axes.grid(visible=False, axis="x")
    axes.set_xlim(0.0, shared.window_s / time)
    if device.plateau_w is not None:
        axes.annotate(
            f"{watts(device.plateau_w)} W", (1.0, device.plateau_w),
            xycoords=axes.get_yaxis_transform(), xytext=(4, 0), textcoords="offset points",
            va="center", color=figures.INK, annotation_clip=False,
        )  # fmt: skip
        axes.axhline(device.plateau_w, color=figures.INK, linewidth=0.7, dashes=(3, 3))


def shade_phases(axes: Axes, spans: Sequence[Span], shared: DeviceAxes) -> None:
    """Fill the height of the axes with the colour of each phase: one shape a kind."""
    time = shared.time.factor
    for kind, role in shared.roles.items():
        own = [s for s in spans if s.name == kind]
        boxes = [(s.start_s / time, min(s.end_s, shared.window_s) / time, 1.0) for s in own]
        patch = _boxes(boxes, figures.COLOUR_OF[role], alpha=shade_of(role))
        patch.set_transform(axes.get_xaxis_transform())
        axes.add_patch(patch)


def shade_of(role: str) -> float:
    """Return how dense the colour of a phase is behind a line, 0 to 1."""
    return _SHADES.get(role, _SHADE)


def plot_bars(axes: Axes, device: DeviceSeries, shared: DeviceAxes) -> None:
    """Draw the joules of each bar from 0, with watt-hours on the right; few bars stand apart."""
    edges = device.bar_edges_s / shared.time.factor
    heights = device.bars_j / shared.joules.factor
    gap = 0.12 if len(heights) <= _MOST_APART else 0.0
    boxes = [
        (a + gap * (b - a), b, height)
        for a, b, height in zip(edges[:-1], edges[1:], heights, strict=True)
        if np.isfinite(height)
    ]
    if gap:
        axes.add_patch(_boxes(boxes, figures.LOWER))
    else:  # one outline for all of them
        axes.stairs(np.nan_to_num(heights), edges, fill=True, color=figures.LOWER, linewidth=0)
    figures.from_zero(axes, shared.top_j / shared.joules.factor)
    axes.grid(visible=False, axis="x")
    factor = shared.joules.factor / JOULES_PER_WATT_HOUR / shared.watt_hours.factor
    right = axes.secondary_yaxis(
        "right", functions=(partial(np.multiply, factor), partial(np.multiply, 1.0 / factor))
    )
    right.tick_params(right=False, pad=3)
    right.yaxis.set_major_locator(_ticks(3))
    right.yaxis.set_major_formatter("{x:g}")


def _boxes(boxes: Sequence[tuple[float, float, float]], colour: str, alpha: float = 1.0) -> Patch:
    """Return one shape of boxes from left to right, of a height each."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    outlines = [
        Path([(a, 0.0), (a, height), (b, height), (b, 0.0), (a, 0.0)], closed=True)
        for a, b, height in boxes
    ]
    shape = Path.make_compound_path(*outlines)
    return PathPatch(shape, facecolor=colour, edgecolor="none", alpha=alpha, linewidth=0, zorder=0)


def _ticks(most: int) -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10])


def description(device: DeviceSeries, shared: DeviceAxes) -> str:
    """Say in words what the picture shows."""
    parts = [f"{plain(device.participant.name, 60)} over {format_duration(shared.window_s)}"]
    if device.plateau_w is not None:
        parts.append(f"{format_si(device.plateau_w, 'W', 3)} while it works")
    finite = device.bars_j[np.isfinite(device.bars_j)]
    if finite.size:
        total = float(finite.sum())
        parts.append(f"{len(finite)} bars, together {format_si(total, 'J', 3)}")
    seconds: dict[str, float] = {}
    for span in device.spans:
        seconds[span.name] = seconds.get(span.name, 0.0) + span.end_s - span.start_s
    parts += [f"{kind} {format_duration(s)}" for kind, s in seconds.items()]
    return "; ".join(parts)
