"""The figures of campaigns of several programs, for paper: their devices, what was learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from benchharness.model import CampaignSummary
from benchharness.report import figures
from benchharness.report.device_series import DeviceSeries, TrialSeries
from benchharness.report.figures_curves import Chart, plot_chart
from benchharness.report.figures_devices import (
    DeviceAxes,
    bar_length,
    bar_title,
    device_axes,
    plot_bars,
    plot_power,
    shade_of,
)
from benchharness.report.figures_paper import PAGE_MM, drawable, inset, paper_figure
from benchharness.report.figures_partition import partition_figure
from benchharness.report.figures_stacks import stack_figure
from benchharness.report.html_learning import learning_charts, learning_runs
from benchharness.report.html_participants import (
    energy_words,
    shown_devices,
    shown_series,
    whole_stack,
)
from benchharness.report.latex_text import escape
from benchharness.report.metrics import headline_key, ranked
from benchharness.report.participant_stacks import MOST_ROWS, energy_rows, parts_stack, time_rows
from benchharness.report.participants_shown import good_trials, some_of_each
from benchharness.report.partition import partitions
from benchharness.report.phase_kinds import PhaseKinds, clients, phase_kinds
from benchharness.report.split.paper import split_figures
from benchharness.report.text import plain
from benchharness.report.timeline import SeriesReader
from benchharness.units import format_duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Named = tuple[str, str, "Figure"]  # name of the file, caption as LaTeX, figure

_ACROSS = 3
_ROW_MM, _KEY_MM, _BUCKETS = 38.0, 5.0, 400
_CHART_MM = 56.0


def program_figures(
    summary: CampaignSummary, heading: str, reader: SeriesReader | None
) -> Iterator[Named]:
    """Yield name, caption and figure of what there is; nothing for trials of one program each.

    Call inside :func:`~benchharness.report.figures_paper.paper_style`.
    """
    title = escape(f"{plain(summary.title, 120)}{f', {plain(heading, 60)}' if heading else ''}")
    good = good_trials(summary.trials)
    if any(len(clients(trial)) > 1 for trial in good):
        kinds = phase_kinds(good)
        yield from _stacks(summary, title, kinds)
        series = None if reader is None else shown_series(summary, reader, kinds, _BUCKETS)
        if series is not None:
            yield "devices", _devices_caption(summary, title, series), devices_figure(series, kinds)
    yield from _learning(summary, title, reader)
    yield from split_figures(summary, heading)


def _stacks(summary: CampaignSummary, title: str, kinds: PhaseKinds) -> Iterator[Named]:
    """Yield the bars of all devices by variant, and those of each device of the best variant."""
    words = energy_words(summary)
    whole = whole_stack(summary, kinds)
    if whole is not None:
        text = f"{title}: {words.lower()} of all devices by what they did"
        yield "engines", f"{text}, with the $\\pm$ of one run.", stack_figure(whole)
    best = next((v for v in ranked(summary, headline_key(summary)) if v.ok), None)
    if best is None:
        return
    trials = good_trials(summary.trials_of(best.index))
    only = some_of_each(clients(trials[0]), MOST_ROWS)
    of = f" of {escape(plain(best.label, 60))}" if len(summary.variants) > 1 else ""
    left = len(clients(trials[0])) - len(only)
    more = f" {left} more devices are left out: here are the first of each kind." if left else ""
    energy = parts_stack("Energy", energy_rows(trials, kinds, only), kinds, "J")
    if energy is not None:
        text = f"{title}: {words.lower()} of each device{of} by what it did"
        yield "deviceenergy", f"{text}, with the $\\pm$ of one run.{more}", stack_figure(energy)
    time = parts_stack("Time", time_rows(trials, kinds, only), kinds, "s")
    if time is not None:
        yield (
            "devicetime",
            f"{title}: time of each device{of} by what it did.{more}",
            stack_figure(time),
        )


def devices_figure(series: TrialSeries, kinds: PhaseKinds) -> Figure:
    """Draw power and energy of each participant over time across both columns, on shared axes."""
    shown = shown_devices(series)
    down = -(-len(shown) // _ACROSS)
    figure = paper_figure(_ROW_MM * down + _KEY_MM + 4.0, PAGE_MM)
    inset(figure, left=9.0, right=9.0, top=_KEY_MM + 5.0, bottom=9.0)
    axes = device_axes(series, kinds.roles)
    grid = figure.add_gridspec(down, _ACROSS, hspace=0.42, wspace=0.34)
    for place, device in enumerate(shown):
        cell = grid[place // _ACROSS, place % _ACROSS].subgridspec(
            2, 1, height_ratios=[3, 2], hspace=0.3
        )
        upper = figure.add_subplot(cell[0])
        lower = figure.add_subplot(cell[1], sharex=upper)
        _device(upper, lower, device, axes)
        lower.tick_params(labelbottom=place + _ACROSS >= len(shown))
    figure.supxlabel(
        f"time from the start of the window / {axes.time.symbol}",
        fontsize=7.5,
        y=0.005,
        va="bottom",
    )
    seen = {span.name for device in shown for span in device.spans}
    _key(figure, [(kind, role) for kind, role in kinds.roles.items() if kind in seen])
    return figure


def _device(upper: Axes, lower: Axes, device: DeviceSeries, axes: DeviceAxes) -> None:
    own = device.participant
    name = f"{own.device or own.name}: power / W"
    plot_power(upper, device, axes)
    plot_bars(lower, device, axes)
    upper.set_title(drawable(name, 40), loc="left", pad=2, fontsize=7.0)
    lower.set_title(bar_title(axes), loc="left", pad=2, fontsize=6.5)
    lower.set_title(axes.watt_hours.symbol, loc="right", pad=2, fontsize=6.5)
    upper.tick_params(labelbottom=False)
    for each in (upper, lower):
        each.tick_params(labelsize=6.5, length=1.5)
        for text in each.texts:
            text.set_fontsize(6.5)
    for child in lower.child_axes:
        child.tick_params(labelsize=6.5)


def _key(figure: Figure, legend: Sequence[tuple[str, str]]) -> None:
    from matplotlib.patches import Patch

    figure.legend(
        handles=[
            Patch(color=figures.COLOUR_OF[role], alpha=shade_of(role), linewidth=0)
            for _, role in legend
        ],
        labels=[drawable(name, 28) for name, _ in legend],
        loc="upper center",
        ncols=max(1, len(legend)),
        borderaxespad=0.2,
        handlelength=1.2,
        handleheight=0.9,
    )


def _devices_caption(summary: CampaignSummary, title: str, series: TrialSeries) -> str:
    label = next((v.label for v in summary.variants if v.index == series.trial.variant), "")
    of = f" of {escape(plain(label, 60))}" if len(summary.variants) > 1 else ""
    left = len(series.devices) - len(shown_devices(series))
    more = f" {left} more devices are left out: here are the first of each kind." if left else ""
    return (
        f"{title}: power and {energy_words(summary).lower()} of each device over run "
        f"{series.trial.index + 1}{of} ({escape(format_duration(series.window_s))}). Shaded: its "
        f"phases; dashed: the median reading at work; bars: energy in each "
        f"{escape(bar_length(series.bar_s))}.{more}"
    )


def _learning(summary: CampaignSummary, title: str, reader: SeriesReader | None) -> Iterator[Named]:
    runs, _ = learning_runs(summary)
    charts = learning_charts(summary, runs, reader)
    if charts:
        which = "one run" if len(runs) == 1 else "the median run of each variant"
        yield (
            "learning",
            f"{title}: what was learned, {which}. Dotted: on training data, at the clients.",
            learning_figure([chart for *_, chart in charts]),
        )
    for place, view in enumerate(partitions(summary)):
        how = f" ({escape(view.how)})" if view.how else ""
        yield (
            "partition" + (str(place + 1) if place else ""),
            f"{title}: examples by client and class{how}; the largest bubble is "
            f"{int(view.counts.max())} examples, areas are in proportion.",
            partition_figure(view),
        )


def learning_figure(charts: Sequence[Chart]) -> Figure:
    """Draw charts two in a row across both columns."""
    down = -(-len(charts) // 2)
    figure = paper_figure(_CHART_MM * down, PAGE_MM)
    inset(figure, left=14.0, right=3.0, top=3.0, bottom=10.0)
    figure.subplots_adjust(hspace=0.32, wspace=0.2)
    grid = figure.subplots(down, 2, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(charts):
            axes.set_visible(False)
            continue
        plot_chart(axes, charts[place], width=1.0)
    return figure
