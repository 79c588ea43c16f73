"""What a model learned, and at what price: values by round, against time and against joules.

One run of each variant is drawn, the median one; the tables are over all good runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from benchharness.model import CampaignSummary, SeriesPoint, TrialSummary, VariantSummary
from benchharness.report.accuracy_error import chance_of
from benchharness.report.figures_curves import MOST_LINES, Chart, Curve, draw_chart
from benchharness.report.figures_partition import draw_key, draw_partition
from benchharness.report.html_panels import median_run
from benchharness.report.html_participants import energy_words
from benchharness.report.learning_energy import LearningPoint, learning_points
from benchharness.report.learning_table import learning_table
from benchharness.report.metrics import headline_key, ranked
from benchharness.report.participants_shown import time_unit
from benchharness.report.partition import PartitionView, partitions
from benchharness.report.table import Table
from benchharness.report.text import column_unit, plain
from benchharness.report.timeline import SeriesReader

ACCURACY, LOSS = "accuracy", "loss"
TEST, TRAIN = "test", "train"
_SCALE = "; logarithmic, from the first round on"


@dataclass(frozen=True, slots=True)
class ChartPanel:
    """A chart with what stands above it."""

    head: str
    text: str
    figure: Markup


@dataclass(frozen=True, slots=True)
class PartitionPanel:
    """A partition with its key and what stands above it."""

    how: str
    largest: int
    figure: Markup
    key: Markup
    variants: str
    left_out: int


@dataclass(frozen=True, slots=True)
class LearningView:
    """What the section shows."""

    data: tuple[str, ...]
    model: str
    partitions: tuple[PartitionPanel, ...]
    charts: tuple[ChartPanel, ...]
    table: Table | None
    shown: str
    left_out: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LearningRun:
    """The run of a variant that is drawn; ``place`` gives its look."""

    place: int
    variant: VariantSummary
    trial: TrialSummary

    def series(self, part: str, what: str) -> tuple[SeriesPoint, ...]:
        """Return the points of ``test_accuracy`` and the like that have a step."""
        return tuple(p for p in self.trial.series.get(f"{part}_{what}", ()) if p.step is not None)


Priced = tuple[LearningRun, list[LearningPoint]]


def learning_view(summary: CampaignSummary, reader: SeriesReader | None) -> LearningView | None:
    """Return the section; None for a campaign in which nothing was learned by steps."""
    runs, left_out = learning_runs(summary)
    found = partitions(summary)
    if not runs and not found:
        return None
    charts = learning_charts(summary, runs, reader)
    trials = [t for t in summary.trials if t.outputs]
    return LearningView(
        data=_told(trials, "data"),
        model=_model(trials),
        partitions=tuple(
            _partition(view, n, len(summary.variants)) for n, view in enumerate(found)
        ),
        charts=tuple(
            ChartPanel(head, text, draw_chart(chart, f"learning{n}", head))
            for n, (head, text, chart) in enumerate(charts)
        ),
        table=learning_table(summary, reader),
        shown=_shown(runs),
        left_out=left_out,
        notes=tuple(_notes(runs)),
    )


def learning_runs(summary: CampaignSummary) -> tuple[list[LearningRun], int]:
    """Return the median run of each variant that learned, and how many are too many to draw."""
    key = headline_key(summary)
    found = []
    for variant in ranked(summary, key):
        trial = median_run(summary, variant, key) if variant.ok else None
        if trial is not None and any(_learned(trial, what) for what in (ACCURACY, LOSS)):
            found.append((variant, trial))
    runs = [LearningRun(n, v, t) for n, (v, t) in enumerate(found[:MOST_LINES])]
    return runs, max(0, len(found) - MOST_LINES)


def learning_charts(
    summary: CampaignSummary, runs: Sequence[LearningRun], reader: SeriesReader | None
) -> list[tuple[str, str, Chart]]:
    """Return (head, text, chart) of every chart for which there are values."""
    priced = [
        (run, learning_points(run.trial, f"{TEST}_{ACCURACY}", reader))
        for run in runs
        if len(run.series(TEST, ACCURACY)) > 1
    ]
    words = energy_words(summary)
    charts = [
        ("Accuracy by round", *_by_round(runs, ACCURACY)),
        ("Loss by round", *_by_round(runs, LOSS)),
        (f"Accuracy against {words.lower()}", _whose(runs), _against_energy(priced, words)),
        ("Accuracy against time", "from the start of the window", _against_time(priced)),
    ]
    return [
        (head, f"{text}{_SCALE if chart.logarithmic else ''}", chart)
        for head, text, chart in charts
        if chart.curves
    ]


def _whose(runs: Sequence[LearningRun]) -> str:
    """Say what the joules of the runs are of."""
    targets = {run.trial.energy.target for run in runs if run.trial.energy is not None}
    return f"of {plain(targets.pop(), 40)}" if len(targets) == 1 else ""


def _learned(trial: TrialSummary, what: str) -> bool:
    return any(len(trial.series.get(f"{part}_{what}", ())) > 1 for part in (TEST, TRAIN))


def _by_round(runs: Sequence[LearningRun], what: str) -> tuple[str, Chart]:
    """Return the test values of each run, and beside them those of training, dotted."""
    alone = len(runs) == 1
    curves, with_train = [], False
    for run in runs:
        for part in (TEST, TRAIN):
            points = run.series(part, what)
            if len(points) < 2:
                continue
            faint = part == TRAIN and bool(run.series(TEST, what))
            with_train |= faint
            label = part if alone else "" if faint else plain(run.variant.label, 60)
            steps = tuple(float(p.step) for p in points if p.step is not None)
            values = tuple(p.value for p in points)
            curves.append(Curve(label, steps, values, run.place, faint=faint))
    text = "on the test data; dotted: training data, at the clients" if with_train else ""
    percent = what == ACCURACY
    chart = Chart(tuple(curves), "round", what, _chance(runs) if percent else None,
                  percent=percent, whole=True)  # fmt: skip
    return text, chart


def _against_time(priced: Sequence[Priced]) -> Chart:
    lengths = [run.trial.duration_s for run, _ in priced if run.trial.duration_s is not None]
    unit = time_unit(max(lengths, default=0.0))
    curves = [_curve(run, [p.t_s / unit.factor for p in points], points) for run, points in priced]
    chance = _chance([run for run, _ in priced])
    return Chart(tuple(curves), f"time / {unit.symbol}", ACCURACY, chance, percent=True)


def _against_energy(priced: Sequence[Priced], words: str) -> Chart:
    """Return the accuracy that so many joules of all devices together had bought."""
    # A point whose joules nobody can tell (few readings so far) is left out, not its curve.
    told = [(run, [p for p in points if p.energy_j is not None]) for run, points in priced]
    known = [(run, points) for run, points in told if len(points) > 1]
    unit = column_unit([max(p.energy_j or 0.0 for p in points) for _, points in known], "J")
    curves = [
        _curve(run, [(p.energy_j or 0.0) / unit.factor for p in points], points)
        for run, points in known
    ]
    chance = _chance([run for run, _ in known])
    title = f"{words.lower()} / {unit.symbol}"
    return Chart(tuple(curves), title, ACCURACY, chance, percent=True)


def _curve(run: LearningRun, x: Sequence[float], points: Sequence[LearningPoint]) -> Curve:
    label = plain(run.variant.label, 60)
    return Curve(label, tuple(x), tuple(p.value for p in points), run.place)


def _chance(runs: Sequence[LearningRun]) -> tuple[float, str] | None:
    """Return the accuracy of guessing, where the number of classes is known."""
    chance = chance_of([run.trial for run in runs])
    return (chance, "chance") if chance else None


def _told(trials: Sequence[TrialSummary], name: str) -> tuple[str, ...]:
    """Return what the runs say in an output, each sentence once."""
    texts = (t.outputs.get(name) for t in trials)
    return tuple(dict.fromkeys(plain(text, 240) for text in texts if isinstance(text, str)))


def _model(trials: Sequence[TrialSummary]) -> str:
    """Return how many parameters the models have."""
    counts = dict.fromkeys(
        n for t in trials if isinstance(n := t.outputs.get("parameters"), int) and n > 0
    )
    texts = [f"{count:,}".replace(",", "\u202f") for count in counts]
    return f"{' or '.join(texts[:4])} parameters" if texts else ""


def _partition(view: PartitionView, place: int, variants: int) -> PartitionPanel:
    return PartitionPanel(
        how=view.how,
        largest=int(view.counts.max()),
        figure=draw_partition(view, f"partition{place}"),
        key=draw_key(view),
        variants=", ".join(view.variants) if len(view.variants) < variants else "",
        left_out=view.left_out,
    )


def _shown(runs: Sequence[LearningRun]) -> str:
    """Say which runs are drawn."""
    if not runs:
        return ""
    if len(runs) == 1:
        return f"Run {runs[0].trial.index + 1}"
    return "The median run of each variant"


def _notes(runs: Sequence[LearningRun]) -> list[str]:
    """Say where curves lie on one another."""
    found = [[p.value for p in run.series(TEST, ACCURACY)] for run in runs]
    if len(found) < 2 or not found[0] or any(len(each) != len(found[0]) for each in found):
        return []
    apart = max(max(values) - min(values) for values in zip(*found, strict=True))
    if apart > 1e-4:
        return []
    return [
        f"The curves by round of all {len(found)} variants lie on one another: "
        + ("they are the same" if apart == 0 else f"{apart:.1g} apart at most")
    ]
