"""Split learning on paper and in Markdown: the figures, the tables as floats and as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from benchharness.model import CampaignSummary
from benchharness.report import figures
from benchharness.report.figures_paper import COLUMN_MM, PAGE_MM, drawable, inset, paper_figure
from benchharness.report.groups import sections
from benchharness.report.html_participants import energy_words
from benchharness.report.latex_table import table_float
from benchharness.report.latex_text import escape, label
from benchharness.report.markdown import escape as markdown_escape
from benchharness.report.markdown import table_lines
from benchharness.report.metrics import class_suffix
from benchharness.report.split.cuts_over_time import RunCuts, runs_with_cuts
from benchharness.report.split.figure_cuts import (
    has_rates,
    plot_cuts,
    plot_rates,
    rates_title,
    time_title,
)
from benchharness.report.split.figure_front import plot_front
from benchharness.report.split.figure_prediction import Predictions, plot_predictions
from benchharness.report.split.front import FrontPanel, below_words, fronts
from benchharness.report.split.rounds import is_split
from benchharness.report.split.tables import split_tables
from benchharness.report.split.view import charts, prediction_caption
from benchharness.report.text import plain
from benchharness.report.timeline import SeriesReader

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Named = tuple[str, str, "Figure"]  # name of the file, caption as LaTeX, figure

_FRONT_MM, _CUTS_MM, _PREDICTED_MM = 66.0, 58.0, 66.0
_TYPE = 0.68  # of the size on the page
_MOST_CUTS = 4


def split_figures(summary: CampaignSummary, heading: str) -> Iterator[Named]:
    """Yield name, caption and figure of what there is.

    Call inside :func:`~benchharness.report.figures_paper.paper_style`.
    """
    if not is_split(summary):
        return
    title = escape(f"{plain(summary.title, 120)}{f', {plain(heading, 60)}' if heading else ''}")
    suffix = class_suffix(summary)
    words = energy_words(summary).lower()
    for place, panel in enumerate(fronts(summary)[0]):
        under = f" ({escape(panel.condition)})" if panel.condition else ""
        yield (
            "front" + (str(place + 1) if place else ""),
            f"{title}: {words} of all devices a round against the time of a round{under}, with "
            r"\SI{95}{\percent} intervals. The line joins what ARES took for each $\alpha$; "
            "of its paler points another of them is as fast and takes as little; diamonds are "
            f"other schemes. {escape(below_words(panel))}".rstrip(),
            front_figure(panel, suffix),
        )
    runs, left = runs_with_cuts(summary)
    if runs:
        more = f" {left + len(runs) - _MOST_CUTS} more are left out." if len(runs) > 4 else ""
        yield (
            "cuts",
            f"{title}: the layers that each device computed itself, round by round, in the median "
            f"run of each variant, above the rate of its link.{more}",
            cuts_figure(runs[:_MOST_CUTS]),
        )
    shown = charts(summary)
    if shown:
        told = ". ".join(
            f"{escape(each.quantity.capitalize())}: {escape(prediction_caption(each))}"
            for each in shown
        )
        yield (
            "predicted",
            f"{title}: predicted against measured, a point a device and round; the band is within "
            rf"\SI{{10}}{{\percent}}. {told}.",
            predicted_figure(shown),
        )


def front_figure(panel: FrontPanel, suffix: str) -> Figure:
    """Draw a Pareto front in one column."""
    figure = paper_figure(_FRONT_MM, COLUMN_MM)
    figure.set_dpi(figures.POINTS_PER_INCH)  # the labels are placed in points
    inset(figure, left=12.0, right=2.5, top=2.5, bottom=9.5)
    plot_front(figure.subplots(), panel, suffix, scale=_TYPE)
    return figure


def cuts_figure(runs: Sequence[RunCuts]) -> Figure:
    """Draw the cuts of runs two in a row across both columns, each above its rates."""
    down = -(-len(runs) // 2)
    figure = paper_figure(_CUTS_MM * down + 4.0, PAGE_MM)
    inset(figure, left=9.0, right=3.0, top=8.0, bottom=9.0)
    grid = figure.add_gridspec(down, 2, hspace=0.4, wspace=0.16)
    for place, run in enumerate(runs):
        rates = has_rates(run)
        cell = grid[place // 2, place % 2].subgridspec(
            2 if rates else 1, 1, height_ratios=[3, 2] if rates else [1], hspace=0.42
        )
        upper = figure.add_subplot(cell[0])
        plot_cuts(upper, run, width=1.1)
        upper.tick_params(labelsize=6.0)
        upper.set_title(
            drawable(f"{run.label}: cut after layer", 60), loc="left", pad=2, fontsize=7.0
        )
        lower = upper
        if rates:
            lower = figure.add_subplot(cell[1], sharex=upper)
            plot_rates(lower, run, width=1.0)
            lower.set_title(rates_title(run), loc="left", pad=2, fontsize=6.5)
            upper.tick_params(labelbottom=False)
        lower.set_xlabel(time_title(run), labelpad=1)
        if place == 0:
            handles, names = upper.get_legend_handles_labels()
            figure.legend(handles, names, loc="upper center", ncols=6, borderaxespad=0.2)
    return figure


def predicted_figure(shown: Sequence[Predictions]) -> Figure:
    """Draw predicted against measured, time beside energy."""
    figure = paper_figure(_PREDICTED_MM, PAGE_MM if len(shown) > 1 else COLUMN_MM)
    inset(figure, left=12.0, right=3.0, top=3.0, bottom=10.0)
    figure.subplots_adjust(wspace=0.24)
    row = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, each in zip(row, shown, strict=True):
        plot_predictions(axes, each, size=2.6)
    return figure


def split_floats(summary: CampaignSummary, reader: SeriesReader | None) -> str:
    """Return the tables of each workload that split a network as LaTeX, "" for none."""
    floats = []
    for part in sections(summary):
        heading = plain(part.heading, 60)
        title = f"{plain(summary.title, 120)}{f', {heading}' if heading else ''}"
        name = f"{label(summary.campaign_id)}{f'-{label(heading)}' if heading else ''}"
        for table, kind in zip(
            split_tables(part.summary, reader), ("schemes", "predictions"), strict=False
        ):
            notes = ". ".join(escape(f"{note[0].upper()}{note[1:]}") for note in table.notes)
            caption = f"{escape(title)}: {escape(table.caption)}. {notes}."
            floats.append(table_float(table, caption, f"{name}-{kind}", shrink=True))
    return "".join(floats)


def split_markdown(summary: CampaignSummary, reader: SeriesReader | None) -> str:
    """Return the tables of each workload that split a network as Markdown, "" for none."""
    lines: list[str] = []
    for part in sections(summary):
        for table in split_tables(part.summary, reader):
            head = f"{part.heading}, {table.caption}" if part.heading else table.caption
            lines += [f"#### {markdown_escape(head[0].upper() + head[1:])}", ""]
            lines += [*table_lines(table), "", *(f"{markdown_escape(n)}.  " for n in table.notes)]
            lines.append("")
    return "\n".join(["", *lines]) if lines else ""
