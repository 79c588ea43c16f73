"""What happened over time: one trial as stacked panels, and every trial as a small one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from benchharness.report import figures
from benchharness.report.figures_losses import METER_COLOURS, STYLES, shade_losses, title_of
from benchharness.report.text import plain
from benchharness.report.timeline import Series, Span, Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Locator

LineStyle = str | tuple[float, tuple[float, ...]]

WIDTH, PANEL_HEIGHT = 440.0, 92.0
SMALL_WIDTH, SMALL_HEIGHT = 200.0, 84.0
LABELS = {
    "power": "Power / W",
    "cpu": "CPU / % of one core",
    "memory": "Memory / MiB",
    "temperature": "Temperature / °C",
}
COLOURS = {
    "power": figures.LOWER,
    "cpu": figures.INK,
    "memory": figures.IO,
    "temperature": figures.HIGHER,
}
STAGE_WORDS = {
    "settle": "settle",
    "idle_before": "idle",
    "warmup": "warm-up",
    "idle_after": "idle",
    "cooldown": "cool-down",
}
_MOST_POWERS = 12  # as in the timeline: more cannot be told apart
MOST_SPANS = 40  # more spans of one name than this are drawn as one line without gaps below a pixel


def draw_trial(
    timeline: Timeline,
    name: str,
    title: str,
    phase_roles: Mapping[str, str],
    tops: Mapping[str, float] | None = None,
) -> Markup:
    """Draw one trial: a panel a quantity, the window shaded, stages and phases named.

    ``phase_roles`` gives each phase the name of its colour.
    ``tops`` gives the top of each quantity's axis, so that several trials can be compared by eye.
    """
    with figures.style():
        quantities = [q for q in LABELS if timeline.first(q) is not None]
        height = 83.0 + PANEL_HEIGHT * len(quantities)
        figure = figures.new_figure(WIDTH, height)
        figure.subplots_adjust(
            left=46 / WIDTH,
            right=1 - 8 / WIDTH,
            top=1 - 45 / height,
            bottom=36 / height,
            hspace=0.3,
        )
        panels = figure.subplots(len(quantities), 1, sharex=True, squeeze=False)[:, 0]
        for axes, quantity in zip(panels, quantities, strict=True):
            shown = [s for s in timeline.series if s.quantity == quantity]
            losses = plot_series(axes, timeline, quantity)
            top = (tops or {}).get(quantity) or max(peak(s) for s in shown)
            figures.from_zero(axes, top, (1, 5, 10) if quantity == "cpu" else (1, 2, 3, 4, 5, 10))
            title_text = title_of(shown, losses=losses) if quantity == "power" else LABELS[quantity]
            if len(shown) > most_lines(quantity):
                title_text += f": the first {most_lines(quantity)} of {len(shown)}"
            # The strip of phases lies between the top panel and its title.
            pad = 9 if timeline.phases and axes is panels[0] else 3
            axes.set_title(title_text, loc="left", pad=pad, color=figures.MUTED)
            axes.grid(visible=False, axis="x")
        _stage_names(panels[0], timeline)
        phase_bars(panels[0], timeline, phase_roles)
        panels[-1].set_xlabel("time from the start of the window / s")
        panels[-1].set_xlim(timeline.start_s, timeline.end_s)
        panels[-1].xaxis.set_major_locator(_few_ticks(8))
        return figures.svg(figure, name, title, _description(timeline))


def draw_small(
    timeline: Timeline,
    quantity: str,
    name: str,
    title: str,
    top: float,
    span_s: tuple[float, float],
) -> Markup:
    """Draw one trial as a small panel on axes that all small panels share."""
    with figures.style():
        figure = figures.new_figure(SMALL_WIDTH, SMALL_HEIGHT)
        figure.subplots_adjust(
            left=30 / SMALL_WIDTH,
            right=1 - 6 / SMALL_WIDTH,
            top=1 - 6 / SMALL_HEIGHT,
            bottom=18 / SMALL_HEIGHT,
        )
        axes = figure.subplots()
        plot_series(axes, timeline, quantity, width=1.1)
        figures.from_zero(axes, top)
        axes.set_xlim(*span_s)
        axes.xaxis.set_major_locator(_few_ticks())
        axes.grid(visible=False, axis="x")
        axes.tick_params(length=2, pad=2)
        return figures.svg(figure, name, title, _description(timeline))


def plot_series(axes: Axes, timeline: Timeline, quantity: str, width: float = 1.4) -> bool:
    """Draw the window and every series of a quantity; say whether a supply's loss is shaded."""
    shown = [s for s in timeline.series if s.quantity == quantity]
    _shade(axes, timeline)
    losses = quantity == "power" and shade_losses(axes, shown)
    for number, series in enumerate(shown[: most_lines(quantity)]):
        _line(axes, series, *_look(quantity, number), width=width)
    return losses


