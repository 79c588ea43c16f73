"""The section of the page: where the network was cut, at what price, and was it foreseen."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from benchharness.model import CampaignSummary
from benchharness.report.html_participants import energy_words
from benchharness.report.metrics import class_suffix
from benchharness.report.participants_shown import good_trials
from benchharness.report.split.cuts_over_time import RunCuts, runs_with_cuts
from benchharness.report.split.figure_cuts import draw_cuts
from benchharness.report.split.figure_front import begins_at_zero, draw_front
from benchharness.report.split.figure_prediction import (
    MOST_POINTS,
    Predictions,
    draw_predictions,
    error_words,
    predictions,
)
from benchharness.report.split.front import below_words, fronts
from benchharness.report.split.prediction import JOULES, SECONDS, pairs
from benchharness.report.split.rounds import is_split
from benchharness.report.split.tables import split_tables
from benchharness.report.table import Table
from benchharness.report.text import number
from benchharness.report.timeline import SeriesReader


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure with what stands above it."""

    head: str
    text: str
    figure: Markup


@dataclass(frozen=True, slots=True)
class SplitView:
    """What the section shows."""

    energy_words: str  # "Energy", or with its class "Energy (emulated)"
    fronts: tuple[Drawn, ...]
    fronts_left_out: int
    from_zero: bool
    cuts: tuple[Drawn, ...]
    cuts_left_out: int
    predictions: tuple[Drawn, ...]
    tables: tuple[Table, ...]


def split_view(summary: CampaignSummary, reader: SeriesReader | None) -> SplitView | None:
    """Return the section; None for a campaign in which no network was split."""
    if not is_split(summary):
        return None
    suffix = class_suffix(summary)
    panels, panels_left = fronts(summary)
    runs, runs_left = runs_with_cuts(summary)
    return SplitView(
        energy_words=energy_words(summary),
        fronts=tuple(
            Drawn(panel.condition, below_words(panel), draw_front(panel, f"front{n}", suffix))
            for n, panel in enumerate(panels)
        ),
        fronts_left_out=panels_left,
        from_zero=all(begins_at_zero(panel) for panel in panels),
        cuts=tuple(
            Drawn(run.label, run_words(run), draw_cuts(run, f"cuts{n}"))
            for n, run in enumerate(runs)
        ),
        cuts_left_out=runs_left,
        predictions=tuple(
            Drawn(
                f"{shown.quantity.capitalize()}{shown.suffix}",
                prediction_caption(shown),
                draw_predictions(shown, f"predicted{n}"),
            )
            for n, shown in enumerate(charts(summary))
        ),
        tables=tuple(split_tables(summary, reader)),
    )


def charts(summary: CampaignSummary) -> list[Predictions]:
    """Return predicted against measured over all good runs: of time, and of energy."""
    good = good_trials(summary.trials)
    found = (
        predictions(*pairs(good, SECONDS), "time", SECONDS),
        predictions(*pairs(good, JOULES), "energy", JOULES, class_suffix(summary)),
    )
    return [shown for shown in found if shown is not None]


def run_words(run: RunCuts) -> str:
    """Say which run it is, and what is not drawn."""
    parts = [f"run {run.trial.index + 1}"]
    if run.left_out:
        parts.append(f"{run.left_out} more devices are not drawn")
    return "; ".join(parts)


def prediction_caption(shown: Predictions) -> str:
    """Say how far the predictions were off, and what of them is not drawn."""
    told = shown.errors
    parts = [f"{told.count} device rounds", error_words(told)]
    if told.u is not None:
        parts.append(f"U of what was measured {number(100 * told.u, 2)} % in the median")
    if told.left_out:
        what = "their joules cannot be told" if shown.base == JOULES else "nothing was measured"
        parts.append(f"{told.left_out} more are left out, since {what}")
    if told.count > MOST_POINTS:
        parts.append("some of them are drawn, the farthest off among them")
    return "; ".join(parts)
