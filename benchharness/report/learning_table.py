"""Time and joules to an accuracy: a row a variant under each level, over all good runs.

Levels are round numbers up to the largest accuracy of any run, above guessing.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from benchharness.energy.systematic import gross_terms_j, shared_u_j
from benchharness.model import CampaignSummary, TrialSummary
from benchharness.report.accuracy_error import chance_of, images_of_test, standard_error
from benchharness.report.learning_energy import LearningPoint, learning_points, reached, whole_cost
from benchharness.report.metrics import (
    CLASS_NOTES,
    class_suffix,
    energy_classes,
    headline_key,
    ranked,
)
from benchharness.report.participant_means import Means
from benchharness.report.participants_shown import good_trials, time_unit, watt_hour_unit
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, column_unit, number, plain, scaled_pm
from benchharness.report.timeline import SeriesReader
from benchharness.stats.interval import mean_interval
from benchharness.units import JOULES_PER_WATT_HOUR

ACCURACY = "test_accuracy"
MOST_VARIANTS = 12
_FEWEST, _MOST = 3, 5  # levels
_ABOVE_CHANCE = 0.02  # of what guessing leaves: less is no learning
_STEPS = (0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)


@dataclass(frozen=True, slots=True)
class VariantLearned:
    """The good runs of one variant: accuracy by round, each with its seconds and joules."""

    label: str
    runs: tuple[tuple[LearningPoint, ...], ...]
    samples_j: tuple[float, ...]  # joules of all devices per sample, of the runs that tell
    images: int | None = None  # of the test, where the runs tell how many
    shared: float = 0.0  # relative standard uncertainty that the joules of all runs share

    def at(self, level: float) -> list[LearningPoint]:
        """Return where each run first had the accuracy; runs that never had are left out."""
        found = (reached(points, level) for points in self.runs)
        return [point for point in found if point is not None]

    @property
    def final(self) -> list[float]:
        """Return the last accuracy of each run."""
        return [points[-1].value for points in self.runs]


def learned(summary: CampaignSummary, reader: SeriesReader | None) -> list[VariantLearned]:
    """Return the variants whose good runs told their test accuracy by round, the best first."""
    found = []
    for variant in ranked(summary, headline_key(summary)):
        trials = good_trials(summary.trials_of(variant.index))
        runs = [tuple(learning_points(trial, ACCURACY, reader)) for trial in trials]
        known = tuple(points for points in runs if len(points) > 1)
        costs = (whole_cost(trial) for trial in trials)
        per_sample = tuple(c.all_j for c in costs if c is not None and c.all_j is not None)
        if known:
            label, images = plain(variant.label, 60), images_of_test(trials)
            found.append(VariantLearned(label, known, per_sample, images, _shared(trials)))
    return found


def _shared(trials: Iterable[TrialSummary]) -> float:
    """Return what a meter does wrong in every run alike, of its joules: no repetition shows it.

    That of the whole window, at the median run. Up to a round the gain has the same share, and of
    the rest of a budget no share is known but this.
    """
    figures = [trial.energy for trial in trials if trial.energy is not None]
    each = [
        shared_u_j(gross_terms_j(figure), with_gain=True) / abs(figure.gross_j.value)
        for figure in figures
        if figure.gross_j.value
    ]
    return statistics.median(each) if each else 0.0


def levels(variants: Sequence[VariantLearned], chance: float = 0.0) -> list[float]:
    """Return up to five round accuracies that some run reached, above ``chance``.

    Of those that all runs reached in the same rounds the highest stands for all.

    >>> run = tuple(LearningPoint(n, float(n), None, 0.11 * n) for n in range(5))
    >>> levels([VariantLearned("a", (run,), ())])
    [0.1, 0.2, 0.3, 0.4]
    """
    top = max((p.value for v in variants for points in v.runs for p in points), default=0.0)
    least = chance + _ABOVE_CHANCE * (1.0 - chance) if chance else 0.0
    for step in _STEPS:
        every = (round(step * n, 6) for n in range(1, int(top / step) + 2))
        found = [level for level in every if least < level <= top]
        if len(found) >= _FEWEST:
            return _apart(variants, found[-_MOST:])
    return []


def _apart(variants: Sequence[VariantLearned], found: Sequence[float]) -> list[float]:
    """Leave out what every run reached in the same round as the next higher level."""
    rounds = [
        [p.step if (p := reached(points, level)) else None for v in variants for points in v.runs]
        for level in found
    ]
    return [
        level
        for place, level in enumerate(found)
        if place + 1 == len(found) or rounds[place] != rounds[place + 1]
    ]


def learning_table(summary: CampaignSummary, reader: SeriesReader | None) -> Table | None:
    """Return the table; None where no run told its accuracy, or none learned anything."""
    variants = learned(summary, reader)
    wanted = levels(variants, chance_of(summary.trials))
    shown = variants[:MOST_VARIANTS]
    if not shown or not wanted:
        return None
    alone = len(shown) == 1
    specs = _specs(shown, class_suffix(summary))
    if alone:
        specs[0] = (Column("level", "accuracy", left=True, importance=100), _level)
    rows: list[tuple[Cell, ...]] = []
    sections = []
    for level in (*wanted, None):
        if not alone:
            sections.append((len(rows), _level(shown[0], level).text))
        rows += [tuple(make(variant, level) for _, make in specs) for variant in shown]
    kept = [n for n in range(len(specs)) if any(row[n].text not in ("", DASH) for row in rows)]
    return Table(
        "time and energy to an accuracy",
        tuple(specs[n][0] for n in kept),
        tuple(tuple(row[n] for n in kept) for row in rows),
        tuple(_notes(summary, shown, {specs[n][0].key for n in kept}, len(variants) - len(shown))),
        sections=tuple(sections),
    )


_Make = Callable[[VariantLearned, "float | None"], Cell]


def _specs(shown: Sequence[VariantLearned], suffix: str) -> list[tuple[Column, _Make]]:
    last = [points[-1] for variant in shown for points in variant.runs]
    joules = [point.energy_j for point in last if point.energy_j is not None]
    seconds = time_unit(max((point.t_s for point in last), default=0.0))
    energy = column_unit(joules, "J")
    hours = watt_hour_unit(joules) if joules else Unit("Wh", 1.0)
    sample = column_unit([j for variant in shown for j in variant.samples_j], "J")
    watt_hours = Unit("", hours.factor * JOULES_PER_WATT_HOUR)
    return [
        (Column("variant", "variant", left=True, importance=100), lambda v, _: Cell(v.label)),
        (Column("accuracy", "accuracy", "% at the end", importance=60), _accuracy),
        (Column("runs", "runs", importance=55), _runs),
        (Column("round", "round", importance=70), _round),
        (Column("test_error", "test error", "% points", importance=58), _test_error),
        (Column("time", "time", seconds.symbol, importance=90), _of(lambda p: p.t_s, seconds)),
        (
            Column("energy", "energy", energy.symbol + suffix, importance=95),
            _of(lambda p: p.energy_j, energy, shared=lambda v: v.shared),
        ),
        (
            Column("watt_hours", "energy", hours.symbol + suffix, importance=50),
            _of(lambda p: p.energy_j, watt_hours, with_half=False),
        ),
        (
            Column("sample", "gross, in all", f"{sample.symbol} a sample{suffix}", importance=65),
            _sample(sample),
        ),
    ]


def _level(_: VariantLearned, level: float | None) -> Cell:
    return Cell("at the end" if level is None else f"to {100 * level:g} %")


def _points(variant: VariantLearned, level: float | None) -> list[LearningPoint]:
    if level is None:
        return [points[-1] for points in variant.runs]
    return variant.at(level)


def _of(
    value: Callable[[LearningPoint], float | None],
    unit: Unit,
    *,
    with_half: bool = True,
    shared: Callable[[VariantLearned], float] = lambda _: 0.0,
) -> _Make:
    """Return what makes the mean over runs; ``shared`` is relative, as VariantLearned's."""

    def make(variant: VariantLearned, level: float | None) -> Cell:
        points = _points(variant, level)
        known = [each for point in points if (each := value(point)) is not None]
        if not known or len(known) < len(points):
            return Cell(DASH, "muted")
        mean = statistics.fmean(known)
        means = Means(mean_interval(known), shared_u=shared(variant) * abs(mean))
        if not with_half:
            return Cell(number(mean / unit.factor, 3))
        return Cell(scaled_pm(means.mean, means.half, unit))

    return make