def most_lines(quantity: str) -> int:
    """Return how many lines of a quantity can be told apart."""
    return _MOST_POWERS if quantity == "power" else len(STYLES)


def peak(series: Series) -> float:
    """Return the largest finite value of a series, 0 where it has none."""
    values = series.mean if series.high is None else series.high
    finite = values[np.isfinite(values)]
    return float(finite.max()) if len(finite) else 0.0


def _look(quantity: str, number: int) -> tuple[str, LineStyle]:
    """Return the colour and the dashes of the n-th series of a quantity."""
    if quantity == "power":
        colour = METER_COLOURS[number % len(METER_COLOURS)]
        return colour, STYLES[(number + number // len(METER_COLOURS)) % len(STYLES)]
    return COLOURS[quantity], STYLES[number % len(STYLES)]


def _line(
    axes: Axes, series: Series, colour: str, dashes: LineStyle = "solid", width: float = 1.4
) -> None:
    if series.low is not None and series.high is not None:
        axes.fill_between(
            series.t_s, series.low, series.high, color=colour, alpha=0.25, linewidth=0
        )
    finite = int(np.count_nonzero(np.isfinite(series.mean)))
    axes.plot(
        series.t_s,
        series.mean,
        color=colour,
        linewidth=width,
        linestyle=dashes,
        drawstyle="steps-pre" if series.steps else "default",
        marker="o" if finite <= 25 and not series.steps else "",
        markersize=2.6,
    )


def _shade(axes: Axes, timeline: Timeline) -> None:
    if timeline.window_s is not None:
        # A hairline keeps a window of milliseconds visible.
        axes.axvspan(0.0, timeline.window_s, color=figures.BAND, alpha=0.75, linewidth=0.8)


def _stage_names(axes: Axes, timeline: Timeline) -> None:
    """Name the window, and the stages around it where there is room, above the top panel."""
    length = timeline.end_s - timeline.start_s
    letter = 0.0165 * length  # about the width of one letter, in seconds
    taken: list[tuple[float, float]] = []
    named = [(STAGE_WORDS[s.name], s) for s in timeline.stages if s.name in STAGE_WORDS]
    if timeline.window_s is not None:
        named.insert(0, ("window", Span("window", 0.0, timeline.window_s)))
    for word, span in named:
        start, end = max(span.start_s, timeline.start_s), min(span.end_s, timeline.end_s)
        half, middle = letter * len(word) / 2, (start + end) / 2
        is_window = word == "window"
        collides = any(middle - half < b and a < middle + half for a, b in taken)
        if not is_window and (collides or end - start < 2 * half):
            continue
        taken.append((middle - half - letter, middle + half + letter))
        axes.annotate(
            word,
            (middle, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 25),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=figures.INK if is_window else figures.MUTED,
            fontsize=10.0,
        )


def phase_bars(axes: Axes, timeline: Timeline, roles: Mapping[str, str]) -> None:
    """Draw the phases of the workload as a strip along the top of the top panel."""
    names = list(dict.fromkeys(s.name for s in timeline.phases))
    length = timeline.end_s - timeline.start_s
    for name in names:
        spans = [s for s in timeline.phases if s.name == name]
        if len(spans) > MOST_SPANS:
            spans = merged_spans(spans, length / 400)
        axes.broken_barh(
            [(s.start_s, max(s.end_s - s.start_s, length / 400)) for s in spans],
            (1.0, 0.06),
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            color=figures.COLOUR_OF[roles.get(name, "floor")],
            linewidth=0,
        )


def merged_spans(spans: Sequence[Span], gap_s: float) -> list[Span]:
    """Make one span of those with no more than ``gap_s`` between them."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: s.start_s):
        if merged and span.start_s - merged[-1].end_s <= gap_s:
            last = merged[-1]
            merged[-1] = Span(last.name, last.start_s, max(last.end_s, span.end_s))
        else:
            merged.append(span)
    return merged


def _few_ticks(most: int = 3) -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10])


def _description(timeline: Timeline) -> str:
    """Say in words what the picture shows, for those who do not see it."""
    parts = []
    for series in timeline.series:
        inside = np.isfinite(series.mean)
        if timeline.window_s is not None:
            inside &= (series.t_s >= 0) & (series.t_s <= timeline.window_s)
        if not inside.any():
            continue
        mean = float(series.mean[inside].mean())
        parts.append(
            f"{series.quantity} of {plain(series.name, 40)}: mean in the window "
            f"{_short(mean)} {series.unit}, peak {_short(peak(series))} {series.unit}"
        )
    if timeline.window_s is not None:
        parts.append(f"the window lasts {_short(timeline.window_s)} s")
    return "; ".join(parts)


def _short(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