def _round(variant: VariantLearned, level: float | None) -> Cell:
    """Return the round, from and to where the runs differ."""
    steps = sorted({point.step for point in _points(variant, level)})
    if not steps:
        return Cell(DASH, "muted")
    return Cell(f"{steps[0]}" if len(steps) == 1 else f"{steps[0]} to {steps[-1]}")


def _accuracy(variant: VariantLearned, level: float | None) -> Cell:
    if level is not None:
        return Cell("")
    means = Means(mean_interval(variant.final))
    return Cell(scaled_pm(means.mean, means.half, Unit("%", 0.01)))


def _test_error(variant: VariantLearned, level: float | None) -> Cell:
    if variant.images is None:
        return Cell(DASH, "muted")
    accuracy = statistics.fmean(variant.final) if level is None else level
    return Cell(number(100 * standard_error(accuracy, variant.images), 2))


def _sample(unit: Unit) -> _Make:
    def make(variant: VariantLearned, level: float | None) -> Cell:
        if level is not None or not variant.samples_j:
            return Cell("")
        return Cell(number(statistics.fmean(variant.samples_j) / unit.factor, 3))

    return make


def _runs(variant: VariantLearned, level: float | None) -> Cell:
    """Return how many runs had the accuracy: fewer than all is a caution."""
    count, every = len(_points(variant, level)), len(variant.runs)
    return Cell(str(every)) if count == every else Cell(f"{count} of {every}", "caution")


def _notes(
    summary: CampaignSummary, shown: Sequence[VariantLearned], kept: Container[str], left: int
) -> list[str]:
    notes = [
        "the first round whose test accuracy was as high, on the clock of the window; joules until "
        "then; ±: 95 % over the runs that had it, of joules with what their meters share"
    ]
    if "test_error" in kept:
        counts = " or ".join(f"{n}" for n in sorted({v.images for v in shown if v.images}))
        notes.append(
            f"test error: binomial standard error of such an accuracy on n = {counts} test "
            "images; what is passed by less may be passed by chance"
        )
    if "energy" in kept or "sample" in kept:
        notes += [f"joules are {CLASS_NOTES[each]}" for each in energy_classes(summary)]
    if "sample" in kept:
        notes.append(
            "gross, in all: everything all devices used in the window, waiting too, by samples"
        )
    return notes + ([f"{left} more variants are left out"] if left > 0 else [])
